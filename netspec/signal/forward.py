"""What each kind of operation makes of the law of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.ops.signal import Drop, Mix, Same, Scatter, Stack
from netspec.signal import common, fluctuation
from netspec.signal.borders import Profile, Reading, along, evened, flat, levelled, readings, unlike
from netspec.signal.common import Common, Kernel
from netspec.signal.context import CannotSay, Context, Laws, bias_of, moved, weight_of
from netspec.signal.fluctuation import Fluctuation
from netspec.signal.law import Gauss, Law, merged
from netspec.signal.masses import Masses


def mix(rule: Mix, node: Node, given: list[Laws], context: Context) -> Laws:
    """Sums of many values with weights around 0 are normal; their moments are sums (He et al. 2015, section 2.2).

    What two images have in common is such a sum too (Cho and Saul 2009; Poole et al. 2016), over those positions that
    the windows of both read.
    """
    law = merged(given[0])
    weight, taps = weight_of(rule, node, context), node.owner.tensors[0].shape
    sums = Sums(readings(node), Reading.gathered, lambda one, kernel: kernel.through(one), weight.variance * taps[1])
    found = sums.of(law, rule, node, context)
    lags = tuple([lag[step - 1 :: step] for lag, step in zip(law.lags, node.window.stride, strict=True)])
    uneven = weight.tails * prod(along(unlike, sums.windows)) / taps[1]
    bias = bias_of(rule, node, context)
    swings = _narrowed(law, node).less((found.square - bias) / found.square if found.square else 1.0)
    return (found._replace(lags=lags, uneven=uneven, fluctuation=swings, centred=law.centred),)


class Sums(NamedTuple):
    """Sums over taps with weights around 0: ``gather`` says of what for a profile, ``through`` for a kernel.

    On each axis ``windows`` read positions. ``scale`` is the variance of a weight times the channels of a sum.
    """

    windows: tuple[Reading, ...]
    gather: Callable[[Reading, Profile], list[float]]
    through: Callable[[Reading, Kernel], tuple[float, Kernel]]
    scale: float

    def of(self, law: Law, rule: Mix | Scatter, node: Node, context: Context) -> Law:
        """The law of these sums of ``law`` and of the bias."""
        before, bias = law.common.even, bias_of(rule, node, context)
        own, heres = (along(self._gathered, self.windows, profiles) for profiles in (law.squares, before.heres))
        between = along(self.through, self.windows, before.kernels)
        square = self.scale * law.square * prod([factor for factor, _ in own]) + bias
        here = min(square, self.scale * before.here * prod([factor for factor, _ in heres]) + bias)
        all_ = min(here, self.scale * before.all * prod([factor for factor, _ in between]) + bias)
        shares = [(part - bias) / part if part else 1.0 for part in (square, here, all_)]
        both = Common(
            all_,
            here,
            tuple([levelled(profile, shares[1]) for _, profile in heres]),
            tuple([_levelled_kernel(kernel, shares[2]) for _, kernel in between]),
            alike=not all_,
        )
        squares = tuple([levelled(profile, shares[0]) for _, profile in own])
        logs = law.logs * shares[0] ** 2
        found = Law(node.shape[0], square, 0.0, both, None, squares, ((),) * len(squares), logs)
        added = 2 * context.paired(found.between**2, found) / node.shape[0]
        form = Gauss(square, found.shared) if square else None
        return moved(found._replace(form=form, own=added), rule, node, context)

    def _gathered(self, one: Reading, profile: Profile) -> tuple[float, Profile]:
        return evened(self.gather(one, profile))


def _narrowed(law: Law, node: Node) -> Fluctuation:
    """How much sums over the channels of ``law`` differ from one position to the next."""
    apart = max(0.0, 1 - (law.form.shared if isinstance(law.form, Gauss) else law.between))
    fresh = fluctuation.NORMAL if law.is_normal else fluctuation.RECTIFIED
    found = law.fluctuation.summed(law.channels, law.positions, prod(node.window.kernel or (1,)), fresh * apart)
    taps = prod(node.owner.tensors[0].shape[1:])
    own = max(0.0, fresh * apart / taps - found.rough - found.quick - found.slow)
    read = min(1.0, prod(node.window.kernel or (1,)) / law.positions)  # what windows read of a map, two have in common
    return found._replace(own=own, near=read * (own / 2 + apart / taps) if node.window.kernel else 0.0)


def _levelled_kernel(kernel: Kernel, share: float) -> Kernel:
    if share == 1:
        return kernel
    return Kernel(levelled(kernel.roots, share), lambda: tuple([levelled(row, share) for row in kernel.rows]))


def same(rule: Same, node: Node, given: list[Laws], _: Context) -> Laws:
    """Values stay; flat features are the positions of all channels."""
    laws = given[0]
    if len(node.shape) < len(node.input_shapes[0]):
        if len(node.shape) > 1:
            raise CannotSay("flattening of some axes is not worked out")
        return tuple([_flat(law) for law in laws])
    if node.shape[1:] != node.input_shapes[0][1:]:
        laws = tuple([_thinned(law, node.window.stride) for law in laws])
    sizes = node.shape[1:]
    zeros = Law(0, 0.0, 0.0, common.none(sizes), Gauss(0.0, 0.0), flat(sizes), ((),) * len(sizes))
    around = [zeros._replace(channels=count) for count in (rule.before, rule.after)]
    return tuple([law for law in (around[0], *laws, around[1]) if law.channels])


def _flat(law: Law) -> Law:
    form = None if isinstance(law.form, Gauss) and law.form.spans else law.form
    both = Common(law.common.here, law.common.here, (), (), law.common.alike)
    return law._replace(channels=law.channels * law.positions, common=both, form=form, squares=(), lags=())


def _thinned(law: Law, stride: Sequence[int]) -> Law:
    """Every so many positions."""
    taken = along(lambda side, step: evened(side[::step]), law.squares, stride)
    heres = along(lambda side, step: evened(side[::step]), law.common.even.heres, stride)
    between = along(_every, law.common.even.kernels, stride)
    form, level = law.form, prod([factor for factor, _ in taken])
    if isinstance(form, Masses):
        form = form.scaled(sqrt(level))
    elif form:
        spans = tuple([axis[::step] for axis, step in zip(form.spans, stride, strict=False)])
        form = form._replace(square=form.square * level, spans=spans)
    both = Common(
        law.common.all * prod([factor for factor, _ in between]),
        law.common.here * prod([factor for factor, _ in heres]),
        tuple([profile for _, profile in heres]),
        tuple([kernel for _, kernel in between]),
        law.common.alike,
    )
    return law._replace(
        square=law.square * level,
        within=law.within * level,
        mean=law.mean * sqrt(level),
        common=both,
        form=form,
        squares=tuple([profile for _, profile in taken]),
        lags=tuple([lag[step - 1 :: step] for lag, step in zip(law.lags, stride, strict=True)]),
    )


def _every(kernel: Kernel, step: int) -> tuple[float, Kernel]:
    size = len(kernel.roots)
    return kernel.averaged([(at, at + 1, 1.0) for at in range(0, size, step)])


def drop(rule: Drop, _: Node, given: list[Laws], __: Context) -> Laws:
    """What is left is divided by its share, so that means stay (Srivastava et al. 2014, section 10)."""
    if rule.share >= 1:
        raise CannotSay("it drops everything")
    if not rule.share:
        return given[0]
    return tuple([_dropped(law, 1 / (1 - rule.share), whole=rule.whole) for law in given[0]])


def _dropped(law: Law, times: float, *, whole: bool) -> Law:
    """What positions of an image have in common is less of what is left, unless they are dropped together."""
    square, here = law.square * times, law.common.here
    if square <= here:
        return law._replace(square=square, form=None)
    found = []
    for size, axis in zip(map(len, law.squares), law.lags, strict=True):
        lags = [here + (law.square - here) * lag for lag in (*axis, *(0.0,) * (size - 1 - len(axis)))[: size - 1]]
        found.append(tuple([((times if whole else 1.0) * both - here) / (square - here) for both in lags]))
    return law._replace(square=square, form=None, lags=tuple([axis if any(axis) else () for axis in found]))


def stack(_: Stack, __: Node, given: list[Laws], ___: Context) -> Laws:
    """One after the other."""
    return tuple([law for laws in given for law in laws])
