"""What pooling makes of the law of what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import prod, sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Average, Largest
from netspec.signal import common
from netspec.signal.borders import Profile, Span, Spans, along, beside, evened, mean_root, spans, together
from netspec.signal.common import Common
from netspec.signal.context import CannotSay, Context, Laws
from netspec.signal.gaussian import CENTRES, quantile
from netspec.signal.gaussian import below as normal_below
from netspec.signal.law import EQUAL, Gauss, Law
from netspec.signal.masses import Masses

MOST_LAGS = 4
"""Distances at which values can have something in common after pooling."""


def largest(_: Largest, node: Node, given: list[Laws], __: Context) -> Laws:
    """The largest value of a window over windows is the largest of the positions that both together read."""
    own = spans(node)
    return tuple([_largest(law, own) if law.square else _zeros(law, own) for law in given[0]])


def _zeros(law: Law, own: Spans) -> Law:
    sizes = tuple(map(len, own))
    return law._replace(squares=tuple([(1.0,) * size for size in sizes]), common=common.none(sizes))


def _largest(law: Law, own: Spans) -> Law:
    form = law.form
    if form is None:
        raise CannotSay("how what it reads is distributed is not known")
    blocks = _pooled(law.common.even, own)
    if isinstance(form, Masses):
        within = 0.0 if law.common.alike else law.common.within(own)
        near = _near(own, law.lags) if any(law.lags) else 0.0
        squares, level = _upper(own, law.squares, within)
        pooled = law._replace(squares=squares, common=blocks)
        return _largest_of_masses(pooled, form.scaled(sqrt(level)), own, within, near)
    if form.spans:
        squares, level = _upper(own, law.squares, form.shared)
        composed = tuple(along(_composed, own, form.spans))
        return settled(
            law._replace(squares=squares, common=blocks), form._replace(spans=composed, square=form.square * level)
        )
    shared = form.shared
    both = form.common or law.common
    if not both.alike:
        shared *= both.within(own)
    lags = form.lags or law.lags
    near = (1 - shared) * _near(own, lags) if any(lags) else 0.0
    squares, level = _upper(own, law.squares, shared + near)
    pooled = law._replace(squares=squares, common=blocks)
    return settled(pooled, form._replace(square=form.square * level, shared=shared + near, near=near, spans=own))


def _upper(own: Spans, squares: Sequence[Profile], shared: float) -> tuple[tuple[Profile, ...], float]:
    """The profiles of windows, of values that are alike that of the widest; and the mean of all that is read."""

    def upper(axis: Sequence[tuple[int, int]], side: Profile) -> tuple[float, Profile]:
        means = _averaged(axis, side)
        tops = [max(side[start:stop]) for start, stop in axis]
        most = evened([mean + shared * (top - mean) for mean, top in zip(means, tops, strict=True)])[1]
        read = side[axis[0][0] : axis[-1][1]]
        return sum(read) / len(read), most

    found = along(upper, own, squares)
    return tuple([profile for _, profile in found]), prod([factor for factor, _ in found])


def _pooled(both: Common, own: Spans) -> Common:
    """The means over windows of what is in common."""
    means = along(_with_sizes, own)
    between = [kernel.averaged(axis) for kernel, axis in zip(both.kernels, means, strict=True)]
    heres = along(_averaged, own, both.heres)
    return Common(
        both.all * prod([factor for factor, _ in between]),
        both.here,
        tuple([evened(one)[1] for one in heres]),
        tuple([kernel for _, kernel in between]),
        both.alike,
    )


def _with_sizes(axis: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    return tuple([(start, stop, float(stop - start)) for start, stop in axis])


def _near(own: Spans, lags: Sequence[Sequence[float]]) -> float:
    """The correlation of two positions of a window, in the mean, beyond what all images have in common."""
    sizes = [round(sum([stop - start for start, stop in axis]) / len(axis)) for axis in own]
    return beside([together(size, lag) / size**2 for size, lag in zip(sizes, lags, strict=True)], prod(sizes))


def _composed(outer: Sequence[tuple[int, int]], inner: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """What windows read of what windows read."""
    return tuple([(inner[start][0], inner[stop - 1][1]) for start, stop in outer])


def _averaged(axis: Sequence[tuple[int, int]], side: Profile) -> Profile:
    """The mean of a profile over windows."""
    sums = [0.0, *accumulate(side)]
    return tuple([(sums[stop] - sums[start]) / (stop - start) for start, stop in axis])


def settled(law: Law, form: Gauss) -> Law:
    """``law`` with the moments of its form; windows at the border are smaller."""
    whole, base = prod(form.counts), form.moments()

    def relative(axis: Sequence[tuple[int, int]], side: Profile) -> Profile:
        average = sum([stop - start for start, stop in axis]) / len(axis)
        sizes = {stop - start for start, stop in axis}
        ratio = {size: form.moments(whole / average * size).square / base.square for size in sizes}
        return evened([ratio[stop - start] * value for (start, stop), value in zip(axis, side, strict=True)])[1]

    squares = tuple(along(relative, form.spans, law.squares))
    mean = base.mean * sqrt(form.square)
    both = common.of_mean(mean, squares)
    if not law.common.alike:
        least = mean * mean
        alone = form.near / form.shared if form.shared else 0.0
        product = alone * least + (1 - alone) * base.product * form.square
        before = law.common.here or 1.0
        slope = (product - least) / before
        both = law.common.warped(lambda values: [least + slope * value for value in values], squares)
    square = base.square * form.square
    return law._replace(
        square=square,
        within=law.within * square / law.square,
        mean=mean * mean_root(squares),
        common=both._replace(all=min(both.all, square), here=min(both.here, square)),
        form=form,
        squares=squares,
        lags=tuple(along(_lags, form.spans)),
        log_variance=law.logs,
        own=0.0,
    )


def _lags(axis: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """The correlation of the largest values of windows that lie 1, 2, ... positions apart.

    By the part of both together that both read, to within 0.02 of what draws of rectified normal values give.
    """
    first = (len(axis) - 1) // 2
    found = []
    for lag in range(1, min(MOST_LAGS, len(axis) - first)):
        (start, stop), (other, last) = axis[first], axis[first + lag]
        shared = max(0, stop - other)
        if not shared:
            break
        part = shared / (max(stop, last) - min(start, other))
        found.append(part * (3 - part) / 2)
    return tuple(found)


def _largest_of_masses(law: Law, form: Masses, own: Spans, within: float, near: float) -> Law:
    """As of normal values that are as much in common, of which those are a function (Nelsen 2006, section 2.3)."""
    count = prod([sum([stop - start for start, stop in axis]) / len(axis) for axis in own])
    varied = form.square - form.mean**2
    shared = within * (law.common.here - law.mean**2) / varied if within and varied > 0 else 0.0
    whole_share = min(EQUAL, shared + (1 - shared) * near)
    below = [min(1.0, one) for one in accumulate(form.parts)]
    if whole_share > SHARED:
        places = [quantile(one) for one in below]
        largest_of = [(weight, _below_of(places, place, whole_share, count)) for place, weight in CENTRES]
    else:
        largest_of = [(1.0, [one**count for one in below])]
    product, parts = 0.0, [0.0] * len(below)
    for weight, shares in largest_of:
        own_parts = [after - before for before, after in pairwise([0.0, *shares])]
        parts = [old + weight * one for old, one in zip(parts, own_parts, strict=True)]
        product += weight * form._replace(parts=tuple(own_parts)).mean ** 2
    whole = sum(parts)
    zero = parts[0] / whole * form.zero / form.parts[0] if form.zero and form.parts[0] else 0.0
    result = form._replace(parts=tuple([part / whole for part in parts]), zero=zero).trimmed()
    both = common.of_mean(result.mean, law.squares)
    if shared > SHARED:
        least, before = result.mean**2, law.common.here
        product = least + (product - least) * shared / whole_share
        slope = (product - least) / before
        both = law.common.warped(lambda values: [least + slope * max(0.0, one) for one in values], law.squares)
    return law._replace(
        square=result.square,
        mean=result.mean,
        common=both,
        form=result,
        lags=tuple(along(_lags, own)),
    )


SHARED = 0.02
"""A part in common that is so little of the variance makes no difference to a maximum."""


def _below_of(places: Sequence[float], common_part: float, shared: float, count: float) -> list[float]:
    """The share of the largest of normal values below each of ``places``, where all have one part in common."""
    root, own = sqrt(shared), sqrt(1 - shared)
    return [*[normal_below((place - root * common_part) / own) ** count for place in places[:-1]], 1.0]


def average(rule: Average, node: Node, given: list[Laws], context: Context) -> Laws:
    """What is common to all positions stays, and the rest averages out as far as positions differ.

    Means of several values that lie evenly around 0 are as good as normal.
    """
    shares = divided(rule, node)
    means = [_mean_of(law, shares, context.batch, flat=len(node.shape) == 1) for law in given[0]]
    return tuple([_summed(*pair, prod(node.window.kernel)) for pair in zip(given[0], means, strict=True)])


def divided(rule: Average, node: Node) -> tuple[tuple[Span, ...], ...]:
    """What windows read, and what they divide by, on each axis."""
    axes = spans(node)
    if rule.divisor:
        root = rule.divisor ** (1 / len(axes))
        return tuple([tuple([(start, stop, root) for start, stop in axis]) for axis in axes])
    if node.uneven or not rule.counts_padding:
        return tuple(along(_with_sizes, axes))
    kernel, stride, _, padding = node.window
    return tuple(along(_with_padding, axes, node.input_shapes[0][1:], kernel, stride, padding))


def _with_padding(
    axis: Sequence[tuple[int, int]], size: int, kernel: int, stride: int, padding: int
) -> tuple[Span, ...]:
    """A window that goes beyond the padding, as the last of ``ceil`` may, is smaller."""
    starts = [at * stride - padding for at in range(len(axis))]
    whole = [float(min(start + kernel, size + padding) - start) for start in starts]
    return tuple([(start, stop, by) for (start, stop), by in zip(axis, whole, strict=True)])


def _mean_of(law: Law, shares: Sequence[Sequence[Span]], batch: int, *, flat: bool) -> Law:
    own = along(_own_part, shares, law.squares, law.lags)
    between = along(lambda kernel, axis: kernel.averaged(axis), law.common.even.kernels, shares)
    count = prod([sum([stop - start for start, stop, _ in axis]) / len(axis) for axis in shares])
    kept = 1 - law.centred * count / (law.positions * batch)  # the mean of a batch is no part of what is centred
    varied = law.varied * kept * prod([factor for factor, _ in own])
    all_ = law.common.all * prod([factor for factor, _ in between])
    within = law.within * (1 - 1 / count)
    square = varied + all_ + within
    if not flat:
        kernels = tuple([kernel for _, kernel in between])
        both = Common(all_, all_, tuple([profile for _, profile in own]), kernels, law.common.alike)
    else:
        both = Common(all_, all_, (), (), law.common.alike)
    over = prod([sqrt(factor) for factor, _ in between])
    return law._replace(
        square=square,
        mean=law.mean * over,
        common=both,
        form=Gauss(square, all_ / square) if law.is_normal and square else None,
        squares=() if flat else tuple([profile for _, profile in own]),
        lags=() if flat else tuple(along(_averaged_lags, shares, law.lags)),
        log_variance=law.logs,
        own=0.0,
    )


def _averaged_lags(axis: Sequence[Span], lags: Sequence[float]) -> tuple[float, ...]:
    """The correlation of the means of windows that lie 1, 2, ... positions apart."""
    first = (len(axis) - 1) // 2
    start, stop, _ = axis[first]
    whole = together(stop - start, lags)
    found = []
    for begin, end, _ in axis[first + 1 : first + MOST_LAGS]:
        apart = [abs(one - two) for one in range(start, stop) for two in range(begin, end)]
        found.append(sum([1.0 if not by else lags[by - 1] if by <= len(lags) else 0.0 for by in apart]) / whole)
    return tuple(found) if any(found) else ()


def _own_part(axis: Sequence[Span], side: Profile, lags: Sequence[float]) -> tuple[float, Profile]:
    """Of what positions do not have in common: a sum over a window has as many parts as it has positions."""
    sums = [0.0, *accumulate(side)]
    return evened(
        [(sums[stop] - sums[start]) / (stop - start) * together(stop - start, lags) / by**2 for start, stop, by in axis]
    )


def _summed(law: Law, pooled: Law, count: int) -> Law:
    """``pooled``, which is normal where ``law`` is even around 0 and few of its values are far off."""
    form = law.form
    if not isinstance(form, Masses) or pooled.form is not None or count < SEVERAL or not pooled.square:
        return pooled
    cubed, fourth = (sum([share * x**power for x, share in form.points]) for power in (3, 4))
    uneven = abs(form.mean) > EVENLY * sqrt(form.square) or abs(cubed) > EVENLY * form.square * sqrt(form.square)
    if uneven or fourth > NORMAL * form.square**2:
        return pooled
    return pooled._replace(form=Gauss(pooled.square, pooled.common.here / pooled.square))


SEVERAL = 4
"""The mean of so many bounded values is distributed nearly as a normal one."""
NORMAL = 3.0
"""The mean fourth power of a normal value, over the square of its variance."""
EVENLY = 0.02
"""A mean, and a mean third power, over those of the deviation, that make no difference."""
