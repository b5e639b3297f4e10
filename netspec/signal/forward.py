"""What each kind of operation makes of the law of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod, sqrt
from typing import Any

from netspec.graph.graph import Node
from netspec.ops.initialisation import Drawn
from netspec.ops.signal import Average, Drop, Largest, Mix, Normalise, Rectify, Same, Stack, Sum
from netspec.signal import common
from netspec.signal.borders import Profile, along, blended, evened, flat, readings, unlike
from netspec.signal.common import SMALL, Common, Kernel
from netspec.signal.context import CannotSay, Context, Laws, aligned, bias_of, moved, unevenness, variance_of, weight_of
from netspec.signal.law import Form, Gauss, Law, as_masses, blended_lags, merged
from netspec.signal.masses import FINENESS, Masses
from netspec.signal.pooling import average, largest
from netspec.signal.rectifying import paired, rectify


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
    found = Law(node.shape[0], square, 0.0, both, None, squares, lags, drawn)
    form = Gauss(square, found.shared) if square else None
    added = 2 * paired(found.between**2, found, context) / node.shape[0]
    found = found._replace(form=form, own=added, uneven=weight.tails * prod(along(unlike, read)) / taps[1])
    return (moved(found, rule, node, context),)


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


def normalise(rule: Normalise, node: Node, given: list[Laws], context: Context) -> Laws:
    """The variance of a channel, not its second moment, becomes 1 (Ioffe and Szegedy 2015): its mean is taken away.

    So what is common to all images of a channel does not pass (Yang et al. 2019, section 3).
    """
    weight, bias = (context.drawn(node, name, Drawn(one, 0.0)) for name, one in (("weight", 1.0), ("bias", 0.0)))
    found = []
    for law in given[0]:
        variance = variance_of(law, context.batch)
        square = variance / (variance + rule.eps)
        roots = [kernel.roots for kernel in law.common.kernels]
        squares = tuple(along(partial(_centred, law.square / variance), law.squares, roots))
        form: Form = Gauss(square, 0.0)
        if isinstance(law.form, (Gauss, Masses)) and not law.is_normal:
            one = as_masses(law, sqrt(variance) / 8)
            form = one.shifted(-one.mean).scaled(sqrt(square / (one.square - one.mean**2))) if one else form
        both = law.common.centred(variance).weighted(square)
        added = (1 - square) ** 2  # what is added to variances levels none that are small beside it
        uneven = unevenness(law, context.batch) * added if added > SMALL else 0.0
        found.append(Law(law.channels, square, 0.0, both, form, squares, law.lags, uneven=uneven))
    result = (merged(found),) if all(law.is_normal for law in found) else tuple(found)
    return tuple([_scaled(law, weight, bias) for law in result])


def _centred(share: float, squares: Profile, roots: Profile) -> Profile:
    """The profile of the squares less the mean over all positions; before, these were ``share`` times as much."""
    both = zip(squares, roots, strict=True)
    return evened([max(0.0, 1 + share * (value - 1) - 2 * (share - 1) * (root - 1)) for value, root in both])[1]


def _scaled(law: Law, weight: Drawn | None, bias: Drawn | None) -> Law:
    """With the factor and the term that a channel has."""
    factor = 1.0 if weight is None else weight.mean**2 + weight.variance
    term = 0.0 if bias is None else bias.mean**2 + bias.variance
    if factor == 1.0 and not term:
        return law
    square = law.square * factor + term
    centre = 0.0 if bias is None else bias.mean
    form = Gauss(square, term / square) if law.is_normal and square and not centre else None
    return law._replace(square=square, common=law.common._replace(all=term, here=term), mean=centre, form=form)


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
    form = law.form
    if isinstance(form, Gauss) and form.spans:
        form = form._replace(spans=tuple([axis[::step] for axis, step in zip(form.spans, stride, strict=True)]))
    both = Common(
        law.common.all * prod([factor for factor, _ in between]),
        law.common.here * prod([factor for factor, _ in heres]),
        tuple([profile for _, profile in heres]),
        tuple([kernel for _, kernel in between]),
        law.common.alike,
    )
    return law._replace(
        square=law.square * prod([factor for factor, _ in taken]),
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
    return tuple([law._replace(square=law.square / (1 - rule.share), form=None) for law in given[0]])


def add(_: Sum, __: Node, given: list[Laws], ___: Context) -> Laws:
    """Second moments add up where each value has weights of its own around 0 (Hanin and Rolnick 2018, section 4)."""
    total = given[0]
    for other in given[1:]:
        total = tuple([_added(*pair) for pair in aligned(total, other)])
    return total


def _added(one: Law, two: Law) -> Law:
    if not one.square or not two.square:
        return one if one.square else two
    cross = 2 * one.mean * two.mean
    square = one.square + two.square + cross
    both = common.added([(one.common, 1.0), (two.common, 1.0)])
    both = both._replace(all=both.all + cross, here=both.here + cross)
    shares = (one.square / (one.square + two.square), two.square / (one.square + two.square))
    rest = one.varied + two.varied
    varied = (one.varied / rest, two.varied / rest) if rest else shares
    squares = [blended(list(zip(sides, shares, strict=True))) for sides in zip(one.squares, two.squares, strict=True)]
    lags = [blended_lags(list(zip(sides, varied, strict=True))) for sides in zip(one.lags, two.lags, strict=True)]
    least = min(one.logs, two.logs)
    logs = least + sum([(law.logs - least) * share**2 for law, share in zip((one, two), shares, strict=True)])
    form = _sum_form(one, two, square)
    return Law(one.channels, square, one.mean + two.mean, both, form, tuple(squares), tuple(lags), logs)


def _sum_form(one: Law, two: Law, square: float) -> Form:
    if one.is_normal and two.is_normal:
        return Gauss(square, (one.common.here + two.common.here) / square)
    if one.form is None or two.form is None:
        return None
    step = sqrt(min(one.square, two.square)) / FINENESS
    step = max([step, *[form.step for form in (one.form, two.form) if isinstance(form, Masses)]])
    first, second = as_masses(one, step), as_masses(two, step)
    return first.plus(second) if first and second else None


def stack(_: Stack, __: Node, given: list[Laws], ___: Context) -> Laws:
    """One after the other."""
    return tuple([law for laws in given for law in laws])


RULES: dict[type, Callable[[Any, Node, list[Laws], Context], Laws]] = {
    Mix: mix,
    Rectify: rectify,
    Normalise: normalise,
    Largest: largest,
    Average: average,
    Same: same,
    Drop: drop,
    Sum: add,
    Stack: stack,
}
"""Kind of rule -> what it makes of laws."""
