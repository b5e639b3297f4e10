"""The effective receptive field: where in the theoretical one the gradient lies (Luo, Li, Urtasun and Zemel 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import ceil
from typing import Any, NamedTuple

from netspec.analysis.receptive_field import Region
from netspec.ops.facts import PerAxis

Mass = Sequence[Sequence[float]]
"""How much gradient each input pixel has, row by row."""
SHARES = (50, 90, 99)
CELLS = 64
"""The heat map has at most so many cells on an axis."""


class Holding(NamedTuple):
    """The smallest window around the field's middle that holds ``percent`` of the gradient."""

    percent: int
    size: PerAxis
    window: Region


class Effective(NamedTuple):
    """Windows that hold shares of the gradient, and a coarse picture of it.

    ``heat`` has rows of cells over the whole input, each the mean of its pixels, the largest 1; ``inside`` is the
    share of the gradient within the theoretical field, which is all of it; ``draws`` says what was averaged over.
    """

    holdings: tuple[Holding, ...]
    heat: tuple[tuple[float, ...], ...]
    inside: float
    draws: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The sizes as plain data; the heat map rounded."""
        return {
            "averaged_over": self.draws,
            "inside_theoretical": self.inside,
            "holds": [{"percent": one.percent, "size": list(one.size)} for one in self.holdings],
            "heat": [[round(value, 4) for value in row] for row in self.heat],
        }


def effective(mass: Mass, window: Region, draws: str = "") -> Effective:
    """The effective field for the gradient ``mass`` over the input; ``window`` is the theoretical field.

    Windows shrink from the theoretical one in its own proportions, equally from both sides.
    """
    sums = _Sums(mass)
    inside = sums.within(window)
    total = sums.within(((0, len(mass) - 1), (0, len(mass[0]) - 1)))
    holdings = []
    for percent in SHARES:
        held = _smallest(sums, window, inside * percent / 100)
        holdings.append(Holding(percent, tuple([last - first + 1 for first, last in held]), held))
    return Effective(tuple(holdings), _heat(mass), inside / total, draws)


class _Sums:
    """Sums over rectangles of ``mass``, each from four numbers."""

    def __init__(self, mass: Mass) -> None:
        self.high, self.wide = len(mass), len(mass[0])
        rows = [[0.0] * (self.wide + 1)]
        for row in mass:
            along = accumulate(row, initial=0.0)
            rows.append([above + value for above, value in zip(rows[-1], along, strict=True)])
        self.rows = rows

    def within(self, window: Region) -> float:
        """The mass in the part of ``window`` that lies in the image."""
        (top, bottom), (left, right) = window
        top, left = max(0, top), max(0, left)
        bottom, right = min(self.high - 1, bottom) + 1, min(self.wide - 1, right) + 1
        if top >= bottom or left >= right:
            return 0.0
        rows = self.rows
        return rows[bottom][right] - rows[top][right] - rows[bottom][left] + rows[top][left]


def _smallest(sums: _Sums, window: Region, wanted: float) -> Region:
    """The smallest window around the middle of ``window`` with at least ``wanted`` in it."""
    low, high = 0, (max(last - first for first, last in window)) // 2  # so many pixels can be taken off the long side
    tiny = 1e-9 * wanted  # sums of many terms are not exact
    while low < high:
        middle = (low + high + 1) // 2
        if sums.within(_shrunk(window, middle)) >= wanted - tiny:
            low = middle
        else:
            high = middle - 1
    return _shrunk(window, low)


def _shrunk(window: Region, off: int) -> Region:
    """``window`` with ``off`` pixels less on both sides of its longer axis, and in proportion on the other."""
    longest = max(last - first for first, last in window)
    shrunk = []
    for first, last in window:
        less = off * (last - first) // longest if longest else 0
        shrunk.append((first + less, last - less))
    return tuple(shrunk)


def _heat(mass: Mass) -> tuple[tuple[float, ...], ...]:
    """``mass`` in cells of equal size, the largest 1."""
    cell = [ceil(length / CELLS) for length in (len(mass), len(mass[0]))]
    counts = [ceil(len(mass) / cell[0]), ceil(len(mass[0]) / cell[1])]
    cells = [[0.0] * counts[1] for _ in range(counts[0])]
    for y, row in enumerate(mass):
        sums = cells[y // cell[0]]
        for x, value in enumerate(row):
            sums[x // cell[1]] += value
    for y, row in enumerate(cells):
        height = min(cell[0], len(mass) - y * cell[0])
        for x in range(counts[1]):
            row[x] /= height * min(cell[1], len(mass[0]) - x * cell[1])
    largest = max(max(row) for row in cells) or 1.0
    return tuple(tuple(value / largest for value in row) for row in cells)
