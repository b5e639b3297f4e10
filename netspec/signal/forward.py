"""What each kind of operation makes of the law of what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Drop, Mix, Same, Stack
from netspec.signal import common, fluctuation
from netspec.signal.borders import Profile, along, evened, flat, readings, unlike
from netspec.signal.common import Common, Kernel
from netspec.signal.context import CannotSay, Context, Laws, bias_of, moved, weight_of
from netspec.signal.fluctuation import Fluctuation
from netspec.signal.law import Gauss, Law, merged
from netspec.signal.masses import Masses
from netspec.signal.rectifying import paired


def mix(rule: Mix, node: Node, given: list[Laws], context: Context) -> Laws:
    """Sums of many values with weights around 0 are normal; their moments are sums (He et al. 2015, section 2.2).

    What two images have in common is such a sum too (Cho and Saul 2009; Poole et al. 2016), over those positions that
    the windows of both read.
    """
    law = merged(given[0])
    before = law.common.even
    weight, bias = weight_of(rule, node, context), bias_of(rule, node, context)
    taps = node.owner.tensors[0].shape
    scale = weight.variance * taps[1]
    read = readings(node)
    own = along(lambda one, squares: evened(one.gathered(squares)), read, law.squares)
    heres = along(lambda one, squares: evened(one.gathered(squares)), read, before.heres)
    between = along(lambda one, kernel: kernel.through(one), read, before.kernels)
    plain = scale * law.square * prod([factor for factor, _ in own])
    square = plain + bias
    here = min(square, scale * before.here * prod([factor for factor, _ in heres]) + bias)
    all_ = min(here, scale * before.all * prod([factor for factor, _ in between]) + bias)
    both = Common(
        all_,
        here,
        tuple([_levelled(profile, here - bias, here) for _, profile in heres]),
        tuple([_levelled_kernel(kernel, all_ - bias, all_) for _, kernel in between]),
        alike=not all_,
    )
    squares = tuple([_levelled(profile, plain, square) for _, profile in own])
    lags = tuple([lag[step - 1 :: step] for lag, step in zip(law.lags, node.window.stride, strict=True)])
    drawn = law.logs * (plain / square) ** 2 if square else 0.0
    found = Law(node.shape[0], square, 0.0, both, None, squares, lags, drawn, centred=law.centred)
    form = Gauss(square, found.shared) if square else None
    added = 2 * paired(found.between**2, found, context) / node.shape[0]
    uneven = weight.tails * prod(along(unlike, read)) / taps[1]
    found = found._replace(
        form=form, own=added, uneven=uneven, fluctuation=_narrowed(law, node).less(plain / square if square else 1.0)
    )
    return (moved(found, rule, node, context),)


def _narrowed(law: Law, node: Node) -> Fluctuation:
    """How much sums over the channels of ``law`` differ from one position to the next."""
    apart = max(0.0, 1 - (law.form.shared if isinstance(law.form, Gauss) else law.between))
    fresh = fluctuation.NORMAL if law.is_normal else fluctuation.RECTIFIED
    found = law.fluctuation.summed(law.channels, law.positions, prod(node.window.kernel or (1,)), fresh * apart)
    taps = prod(node.owner.tensors[0].shape[1:])
    own = max(0.0, fresh * apart / taps - found.rough - found.quick - found.slow)
    read = min(1.0, prod(node.window.kernel or (1,)) / law.positions)  # what windows read of a map, two have in common
    return found._replace(own=own, near=read * (own / 2 + apart / taps) if node.window.kernel else 0.0)


def _levelled(profile: Profile, part: float, whole: float) -> Profile:
    """``profile`` of a ``part`` of a ``whole`` whose rest is even."""
    if part == whole:
        return profile
    share = part / whole
    return tuple([1 + share * (value - 1) for value in profile])


def _levelled_kernel(kernel: Kernel, part: float, whole: float) -> Kernel:
    if part == whole:
        return kernel
    share = part / whole
    roots = tuple([1 + share * (value - 1) for value in kernel.roots])
    return Kernel(roots, lambda: tuple([tuple([1 + share * (value - 1) for value in row]) for row in kernel.rows]))


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
