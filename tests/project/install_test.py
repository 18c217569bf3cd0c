#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` puts everything where a system looks for it, below any prefix, and what it installs works: the
programs, their manual, and the library, with which the program of docs/library.md is built.

usage: install_test.py CMAKE BUILD-FOLDER
"""
import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).parents[2]
DOCUMENT = (REPOSITORY / "docs" / "library.md").read_text(encoding="utf-8")
FILES = ["share/bash-completion/completions/recurve", "share/zsh/site-functions/_recurve",
         "share/fish/vendor_completions.d/recurve.fish", "share/doc/recurve/LICENSE", "share/doc/recurve/README.md",
         "share/doc/recurve/docs/planning.md", "share/man/man1/recurve.1.gz", "share/man/man1/recurve-train.1.gz",
         "share/man/man1/recurve-schedule-export.1.gz", "lib/pkgconfig/recurve.pc"]
OF_SERVICES = ["bin/recurve-planner", "bin/recurve-executor", "etc/recurve/planner.toml", "etc/recurve/executor.toml",
               "lib/systemd/system/recurve-planner.service", "lib/systemd/system/recurve-executor.service",
               "share/man/man8/recurve-planner.8.gz", "share/man/man8/recurve-executor.8.gz",
               "share/recurve/proto/recurve/executor/v1/executor.proto",
               "share/recurve/proto/recurve/planner/v1/planner.proto"]
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, **options).stdout


def check_manual(prefix):
    """A page has all sections, and every option of the help."""
    pages = sorted((prefix / "share" / "man").rglob("*.gz"))
    for path in pages:
        name = path.name.split(".")[0]
        page = gzip.decompress(path.read_bytes()).decode().replace("\\-", "-")
        absent = [section for section in SECTIONS if f".SH {section}\n" not in page]
        assert not absent, (name, absent)
        words = [name] if name in ("recurve-planner", "recurve-executor") else name.split("-")
        options = re.findall(r"^  (-\S+)", run(prefix / "bin" / words[0], *words[1:], "--help"), re.MULTILINE)
        absent = [option for option in options if f"\\fB{option}\\fR" not in page]
        assert options and not absent, (name, absent)
    return len(pages)


def check_headers(include):
    """The headers that are installed include only each other and those of the system; those that docs/library.md names
    are there."""
    headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.h"))
    for header in headers:
        for other in re.findall(r'#include "(\w+/.*)"', (include / header).read_text(encoding="utf-8")):
            found = other in headers or (other.startswith("absl/") and not (REPOSITORY / other).exists())
            assert found, f"{header} includes {other}, which is not in the list of cmake/RecurveLibrary.cmake"
    named = re.findall(r"^\| `(.*\.h)` \|", DOCUMENT, re.MULTILINE)
    assert named and not set(named) - set(headers), set(named) - set(headers)


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)[1]


def check_library(prefix, folder):
    """Builds and runs the program of docs/library.md with the commands there."""
    folder.mkdir()
    (folder / "plan.cc").write_text(block("cpp"), encoding="utf-8")
    (folder / "CMakeLists.txt").write_text(block("cmake"), encoding="utf-8")
    environment = {**os.environ, "CMAKE_PREFIX_PATH": prefix, "PKG_CONFIG_PATH": prefix / "lib" / "pkgconfig"}
    for command in block("sh").splitlines():
        printed = run("bash", "-e", "-o", "pipefail", "-c", command, cwd=folder, env=environment)
        assert printed.endswith(block("text")), (command, printed)


def check_unit(cmake, build, scratch):
    """A unit names the program and the configuration where they are; with the prefix /usr, the latter is in /etc."""
    for prefix, etc in (("/usr", "/etc"), ("/opt/recurve", "/opt/recurve/etc")):
        root = scratch / "roots" / prefix[1:]
        run(cmake, "--install", build, "--prefix", prefix, "--component", "planner",
            env={**os.environ, "DESTDIR": root})
        unit = (root / prefix[1:] / "lib/systemd/system/recurve-planner.service").read_text(encoding="utf-8")
        program, configuration = re.search("^ExecStart=/(.*) --config /(.*)$", unit, re.MULTILINE).groups()
        assert program == f"{prefix}/bin/recurve-planner"[1:] and (root / program).is_file(), (prefix, program)
        assert configuration == f"{etc}/recurve/planner.toml"[1:] and (root / configuration).is_file(), configuration


def main(cmake, build):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        run(cmake, "--install", build, "--prefix", scratch / "first")
        prefix = (scratch / "first").rename(scratch / "moved")
        version = run(prefix / "bin" / "recurve", "--version")
        services = " with services" in version
        wanted = FILES + (OF_SERVICES if services else [])
        missing = [name for name in wanted if not (prefix / name).is_file() or not (prefix / name).stat().st_size]
        assert not missing, missing
        for name in (path.name for path in (prefix / "bin").iterdir()):
            assert "usage" in run(prefix / "bin" / name, "--help").lower(), name
        script = (prefix / FILES[0]).read_text(encoding="utf-8")
        assert script == run(prefix / "bin" / "recurve", "completion", "bash")
        pages = check_manual(prefix)
        check_headers(prefix / "include" / "recurve")
        check_library(prefix, scratch / "program")
        if services:
            check_unit(cmake, build, scratch)
    print(f"{len(wanted) + 1} files, {pages} pages of the manual, a program with the library; {version.strip()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
