# SPDX-License-Identifier: Apache-2.0
"""How well colours can be told apart: contrast as WCAG 2 defines it, and distance for the colour-blind, by the matrices
of Machado, Oliveira and Fernandes (2009) for complete protanopia, deuteranopia and tritanopia."""
import re

SIGHTS = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((.152286, 1.052583, -.204868), (.114503, .786281, .099216), (-.003882, -.048116, 1.051998)),
    "deuteranopia": ((.367322, .860646, -.227968), (.280085, .672501, .047413), (-.011820, .042940, .968881)),
    "tritanopia": ((1.255528, -.076749, -.178779), (-.078411, .930809, .147602), (.004733, .691367, .303900)),
}


def linear(css: str) -> list[float]:
    """rgb(1, 2, 3), as browsers compute colours, in linear light."""
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", css)[:3]]
    return [part / 12.92 if part <= .04045 else ((part + .055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    low, high = sorted(sum(w * c for w, c in zip((.2126, .7152, .0722), linear(css))) for css in (one, other))
    return (high + .05) / (low + .05)


def lab(css: str, sight: str) -> tuple[float, float, float]:
    r, g, b = (max(0, min(1, sum(m * c for m, c in zip(row, linear(css))))) for row in SIGHTS[sight])

    def f(t):
        return t ** (1 / 3) if t > .008856 else 7.787 * t + 16 / 116

    x, y, z = (f((.4124 * r + .3576 * g + .1805 * b) / .95047), f(.2126 * r + .7152 * g + .0722 * b),
               f((.0193 * r + .1192 * g + .9505 * b) / 1.08883))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str) -> float:
    """CIE 1976, for whoever sees the two colours as most alike."""
    return min(sum((a - b) ** 2 for a, b in zip(lab(one, sight), lab(other, sight))) ** .5 for sight in SIGHTS)
