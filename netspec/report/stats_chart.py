"""Figures as charts: of one network along its depth, of several multiply-adds against parameters."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10, prod
from typing import NamedTuple

from netspec.analysis.inputs import inputs_text
from netspec.analysis.setup import Setup
from netspec.analysis.summary import Summary
from netspec.drawing.picture import Line, Part, Picture, Rect, Shape, Text
from netspec.drawing.svg import svg as written
from netspec.drawing.text_width import text_width
from netspec.report.stats import StatsReport

LARGE, SMALL = 15, 9
WIDTH, LEFT, RIGHT, TOP = 640, 62, 12, 48
"""Width of the picture, room for numbers on the left and for what is on the right, and height of the heading."""
HEIGHT, BETWEEN = 96, 26
"""Of a chart along depth, and between two."""
SQUARE = 420
"""Height of a chart of several networks."""
STEPS = (1, 2, 5)
"""Ticks are these, times a power of ten."""
NUMBER, LINE = 32, 14
"""Width and height that a tick's number takes."""
MOST_TICKS = 4
DOWNS = (3, -8, 14, -19, 25)
"""How far below a point its name may stand."""
BYTES = {2**30: "GiB", 2**20: "MiB", 2**10: "KiB"}
UNITS = ((10**12, " T"), (10**9, " G"), (10**6, " M"), (10**3, " k"), (1, ""))


def svg(report: StatsReport) -> bytes:
    """The chart: bars for every operation in running order, or a point for each of several networks."""
    summaries = report.summaries
    return written(_along_depth(summaries[0]) if len(summaries) == 1 else _against(summaries), report.theme)


class _Series(NamedTuple):
    """A figure of every operation."""

    title: str
    look: str
    values: tuple[int, ...]
    bytes: bool = False

    @property
    def unit(self) -> int:
        """What ticks count in: single things, or of bytes the largest unit that does."""
        return max([size for size in BYTES if size <= max(self.values, default=0)], default=1) if self.bytes else 1

    def told(self, value: int) -> str:
        """A value as an axis has it."""
        return f"{value // self.unit} {BYTES[self.unit]}" if self.unit > 1 else _short(value)

    def in_all(self) -> str:
        """The sum of all."""
        all_ = sum(self.values)
        return f"{all_ / self.unit:,.1f} {BYTES[self.unit]}" if self.unit > 1 else f"{all_:,}{' bytes' * self.bytes}"


