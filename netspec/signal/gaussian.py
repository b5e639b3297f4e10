"""Moments of what rectifiers and maxima make of Gaussian values, in closed form or by the trapezoidal rule."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import acos, asin, erf, exp, pi, sqrt
from typing import NamedTuple

FARTHEST, STEPS = 6.0, 20
"""How many deviations from zero integrals reach, and in how many steps of equal size."""
CENTRES = tuple([(0.5 * at, 0.5 * 0.3989422804014327 * exp(-0.125 * at * at)) for at in range(-8, 9)])
"""Places and weights of the trapezoidal rule for a mean over a standard normal value."""

FINE = tuple([(at / 16, 0.3989422804014327 / 16 * exp(-0.5 * (at / 16) ** 2)) for at in range(-64, 65)])
"""As many as what steps up at one place needs."""


def below(x: float) -> float:
    """The share of standard normal values below ``x``."""
    return 0.5 + 0.5 * erf(x * 0.7071067811865476)


def density(x: float) -> float:
    """The density of standard normal values at ``x``."""
    return exp(-0.5 * x * x) * 0.3989422804014327


def quantile(share: float) -> float:
    """The value below which so much of standard normal values lies."""
    low, high = -FARTHEST, FARTHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return (low + high) / 2


HALVINGS = 30
"""So often an interval is halved for a quantile."""


def rectified_products(correlations: Iterable[float]) -> list[float]:
    """The means of max(x, 0) max(y, 0) for standard normal x and y (Cho and Saul 2009, the arc-cosine kernel)."""
    clipped = [1.0 if c > 1 else max(c, -1.0) for c in correlations]
    return [(sqrt(1 - c * c) + c * (pi - acos(c))) * HALF_TURN for c in clipped]


HALF_TURN = 1 / (2 * pi)


def both_positive(correlation: float) -> float:
    """The probability that two standard normal values are positive (Sheppard 1899)."""
    return 0.25 + asin(max(-1.0, min(1.0, correlation))) / (2 * pi)


def rectified_spread(correlation: float) -> float:
    """The covariance of max(x, 0)² and max(y, 0)², over the square of their mean: 5 where they are equal.

    Cho and Saul 2009, the kernel of second order.
    """
    c = max(-1.0, min(1.0, correlation))
    mean = (3 * c * sqrt(1 - c * c) + (pi - acos(c)) * (1 + 2 * c * c)) / (2 * pi)
    return 4 * mean - 1


class Moments(NamedTuple):
    """Of a random value: mean, mean of the square, of the product of two that share a part, and the share above 0."""

    mean: float
    square: float
    product: float
    positive: float


@lru_cache(maxsize=1024)
def largest(count: float, shared: float, *, rectified: bool) -> Moments:
    """Of the largest of ``count`` standard normal values, of 0 as well where they are ``rectified``.

    All have one part in common, ``shared`` of their variance; the product is that of two maxima over other values with
    the same common part.
    """
    if shared < SMALL:
        mean, square, positive = _largest(count, 0.0, 1.0, rectified=rectified)
        return Moments(mean, square, mean * mean, positive)
    mean = square = product = positive = 0.0
    own = sqrt(max(1 - shared, 1e-9))
    for place, weight in CENTRES:
        one = _largest(count, place * sqrt(shared), own, rectified=rectified)
        mean += weight * one[0]
        square += weight * one[1]
        product += weight * one[0] * one[0]
    for place, weight in FINE:
        positive += weight * (1 - below(-place * sqrt(shared) / own) ** count)
    return Moments(mean, square, product, positive)


SMALL = 1e-3
"""A shared part of the variance that makes no difference."""


def _largest(count: float, centre: float, deviation: float, *, rectified: bool) -> tuple[float, float, float]:
    """Mean, mean square, and share above 0, for values around ``centre``: tails of the distribution, integrated.

    By the trapezoidal rule, corrected for the slope at 0 (Euler-Maclaurin).
    """
    step = FARTHEST / STEPS
    none = below(-centre / deviation)
    share = 1 - none**count
    slope = count * none ** (count - 1) * density(centre / deviation) / deviation
    mean, square = (share - step * slope / 6) * step / 2, share * step * step / 6
    for at in range(1, STEPS + 1):
        x = at * step
        tail = (1 - below((x - centre) / deviation) ** count) * step
        mean += tail
        square += 2 * x * tail
    if not rectified:
        mean -= (1 - share - step * slope / 6) * step / 2
        square += (1 - share) * step * step / 6
        for at in range(1, STEPS + 1):
            x = at * step
            tail = below((-x - centre) / deviation) ** count * step
            mean -= tail
            square += 2 * x * tail
    return mean, square, share
