#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every script answers --help, and does nothing else: it runs no tool, writes no file and needs no package.

usage: script_help_test.py REPOSITORY
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDERS = [".ci", "scripts", "benchmarks", "cmake", "deploy", "docs"]
# What a script would begin its work with. In their place stands a program that tells that it was called.
TOOLS = ["apt-get", "bible", "ccache", "clang++", "clang-tidy", "cmake", "ctest", "dpkg-query", "git", "ldd", "ninja",
         "nvidia-smi", "sudo"]
PARTS_OF_A_PACK = ["run.sh", "with_libraries.sh"]  # work in a folder that benchmarks/gpu/pack made
TIMEOUT_SECONDS = 60


def is_script(path):
    if path.name in PARTS_OF_A_PACK or path.suffix == ".in" or not path.is_file():
        return False
    start = path.read_bytes()[:2]
    return start == b"#!" or (path.suffix == ".py" and b'__name__ == "__main__"' in path.read_bytes())


def command_of(path):
    return [sys.executable, path] if path.suffix == ".py" else [path]


def files_in(folder):
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def fault_of(path, copy, tools, called):
    """What is wrong with the help of a script of the copy; nothing when it is right."""
    before = files_in(copy)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run([*command_of(path), "--help"], cwd=copy, env=environment, capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"still ran after {TIMEOUT_SECONDS} s"
    if called.exists():
        return f"called {called.read_text().split()}"
    if files_in(copy) != before:
        return f"wrote {sorted(str(new) for new in files_in(copy) - before)}"
    if done.returncode != 0:
        return f"ended with {done.returncode}: {done.stderr.strip()[-300:]}"
    return "" if len(done.stdout) > 80 else f"says only {done.stdout!r}"


def main(root):
    with tempfile.TemporaryDirectory() as scratch:
        copy, tools, called = (pathlib.Path(scratch, name) for name in ("copy", "tools", "called"))
        tools.mkdir()
        for tool in TOOLS:
            (tools / tool).write_text(f'#!/bin/sh\necho {tool} >> "{called}"\nexit 1\n')
            (tools / tool).chmod(0o755)
        for folder in FOLDERS:
            shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        scripts = [path for path in sorted(copy.rglob("*"))
                   if is_script(path)]
        faults = []
        for path in scripts:
            fault = fault_of(path, copy, tools, called)
            called.unlink(missing_ok=True)
            if fault:
                faults.append(f"{path.relative_to(copy)} --help: {fault}")
    print("\n".join(faults) if faults else f"{len(scripts)} scripts answer --help")
    return 1 if faults or not scripts else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
