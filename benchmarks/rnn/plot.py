# SPDX-License-Identifier: Apache-2.0
"""Draws the rows of a report in the style of client/pictures: the time of each peer relative to Recurve's, on a
logarithmic axis."""
import html
import math
import textwrap

from comparison import ITSELF, ROOT

STYLE = ROOT / "client" / "pictures" / "pictures.css"
WIDTH, LEFT, RIGHT, LINE, BAR = 600, 14, 535, 23, 15  # the width of client/pictures/svg_figure.h
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
LEGEND = (("faster", "Recurve is faster"), ("slower", "the peer is faster"), ("itself", "Recurve against itself"))
HEADINGS = {
    "store-all": "Every tape stored on both sides",
    "third of tape": "Recurve in a third of the peer's tape memory",
    "equal bytes": "Recurve in no more memory than the peer",
    "budget's price": "Cost of a budget",
    "interpreter": "Cost of the schedule interpreter",
    "busy": "Cost of another process on one core",
}
SAID_BY_HEADING = {"100 %", "1/3 of its tape"}  # budgets
CELLS = {"tanh": "tanh RNN", "relu": "ReLU RNN"}


def labels_of(row):
    """One line if it fits, otherwise two."""
    shape = row["shape"]
    inputs = "" if shape["I"] == shape["H"] else f" I={shape['I']}"
    budget = "" if row["budget"] in SAID_BY_HEADING else f", budget {row['budget']}"
    ours = f"{CELLS.get(row['cell'], row['cell'].upper())} B={shape['B']} H={shape['H']}{inputs} T={shape['T']}{budget},"
    peer = f"vs {row['peer']}"
    return [f"{ours} {peer}"] if len(ours) + len(peer) < 60 else [ours, peer]


def class_of(row):
    if row["comparison"] in ITSELF:
        return "itself"
    return "faster" if row["ratio"] >= 1 else "slower"


class Picture:
    """Filled from top to bottom."""

    def __init__(self):
        self.parts, self.y = [], 8

    def text(self, x, y, content, style_class="halo", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style_class}">'
                          f"{html.escape(content)}</text>")

    def rect(self, x, y, width, height, style_class):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" class="{style_class}"/>')

    def lines(self, content, characters, height, style_class="halo"):
        for line in textwrap.wrap(content, characters):
            self.y += height
            self.text(LEFT, self.y - 5, line, style_class)

    def document(self, title):
        height = self.y + 14
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                f'height="{height}" style="max-width:100%;height:auto" role="img" aria-label="{html.escape(title)}">\n'
                f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n<title>{html.escape(title)}</title>\n"
                f'<rect width="{WIDTH}" height="{height}" class="paper"/>\n')
        return head + "\n".join(self.parts) + "\n</svg>\n"


def svg(rows, title):
    rows = [row for row in rows if "refused" not in row]
    ratios = [row["ratio"] for row in rows]
    low = max(t for t in TICKS if t <= min([0.9, *ratios]) or t == TICKS[0])
    high = min(t for t in TICKS if t >= max([1.1, *ratios]) or t == TICKS[-1])

    def x_of(ratio):
        share = math.log(min(max(ratio, low), high) / low) / math.log(high / low)
        return LEFT + share * (RIGHT - LEFT)

    picture = Picture()
    picture.lines(title, 43, 28, "title")
    picture.lines("B: batch size, H: hidden size, I: input size (H unless given), T: steps", 62, LINE, "muted")
    for style_class, content in LEGEND:
        if style_class in map(class_of, rows):
            picture.rect(LEFT, picture.y + 7, 26, BAR, style_class)
            picture.text(LEFT + 36, picture.y + 20, content)
            picture.y += LINE
    picture.lines("peer time / Recurve time (log scale): higher is better", 62, LINE + 14)
    picture.y += LINE
    top, grid = picture.y, len(picture.parts)
    heading = None
    for row in rows:
        if row["comparison"] != heading:
            heading = row["comparison"]
            name, *precision = heading.split(", ")
            picture.lines(", ".join([HEADINGS.get(name, name), *precision]), 55, LINE + 12, "halo heading")
        for label in labels_of(row):
            picture.lines(label, 60, LINE)
        begin, end = sorted((x_of(1), x_of(row["ratio"])))
        picture.rect(begin, picture.y, max(1, end - begin), BAR, class_of(row))
        picture.text(end + 6, picture.y + 13, f"{row['ratio']:.2f}x")
        picture.y += BAR + 5
    lines = []
    for tick in (t for t in TICKS if low <= t <= high):
        x = x_of(tick)
        picture.text(x, top - 5, f"{tick:g}x", "muted", "middle" if tick > low else "start")
        lines.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{picture.y}" '
                     f'class="{"axis" if tick == 1 else "grid"}"/>')
    picture.parts[grid:grid] = lines  # behind the bars
    return picture.document(title)
