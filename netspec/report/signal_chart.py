"""The signals of networks laid over each other: second moments of values and of their gradients, by depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from netspec.drawing.picture import Line, Part, Picture, Point, Rect, Shape, Text
from netspec.drawing.svg import svg as written
from netspec.drawing.text_width import text_width
from netspec.drawing.theme import CURVES
from netspec.report.signal import NetworkSignal, SignalReport, stretches
from netspec.signal.advice import advice
from netspec.signal.predict import depths

LARGE, SMALL = 15, 9
WIDTH, LEFT, RIGHT, TOP = 720, 62, 130, 44
HEIGHT, BETWEEN = 190, 40
"""Of a chart, and between two."""
DOT = 4.0
LINE = 13
"""Height of a line of text below the charts."""
APART = 10.0
"""How far names lie apart at least."""
MOST_TICKS = 7
LEAST, MOST = 1e-300, 1e300
CHARTS = (("square", "second moment of the signal"), ("gradient", "second moment of the gradient, 1 at the output"))


class Curve(NamedTuple):
    """A figure of a network along its depth, and the same as it was measured."""

    name: str
    look: str
    points: tuple[tuple[int, float], ...]
    measured: tuple[tuple[int, float], ...]


def svg(report: SignalReport) -> bytes:
    """The two charts below each other, with what follows from them."""
    return written(picture(report.curves), report.theme)


def picture(networks: Sequence[NetworkSignal]) -> Picture:
    """A curve for each network in each chart; a gap where nothing can be said, dots where it was measured."""
    title = "What initialisation does to a signal"
    shapes: list[Shape] = [Text(LEFT, 17, title, LARGE, "bold", "start")]
    said = "by depth, in convolutions and linear layers; axes of moments are logarithmic"
    if any(one.measured for one in networks):
        said += "; lines are predicted, dots measured"
    shapes.append(Text(LEFT, 31, said, SMALL, "muted", "start"))
    deepest = max([max(depths(one.graph).values(), default=1) for one in networks], default=1)
    y = float(TOP)
    for figure, words in CHARTS:
        curves = [_curve(one, figure, _look(at)) for at, one in enumerate(networks)]
        shapes += _chart(curves, words, y, max(deepest, 1))
        y += HEIGHT + BETWEEN
    said_of = [f"{one.graph.name}: {text}" for one in networks for text in advice(one.graph, one.prediction)]
    for line in [part for text in said_of for part in _wrapped(text, WIDTH - LEFT - 12)]:
        shapes.append(Text(LEFT, y + 4, line, SMALL, "text", "start"))
        y += LINE
    return Picture(WIDTH, y + 8, title, "\n".join(said_of), tuple(shapes))


def _look(place: int) -> str:
    """The colour of the curve of a network, and dashes where colours begin anew."""
    return f"curve-{place % len(CURVES)}" + ("-dashed" if place // len(CURVES) % 2 else "")


def _wrapped(line: str, room: float) -> list[str]:
    found = [""]
    for word in line.split():
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and text_width(longer, SMALL) > room:
            found.append(f"   {word}")
        else:
            found[-1] = longer if len(found) == 1 else f"{found[-1]} {word}"
    return found


def _curve(one: NetworkSignal, figure: str, look: str) -> Curve:
    """The points at the end of each part; of the gradient, without what lies behind the last map."""
    depth = depths(one.graph)
    points, dots = [], []
    for stretch in stretches(one):
        value = getattr(one.prediction.signals[stretch.node.name], figure)
        points.append((depth[stretch.node], value if value and LEAST < value < MOST else 0.0))
        spread = one.measured and one.measured.spread(stretch.node.name, figure)
        if spread and spread.typical:
            dots.append((depth[stretch.node], spread.mean if one.normalised else spread.typical))
    return Curve(one.graph.name, look, tuple(points), tuple(dots))


def _chart(curves: Sequence[Curve], words: str, top: float, deepest: int) -> list[Shape]:
    values = [value for curve in curves for _, value in (*curve.points, *curve.measured) if value]
    low, high = floor(log10(min(values, default=1.0))), ceil(log10(max(values, default=10.0)))
    high = max(high, low + 1)
    wide, bottom = WIDTH - LEFT - RIGHT, top + HEIGHT

    def place(depth: int, value: float) -> Point:
        return LEFT + wide * depth / deepest, bottom - (HEIGHT - 14) * (log10(value) - low) / (high - low)

    shapes: list[Shape] = [Text(LEFT, top + 4, words, SMALL, "text", "start")]
    step = max(1, ceil((high - low) / MOST_TICKS))
    for power in range(low, high + 1, step):
        _, y = place(0, 10.0**power)
        shapes += [
            Line(((LEFT, y), (LEFT + wide, y)), "rule"),
            Text(LEFT - 5, y + 3, _power(power), SMALL, "muted", "end"),
        ]
    for depth in range(0, deepest + 1, _step(deepest)):
        x, _ = place(depth, 1.0)
        shapes += [Line(((x, bottom), (x, bottom + 3)), "rule"), Text(x, bottom + 13, str(depth), SMALL, "muted")]
    ends: list[tuple[float, Curve]] = []
    for curve in curves:
        shapes.append(Part(curve.name, _told(curve, words), tuple(_drawn(curve, place))))
        shown = [place(*point) for point in curve.points if point[1]]
        if shown:
            ends.append((shown[-1][1], curve))
    return [*shapes, *_names(ends, LEFT + wide + 14, top)]


def _told(curve: Curve, words: str) -> str:
    return f"{curve.name}: {words}\n" + ", ".join([f"{depth}: {value:.2g}" for depth, value in curve.points])


def _drawn(curve: Curve, place: Callable[[int, float], Point]) -> list[Shape]:
    shapes: list[Shape] = []
    run: list[Point] = []
    for depth, value in (*curve.points, (0, 0.0)):
        if value:
            run.append(place(depth, value))
        else:
            shapes += [Line(tuple(run), curve.look)] if len(run) > 1 else []
            run = []
    for depth, value in curve.measured:
        x, y = place(depth, value)
        shapes.append(Rect(x - DOT / 2, y - DOT / 2, DOT, DOT, curve.look.removesuffix("-dashed") + "-name", DOT / 2))
    return shapes


def _names(ends: Sequence[tuple[float, Curve]], x: float, top: float) -> list[Shape]:
    """A name for each curve beside its end, moved apart where they would lie over each other."""
    shapes: list[Shape] = []
    lowest = top
    for y, curve in sorted(ends, key=lambda end: end[0]):
        at = max(y, lowest)
        shapes += [Line(((x, at), (x + 16, at)), curve.look), Text(x + 20, at + 3, curve.name, SMALL, "text", "start")]
        lowest = at + APART
    return shapes


def _step(deepest: int) -> int:
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**6) if deepest / step <= 2 * MOST_TICKS)


def _power(power: int) -> str:
    return f"1e{power}" if power else "1"
