"""Intervals on a line: what positions see, and the smallest window at even steps that holds what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional

from netspec.analysis.receptive_field import Interval


class Extent(NamedTuple):
    """What positions see on one axis: ``u`` sees ``size`` elements from ``u * jump + start`` on."""

    size: int
    jump: int
    start: int

    def at(self, place: int) -> Interval:
        """First and last element that the position ``place`` sees."""
        first = self.start + place * self.jump
        return first, first + self.size - 1


EACH = Extent(1, 1, 0)
"""What elements see of themselves."""


def around(intervals: Sequence[Interval]) -> Interval | None:
    """The smallest interval with all of ``intervals`` in it; none around nothing."""
    if not intervals:
        return None
    return min(first for first, _ in intervals), max(last for _, last in intervals)


def held(paths: Sequence[Sequence[Interval]], jump: int) -> Extent:
    """The smallest window at steps of ``jump`` that holds each interval, those of each path in order of positions."""
    moved = [(first - at * jump, last - at * jump) for path in paths for at, (first, last) in enumerate(path)]
    start = min(first for first, _ in moved)
    return Extent(max(last for _, last in moved) - start + 1, jump, start)


def windows(size: int, out: int) -> list[Interval]:
    """The ``out`` windows that torch's adaptive pooling has over ``size`` elements, by a NaN from each."""
    lines = torch.zeros(out, 1, size, dtype=torch.double, requires_grad=True)
    pooled = functional.adaptive_avg_pool1d(lines, out)
    spoilt = torch.zeros(out, 1, out, dtype=torch.double)
    spoilt[:, 0].fill_diagonal_(torch.nan)
    (gradient,) = torch.autograd.grad(pooled, lines, spoilt)
    spans = [line.flatten().nonzero().flatten().tolist() for line in gradient.isnan()]
    return [(span[0], span[-1]) for span in spans]
