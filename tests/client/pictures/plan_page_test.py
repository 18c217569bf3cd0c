#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uses the page of `recurve plan --html` in a real browser without a network, as people do: with the keyboard, with the
mouse, in light and dark, on a narrow screen, and without JavaScript. Exit status 77 where there is no browser.

usage: plan_page_test.py RECURVE [FOLDER FOR SCREENSHOTS]
"""
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import browser
import colours

PLANS = {
    "small": ["--length", "10", "--state-bytes", "1", "--tape-bytes", "2", "--memory", "8", "--strategy", "auto"],
    "steps": ["--length", "1000", "--state-bytes", "512KiB", "--tape-bytes", "1MiB", "--memory", "75MiB",
              "--strategy", "auto"],
    "million": ["--length", "1000000", "--state-bytes", "1", "--tape-bytes", "2", "--memory", "150",
                "--strategy", "hsm"],
}
DOING = "document.getElementById('doing').textContent"
KEPT = "document.getElementById('kept').textContent"
# Fills and strokes of text and lines, and the page behind them.
COLOURS = """(() => {
  const style = (query, property) => getComputedStyle(document.querySelector(query))[property];
  return {paper: style('body', 'backgroundColor'), panel: style('.live', 'backgroundColor'),
          ink: style('h1', 'color'), muted: style('.subtitle', 'color'),
          forward: style('.forward', 'stroke'), taped: style('.taped', 'stroke'),
          backward: style('.backward', 'stroke'), state: style('.state', 'stroke'),
          tape: style('.tape', 'stroke'), button: style('button', 'borderTopColor')};
})()"""


class Failures:
    def __init__(self):
        self.found = []

    def expect(self, true: bool, what: str):
        if not true:
            self.found.append(what)


def check_keyboard(page, name, failures):
    focused = []
    for _ in range(5):
        page.press("Tab")
        focused.append(page.value("document.activeElement.id || document.activeElement.className"))
        failures.expect(page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid",
                        f"{name}: focus on {focused[-1]} cannot be seen")
        failures.expect(bool(page.value("document.activeElement.getAttribute('aria-label') || "
                                        "document.activeElement.textContent.trim()")),
                        f"{name}: {focused[-1]} has no name")
    failures.expect(focused == ["back", "play", "on", "moment", "scroller"], f"{name}: Tab leads to {focused}")
    first = page.value(DOING)
    page.press("ArrowRight")
    second = page.value(DOING)
    page.press("ArrowLeft")
    failures.expect(first != second and page.value(DOING) == first, f"{name}: arrow keys do not step")
    page.value("document.getElementById('moment').focus()")
    page.press("End")
    failures.expect("backward" in page.value(DOING), f"{name}: the end is {page.value(DOING)}")
    failures.expect(page.value("document.getElementById('moment').getAttribute('aria-valuetext')") == page.value(DOING),
                    f"{name}: the slider says something else")
    page.press("Home")
    failures.expect(page.value(DOING) == first, f"{name}: Home does not lead back")
    page.value("document.getElementById('play').focus()")
    page.press("Enter")
    page.wait_until(f"{DOING} !== {json.dumps(first)}")
    page.press("Enter")
    failures.expect(page.value("document.getElementById('play').textContent") == "Play", f"{name}: does not pause")


def check_mouse(page, name, failures):
    before = page.value(DOING)
    box = page.value("(({x, y, width, height}) => [x, y, width, height])"
                     "(document.getElementById('chart').getBoundingClientRect())")
    x, y = box[0] + 0.6 * box[2], box[1] + 0.3 * box[3]
    page.mouse("mouseMoved", x, y)
    hovered = page.value(DOING)
    failures.expect(hovered != before, f"{name}: hovering shows nothing")
    page.mouse("mouseMoved", 2, 2)
    failures.expect(page.value(DOING) == before, f"{name}: what was hovered stays")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased", "mouseMoved"):
        page.mouse(kind, *((2, 2) if kind == "mouseMoved" and page.value(DOING) == hovered else (x, y)))
    page.mouse("mouseMoved", 2, 2)
    failures.expect(page.value(DOING) == hovered, f"{name}: a click chooses nothing")


def check_contents(page, plan, failures):
    """Steps through all of a small plan: what is listed is as many as is said, and the most is the plan's peak."""
    page.value("document.getElementById('moment').focus()")
    page.press("Home")
    most, previous = 0, ""
    for _ in range(plan["forward_count"] + plan["length"]):
        text = page.value(KEPT)
        size, states, tapes = map(int, re.match(r"In memory: (\d+)B of \d+B, (\d+) states? and (\d+) tapes?", text).groups())
        failures.expect(size == states * plan["state_bytes"] + tapes * plan["tape_bytes"], text)
        listed = re.search(r"tapes? ([\d, ]+)[.;]", text)
        failures.expect(len(listed[1].split(",")) == tapes if listed else tapes == 0, text)
        most = max(most, size)
        failures.expect(page.value(DOING) != previous, f"stuck at {previous}")
        previous = page.value(DOING)
        page.press("ArrowRight")
    failures.expect(most == plan["peak_bytes"], f"at most {most} bytes are shown, the peak is {plan['peak_bytes']}")
    failures.expect("of 27:" in previous and "link 0" in previous, f"ends with {previous}")


