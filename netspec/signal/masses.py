"""A distribution as masses at equal steps: sums of rectified and Gaussian values have no closed form."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from operator import mul
from typing import NamedTuple

from netspec.signal.gaussian import below

FINE = 8.0
"""Steps within a deviation, where a distribution is looked at once."""
FINENESS = 2.0
"""Steps within the smallest deviation of what is added."""
REACH = 4.5
"""Deviations of a Gaussian that masses are kept of."""
LEAST = 1e-7
"""A mass at an end that is left out."""


class Masses(NamedTuple):
    """``parts[i]`` of the values lie around ``(first + i) * step``; of those around 0, ``zero`` are exactly 0."""

    step: float
    first: int
    parts: tuple[float, ...]
    zero: float = 0.0

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return self.step * sum([part * at for at, part in enumerate(self.parts, self.first)])

    @property
    def square(self) -> float:
        """The mean of their squares."""
        return self.step**2 * sum([part * at * at for at, part in enumerate(self.parts, self.first)])

    @property
    def points(self) -> list[tuple[float, float]]:
        """Each place with its mass."""
        return [(self.step * at, part) for at, part in enumerate(self.parts, self.first)]

    @property
    def positive(self) -> float:
        """The share above 0; of what lies around 0 on both sides the half."""
        near = self.parts[-self.first] - self.zero if 0 <= -self.first < len(self.parts) else 0.0
        return sum(self.parts[max(0, 1 - self.first) :]) + near * (0.5 if self.first < 0 else 1.0)

    def rectified(self) -> Masses:
        """Of max(x, 0)."""
        if self.first >= 0:
            return self
        *below, near = self.parts[: 1 - self.first]
        above = [*self.parts[1 - self.first :]] or [0.0]
        above[0] += near / 8  # of the half above 0, whose mean is a quarter of a step
        return Masses(self.step, 0, (sum(below) + near * 7 / 8, *above), sum(below) + near / 2)

    def scaled(self, factor: float) -> Masses:
        """Of the values times ``factor``."""
        return self._replace(step=self.step * factor)

    def shifted(self, by: float) -> Masses:
        """Of the values and ``by``, at the nearest step; the rest is shared out between two."""
        whole, rest = divmod(by / self.step, 1.0)
        parts = [0.0, *self.parts]
        parts = [(1 - rest) * after + rest * before for before, after in zip([*parts], [*self.parts, 0.0], strict=True)]
        return Masses(self.step, self.first + int(whole), tuple(parts))

    def coarser(self, step: float) -> Masses:
        """The same at larger steps, each mass shared out between the two nearest."""
        if step <= self.step:
            return self
        first = int((self.first * self.step) // step)
        parts = [0.0] * (int(len(self.parts) * self.step / step) + 3)
        for at, part in enumerate(self.parts, self.first):
            place = at * self.step / step - first
            near = int(place)
            parts[near] += part * (near + 1 - place)
            parts[near + 1] += part * (place - near)
        return Masses(step, first, tuple(parts), self.zero).trimmed()

    def trimmed(self) -> Masses:
        """Without ends that hold nothing."""
        parts, first = [*self.parts], self.first
        while len(parts) > 1 and parts[-1] < LEAST:
            last = parts.pop()
            parts[-1] += last
        lost = 0
        while len(parts) > lost + 1 and parts[lost] < LEAST:
            lost += 1
        parts[lost] += sum(parts[:lost])
        return Masses(self.step, first + lost, tuple(parts[lost:]), self.zero)

    def plus(self, other: Masses) -> Masses:
        """Of the sum of a value of each, which know nothing of each other; both have one step."""
        short, long = sorted((self.parts, other.parts), key=len)
        beside = (0.0,) * (len(short) - 1)
        found = correlated(short[::-1], (*beside, *long, *beside))
        return Masses(self.step, self.first + other.first, tuple(found)).trimmed()


def correlated(short: Sequence[float], long: Sequence[float]) -> list[float]:
    """The sum of products of ``short`` with what of ``long`` lies beside it, wherever it lies beside all of it."""
    count = len(short)
    return [sum(map(mul, short, long[at : at + count])) for at in range(len(long) - count + 1)]


def normal(deviation: float, step: float, mean: float = 0.0) -> Masses:
    """Of a normal value; what masses at steps add to the variance is taken off before."""
    narrow = sqrt(max(deviation * deviation - step * step / 12, 1e-12 * step * step))
    first = round((mean - REACH * deviation) / step)
    last = round((mean + REACH * deviation) / step)
    edges = [below(((at - 0.5) * step - mean) / narrow) for at in range(first, last + 2)]
    return Masses(step, first, tuple([after - before for before, after in pairwise(edges)]))


def largest(count: float, deviation: float, step: float, *, rectified: bool) -> Masses:
    """Of the largest of ``count`` normal values around 0, or of 0 as well."""
    last = round(REACH * deviation / step) + 1
    first = 0 if rectified else -last
    edges = [below((at - 0.5) * step / deviation) ** count for at in range(first, last + 2)]
    zero = 0.0
    if rectified:
        edges[0], zero = 0.0, 0.5**count
    return Masses(step, first, tuple([after - before for before, after in pairwise(edges)]), zero)
