#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the bill of materials of an image differs from what is in the image.

usage: sbom_rules.py NAME FOLDER    FOLDER has NAME.spdx.json, NAME.packages ("PACKAGE VERSION" a line) and NAME.sha256
"""
import json
import pathlib
import sys


def faults(name: str, folder: pathlib.Path):
    packages = json.loads((folder / f"{name}.spdx.json").read_text(encoding="utf-8"))["packages"]
    listed = {(each["name"], each["versionInfo"]) for each in packages if each["SPDXID"].startswith("SPDXRef-deb-")}
    installed = {tuple(line.split()) for line in (folder / f"{name}.packages").read_text(encoding="utf-8").splitlines()}
    for package, version in sorted(listed ^ installed):
        yield f"{package} {version} is only {'listed' if (package, version) in listed else 'installed'}"
    debian = [each for each in packages if each["SPDXID"].startswith("SPDXRef-deb-")]
    if not all(each["supplier"].startswith("Organization: ") for each in debian):
        yield "a package has no supplier"
    known = [each for each in debian if "licenseComments" in each]
    if len(known) < 0.9 * len(debian):
        yield f"only {len(known)} of {len(debian)} packages have a licence"
    program = next((each for each in packages if each["SPDXID"] == f"SPDXRef-program-{name}"), {})
    if program.get("checksums", [{}])[0].get("checksumValue") != (folder / f"{name}.sha256").read_text().split()[0]:
        yield f"the program {name} is not the one in the image"
    if not any(each["name"] == "CLI11" for each in packages):
        yield "the libraries that are compiled in are not listed"
    print(f"{name}: {len(packages)} packages, {len(known)} of {len(debian)} of Debian with licences")


def main(name: str, folder: str) -> int:
    found = list(faults(name, pathlib.Path(folder)))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
