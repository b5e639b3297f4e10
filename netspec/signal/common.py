"""What two images have in common: means of products of their values at two positions, axis by axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import accumulate, pairwise
from math import prod, sqrt
from operator import mul
from typing import NamedTuple

from netspec.signal.borders import Profile, Reading, Span, Spans, along, blended, evened, flat, root

EDGE = 5
"""Positions at either end of an axis that are told apart; all in the middle are alike."""
SMALL = 0.02
"""A pattern over positions that is so little of the variance makes no difference."""
Rows = tuple[tuple[float, ...], ...]
"""A number for each pair of places of an axis."""


class Places(NamedTuple):
    """The places of an axis that are told apart, each with how many positions it stands for, and which stands where."""

    positions: tuple[int, ...]
    weights: tuple[float, ...]
    of: tuple[int, ...]


@cache
def places(size: int) -> Places:
    """All of a short axis; of a long one those near its ends, and one for all others."""
    if size <= 2 * EDGE + 1:
        return Places(tuple(range(size)), (1 / size,) * size, tuple(range(size)))
    middle = size - 2 * EDGE
    positions = (*range(EDGE), size // 2, *range(size - EDGE, size))
    weights = tuple([(middle if at == EDGE else 1) / size for at in range(2 * EDGE + 1)])
    of = (*range(EDGE), *(EDGE,) * middle, *range(EDGE + 1, 2 * EDGE + 1))
    return Places(positions, weights, of)


class Kernel:
    """How a mean of products is shared out over pairs of positions of an axis; its mean over all pairs is 1.

    ``roots`` are its means over the other position. Where nothing ``makes`` it otherwise it is the product of both
    positions' roots. What makes it is asked when rows are read: normalisation takes them away unread.
    """

    def __init__(self, roots: Profile, makes: Callable[[], Rows] | None = None) -> None:
        self.roots = roots
        self.makes = makes

    @cached_property
    def rows(self) -> Rows:
        """The numbers, for the places of the axis."""
        if self.makes:
            return self.makes()
        ends = [self.roots[at] for at in places(len(self.roots)).positions]
        return tuple([tuple([one * other for other in ends]) for one in ends])

    def through(self, reading: Reading) -> tuple[float, Kernel]:
        """Of sums over windows with weights of their own: how much larger the mean is, and how it is shared out."""
        factor, sums = reading.paired(self.roots)
        roots = evened(sums)[1]
        if self.makes is None:
            return factor, Kernel(roots, lambda: scaled(_summed(self.rows, reading), factor))
        rows = _summed(self.rows, reading)
        whole = mean(rows, reading.windows)
        return whole, Kernel(roots, lambda: scaled(rows, whole))

    def averaged(self, spans: Sequence[Span]) -> tuple[float, Kernel]:
        """Of means over windows."""
        sums = [0.0, *accumulate(self.roots)]
        roots = [(sums[stop] - sums[start]) / by for start, stop, by in spans]
        if self.makes is None:
            factor, even = evened(roots)
            return factor * factor, Kernel(even)
        rows = _blocks(self.rows, spans, len(self.roots))
        factor = mean(rows, len(spans))
        return factor, Kernel(evened(roots)[1], lambda: scaled(rows, factor))

    @property
    def squared(self) -> tuple[float, float]:
        """The mean of the squares over all pairs, and that of the squares of the means over one of both positions."""
        weights = places(len(self.roots)).weights
        means = [sum(map(mul, row, weights)) for row in self.rows]
        squares = tuple([tuple([value * value for value in row]) for row in self.rows])
        return mean(squares, len(self.roots)), sum([w * one * one for w, one in zip(weights, means, strict=True)])

    def centred(self) -> Kernel:
        """Less its means over each position, and 2: what is left has means of 1."""

        def rows() -> Rows:
            weights = places(len(self.roots)).weights
            means = [sum(map(mul, row, weights)) for row in self.rows]
            return tuple(
                [
                    tuple([value - one - two + 2 for value, two in zip(row, means, strict=True)])
                    for row, one in zip(self.rows, means, strict=True)
                ]
            )

        return Kernel((1.0,) * len(self.roots), rows)

    def paired(self, windows: Sequence[tuple[int, int]]) -> float:
        """The mean over pairs of positions of a window, each with itself among them."""
        of, seen = places(len(self.roots)).of, places(len(windows)).positions
        total = 0.0
        for window in [[of[at] for at in range(*windows[place])] for place in seen]:
            total += sum([self.rows[one][two] for one in window for two in window]) / max(1, len(window)) ** 2
        return total / len(seen)

    def correlated(self, windows: Sequence[tuple[int, int]]) -> float:
        """The same of what it is over the roots of what each position has with itself."""
        ends = [sqrt(row[at]) if row[at] > 0 else 0.0 for at, row in enumerate(self.rows)]
        even = [
            tuple([value / (one * two) if one * two else 0.0 for value, two in zip(row, ends, strict=True)])
            for row, one in zip(self.rows, ends, strict=True)
        ]
        return Kernel(self.roots, lambda: tuple(even)).paired(windows)


def mirrored(half: Sequence[float], size: int) -> Rows:
    """So many rows, of which each is given from its own place on: both positions of a pair are alike."""
    starts = [*accumulate(range(size, 0, -1), initial=0)]
    parts = [half[start:stop] for start, stop in pairwise(starts)]
    return tuple([(*[parts[other][at - other] for other in range(at)], *row) for at, row in enumerate(parts)])


def scaled(rows: Rows, by: float) -> Rows:
    """``rows`` divided by a number, or as they are if that is 0."""
    return tuple([tuple([value / by for value in row]) for row in rows]) if by else rows


def mean(rows: Rows, size: int) -> float:
    """The mean over all pairs of positions of an axis of that size."""
    weights = places(size).weights
    sums: list[float] = [sum(map(mul, row, weights)) for row in rows]
    return sum([one * weight for one, weight in zip(sums, weights, strict=True)])


def _summed(rows: Rows, reading: Reading) -> Rows:
    """For each pair of windows the sum over taps of what both read with it."""
    of, seen = places(reading.size).of, places(reading.windows).positions
    found = [[0.0] * len(seen) for _ in seen]
    for offset in reading.offsets:
        read = [at * reading.stride + offset for at in seen]
        inside = [(place, of[at]) for place, at in enumerate(read) if 0 <= at < reading.size]
        for place, at in inside:
            row, into = rows[at], found[place]
            for other, where in inside:
                into[other] += row[where]
    return tuple([tuple(row) for row in found])


def _blocks(rows: Rows, spans: Sequence[Span], size: int) -> Rows:
    """The mean over pairs of positions of two windows."""
    of = places(size).of
    windows = [spans[at] for at in places(len(spans)).positions]
    columns = [[sum([row[of[at]] for at in range(start, stop)]) / by for start, stop, by in windows] for row in rows]
    found = []
    for start, stop, by in windows:
        parts = [columns[of[at]] for at in range(start, stop)]
        found.append(tuple([sum(values) / by for values in zip(*parts, strict=True)]))
    return tuple(found)


class Common(NamedTuple):
    """The mean of products of two values of one channel, of two images: ``all`` over all pairs of positions.

    ``here`` is that of one position with itself, and ``heres`` its profile on each axis. ``kernels`` share out what is
    the mean and ``taken``: that has been taken away from each pair, as normalisation does. Of channels that are
    ``alike`` all have one mean, and nothing else in common.
    """

    all: float
    here: float
    heres: tuple[Profile, ...]
    kernels: tuple[Kernel, ...]
    alike: bool = False
    taken: float = 0.0

    @property
    def even(self) -> Common:
        """The same, or where something was taken away, without what that leaves of one position with another."""
        if not self.taken:
            return self
        sizes = tuple([len(axis) for axis in self.heres])
        return Common(self.all, self.here, self.heres, _even(sizes))

    def centred(self, variance: float) -> Common:
        """Less the mean over all positions, over a variance."""
        if self.pattern <= SMALL * variance or self.alike:
            return none(tuple([len(axis) for axis in self.heres]))
        sizes = tuple([len(axis) for axis in self.heres])
        kernels = tuple(along(Kernel.centred, self.even.kernels))
        return Common(0.0, self.pattern / variance, flat(sizes), kernels, taken=self.all / variance)

    def within(self, windows: Spans) -> float:
        """What two positions of a window have in common in the mean, over what each has with itself."""
        count = prod([sum([stop - start for start, stop in axis]) / len(axis) for axis in windows])
        if count <= 1 or not self.here:
            return 1.0
        if self.taken:
            pairs = prod(along(Kernel.paired, self.kernels, windows))
            return ((self.taken * pairs - self.taken) / self.here * count - 1) / (count - 1)
        return (prod(along(Kernel.correlated, self.kernels, windows)) * count - 1) / (count - 1)

    def weighted(self, by: float) -> Common:
        """Times a number."""
        return self._replace(all=self.all * by, here=self.here * by, taken=self.taken * by)

    @property
    def pattern(self) -> float:
        """What of a channel's variance is common to all images, and differs from position to position."""
        return max(0.0, self.here - self.all)

    @property
    def pattern_squared(self) -> float:
        """The sum of the squares of the parts that it has in each direction over positions."""
        squares = [kernel.squared for kernel in self.kernels]
        return self.all**2 * (prod([one for one, _ in squares]) - 2 * prod([one for _, one in squares]) + 1)

    def warped(self, function: Callable[[Sequence[float]], Sequence[float]], squares: Sequence[Profile]) -> Common:
        """Of a function of each value, for which ``function`` says what becomes of such means.

        ``squares`` are the profiles of the second moment, with which the figures of a position grow.
        """
        whole, taken = self.all + self.taken, self.taken

        def grown(sides: Sequence[float], values: Sequence[float]) -> list[float]:
            found = function([value / side if side else 0.0 for value, side in zip(values, sides, strict=True)])
            return [*map(mul, sides, found)]

        def own(heres: Profile, sides: Profile) -> tuple[float, Profile]:
            return evened(grown(sides, [self.here * value for value in heres]))

        def shared(kernel: Kernel, sides: Profile) -> tuple[float, Kernel]:
            ends = [sqrt(sides[at]) for at in places(len(sides)).positions]
            halves = enumerate(kernel.rows)
            pairs = [whole * value - taken for at, row in halves for value in row[at:]]
            rows = mirrored(grown([one * two for at, one in enumerate(ends) for two in ends[at:]], pairs), len(ends))
            factor = mean(rows, len(sides))
            return factor, Kernel(evened(root(sides))[1], lambda: scaled(rows, factor))

        here, all_ = function([self.here, self.all])
        around = along(own, self.heres, squares)
        between = along(shared, self.kernels, squares)
        here *= prod([factor / here for factor, _ in around]) if here else 0.0
        all_ *= prod([factor / all_ for factor, _ in between]) if all_ else 0.0
        heres, kernels = tuple([one for _, one in around]), tuple([one for _, one in between])
        return Common(min(all_, here), here, heres, kernels)


