"""Profiles along an axis: how a figure of a map is shared out over the positions, which zeros around it make uneven."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import prod, sqrt
from operator import mul
from typing import Any, NamedTuple, TypeVar

from netspec.graph.graph import Node

Profile = tuple[float, ...]
"""A number for each position of an axis, whose mean is 1."""
Spans = tuple[tuple[tuple[int, int], ...], ...]
"""On each axis, for each position, the first position of a window and the one after its last."""
Span = tuple[int, int, float]
"""The first position of a window, the one after its last, and what a sum over it is divided by."""


class Reading(NamedTuple):
    """On one axis: the positions of the map that each of so many ``windows`` reads, as one range for each tap.

    Tap ``t`` of window ``i`` reads position ``i * stride + offsets[t]``, where that lies within ``size``.
    """

    size: int
    windows: int
    stride: int
    offsets: tuple[int, ...]

    def reached(self, offset: int) -> tuple[int, int]:
        """The first window whose tap at ``offset`` reads a position of the map, and the one after the last."""
        first = max(0, -(offset // self.stride))
        last = min(self.windows, (self.size - 1 - offset) // self.stride + 1)
        return first, max(first, last)

    def gathered(self, values: Sequence[float]) -> list[float]:
        """For each window the sum of ``values`` over the positions that it reads."""
        found = [0.0] * self.windows
        for offset in self.offsets:
            first, last = self.reached(offset)
            if first == last:
                continue
            read = values[first * self.stride + offset : (last - 1) * self.stride + offset + 1 : self.stride]
            found[first:last] = [old + more for old, more in zip(found[first:last], read, strict=True)]
        return found

    def scattered(self, values: Sequence[float]) -> list[float]:
        """For each position the sum of ``values`` over the windows that read it: :meth:`gathered` transposed."""
        found = [0.0] * self.size
        for offset in self.offsets:
            first, last = self.reached(offset)
            if first == last:
                continue
            places = slice(first * self.stride + offset, (last - 1) * self.stride + offset + 1, self.stride)
            found[places] = [old + more for old, more in zip(found[places], values[first:last], strict=True)]
        return found

    def paired(self, values: Sequence[float]) -> tuple[float, list[float]]:
        """Of the product of ``values`` at two positions, summed over the taps: its mean, and those for each window."""
        total, found = 0.0, [0.0] * self.windows
        for offset in self.offsets:
            first, last = self.reached(offset)
            if first == last:
                continue
            read = values[first * self.stride + offset : (last - 1) * self.stride + offset + 1 : self.stride]
            mean = sum(read) / self.windows
            total += mean * mean
            found[first:last] = [old + mean * more for old, more in zip(found[first:last], read, strict=True)]
        return total, found

    @property
    def counts(self) -> list[int]:
        """For each tap, how many windows read a position with it."""
        return [last - first for first, last in map(self.reached, self.offsets)]

    def alike(self) -> float:
        """Of the taps that read one position, in the mean, the share that reads another one too."""
        return sum([one * one for one in self.counts]) / max(1, sum(self.counts)) / self.size


def unlike(reading: Reading) -> float:
    """The sum of squares of the shares that taps have in what windows read: 1 over their number without padding."""
    return sum([one * one for one in reading.counts]) / max(1, sum(reading.counts)) ** 2


def readings(node: Node) -> tuple[Reading, ...]:
    """What the windows of ``node`` read of its first input, on each axis of that."""
    kernel, stride, dilation, padding = node.window
    sizes = node.input_shapes[0][1:]
    counts = node.shape[1:] if len(node.shape) == len(node.input_shapes[0]) else (1,) * len(sizes)
    found = []
    for axis, (size, count) in enumerate(zip(sizes, counts, strict=True)):
        offsets = [tap * dilation[axis] - padding[axis] for tap in range(kernel[axis])]
        found.append(Reading(size, count, stride[axis], tuple(offsets)))
    return tuple(found)


def spans(node: Node) -> Spans:
    """On each axis, for each window of ``node``, the first position that it reads and the one after the last."""
    if node.uneven:
        found = []
        for uneven, count in zip(node.uneven, node.shape[1:], strict=True):
            ends = [uneven.read((at, at)) or (0, 0) for at in range(count)]
            found.append(tuple([(int(first), int(last) + 1) for first, last in ends]))
        return tuple(found)
    return tuple(along(_spans, readings(node)))


def _spans(one: Reading) -> tuple[tuple[int, int], ...]:
    starts = [at * one.stride for at in range(one.windows)]
    first, last = one.offsets[0], one.offsets[-1] + 1
    return tuple([(max(0, start + first), min(one.size, start + last)) for start in starts])


def evened(values: Sequence[float]) -> tuple[float, Profile]:
    """The mean of ``values``, and them over it."""
    mean = sum(values) / len(values)
    if not mean:
        return 0.0, (1.0,) * len(values)
    return mean, tuple([value / mean for value in values])


def root(profile: Profile) -> Profile:
    """The roots of a profile, whose mean is no longer 1."""
    return tuple([sqrt(value) for value in profile])


def levelled(profile: Profile, share: float) -> Profile:
    """``profile`` of a ``share`` of a whole whose rest is even."""
    return profile if share == 1 else tuple([1 + share * (value - 1) for value in profile])


def mean_root(squares: Sequence[Profile]) -> float:
    """The mean of the root of a second moment over the positions, over the root of its mean."""
    return prod([sum(map(sqrt, axis)) / len(axis) for axis in squares])


@cache
def flat(sizes: tuple[int, ...]) -> tuple[Profile, ...]:
    """Profiles that are 1 everywhere, for axes of so many positions."""
    return tuple([(1.0,) * size for size in sizes])


Found = TypeVar("Found")


def along(function: Callable[..., Found], *given: Iterable[Any]) -> list[Found]:
    """What ``function`` says of what is given for each axis; axes for which that is equal share it."""
    axes = list(zip(*given, strict=True))
    found: list[Found] = []
    for at, one in enumerate(axes):
        first = axes.index(one)
        found.append(found[first] if first < at else function(*one))
    return found


def blended(parts: Sequence[tuple[Profile, float]]) -> Profile:
    """The sum of profiles with weights that add up to 1."""
    first = parts[0][0]
    if all(side is first or side == first for side, _ in parts):
        return first
    if len(parts) == PAIR:
        (one, share), (two, rest) = parts
        return tuple([share * value + rest * other for value, other in zip(one, two, strict=True)])
    shares = [share for _, share in parts]
    return tuple([sum(map(mul, shares, values)) for values in zip(*[side for side, _ in parts], strict=True)])


PAIR = 2
"""Profiles that are blended without a sum over parts: most often there are two."""


def beside(alike: Sequence[float], count: int) -> float:
    """The mean correlation of two of ``count`` positions; ``alike`` has each with itself too, on each axis."""
    return (prod(alike) * count - 1) / (count - 1) if count > 1 else 0.0


def together(size: int, lags: Sequence[float]) -> float:
    """The sum of the correlations of all pairs of ``size`` neighbours."""
    return size + 2 * sum([(size - lag) * one for lag, one in enumerate(lags, 1) if lag < size])
