"""A receptive field over its input, drawn with box characters."""

from __future__ import annotations

from dataclasses import dataclass, field

from netspec.analysis.effective_field import Effective
from netspec.analysis.position_field import PositionField
from netspec.analysis.receptive_field import Region
from netspec.ops.facts import brief

PLANE = 2
"""Axes of an input that can be drawn."""
COLUMNS = 44
"""Width of a picture, at most."""
TALL = 2
"""How much taller than wide a character is."""
INPUT, FIELD = "┌┐└┘─│", "╔╗╚╝═║"
FILL, OUTSIDE, CENTRE = "░", "·", "┼"
SHADES = " ░▒▓█"
TONE = 0.5
"""Power that the gradient is shown by: it falls off so fast that little would be seen of it."""
BEYOND = "the receptive field reaches beyond the picture"


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of the plane that a picture shows, in input pixels, and the size of its cells."""

    start: tuple[int, int]
    end: tuple[int, int]
    cell: tuple[float, float]
    cells: tuple[int, int]

    def cell_of(self, axis: int, pixel: float) -> int:
        """The line between cells that is nearest to the edge before ``pixel``; may lie outside the picture."""
        return round((pixel - self.start[axis]) / self.cell[axis])

    def middle(self, axis: int, cell: int) -> float:
        """The pixel in the middle of a cell."""
        return self.start[axis] + (cell + 0.5) * self.cell[axis]


@dataclass(slots=True)
class Canvas:
    """Characters in rows; what is drawn outside is left out."""

    rows: int
    columns: int
    text: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.text = [[" "] * self.columns for _ in range(self.rows)]

    def put(self, row: int, column: int, char: str) -> None:
        """Set one character."""
        if 0 <= row < self.rows and 0 <= column < self.columns:
            self.text[row][column] = char

    def frame(self, box: tuple[int, int, int, int], chars: str) -> None:
        """The outline from the first row and column to the last."""
        top, left, bottom, right = box
        for column in range(left + 1, right):
            self.put(top, column, chars[4])
            self.put(bottom, column, chars[4])
        for row in range(top + 1, bottom):
            self.put(row, left, chars[5])
            self.put(row, right, chars[5])
        for char, row, column in zip(chars, (top, top, bottom, bottom), (left, right, left, right), strict=False):
            self.put(row, column, char)

    def lines(self) -> list[str]:
        """The rows as text."""
        return ["".join(row).rstrip() for row in self.text]


def shown(found: PositionField, beyond: float = 0.75) -> Region:
    """The image and what the field sees beside it, at most ``beyond`` of the image's size on each side."""
    return tuple(
        (max(min(0, first), -int(size * beyond)), min(max(size - 1, last), int(size * (1 + beyond)) - 1))
        for size, (first, last) in zip(found.input[1:], found.seen, strict=True)
    )


def reaches_beyond(found: PositionField, region: Region) -> bool:
    """Whether the field is larger than the ``region`` that is shown."""
    return any(first < edge[0] or last > edge[1] for (first, last), edge in zip(found.seen, region, strict=True))


def picture(found: PositionField, effective: Effective | None = None) -> str:
    """The input as a frame, the field over it, its centre, and the gradient as shades where it is known."""
    region = shown(found)
    extent = _extent(region)
    canvas = Canvas(extent.cells[0] + 1, extent.cells[1] + 1)
    inside = _box(extent, ((0, found.input[1] - 1), (0, found.input[2] - 1)))
    seen = _box(extent, found.seen)
    for row in range(max(0, seen[0]), min(canvas.rows, seen[2])):
        for column in range(max(0, seen[1]), min(canvas.columns, seen[3])):
            in_image = inside[0] <= row < inside[2] and inside[1] <= column < inside[3]
            canvas.put(row, column, (FILL if effective is None else " ") if in_image else OUTSIDE)
    if effective:
        _shade(canvas, extent, effective, found)
    canvas.frame(inside, INPUT)
    canvas.frame(seen, FIELD)
    middle = [extent.cell_of(axis, found.center[axis] + 0.5) for axis in range(2)]
    canvas.put(middle[0], middle[1], CENTRE)
    return "\n".join([*canvas.lines(), _legend(found, region, effective)])


def _extent(region: Region) -> Extent:
    high, wide = (last - first + 1 for first, last in region)
    columns = min(COLUMNS, TALL * wide)
    rows = max(TALL, round(columns / wide * high / TALL))
    return Extent(
        (region[0][0], region[1][0]), (region[0][1], region[1][1]), (high / rows, wide / columns), (rows, columns)
    )


def _box(extent: Extent, region: Region) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of a region; one that is thinner than a cell is a cell wide."""
    (top, bottom), (left, right) = (
        (extent.cell_of(axis, first), extent.cell_of(axis, last + 1)) for axis, (first, last) in enumerate(region)
    )
    return top, left, max(bottom, top + 1), max(right, left + 1)


def _shade(canvas: Canvas, extent: Extent, effective: Effective, found: PositionField) -> None:
    """The gradient as shades in equal steps."""
    heat = effective.heat
    for row in range(canvas.rows):
        for column in range(canvas.columns):
            y, x = extent.middle(0, row), extent.middle(1, column)
            if 0 <= y < found.input[1] and 0 <= x < found.input[2]:
                value = heat[int(y * len(heat) / found.input[1])][int(x * len(heat[0]) / found.input[2])]
                canvas.put(row, column, SHADES[round(value**TONE * (len(SHADES) - 1))])


def _legend(found: PositionField, region: Region, effective: Effective | None) -> str:
    size = brief(tuple([last - first + 1 for first, last in found.seen]))
    parts = [f"┌┐ {found.node.origin.name} {brief(found.input[1:])}"]
    parts.append(f"╔╗ receptive field {size} of position {found.at[0]},{found.at[1]}")
    parts.append(f"{CENTRE} centre")
    if any(first < 0 or last >= size for size, (first, last) in zip(found.input[1:], found.seen, strict=True)):
        parts.append(f"{OUTSIDE} padding")
    if effective:
        parts.append("░▒▓█ gradient, square root")
    return "   ".join(parts) + (f"\n{BEYOND}" if reaches_beyond(found, region) else "")
