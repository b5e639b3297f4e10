"""What a rectifier makes of the law of what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Rectify
from netspec.signal import common
from netspec.signal.borders import mean_root
from netspec.signal.context import CannotSay, Context, Laws
from netspec.signal.gaussian import density, rectified_products, rectified_spread
from netspec.signal.law import Gauss, Law
from netspec.signal.masses import Masses
from netspec.signal.pooling import settled

HALF_MEAN = density(0.0)
"""The mean of max(x, 0) for a standard normal x."""
LINEAR = 0.25 / (0.5 - HALF_MEAN**2)
"""The part of the variance of max(x, 0) that is linear in a standard normal x."""
EQUAL = 5.0
"""The covariance of rectified_spread of values that are equal."""


def rectify(rule: Rectify, _: Node, given: list[Laws], context: Context) -> Laws:
    """Each law by itself."""
    return tuple([_rectified(law, rule.slope, context) for law in given[0]])


def _rectified(law: Law, slope: float, context: Context) -> Law:
    """Of what is normal around 0 half of the square is left (He et al. 2015, equation 8)."""
    if not law.square:
        return law
    if law.form is None:
        raise CannotSay("how what it reads is distributed is not known")
    if law.is_normal:
        return _halved(law, slope, context)
    if slope:
        raise CannotSay("a sloped rectifier of what is not normal is not worked out")
    if isinstance(law.form, Masses):
        return _cut(law, law.form)
    return law if law.form.rectified else settled(law, law.form._replace(rectified=True))


def _products(slope: float, correlations: Sequence[float]) -> list[float]:
    """The means of products of two rectified standard normal values (Cho and Saul 2009, the arc-cosine kernel)."""
    found = rectified_products(correlations)
    if not slope:
        return found
    less = (1 - slope) ** 2
    return [less * one + slope * correlation for one, correlation in zip(found, correlations, strict=True)]


def _halved(law: Law, slope: float, context: Context) -> Law:
    """What has a mean then, as the product of two values says."""
    before, less = law.square, law.fluctuation.root
    square = before * _products(slope, (1.0,))[0]
    mean = (1 - slope) * HALF_MEAN * sqrt(before * less)
    if law.common.alike:
        both = common.of_mean(mean, law.squares)
    else:
        both = law.common.warped(
            lambda values: [before * less * one for one in _products(slope, [value / before for value in values])],
            law.squares,
        )

    def beyond(lags: tuple[float, ...]) -> tuple[float, ...]:
        least, *found = _products(slope, [law.shared, *[law.shared + (1 - law.shared) * lag for lag in lags]])
        return tuple([before * (one - least) / (square - both.here) if square > both.here else 0.0 for one in found])

    spread = law.own * law.channels
    if not slope:
        spread = EQUAL * context.paired(rectified_spread(law.between) / EQUAL, law)
    return law._replace(
        square=square,
        mean=mean * mean_root(law.squares),
        common=both,
        form=None if slope else Gauss(before, law.shared, common=law.common, lags=law.lags, rectified=True),
        lags=tuple([beyond(axis) if axis else () for axis in law.lags]),
        log_variance=law.log_variance + spread / law.channels,
        own=0.0,
        centred=law.centred * LINEAR,
        fluctuation=law.fluctuation.rectified(LINEAR),
        within=(1 - slope) ** 2 * before * law.fluctuation.alike_within / (4 * pi),
    )


def quadratic(
    values: Sequence[float], centre: float, before: float, least: float, varied: float, linear: float
) -> list[float]:
    """What becomes of means of products, of which ``before`` lies beyond the ``centre``: by a law of second order."""
    excess = [min(1.0, max(-1.0, (value - centre) / before)) if before > 0 else 0.0 for value in values]
    return [least + varied * one * (linear + (1 - linear) * one) for one in excess]


def _cut(law: Law, form: Masses) -> Law:
    """Of a sum of what is not normal: by its masses; what channels differ by is kept in the part that is linear."""
    cut = form.rectified()
    mean, square = cut.mean, cut.square
    varied, before = square - mean * mean, law.square - law.mean**2
    linear = min(1.0, form.positive**2 * before / varied) if varied > 0 else 1.0

    def product(values: Sequence[float]) -> list[float]:
        return quadratic(values, law.mean**2, before, mean * mean, varied, linear)

    both = common.of_mean(mean, law.squares) if law.common.alike else law.common.warped(product, law.squares)
    return law._replace(
        square=square,
        mean=mean * mean_root(law.squares),
        common=both,
        form=cut,
        log_variance=law.logs,
        own=0.0,
        fluctuation=law.fluctuation.rectified(linear),
        within=mean * mean * law.fluctuation.alike_within / 2,
    )
