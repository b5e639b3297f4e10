"""Where a gradient lies: how large its second moment is for each value that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from netspec.signal.masses import Masses, correlated, normal


class Where(NamedTuple):
    """For values around ``(first + i) * step``, what the second moment is there over that in the mean.

    Values beyond are as the last.
    """

    step: float
    first: int
    parts: tuple[float, ...]

    def at(self, value: float) -> float:
        """That of one value, between those of its neighbours."""
        place = value / self.step - self.first
        near = int(place) if place > 0 else 0
        if near + 1 >= len(self.parts):
            return self.parts[-1]
        if place <= 0:
            return self.parts[0]
        part = place - near
        return self.parts[near] + part * (self.parts[near + 1] - self.parts[near])

    def around(self, own: Masses, deviation: float) -> Where:
        """That of one of two that are summed up, the other normal around 0: the mean over the other."""
        step = own.step
        other = normal(deviation, step)
        first = own.first + other.first
        here = self.over(step, first, len(own.parts) + len(other.parts) - 1)
        return Where(step, own.first, tuple(correlated(other.parts, here))).evened(own)

    def over(self, step: float, first: int, count: int) -> Sequence[float]:
        """Those of so many values at steps from the ``first``."""
        if step != self.step:
            return [self.at((first + at) * step) for at in range(count)]
        before, after = max(0, self.first - first), max(0, first + count - self.first - len(self.parts))
        start = max(0, first - self.first)
        inside = self.parts[start : start + count - before]
        return [*[self.parts[0]] * before, *inside, *[self.parts[-1]] * after][:count]

    def evened(self, own: Masses) -> Where:
        """With a mean of 1 over the values of ``own``, whose steps it has."""
        mean = sum(map(mul, own.parts, self.parts))
        return self._replace(parts=tuple([one / mean for one in self.parts])) if mean else self

    def above(self, own: Masses) -> float:
        """The share of it that lies at values above 0 of ``own``, whose steps it has."""
        at = -own.first
        found: float = sum(map(mul, own.parts[max(0, at + 1) :], self.parts[max(0, at + 1) :]))
        if 0 <= at < len(own.parts):
            near = own.parts[at] - own.zero
            found += near * (0.5 if own.first < 0 else 1.0) * self.parts[at]
        return found


def either_side(own: Masses, share: float) -> Where:
    """What is alike for all values above 0, which have a ``share`` of it, and for all others."""
    positive = own.positive
    above = share / positive if positive else 0.0
    below = (1 - share) / (1 - positive) if positive < 1 else above
    return Where(own.step, -1, (below, (above + below) / 2, above))


def above_zero(own: Masses, passed: Where | None) -> Where:
    """What a rectifier of ``own`` passes of what is ``passed`` to it: nothing at values below 0."""
    parts = [0.0 if at < 0 else (0.5 if not at else 1.0) for at in range(own.first, own.first + len(own.parts))]
    if passed:
        parts = [*map(mul, parts, passed.over(own.step, own.first, len(parts)))]
    return Where(own.step, own.first, tuple(parts)).evened(own)


def blended(parts: Sequence[tuple[Where | None, float]]) -> Where | None:
    """The sum of several with weights that add up to 1; what lies anywhere is None."""
    known = [(one, share) for one, share in parts if one]
    if not known:
        return None
    first = known[0][0]
    rest = 1 - sum([share for _, share in known])
    found = [rest] * len(first.parts)
    for one, share in known:
        values = one.over(first.step, first.first, len(found))
        found = [old + share * value for old, value in zip(found, values, strict=True)]
    return first._replace(parts=tuple(found))
