#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a proto file breaks the rules of this project: the package is the path; services end in Service and each RPC
has a request and a response of its own; enums begin with an _UNSPECIFIED zero and carry their name as prefix; every RPC,
field and enum value has a comment; sizes and times carry their unit.

usage: proto_rules_test.py REPOSITORY
"""
import pathlib
import re
import sys

PACKAGE = re.compile(r"^package\s+([\w.]+);")
BLOCK = re.compile(r"^\s*(message|enum|service|oneof)\s+(\w+)\s*\{")
FIELD = re.compile(r"^\s*(?:optional\s+|repeated\s+)?([\w.]+)\s+(\w+)\s*=\s*\d+\s*;(\s*//.*)?")
VALUE = re.compile(r"^\s*(\w+)\s*=\s*(\d+)\s*;(\s*//.*)?")
RPC = re.compile(r"^\s*rpc\s+(\w+)\((?:stream\s+)?([\w.]+)\)\s+returns\s+\((?:stream\s+)?([\w.]+)\)")
# smallest_feasible_budget is in the unit of the request's budget, bytes or slots.
UNITLESS = re.compile(r"((?<!feasible_)budget|memory|peak|size_of|timeout|latency|elapsed)$")


def upper_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def check(path: pathlib.Path, root: pathlib.Path) -> list:
    errors = []
    blocks = []
    commented = False
    expected = path.parent.relative_to(root / "proto").as_posix().replace("/", ".")

    def complain(line, text):
        errors.append(f"{path.relative_to(root)}:{line}: {text}")

    package = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := PACKAGE.match(line):
            package = match[1]
        elif match := BLOCK.match(line):
            blocks.append((match[1], match[2]))
            if match[1] == "service" and not match[2].endswith("Service"):
                complain(number, f"service {match[2]} must end in Service")
            if line.rstrip().endswith("}"):
                blocks.pop()
        elif line.strip().startswith("}"):
            if blocks:
                blocks.pop()
        elif blocks and blocks[-1][0] == "service" and (match := RPC.match(line)):
            if match[2] != match[1] + "Request" or match[3] != match[1] + "Response":
                complain(number, f"rpc {match[1]} must take {match[1]}Request and return {match[1]}Response")
            if not commented:
                complain(number, f"rpc {match[1]} has no comment")
        elif blocks and blocks[-1][0] == "enum" and (match := VALUE.match(line)):
            prefix = upper_snake(blocks[-1][1]) + "_"
            if not match[1].startswith(prefix):
                complain(number, f"{match[1]} must begin with {prefix}")
            if match[2] == "0" and match[1] != prefix + "UNSPECIFIED":
                complain(number, f"the zero of {blocks[-1][1]} must be {prefix}UNSPECIFIED")
            if not commented and not match[3]:
                complain(number, f"{match[1]} has no comment")
        elif blocks and blocks[-1][0] in ("message", "oneof") and (match := FIELD.match(line)):
            message_typed = match[1][0].isupper() or "." in match[1]
            if not commented and not match[3] and not message_typed:
                complain(number, f"field {match[2]} has no comment")
            if UNITLESS.search(match[2]) and not message_typed:
                complain(number, f"field {match[2]} needs its unit in its name")
        commented = line.strip().startswith("//")
    if package != expected:
        complain(1, f"package is {package}, the path says {expected}")
    if not re.search(r"\.v\d+$", expected):
        complain(1, f"package {expected} has no version")
    return errors


def main(root: pathlib.Path) -> int:
    files = sorted((root / "proto/recurve").rglob("*.proto"))
    errors = [error for path in files for error in check(path, root)]
    if not files:
        errors.append(f"{root}/proto/recurve: no proto files found")
    print("\n".join(errors) if errors else f"{len(files)} proto files keep to the rules")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
