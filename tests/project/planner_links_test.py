#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the planner's binary has code of the trainer or of the kernels in it: the planner service answers about models
without being able to run one.

usage: planner_links_test.py RECURVE-PLANNER
"""
import re
import subprocess
import sys

FORBIDDEN = re.compile(r"recurve::(?:\(anonymous namespace\)::)?(Trainer|Interpreter|LanguageModel|CpuBackend|TrainingJob)::|"
                       r"recurve::cpu::\w*Kernels")


def main(binary: str) -> int:
    symbols = subprocess.run(["nm", "-C", "--defined-only", binary], check=True, capture_output=True, text=True).stdout
    if "recurve::EmbeddedPlanner::" not in symbols:
        print(f"{binary}: has no symbols of the planner; it may be stripped")
        return 1
    found = sorted({match.group(0) for match in FORBIDDEN.finditer(symbols)})
    for name in found:
        print(f"{binary}: contains {name}")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
