#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a program lacks a hardening measure of cmake/RecurveTargets.cmake: position-independent code, relocations that
are read-only after the start (RELRO, immediate binding), a stack that is not executable, stack protection and fortified
functions. On x86-64, all object files of the programs must support control-flow protection; the linker marks a program
as supporting it only if the start files of the C library do, too, which those of Debian 12 do not.

usage: hardening_test.py BUILD-FOLDER BUILD-TYPE PROGRAM...
"""
import pathlib
import platform
import re
import subprocess
import sys


def readelf(option: str, *paths) -> str:
    return subprocess.run(["readelf", option, "--wide", *paths], check=True, capture_output=True, text=True).stdout


def lacks(program: str, build_type: str) -> list:
    segments, dynamic, symbols = (readelf(option, program) for option in ("-l", "-d", "--dyn-syms"))
    measures = {
        "position-independent code": "Elf file type is DYN" in segments and re.search(r"FLAGS_1.*\bPIE\b", dynamic),
        "immediate binding": re.search(r"FLAGS_1.*\bNOW\b", dynamic),
        "relocations that are read-only after the start": "GNU_RELRO" in segments,
        "a stack that is not executable": re.search(r"GNU_STACK .* RW +0x", segments),
        "no segment that is writable and executable": not re.search(r"LOAD .* RWE +0x", segments),
        "stack protection": "__stack_chk_fail" in symbols,
        "fortified functions": build_type == "Debug" or re.search(r"__(?!stack)\w+_chk\b", symbols),
    }
    return [f"{program}: lacks {name}" for name, present in measures.items() if not present]


def without_control_flow_protection(build: pathlib.Path) -> list:
    if platform.machine() != "x86_64":
        return []
    parts = ("planner_service", "executor", "client")
    objects = [path for part in parts for path in (build / part).rglob("*.c*.o")]  # not those of CUDA, *.cu.o
    if not objects:
        return [f"{build}: has no object files"]
    return [f"{path}: lacks control-flow protection" for path in objects if "IBT, SHSTK" not in readelf("-n", path)]


def main(build: str, build_type: str, programs: list) -> int:
    faults = [fault for program in programs for fault in lacks(program, build_type)]
    faults += without_control_flow_protection(pathlib.Path(build))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
