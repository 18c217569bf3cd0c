# SPDX-License-Identifier: Apache-2.0
"""Checks that every test that docs/security.md names exists."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
HEADER = "| threat | measure | test |"


def defined_tests():
    """Names of GoogleTest suites and cases, of CTest tests, of fuzz targets and of scripts."""
    names = set()
    for path in (ROOT / "tests").rglob("*.cc"):
        for suite, case in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s+(\w+)\)", path.read_text(), re.M):
            names |= {suite, case, f"{suite}.{case}"}
        if path.name.endswith("_fuzz.cc"):
            names.add(path.name.removesuffix("_fuzz.cc"))
    for path in (ROOT / "tests").rglob("CMakeLists.txt"):
        names |= set(re.findall(r"(?:recurve_test|add_test)\((?:NAME )?([\w.]+)", path.read_text()))
    return names


def cells():
    """The last column of the tables of threats."""
    in_table = False
    for line in (ROOT / "docs/security.md").read_text().splitlines():
        in_table = line == HEADER or in_table and line.startswith("|")
        cell = line.split("|")[-2].strip() if in_table else ""
        if not cell.startswith("none:"):
            yield cell


def exists(name, tests):
    if name.startswith(("scripts/", "tests/")):
        return (ROOT / name.split()[0]).exists()
    return any(test.startswith(name[:-1]) for test in tests) if name.endswith("*") else name in tests


def main():
    tests = defined_tests()
    named = [name for cell in cells() for name in re.findall(r"`([^`]+)`", cell)]
    missing = [name for name in named if not exists(name, tests)]
    for name in missing:
        print(f"docs/security.md names {name}, which is no test", file=sys.stderr)
    if not named:
        print(f"docs/security.md has no table {HEADER}", file=sys.stderr)
    return 1 if missing or not named else 0


if __name__ == "__main__":
    sys.exit(main())
