"""Curves over each other between two axes, the names of networks at their ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

from netspec.drawing.picture import Line, Part, Point, Rect, Shape, Text
from netspec.drawing.text_width import text_width
from netspec.drawing.theme import CURVES

SMALL, LINE = 9, 11.5
"""Size of text, and the height that one line of it takes."""
STEPS = (1, 2, 5)
"""Ticks are these, times a power of ten."""
MOST_DECADES = 7
"""Of a logarithmic axis, unless told; what is smaller lies on its end."""
FEW_DECADES = 2.2
"""An axis that has no more than these has ticks between the powers of ten."""
ACROSS, UP = 34, 34
"""Room that a tick takes along the axes."""
DOT = 4.0
"""Side of a point that stands alone."""
BIG = 10_000
SHORT = 3
"""Powers of ten below which a fraction is written out."""


class Axis(NamedTuple):
    """What is along an axis; if equal factors are equal lengths there, how many powers of ten it has at most."""

    title: str
    logarithmic: bool = False
    decades: float = MOST_DECADES


class Series(NamedTuple):
    """Points from left to right under a ``name``; curves of one ``colour``, counted from 0, are told by dashes.

    A point that is no number is a gap. ``dots`` stand for themselves. Without a ``label`` no name stands at its end.
    ``says`` is what a reader is told of it.
    """

    name: str
    points: tuple[Point, ...]
    colour: int = 0
    dashed: bool = False
    label: bool = True
    says: str = ""
    dots: tuple[Point, ...] = ()


class Area(NamedTuple):
    """Where curves lie; the numbers of the axes stand to the left and below, the names to the right."""

    left: float
    top: float
    width: float
    height: float


class _Scale(NamedTuple):
    """From where to where an axis goes, and how long it is."""

    first: float
    last: float
    length: float
    logarithmic: bool

    def at(self, value: float) -> float:
        """How far from its beginning a value is; what lies outside is on an end."""
        if self.logarithmic:
            first, last, here = log10(self.first), log10(self.last), log10(min(max(value, self.first), self.last))
        else:
            first, last, here = self.first, self.last, min(max(value, self.first), self.last)
        return self.length * (here - first) / (last - first)

    def ticks(self, room: float) -> list[float]:
        """Round numbers, as many as have ``room`` each."""
        if self.logarithmic:
            return self._powers(room)
        most = max(self.length / room, 1)
        step = next(one for one in _steps((self.last - self.first) / 1000) if (self.last - self.first) / one <= most)
        return [step * place for place in range(ceil(self.first / step - 1e-9), floor(self.last / step + 1e-9) + 1)]

    def _powers(self, room: float) -> list[float]:
        low, high = log10(self.first), log10(self.last)
        steps = STEPS if high - low <= FEW_DECADES else STEPS[:1]
        apart = max(1, ceil((high - low) * room / self.length)) if len(steps) == 1 else 1
        powers = range(ceil(low - 1) // apart * apart, ceil(high) + 1, apart)
        found = [step * 10.0**power for power in powers for step in steps]
        return [one for one in found if low - 1e-9 <= log10(one) <= high + 1e-9]


def curves(series: Sequence[Series], across: Axis, up: Axis, area: Area) -> list[Shape]:
    """The axes, the curves with their dots, and their names."""
    known = [(one, _runs(one.points, across, up), _runs(one.dots, across, up)) for one in series]
    known = [(one, runs, dots) for one, runs, dots in known if runs or dots]
    every = [point for _, runs, dots in known for run in (*runs, *dots) for point in run]
    x = _scale([point[0] for point in every], area.width, across)
    y = _scale([point[1] for point in every], area.height, up)

    def place(point: Point) -> Point:
        return area.left + x.at(point[0]), area.top + area.height - y.at(point[1])

    shapes = _axes(x, y, across, up, area)
    ends: list[tuple[float, Series]] = []
    for one, runs, dots in known:
        colour = f"curve-{one.colour % len(CURVES)}"
        look = f"{colour}{'-dashed' * one.dashed}"
        lines = [_line(tuple(map(place, run)), look) for run in runs]
        marks = [_mark(place(point), f"{colour}-name", DOT) for run in dots for point in run]
        shapes.append(Part(one.name, one.says or one.name, (*lines, *marks)))
        if one.label and runs:
            ends.append((place(runs[-1][-1])[1], one))
    right = area.left + area.width + 5
    for height, one in _apart(ends, area.top + area.height):
        shapes.append(Text(right, height + 3, one.name, SMALL, f"curve-{one.colour % len(CURVES)}-name", "start"))
    return shapes


def _line(points: tuple[Point, ...], look: str) -> Shape:
    """A line, or a point that stands alone."""
    return Line(points, look) if len(points) > 1 else _mark(points[0], look, DOT)


def _mark(at: Point, look: str, size: float) -> Shape:
    return Rect(at[0] - size / 2, at[1] - size / 2, size, size, look, size / 2)


def names_width(series: Iterable[Series]) -> float:
    """The room to the right of an area that the names take."""
    return max([text_width(one.name, SMALL, bold=True) for one in series if one.label], default=0.0) + 8


def number_text(value: float) -> str:
    """A number as an axis has it."""
    if value == 0 or (abs(value) < BIG and abs(value) >= 10.0**-SHORT):
        return f"{value:g}"
    power = floor(log10(abs(value)) + 1e-9)
    part = value / 10.0**power
    return f"1e{power}" if abs(part - 1) < 1e-9 else f"{part:g}e{power}"  # noqa: PLR2004 - what sums of fractions lack


def _runs(points: Iterable[Point], across: Axis, up: Axis) -> list[list[Point]]:
    """Points between those that are no numbers, or none that the axes have."""

    def sound(value: float, axis: Axis) -> bool:
        return isfinite(value) and not (axis.logarithmic and value <= 0)

    held = groupby(points, lambda point: sound(point[0], across) and sound(point[1], up))
    return [[*run] for is_sound, run in held if is_sound]


def _scale(values: Sequence[float], length: float, axis: Axis) -> _Scale:
    low, high = min(values, default=1.0), max(values, default=1.0)
    if axis.logarithmic:
        low = max(low, high * 10.0**-axis.decades)
        room = 10 ** (0.04 * max(log10(high / low), 0.5))
        return _Scale(low / room, high * room, length, logarithmic=True)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return _Scale(low, high, length, logarithmic=False)


def _steps(least: float) -> Iterable[float]:
    """Round numbers from about ``least`` upwards."""
    power = floor(log10(least)) if least > 0 else 0
    while True:
        yield from (step * 10.0**power for step in STEPS)
        power += 1


def _axes(x: _Scale, y: _Scale, across: Axis, up: Axis, area: Area) -> list[Shape]:
    bottom, right = area.top + area.height, area.left + area.width
    shapes: list[Shape] = [Text(area.left, area.top - 7, up.title, SMALL, "text", "start")]
    for tick in y.ticks(UP):
        level = bottom - y.at(tick)
        shapes.append(Line(((area.left, level), (right, level)), "rule"))
        shapes.append(Text(area.left - 5, level + 3, number_text(tick), SMALL, "muted", "end"))
    for tick in x.ticks(ACROSS):
        place = area.left + x.at(tick)
        shapes.append(Line(((place, bottom), (place, bottom + 4)), "rule"))
        shapes.append(Text(place, bottom + 14, number_text(tick), SMALL, "muted"))
    shapes.append(Text(area.left + area.width / 2, bottom + 27, across.title, SMALL, "text"))
    return shapes


def _apart(ends: Iterable[tuple[float, Series]], bottom: float) -> list[tuple[float, Series]]:
    """Heights of names near the ends of their curves, none over another."""
    found = sorted(ends, key=lambda end: end[0])
    heights = [height for height, _ in found]
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + LINE)
    over = max(heights[-1] - bottom, 0) if heights else 0
    if over:
        heights[-1] -= over
        for place in range(len(heights) - 2, -1, -1):
            heights[place] = min(heights[place], heights[place + 1] - LINE)
    return [(height, one) for height, (_, one) in zip(heights, found, strict=True)]
