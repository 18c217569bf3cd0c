#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a relative link in a Markdown file leads nowhere, when a source file has no SPDX line, or when one has grown
past 400 lines.

usage: text_rules_test.py REPOSITORY
"""
import pathlib
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
SOURCES = ("planner_service", "executor", "client", "proto", "tests", "benchmarks", "cmake")
SUFFIXES = (".h", ".cc", ".cu", ".cuh", ".inc", ".proto", ".py", ".cmake")


def main(root: pathlib.Path) -> int:
    errors = []
    for path in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        for groups in LINK.findall(path.read_text()):
            link = (groups[0] or groups[1]).split("#")[0]
            if link and not re.match(r"[a-z]+:", link) and not (path.parent / link).exists():
                errors.append(f"{path.relative_to(root)}: link {link} leads nowhere")
    for path in (p for top in SOURCES for p in sorted((root / top).rglob("*")) if p.suffix in SUFFIXES):
        lines = path.read_text().splitlines()
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            errors.append(f"{path.relative_to(root)}: no SPDX line")
        if len(lines) > 400 and "_test." not in path.name:
            errors.append(f"{path.relative_to(root)}: {len(lines)} lines; split what is over 400")
    print("\n".join(errors) if errors else "texts keep to the rules")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
