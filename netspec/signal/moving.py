"""What interpolation makes of a map, and what moves or chooses channels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.ops.signal import Average, Choose, Deal, Resample, Taps
from netspec.signal import backward
from netspec.signal.borders import Profile, along, evened, flat
from netspec.signal.common import Common, Kernel
from netspec.signal.context import Context, Laws
from netspec.signal.law import Gauss, Law
from netspec.signal.law import merged as law_of
from netspec.signal.pooling import divided
from netspec.signal.slope import Around, Back, Slope, merged

FARTHEST = 16
"""Positions that lie farther apart have nothing of one element in them."""


def resample(rule: Resample, _: Node, given: list[Laws], __: Context) -> Laws:
    """Sums with fixed weights: of what elements have of their own squares add up, of what they share values do."""
    return tuple([_resampled(law, rule.axes) for law in given[0]])


def _resampled(law: Law, axes: Sequence[Taps]) -> Law:
    before = law.common.even
    varied = law.square - before.here
    apart = (before.all / before.here) ** (1 / len(axes)) if before.here > 0 and before.all > 0 else 0.0
    apart = 1.0 if law.common.alike else apart
    sides = along(_own, axes, law.squares, law.lags)
    heres = along(lambda taps, side: _shared(taps, side, apart), axes, before.heres)
    between = along(_between, axes, before.kernels)
    own = varied * prod([factor for factor, _ in sides])
    here = before.here * prod([factor for factor, _ in heres])
    all_ = before.all * prod([factor for factor, _ in between])
    square = own + here
    share = own / square if square else 0.0
    profiles = [
        tuple([share * one + (1 - share) * two for one, two in zip(first, second, strict=True)])
        for (_, first), (_, second) in zip(sides, heres, strict=True)
    ]
    both = Common(
        min(all_, here),
        here,
        tuple([profile for _, profile in heres]),
        tuple([one for _, one in between]),
        law.common.alike,
    )
    copied = all(len(taps) == 1 and taps[0][1] == 1 for axis in axes for taps in axis)
    form = law.form if copied else None
    if isinstance(form, Gauss) and form.spans:
        form = form._replace(
            spans=tuple([tuple([old[taps[0][0]] for taps in axis]) for axis, old in zip(axes, form.spans, strict=True)])
        )
    elif law.is_normal and square and all(taps for axis in axes for taps in axis):
        form = Gauss(square, here / square)
    mean = law.mean * prod([_sum(axis) for axis in axes])
    lags = tuple(along(_lags, axes, law.lags))
    return law._replace(square=square, mean=mean, common=both, form=form, squares=tuple(profiles), lags=lags)


def _sum(axis: Taps) -> float:
    """The weights of a position, in the mean."""
    return sum([weight for taps in axis for _, weight in taps]) / len(axis)


def _correlation(lags: Sequence[float], by: int) -> float:
    return 1.0 if not by else lags[by - 1] if by <= len(lags) else 0.0


def _own(axis: Taps, side: Profile, lags: Sequence[float]) -> tuple[float, Profile]:
    """Of what elements do not have in common, on an axis."""
    return evened(
        [
            sum(
                [
                    weight * other * _correlation(lags, abs(at - place)) * sqrt(side[at] * side[place])
                    for at, weight in taps
                    for place, other in taps
                ]
            )
            for taps in axis
        ]
    )


def _shared(axis: Taps, side: Profile, apart: float) -> tuple[float, Profile]:
    """Of what all images have in common, where two positions have so much of it in common."""
    return evened(
        [
            sum(
                [
                    weight * other * (1.0 if at == place else apart) * sqrt(side[at] * side[place])
                    for at, weight in taps
                    for place, other in taps
                ]
            )
            for taps in axis
        ]
    )


def _between(axis: Taps, kernel: Kernel) -> tuple[float, Kernel]:
    factor, roots = evened([sum([weight * kernel.roots[at] for at, weight in taps]) for taps in axis])
    return factor * factor, Kernel(roots)


def _lags(axis: Taps, lags: Sequence[float]) -> tuple[float, ...]:
    """The correlation of positions that lie 1, 2, ... apart, in the mean over the axis."""
    whole = sum([_together(taps, taps, lags) for taps in axis]) / len(axis)
    found: list[float] = []
    for lag in range(1, min(FARTHEST, len(axis))):
        pairs = [_together(one, two, lags) for one, two in zip(axis, axis[lag:], strict=False)]
        mean = sum(pairs) / len(pairs) / whole if whole else 0.0
        if not mean:
            break
        found.append(mean)
    return tuple(found)


def resample_back(rule: Resample, around: Around) -> Back:
    """Each element is passed the gradients of what it is in, with the same weights; what gives a size, nothing."""
    slope = merged(around.slopes)
    sizes = around.node.input_shapes[0][1:]
    near = slope.lags or ((),) * len(sizes)
    alone = [_passed(*one) for one in zip(rule.axes, slope.squares, sizes, near, strict=True)]
    alike = [_passed(*one, (1.0,) * FARTHEST) for one in zip(rule.axes, slope.squares, sizes, strict=True)]
    own, one = (prod([side.factor for side in sides]) for sides in (alone, alike))
    square = slope.square * ((1 - slope.shared) * own + slope.shared * one)
    found = slope.beyond()._replace(
        square=square,
        squares=tuple([side.squares for side in alone]),
        shared=min(1.0, slope.square * slope.shared * one / square) if square else 0.0,
        gate=None,
        along=0.0,
        lags=tuple([side.lags for side in alone]),
    )
    first = tuple([found._replace(channels=law.channels) for law in around.reads[0]])
    return [first, *[tuple(map(_nothing, laws)) for laws in around.reads[1:]]]


def average_back(rule: Average, around: Around) -> Back:
    """Windows that overlap are such sums, too; others pass each position its share."""
    node = around.node
    overlap = any(size > step for size, step in zip(node.window.kernel, node.window.stride, strict=True))
    if not overlap or len(node.shape) < len(node.input_shapes[0]) or len(around.reads[0]) > 1:
        return backward.average(rule, around)
    axes = [
        tuple([tuple([(at, 1 / by) for at in range(start, stop)]) for start, stop, by in axis])
        for axis in divided(rule, node)
    ]
    return resample_back(Resample(tuple(axes)), around)


class Passed(NamedTuple):
    """What the elements of an axis are passed: how large its square is, how it is shared out, and its lags."""

    factor: float
    squares: Profile
    lags: tuple[float, ...]


def _passed(axis: Taps, side: Profile, size: int, lags: Sequence[float]) -> Passed:
    """Of gradients with so much in common at positions that lie 1, 2, ... apart."""
    into: list[list[tuple[int, float]]] = [[] for _ in range(size)]
    for place, taps in enumerate(axis):
        for at, weight in taps:
            into[at].append((place, weight * sqrt(side[place])))
    factor, squares = evened([_together(one, one, lags) for one in into])
    found: list[float] = []
    for lag in range(1, min(NEAREST, size)):
        mean = sum([_together(one, two, lags) for one, two in zip(into, into[lag:], strict=False)]) / (size - lag)
        found.append(mean / factor if factor else 0.0)
    while found and abs(found[-1]) < LITTLE:
        found.pop()
    return Passed(factor, squares, tuple(found))


NEAREST = 4
"""Elements that lie farther apart are in no position together."""
LITTLE = 1e-3
"""A correlation that makes no difference."""


def _together(first: Sequence[tuple[int, float]], second: Sequence[tuple[int, float]], lags: Sequence[float]) -> float:
    return sum([one * two * _correlation(lags, abs(at - place)) for at, one in first for place, two in second])


def _nothing(law: Law) -> Slope:
    """No gradient."""
    return Slope(law.channels, 0.0, flat(tuple(map(len, law.squares))))


def choose(rule: Choose, _: Node, given: list[Laws], __: Context) -> Laws:
    """The laws of those channels, in their order."""
    of = [at for at, law in enumerate(given[0]) for _ in range(law.channels)]
    found: list[tuple[int, int]] = []
    for channel in rule.channels:
        if found and found[-1][0] == of[channel]:
            found[-1] = (of[channel], found[-1][1] + 1)
        else:
            found.append((of[channel], 1))
    return tuple([given[0][at]._replace(channels=count) for at, count in found])


def choose_back(rule: Choose, around: Around) -> Back:
    """Channels that are not chosen are passed none; of channels that are drawn alike each counts as the mean of all."""
    of = [at for at, law in enumerate(around.reads[0]) for _ in range(law.channels)]
    slopes = [one for one in around.slopes for _ in range(one.channels)]
    parts: list[list[Slope]] = [[] for _ in around.reads[0]]
    for channel, slope in zip(rule.channels, slopes, strict=True):
        parts[of[channel]].append(slope)
    found = []
    for law, chosen in zip(around.reads[0], parts, strict=True):
        if not chosen:
            found.append(_nothing(law))
            continue
        one = merged(tuple([slope._replace(channels=1) for slope in chosen]))
        found.append(one._replace(channels=law.channels, square=one.square * len(chosen) / law.channels))
    return [tuple(found)]


def deal(_: Deal, __: Node, given: list[Laws], ___: Context) -> Laws:
    """Channels of all laws lie among each other then: one law, of what they have in the mean."""
    laws = given[0]
    if len(laws) == 1:
        return laws
    whole = law_of(laws)
    form = laws[0].form if all(law.form == laws[0].form for law in laws) else whole.form
    uneven = sum([law.channels * law.uneven for law in laws]) / whole.channels
    return (whole._replace(form=form, uneven=uneven),)


def deal_back(_: Deal, around: Around) -> Back:
    """Each channel is passed as much as all in the mean."""
    slope = merged(around.slopes)
    return [tuple([slope._replace(channels=law.channels) for law in around.reads[0]])]
