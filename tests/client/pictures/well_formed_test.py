#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws plans of many kinds with the real program and checks that each file is well formed, fetches nothing and that its
numbers lie inside of its drawing. The pictures of the documentation must be what the commands beside them draw.

usage: well_formed_test.py RECURVE REPOSITORY
"""
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

BYTES = ["--state-bytes", "512KiB", "--tape-bytes", "1MiB", "--memory"]
PLANS = {
    "one link": ["--length", "1", *BYTES, "0", "--strategy", "auto"],
    "ten links": ["--length", "10", *BYTES, "8MiB", "--strategy", "auto"],
    "nothing": ["--length", "64", *BYTES, "0", "--strategy", "auto"],
    "cheapest": ["--length", "1000", *BYTES, "75MiB"],
    "store-all": ["--length", "1000", *BYTES, "1TiB", "--strategy", "store-all"],
    "chen": ["--length", "1000", *BYTES, "75MiB", "--strategy", "chen"],
    "hsm": ["--length", "1000000", *BYTES, "75MiB", "--strategy", "hsm"],
    "msm": ["--length", "40", "--slots", "10", "--alpha", "3", "--strategy", "msm"],
    "seconds": ["--length", "40", *BYTES, "9MiB", "--strategy", "auto", "--forward-cost", "0.01",
                "--backward-cost", "0.02"],
}
VOID = {"meta", "link", "input", "br"}
SVG = "{http://www.w3.org/2000/svg}"
WIDEST = 600  # where text has 17 pixels, which are 10 of a phone that is 360 wide


def check_svg(text: str) -> list[str]:
    root = ElementTree.fromstring(text)  # raises where it is not well formed
    errors = []
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    if width > WIDEST:
        errors.append(f"is {width} wide: a phone shrinks it until its text cannot be read")
    for element in root.iter():
        if element.tag not in (SVG + "text", SVG + "rect", SVG + "line"):
            continue
        for name, most in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height), ("y2", height)):
            value = float(element.attrib.get(name, 0))
            if not -1 <= value <= most + 1:
                errors.append(f"{element.tag} has {name} {value}, outside of the drawing")
    if re.search(r"nan|inf\b", " ".join(e.attrib.get("d", "") for e in root.iter())):
        errors.append("a path has no numbers")
    return errors


class Balance(html.parser.HTMLParser):
    """Finds elements that are not closed, or not in turn, and identifiers that occur twice."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.errors = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        found = dict(attrs).get("id")
        if found in self.ids:
            self.errors.append(f"id {found} occurs twice")
        if found:
            self.ids.add(found)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> at line {self.getpos()[0]} closes something else")


def check_html(text: str) -> list[str]:
    balance = Balance()
    balance.feed(text)
    balance.close()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    plan = json.loads(data[1])
    errors = balance.errors + [f"<{tag}> is not closed" for tag in balance.open]
    times = [time for time, _, _ in plan["fill"]]
    if times != sorted(times) or not 0 <= times[-1] <= plan["duration"] * (1 + 1e-6):
        errors.append("the moments of the page are not in order")
    return errors


def check_documentation(recurve: str, root: pathlib.Path) -> list[str]:
    errors, seen = [], 0
    for page in sorted((root / "docs").glob("*.md")):
        for options, picture in re.findall(r"^recurve (.*) --svg (docs/images/\S+)$", page.read_text(), re.MULTILINE):
            seen += 1
            drawn = subprocess.run([recurve, *options.split(), "--svg", "-"], capture_output=True, text=True, check=True)
            if drawn.stdout != (root / picture).read_text():
                errors.append(f"{picture} is not what the command in {page.name} draws; run it again")
    for picture in (root / "docs" / "images").glob("*.svg"):
        errors += [f"{picture.name}: {error}" for error in check_svg(picture.read_text())]
    return errors if seen else ["docs: no picture has its command beside it"]


def check_training(recurve: str) -> list[str]:
    """Learning curves of a training whose steps are all drawn, and of one where several share a point."""
    errors = []
    with tempfile.TemporaryDirectory() as folder:
        text, svg = pathlib.Path(folder) / "a <text> & more", pathlib.Path(folder) / "loss.svg"
        text.write_text("In the beginning was the word. " * 100)
        for steps in ("5", "2000"):
            subprocess.run([recurve, "train", "--data", text, "--hidden", "8", "--batch", "2", "--length", "20", "--link", "4",
                            "--steps", steps, "--evaluate-every", "500", "--loss-svg", svg], capture_output=True, check=True)
            errors += [f"learning curve of {steps} steps: {error}" for error in check_svg(svg.read_text())]
            if ('class="tape"' in svg.read_text()) != (steps == "2000"):
                errors.append(f"learning curve of {steps} steps: ranges are drawn for points of one step, or are not for more")
    return errors


def main(recurve: str, root: pathlib.Path) -> int:
    errors = check_documentation(recurve, root) + check_training(recurve)
    with tempfile.TemporaryDirectory() as folder:
        svg = pathlib.Path(folder) / "plan <&'\".svg"
        for name, options in PLANS.items():
            run = subprocess.run([recurve, "plan", *options, "--svg", str(svg)], capture_output=True, text=True)
            if run.returncode != 0:
                errors.append(f"{name}: {run.stderr}")
                continue
            text = svg.read_text()
            errors += [f"{name}: {error}" for error in check_svg(text)]
            if 'class="backward"' not in text:
                errors.append(f"{name}: no backward is drawn")
            if len(text) > 2_000_000:
                errors.append(f"{name}: {len(text)} characters")
            if re.search(r"(href|src|url)\s*[=(]", text):
                errors.append(f"{name}: refers to something outside")
            stdout = subprocess.run([recurve, "plan", *options, "--svg", "-"], capture_output=True, text=True).stdout
            if stdout != text:
                errors.append(f"{name}: --svg - prints something else")
            page = subprocess.run([recurve, "plan", *options, "--html", "-"], capture_output=True, text=True).stdout
            errors += [f"{name}: {error}" for error in check_html(page)]
            if len(page) > 2_000_000:
                errors.append(f"{name}: {len(page)} characters of page")
        if len(list(pathlib.Path(folder).iterdir())) != 1:
            errors.append("something else was left in the folder")
        for bad, status in ((["--svg", folder], 1), (["--svg", folder + "/no/such"], 1), (["--svg", "-", "--json"], 2)):
            run = subprocess.run([recurve, "plan", *PLANS["ten links"], *bad], capture_output=True, text=True)
            if run.returncode != status or not run.stderr.startswith("recurve: "):
                errors.append(f"{bad}: exit {run.returncode}, {run.stderr!r}")
    print("\n".join(errors) if errors else f"{len(PLANS)} plans are drawn well")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