def none(sizes: tuple[int, ...]) -> Common:
    """Nothing in common."""
    return Common(0.0, 0.0, flat(sizes), _even(sizes), alike=True)


@cache
def _even(sizes: tuple[int, ...]) -> tuple[Kernel, ...]:
    kernels = {size: Kernel((1.0,) * size) for size in sizes}
    return tuple([kernels[size] for size in sizes])


def of_mean(value: float, squares: Sequence[Profile]) -> Common:
    """Of channels that all have the mean ``value``, which grows with the root of the second moment."""
    roots = [evened(one) for one in along(root, squares)]
    over = prod([factor for factor, _ in roots])
    kernels = along(Kernel, [one for _, one in roots])
    return Common((value * over) ** 2, value * value, tuple(squares), tuple(kernels), alike=True)


def added(parts: Sequence[tuple[Common, float]]) -> Common:
    """The sum of what is in common, with weights."""
    all_ = sum([one.all * by for one, by in parts])
    here = sum([one.here * by for one, by in parts])
    if not here:
        return parts[0][0]
    own = [(one, one.here * by / here) for one, by in parts]
    whole = all_ + sum([one.taken * by for one, by in parts])
    between = [(one, (one.all + one.taken) * by / whole if whole else 1 / len(parts)) for one, by in parts]
    axes = range(len(parts[0][0].heres))
    heres = tuple([blended([(one.heres[axis], share) for one, share in own]) for axis in axes])
    kernels = tuple(along(_mixed, *[[(one.kernels[axis], share) for axis in axes] for one, share in between]))
    return Common(all_, here, heres, kernels, all(one.alike for one, _ in parts), whole - all_)


MOST = 3
"""Of kernels that are mixed, so many are looked at: those of the largest shares."""


def _mixed(*parts: tuple[Kernel, float]) -> Kernel:
    kernels = [kernel for kernel, share in parts if share]
    if all(kernel is kernels[0] for kernel in kernels):
        return kernels[0]
    roots = blended([(kernel.roots, share) for kernel, share in parts])
    if all(kernel.makes is None for kernel in kernels):
        return Kernel(roots)
    chosen = sorted(parts, key=lambda part: -part[1])[:MOST]
    whole = sum([share for _, share in chosen])

    def rows() -> Rows:
        shares = [share / whole for _, share in chosen]
        lines = zip(*[kernel.rows for kernel, _ in chosen], strict=True)
        return tuple([blended(list(zip(line, shares, strict=True))) for line in lines])

    return Kernel(roots, rows)
