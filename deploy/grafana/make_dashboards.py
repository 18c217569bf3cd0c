#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the Grafana dashboards fleet.json, job.json and planner.json, which are generated from this folder's sources.

usage: make_dashboards.py [FOLDER]

  FOLDER  where to write them; default: dashboards/ beside this script
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).resolve().parent


def main(folder):
    import fleet  # pylint: disable=import-outside-toplevel
    import job  # pylint: disable=import-outside-toplevel
    import planner  # pylint: disable=import-outside-toplevel

    for source in (fleet, job, planner):
        path = folder / f"{source.__name__}.json"
        path.write_text(json.dumps(source.DASHBOARD, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        sys.exit(0 if len(sys.argv) == 2 else 2)
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else HERE / "dashboards"))
