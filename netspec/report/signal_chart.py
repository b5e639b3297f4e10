"""The signals of networks laid over each other: second moments of values and of their gradients, by depth."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from netspec.drawing.curves import Area, Axis, Series, curves, names_width
from netspec.drawing.picture import Picture, Shape, Text
from netspec.drawing.svg import svg as written
from netspec.drawing.text_width import text_width
from netspec.drawing.theme import CURVES
from netspec.report.signal import NetworkSignal, SignalReport, stretches
from netspec.signal.depth import depths

LARGE, SMALL = 15, 9
LEFT, TOP, WIDTH, HEIGHT = 44, 58, 560, 180
"""Of the first of two charts: room on its left and above it, its width and its height."""
BETWEEN = 62
"""Below a chart."""
LINE = 13
"""Height of a line of text below the charts."""
INDENT = 10
"""Of lines that go on."""
LEAST, MOST = 1e-250, 1e250
"""Beyond these nothing is drawn: an axis of more would have ends that are no numbers."""
NOTHING = inf
"""A point of a curve where nothing can be said: a gap."""
ACROSS = Axis("depth, in convolutions and linear layers")
CHARTS = (("square", "second moment of the signal"), ("gradient", "second moment of the gradient, 1 at the output"))


def svg(report: SignalReport) -> bytes:
    """The two charts below each other, with what follows from them."""
    return written(picture(report.curves), report.theme)


def picture(networks: Sequence[NetworkSignal]) -> Picture:
    """A curve for each network in each chart; a gap where nothing can be said, dots where it was measured."""
    title = "What initialisation does to a signal"
    said = "axes of moments are logarithmic"
    if any(one.measured for one in networks):
        said += "; lines are predicted, dots measured"
    shapes: list[Shape] = [Text(LEFT, 17, title, LARGE, "bold", "start"), Text(LEFT, 31, said, SMALL, "muted", "start")]
    y, names = float(TOP), 0.0
    for figure, words in CHARTS:
        series = [_series(one, figure, words, place) for place, one in enumerate(networks)]
        up = Axis(words, logarithmic=True, decades=inf)
        shapes += curves(series, ACROSS, up, Area(LEFT, y, WIDTH, HEIGHT))
        names = max(names, names_width(series))
        y += HEIGHT + BETWEEN
    said_of = [f"{one.graph.name}: {text}" for one in networks for text in one.advice]
    for text in said_of:
        for number, line in enumerate(_wrapped(text, WIDTH + names - INDENT)):
            shapes.append(Text(LEFT + INDENT * (number > 0), y - LINE, line, SMALL, "text", "start"))
            y += LINE
    return Picture(LEFT + WIDTH + names, y, title, "\n".join(said_of), tuple(shapes))


def _wrapped(line: str, room: float) -> list[str]:
    found = [""]
    for word in line.split():
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and text_width(longer, SMALL) > room:
            found.append(word)
        else:
            found[-1] = longer
    return found


def _drawn(value: float | None) -> float:
    return value if value and LEAST < value < MOST else NOTHING


def _series(one: NetworkSignal, figure: str, words: str, place: int) -> Series:
    """The points at the end of each part, and the same as they were measured; dashed where colours begin anew."""
    depth = depths(one.graph)
    points, dots = [], []
    for stretch in stretches(one):
        at, value = float(depth[stretch.node]), getattr(one.signals[stretch.node.name], figure)
        points.append((at, _drawn(value)))
        spread = one.measured and one.measured.spread(stretch.node.name, figure)
        if spread and spread.typical:
            dots.append((at, _drawn(spread.mean if one.normalised else spread.typical)))
    told = ", ".join([f"{at:g}: {value:.2g}" for at, value in points if value != NOTHING])
    dashed = bool(place // len(CURVES) % 2)
    says = f"{one.graph.name}: {words}\n{told}"
    return Series(one.graph.name, tuple(points), place, dashed, says=says, dots=tuple(dots))
