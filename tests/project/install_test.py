#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` puts everything where a system looks for it, and what it installs works.

usage: install_test.py CMAKE BUILD-FOLDER
"""
import pathlib
import subprocess
import sys
import tempfile

FILES = ["share/bash-completion/completions/recurve", "share/zsh/site-functions/_recurve",
         "share/fish/vendor_completions.d/recurve.fish", "share/doc/recurve/LICENSE", "share/doc/recurve/README.md",
         "share/doc/recurve/docs/planning.md"]
OF_SERVICES = ["bin/recurve-planner", "bin/recurve-executor", "share/recurve/proto/recurve/executor/v1/executor.proto",
               "share/recurve/proto/recurve/planner/v1/planner.proto"]


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def main(cmake, build):
    with tempfile.TemporaryDirectory() as scratch:
        prefix = pathlib.Path(scratch)
        run(cmake, "--install", build, "--prefix", prefix)
        version = run(prefix / "bin" / "recurve", "--version")
        wanted = FILES + (OF_SERVICES if " with services" in version else [])
        missing = [name for name in wanted if not (prefix / name).is_file() or not (prefix / name).stat().st_size]
        assert not missing, missing
        for name in (path.name for path in (prefix / "bin").iterdir()):
            assert "usage" in run(prefix / "bin" / name, "--help").lower(), name
        script = (prefix / FILES[0]).read_text(encoding="utf-8")
        assert script == run(prefix / "bin" / "recurve", "completion", "bash")
    print(f"{len(wanted) + 1} files; {version.strip()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