def check_colours(page, scheme, failures):
    page.colour_scheme(scheme)
    found = page.value(COLOURS)
    for name in ("ink", "muted"):
        for ground in ("paper", "panel"):
            ratio = colours.contrast(found[name], found[ground])
            failures.expect(ratio >= 4.5, f"{scheme}: {name} on {ground} has a contrast of {ratio:.2f}")
    for name in ("forward", "taped", "backward", "state", "tape", "button"):
        ratio = colours.contrast(found[name], found["paper"])
        failures.expect(ratio >= 3, f"{scheme}: {name} has a contrast of {ratio:.2f}")
    # A tape has the colour of the forward that makes it; everything else differs.
    for one, other in itertools.combinations(("forward", "taped", "backward", "state"), 2):
        far = colours.distance(found[one], found[other])
        failures.expect(far >= 18, f"{scheme}: {one} and {other} are {far:.0f} apart")


def check(page, name, options, recurve, folder, shots, failures):
    path = folder / f"{name}.html"
    subprocess.run([recurve, "plan", *options, "--html", str(path)], check=True, capture_output=True)
    failures.expect(path.stat().st_size <= 2_000_000, f"{name}: {path.stat().st_size} bytes")
    page.open(path)
    failures.expect(not page.value("document.getElementById('live').hidden"), f"{name}: no controls")
    check_keyboard(page, name, failures)
    check_mouse(page, name, failures)
    if name == "small":
        plan = json.loads(subprocess.run([recurve, "plan", *options, "--json"], check=True, capture_output=True).stdout)
        check_contents(page, plan, failures)
    for scheme in ("light", "dark"):
        page.colour_scheme(scheme)
        if name == "small":
            check_colours(page, scheme, failures)
        if shots:
            page.screenshot(shots / f"{name}-{scheme}.png")
    page.size(360, 740)
    failures.expect(page.value("document.documentElement.scrollWidth") <= 360, f"{name}: too wide for a small screen")
    if shots:
        page.screenshot(shots / f"{name}-narrow.png")
    page.size(1000, 900)
    page.colour_scheme("light")
    page.scripts(False)
    page.open(path)
    failures.expect(page.value("document.getElementById('live').hidden && "
                               "document.getElementById('chart').getBoundingClientRect().height > 300"),
                    f"{name}: no still picture without JavaScript")
    page.scripts(True)
    failures.expect(page.errors == [], f"{name}: {page.errors}")
    outside = [url for url in page.requests if not url.startswith(("file:", "data:"))]
    failures.expect(outside == [], f"{name}: asks for {outside}")


def main(recurve: str, shots: pathlib.Path | None) -> int:
    chromium = browser.find_chromium()
    if chromium is None:
        print("skipped: no Chromium; scripts/install-dependencies --with-checks installs it")
        return 77
    failures = Failures()
    page = browser.Page(chromium)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, options in PLANS.items():
                check(page, name, options, recurve, pathlib.Path(folder), shots, failures)
    finally:
        page.close()
    print("\n".join(failures.found) if failures.found else f"{len(PLANS)} pages work")
    return 1 if failures.found else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else None))
