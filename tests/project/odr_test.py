#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when two definitions outside anonymous namespaces have the same qualified name: types, and functions of the same
parameters. Linked into one program, one of them silently wins, though their layouts differ. Reads the sources, takes a
few seconds, and needs no build; `g++ -flto -Wodr` finds the same of types in a build of minutes.

usage: odr_test.py REPOSITORY
"""
import pathlib
import re
import sys

# Definitions of which the build takes one, or that belong to a program each.
ALTERNATIVES = {"recurve::cpu::InstructionSets()", "LLVMFuzzerTestOneInput(const uint8_t*, size_t)"}
STAND_INS = {"client/cli/without_services.cc", "client/doctor/no_daemon_checks.cc"}  # linked where what it stands in for is not
FOLDERS = ("planner_service", "executor", "client", "tests", "benchmarks")
SUFFIXES = (".h", ".cc", ".inc", ".cuh", ".cu")

# Comments, literals and preprocessor lines: nothing in them defines anything.
NOISE = re.compile(r'R"(?P<end>[^(\s]{0,16})\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\''
                   r'|//[^\n]*|/\*.*?\*/|^[ \t]*#(?:\\\n|[^\n])*', re.DOTALL | re.MULTILINE)
TYPE = re.compile(r"(?:^|[\s>])(?:struct|class|union|enum(?:\s+(?:class|struct))?)\s+(?:alignas\([^)]*\)\s*)?"
                  r"(?P<name>[A-Za-z_]\w*(?:::\w+)*(?:\s*<.*>)?)\s*(?:final\s*)?(?::(?!:).*)?$", re.DOTALL)
NAMESPACE = re.compile(r"^(?:inline\s+)?namespace\s*(?P<name>[\w:]*)$")
FUNCTION = re.compile(r"(?P<name>(?:\w+::)*(?:~?\w+|operator\s*[^\s\w(]+|operator\s*\(\)))\s*\((?P<parameters>.*?)\)"
                      r"\s*(?:const\b|noexcept\b|override\b|final\b|&{1,2}|->.*|:(?!:).*|\s)*$", re.DOTALL)
# Not functions though they look like them, and functions that a name and parameters do not tell apart.
NO_FUNCTION = re.compile(r"^(?:TEST|TEST_F|TEST_P|BENCHMARK\w*|main|if|for|while|switch|catch)$")


def parameter_types(text: str) -> str:
    """The parameters without their names and defaults, as far as commas that are not inside brackets tell them apart."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "(<[{") - (c in ")>]}")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    kept = (re.sub(r"\s*(?:/\*.*?\*/)?\s*\b\w+$", "", part.split("=")[0].strip()) or part.strip() for part in parts)
    return ", ".join(" ".join(part.split()) for part in kept)


def definitions(text: str):
    """(qualified name, line) of every type and function defined in named namespaces and the types in them."""
    code = NOISE.sub(lambda match: "\n" * match.group().count("\n") if match.group()[0] in "/# \t" else '""', text)
    scopes = []  # of each open brace: the name it adds; None: nothing in it counts
    begin = 0    # of the words before the next brace
    for match in re.finditer(r"[{};]|\b(?:public|private|protected)\s*:(?!:)", code):
        if match.group() == ";" or match.group()[-1] == ":":
            begin = match.end()
            continue
        if match.group() == "}":
            begin = match.end()
            if scopes:
                scopes.pop()
            continue
        words = re.sub(r"^\s*template\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>", "", code[begin:match.start()]).strip()
        begin = match.end()
        inside = None not in scopes
        line = code.count("\n", 0, match.start()) + 1
        namespace = NAMESPACE.match(words)
        if namespace:
            scopes.append(namespace.group("name") if inside and namespace.group("name") else None)
            continue
        kind = TYPE.search(words) if "(" not in words.split("alignas")[0] and "=" not in words else None
        if inside and kind:
            name = " ".join(kind.group("name").split())
            scopes.append(name)
            yield "::".join(scopes), line
            continue
        function = FUNCTION.search(words) if inside else None
        # A type's own functions are as unique as the type; those outside it are looked at where they are defined.
        if function and "=" not in words[:function.start()] and not re.match(r"static\b|extern\b", words) \
                and not NO_FUNCTION.match(function.group("name")):
            name = "::".join(scopes + [" ".join(function.group("name").split())])
            yield f"{name}({parameter_types(function.group('parameters'))})" + (" const" if re.search(
                r"\)\s*const\b", words) else ""), line
        scopes.append(None)


def program_of(path: pathlib.PurePosixPath) -> str:
    """What a definition may be linked with: all of the product, but tests and benchmarks only of their own folder."""
    return path.parent.as_posix() if path.parts[0] in ("tests", "benchmarks") else ""


def main(root: pathlib.Path) -> int:
    errors, seen, files = [], {}, 0
    for top in FOLDERS:
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in SUFFIXES:
                continue
            files += 1
            name = path.relative_to(root)
            if name.as_posix() in STAND_INS:
                continue
            for definition, line in definitions(path.read_text()):
                if definition in ALTERNATIVES:
                    continue
                place = f"{name.as_posix()}:{line}"
                first = seen.setdefault((program_of(pathlib.PurePosixPath(name.as_posix())), definition), place)
                other = seen.get(("", definition), first)
                for earlier in {first, other} - {place}:
                    if earlier.rsplit(":", 1)[0] != name.as_posix():  # variants of one file are compiled one at a time
                        errors.append(f"{place}: {definition} is defined in {earlier} too; rename one of them, or put it "
                                      "into an anonymous namespace")
    if files == 0:
        errors.append(f"{root}: no sources found")
    print("\n".join(errors) if errors else f"{len(seen)} definitions in {files} files have names of their own")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
