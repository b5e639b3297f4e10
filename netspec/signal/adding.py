"""What a sum makes of the laws of its parts, and what it passes back to each."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Sum, Weigh
from netspec.signal import common, fluctuation
from netspec.signal.borders import blended
from netspec.signal.context import Context, Laws, aligned, scaled
from netspec.signal.law import Form, Gauss, Law, as_masses, blended_lags
from netspec.signal.masses import FINENESS, Masses
from netspec.signal.slope import Around, Back, Slope, merged
from netspec.signal.where import Where, either_side


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
    logs += 4 * shares[0] * shares[1] * one.between * two.between / one.channels
    form = _sum_form(one, two, square)
    swings = fluctuation.added([(law.fluctuation, share) for law, share in zip((one, two), shares, strict=True)])
    found = Law(one.channels, square, one.mean + two.mean, both, form, tuple(squares), tuple(lags), logs)
    return found._replace(fluctuation=swings)


def _sum_form(one: Law, two: Law, square: float) -> Form:
    if one.is_normal and two.is_normal:
        return Gauss(square, (one.common.here + two.common.here) / square)
    if one.form is None or two.form is None:
        return None
    step = sqrt(min(one.square, two.square)) / FINENESS
    step = max([step, *[form.step for form in (one.form, two.form) if isinstance(form, Masses)]])
    first, second = as_masses(one, step), as_masses(two, step)
    return first.plus(second) if first and second else None


def weigh(rule: Weigh, node: Node, given: list[Laws], context: Context) -> Laws:
    """The sum of what is multiplied before."""
    return add(Sum(), node, weighed(rule, given), context)


def weighed(rule: Weigh, given: Sequence[Laws]) -> list[Laws]:
    """What is summed up then."""
    return [tuple([scaled(law, by) for law in laws]) for laws, by in zip(given, rule.factors, strict=True)]


def add_back(_: Sum, around: Around) -> Back:
    """Each of what is summed is passed all of it."""
    found = []
    for laws in around.reads:
        parts, rest, wholes = [], [*around.slopes], [*around.gives]
        for law in laws:
            own, left = [], law.channels
            while left:
                slope, whole = rest.pop(0), wholes.pop(0)
                gate, where = _seen_through(law, whole, slope)
                along = slope.along * _less(law, whole)
                pull = slope.pull * _pulled(law, whole, slope.gate)
                own.append(slope._replace(along=along, gate=gate, where=where, tilt=0.0, pull=pull))
                left -= slope.channels
            parts.append(merged(tuple(own)))
        found.append(tuple(parts))
    return found


def _seen_through(law: Law, whole: Law, slope: Slope) -> tuple[float | None, Where | None]:
    """Where the gradient of a sum lies, told by the values of one that is rectified, which is part of it.

    The mean over what the others add: where the sum is above 0, that part is so more often, and larger. Where they are
    all 0, as branches start that end in a factor of 0, it is where it was.
    """
    if law.square == whole.square:
        return slope.gate, slope.where
    known = law.is_rectified or isinstance(law.form, Masses)
    if slope.gate is None or not known or not isinstance(whole.form, Masses):
        return None, None
    rest = sqrt(max(whole.square - whole.mean**2 - law.square + law.mean**2, 0.0))
    own = as_masses(law, whole.form.step)
    if own is None or not rest:
        return None, None
    where = (slope.where or either_side(whole.form, slope.gate)).around(own, rest)
    return where.above(own), where


def _pulled(law: Law, whole: Law, gate: float | None) -> float:
    """The share of one of two that are summed up in the products of the sum with its gradient.

    Where that passed a rectifier the part above 0 counts: of what is normal and does not know the other, so much of its
    square as the sum is above 0 (Stein 1981).
    """
    square = whole.square
    if gate is not None and isinstance(whole.form, Masses):
        square = whole.form.rectified().square
        rest = whole.square - whole.mean**2 - law.square + law.mean**2
        if law.is_rectified:
            return 1 - min(1.0, rest * whole.positive / square)
        if law.is_normal:
            return min(1.0, law.square * whole.positive / square)
    return (law.square + law.mean * (whole.mean - law.mean)) / square if square else 0.0


def _less(law: Law, whole: Law) -> float:
    """What of the whole's variance is that of one of its parts."""
    varied = whole.square - whole.mean**2
    return (law.square - law.mean**2) / varied if varied > 0 else 0.0
