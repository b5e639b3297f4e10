"""What activations make of the law of a value, by what their functions make of values."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Bend, Rectify, RectifyBy
from netspec.signal import common, rectifying
from netspec.signal.borders import evened, mean_root
from netspec.signal.context import Context, Laws
from netspec.signal.curves import collected, curve, hermite, known, nearby, places, points_of, pushed, slope_of
from netspec.signal.law import Law
from netspec.signal.masses import Masses
from netspec.signal.rectifying import quadratic


def bend(rule: Bend, _: Node, given: list[Laws], context: Context) -> Laws:
    """Each law by itself (Poole et al. 2016, equation 3; Klambauer et al. 2017, section 2)."""
    return tuple([_bent(law, rule, context) for law in given[0]])


def _bent(law: Law, rule: Bend, context: Context) -> Law:
    if law.is_normal and law.square:
        return _of_normal(law, rule, context)
    return _of_masses(law, rule, known(law))


def _of_normal(law: Law, rule: Bend, context: Context) -> Law:
    """Of normal values around 0."""
    near = nearby(law)
    one = curve(rule.function, rule.parameters, near)
    before = law.square
    more = exp(one.grows * log(before / near**2))
    square = one.product.whole * more
    less = more * law.fluctuation.root**one.grows
    mean = one.mean * sqrt(less)
    squares = tuple([evened([side**one.grows for side in axis])[1] for axis in law.squares])

    def product(values: Sequence[float]) -> list[float]:
        return [less * one.product.at(min(1.0, max(-1.0, value / before))) for value in values]

    if law.common.alike:  # all means are alike, but for variances that differ
        turned = near * one.sideways / (2 * one.mean) if one.mean else 0.0
        both = common.of_mean(mean, squares).weighted(1 + min(1.0, turned) ** 2 * law.uneven)
    else:
        both = law.common.warped(product, squares)

    def beyond(lags: tuple[float, ...]) -> tuple[float, ...]:
        least, *apart = product([law.common.here, *[before * (law.shared + (1 - law.shared) * lag) for lag in lags]])
        return tuple([(one - least) / (square - both.here) if square > both.here else 0.0 for one in apart])

    varied = one.squares.whole - one.squares.parts[0]
    spread = 0.0
    if varied:
        alike = (one.squares.at(law.between) - one.squares.parts[0]) / varied
        spread = varied * context.paired(alike, law) / one.product.whole**2
    return law._replace(
        square=square,
        mean=mean * mean_root(squares),
        common=both,
        form=pushed(rule, [(near * x, weight) for x, weight in zip(places(), hermite()[0], strict=True)]),
        squares=squares,
        lags=tuple([beyond(axis) if axis else () for axis in law.lags]),
        log_variance=one.grows**2 * law.log_variance + spread / law.channels,
        own=0.0,
        centred=0.0,
        within=more * sum(one.product.parts[2:3]) * law.fluctuation.alike_within,
    )


def _of_masses(law: Law, rule: Bend, form: Masses) -> Law:
    """Of a distribution; what channels differ by is kept in the part that is linear."""
    points = points_of(rule, form)
    mean = sum([one.share * one.value for one in points])
    square = sum([one.share * one.value**2 for one in points])
    varied, before = square - mean * mean, form.square - form.mean**2
    turned = sum([one.share * one.value * (one.x - form.mean) for one in points])
    linear = min(1.0, turned * turned / (before * varied)) if before > 0 and varied > 0 else 1.0
    grows = sum([one.share * one.value * one.slope * one.x for one in points]) / square if square else 1.0
    squares = tuple([evened([side**grows for side in axis])[1] for axis in law.squares])

    def product(values: Sequence[float]) -> list[float]:
        return quadratic(values, law.mean**2, before, mean * mean, varied, linear)

    both = common.of_mean(mean, squares) if law.common.alike else law.common.warped(product, squares)
    return law._replace(
        square=square,
        mean=mean * mean_root(squares),
        common=both,
        form=collected([(one.value, one.share) for one in points]),
        squares=squares,
        log_variance=law.logs,
        own=0.0,
        centred=0.0,
    )


def rectify(rule: Rectify, node: Node, given: list[Laws], context: Context) -> Laws:
    """As it is worked out in closed form; with a slope, of what is not normal, and its distribution, as a function."""
    if not rule.slope:
        return rectifying.rectify(rule, node, given, context)
    bent = Bend("sloped", (rule.slope,))
    found = []
    for law in given[0]:
        if law.is_normal and law.square:
            (one,) = rectifying.rectify(rule, node, [(law,)], context)
            found.append(one._replace(form=pushed(bent, known(law).points)))
        else:
            found.append(_of_masses(law, bent, known(law)) if law.square else law)
    return tuple(found)


def rectify_by(rule: RectifyBy, node: Node, given: list[Laws], context: Context) -> Laws:
    """All slopes start alike (He et al. 2015, section 2.1)."""
    return rectify(slope_of(rule, node, context), node, given, context)
