# SPDX-License-Identifier: Apache-2.0
"""The rows of a report as a picture: how many times as long each peer takes, on a logarithmic axis. Gray: with
itself."""
import html
import math

from comparison import ITSELF

LABEL, BAR, VALUE, ROW, TOP = 680, 420, 90, 24, 64  # pixels
FASTER, SLOWER, PRICE, TEXT, GRID = "#1f6f8b", "#b5483a", "#999", "#222", "#ccc"
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def text(x, y, content, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{TEXT}">'
            f"{html.escape(content)}</text>")


def svg(rows, title):
    rows = [row for row in rows if "refused" not in row]
    lines = []  # None begins a comparison
    for i, row in enumerate(rows):
        if i == 0 or row["comparison"] != rows[i - 1]["comparison"]:
            lines.append((None, row))
        lines.append((row, row))
    ratios = [row["ratio"] for row in rows]
    low = max(t for t in TICKS if t <= min([0.9, *ratios]) or t == TICKS[0])
    high = min(t for t in TICKS if t >= max([1.1, *ratios]) or t == TICKS[-1])

    def x_of(ratio):
        share = math.log(min(max(ratio, low), high) / low) / math.log(high / low)
        return LABEL + share * BAR

    width, height = LABEL + BAR + VALUE, TOP + ROW * len(lines) + 16
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="white"/>', text(16, 24, title, weight="bold")]
    for tick in (t for t in TICKS if low <= t <= high):
        x = x_of(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 8}" stroke="{GRID}" '
                     f'stroke-width="{2 if tick == 1 else 1}"/>')
        parts.append(text(x, TOP - 14, f"{tick:g}x", "middle"))
    for i, (row, any_row) in enumerate(lines):
        y = TOP + ROW * i
        if row is None:
            parts.append(text(16, y + 16, any_row["comparison"], weight="bold"))
            continue
        shape = ",".join(str(row["shape"][letter]) for letter in "BHIT")
        parts.append(text(LABEL - 8, y + 16, f"{row['cell']} {shape}, {row['budget']} against {row['peer']}", "end"))
        begin, end = sorted((x_of(1), x_of(row["ratio"])))
        color = PRICE if row["comparison"] in ITSELF else FASTER if row["ratio"] >= 1 else SLOWER
        parts.append(f'<rect x="{begin:.1f}" y="{y + 4}" width="{max(1, end - begin):.1f}" height="{ROW - 8}" '
                     f'fill="{color}"/>')
        parts.append(text(end + 6, y + 16, f"{row['ratio']:.2f}x"))
    parts.append("</svg>\n")
    return "\n".join(parts)