def _along_depth(summary: Summary) -> Picture:
    """Parameters, multiply-adds and memory of each operation's output below each other, and the stages under them."""
    rows, setup = summary.rows, summary.setup
    memory = tuple([setup.batch * setup.width * prod(row.node.shape) for row in rows])
    charts = (
        _Series("parameters", "params", tuple([row.node.params for row in rows])),
        _Series("multiply-adds of one image", "macs", tuple([row.work.macs for row in rows])),
        _Series(f"memory of outputs, {_batch(setup)}", "memory", memory, bytes=True),
    )
    shapes: list[Shape] = [
        Text(LEFT, 17, summary.name, LARGE, "bold", "start"),
        Text(
            LEFT,
            31,
            f"input {inputs_text(summary.inputs)}, {len(rows)} operations in running order",
            SMALL,
            "muted",
            "start",
        ),
    ]
    wide = WIDTH - LEFT - RIGHT
    step = wide / max(len(rows), 1)
    y = float(TOP)
    for chart in charts:
        shapes.append(Text(LEFT, y + 4, f"{chart.title}: {chart.in_all()} in all", SMALL, "text", "start"))
        bottom = y + HEIGHT
        largest = max(chart.values, default=0) or 1
        high = HEIGHT - 12
        for tick in [chart.unit * number for number in _ticks(largest // chart.unit)]:
            level = bottom - high * tick / largest
            shapes.append(Line(((LEFT, level), (LEFT + wide, level)), "rule"))
            shapes.append(Text(LEFT - 5, level + 3, chart.told(tick), SMALL, "muted", "end"))
        for place, (row, value) in enumerate(zip(rows, chart.values, strict=True)):
            if value:
                tall = high * value / largest
                bar = Rect(LEFT + place * step, bottom - tall, max(step * 0.86, 0.4), tall, chart.look)
                shapes.append(Part(row.name, f"{row.name}\n{row.node.label}\n{value:,}", (bar,)))
        y = bottom + BETWEEN
    shapes += _stages(summary, step, y - BETWEEN + 4)
    says = "\n".join([f"{chart.title}: {chart.in_all()}" for chart in charts])
    return Picture(WIDTH, y + 6, f"{summary.name}: figures along depth", says, tuple(shapes))


def _batch(setup: Setup) -> str:
    return f"{setup.batch} image{'s' * (setup.batch > 1)} of {setup.dtype}"


def _stages(summary: Summary, step: float, y: float) -> list[Shape]:
    """Where each stage begins and ends, with its name where there is room for it."""
    shapes: list[Shape] = []
    first = 0
    rows = summary.rows
    for place in range(1, len(rows) + 1):
        if place == len(rows) or rows[place].place.stage != rows[first].place.stage:
            left, right = LEFT + first * step, LEFT + place * step
            shapes.append(Line(((left + 0.5, y + 4), (left + 0.5, y), (right - 0.5, y), (right - 0.5, y + 4)), "rule"))
            name = rows[first].place.stage
            if text_width(name, SMALL) < right - left:
                shapes.append(Text((left + right) / 2, y + 15, name, SMALL, "muted"))
            first = place
    return shapes


def _against(summaries: Sequence[Summary]) -> Picture:
    """A point for each network: its multiply-adds to the right, its parameters upwards, both on logarithmic axes."""
    points = [(max(one.totals.macs, 1), max(one.totals.params, 1), one.name) for one in summaries]
    wide, high = WIDTH - LEFT - 2 * BETWEEN, SQUARE
    across, up = _range([point[0] for point in points]), _range([point[1] for point in points])
    shapes: list[Shape] = [
        Text(LEFT, 17, "parameters against multiply-adds", LARGE, "bold", "start"),
        Text(LEFT, 31, f"{len(points)} networks; both axes are logarithmic", SMALL, "muted", "start"),
    ]
    bottom = TOP + high
    for tick in _powers(*across, wide / NUMBER):
        x = LEFT + wide * _part(tick, *across)
        shapes += [Line(((x, TOP), (x, bottom)), "rule"), Text(x, bottom + 13, _short(tick), SMALL, "muted")]
    for tick in _powers(*up, high / LINE):
        y = bottom - high * _part(tick, *up)
        shapes += [
            Line(((LEFT, y), (LEFT + wide, y)), "rule"),
            Text(LEFT - 5, y + 3, _short(tick), SMALL, "muted", "end"),
        ]
    shapes.append(Text(LEFT + wide, bottom + 27, "multiply-adds of one image", SMALL, "text", "end"))
    places = [(LEFT + wide * _part(macs, *across), bottom - high * _part(params, *up)) for macs, params, _ in points]
    taken = [(x - 5, x + 5, y + 3) for x, y in places]
    for (x, y), (macs, params, name) in zip(places, points, strict=True):
        dot = Rect(x - 3.5, y - 3.5, 7, 7, "macs", 3.5)
        shown: tuple[Shape, ...] = (dot, *_name(name, x, y, taken))
        shapes.append(Part(name, f"{name}\n{macs:,} multiply-adds\n{params:,} parameters", shown))
    says = "\n".join([f"{name}: {params:,} parameters, {macs:,} multiply-adds" for macs, params, name in points])
    return Picture(WIDTH, bottom + 36, "parameters against multiply-adds", says, tuple(shapes))


def _name(name: str, x: float, y: float, taken: list[tuple[float, float, float]]) -> list[Shape]:
    """The name of a point beside it, or above or below others that are there; none where there is no room."""
    width = text_width(name, SMALL)
    left = x + 7 if x + 7 + width < WIDTH else x - 7 - width
    for down in DOWNS:
        near = [(start, end) for start, end, other in taken if abs(y + down - other) < SMALL + 2]
        if all(left > end or left + width < start for start, end in near):
            taken.append((left, left + width, y + down))
            return [Text(left, y + down, name, SMALL, "text", "start")]
    return []


def _range(values: Sequence[int]) -> tuple[float, float]:
    """From where to where a logarithmic axis goes."""
    first, last = log10(min(values)), log10(max(values))
    room = max((last - first) * 0.08, 0.1)
    return first - room, last + room


def _part(value: float, first: float, last: float) -> float:
    return (log10(value) - first) / (last - first)


def _powers(first: float, last: float, most: float) -> list[int]:
    """Round numbers on a logarithmic axis that has room for ``most`` at equal distances; if need be powers of ten."""
    steps = STEPS if (last - first) / log10(2) <= most else STEPS[:1]
    found = [step * 10**power for power in range(max(floor(first), 0), ceil(last) + 1) for step in steps]
    return [number for number in found if first <= log10(number) <= last]


def _ticks(largest: int) -> list[int]:
    """Nothing, and two or three round numbers up to ``largest``."""
    power = 10 ** floor(log10(largest))
    steps = [factor * power // 10 for factor in (1, 2, 5, 10, 20, 50)]
    step = next((one for one in steps if one and largest / one <= MOST_TICKS), power)
    return list(range(0, largest + 1, step))


def _short(number: int) -> str:
    scale, unit = next((one for one in UNITS if number >= one[0]), (1, ""))
    return f"{number / scale:g}{unit}"
