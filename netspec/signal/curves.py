"""What elementwise functions make of values: means by the trapezoidal rule, means of products by Hermite series.

The mean of f(x) f(y) for normal x and y of correlation c is a power series in c, whose coefficients are the squares of
those of f in normalised Hermite polynomials (Poole et al. 2016, section 2; Daniely et al. 2016, section 4.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from math import erf, exp, log1p, log2, sqrt, tanh
from operator import mul
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.ops.initialisation import Drawn
from netspec.ops.signal import Bend, Rectify, RectifyBy
from netspec.signal.context import CannotSay, Context
from netspec.signal.gaussian import below, density
from netspec.signal.law import Law, as_masses
from netspec.signal.masses import FINE, Masses

FARTHEST, STEPS = 6.0, 120
"""How many deviations from zero means reach, and in how many steps of equal size on either side."""
ORDERS = 10
"""Coefficients of a series; what is left of a mean stands with the next power."""
LARGE = 30.0
"""Beyond it the exponential makes no difference to a sigmoid or a logarithm."""
ZEROS = 0.1
"""From this share on, zeros are those of a rectifier."""


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + exp(-x)) if x > -LARGE else 0.0


def softplus(x: float, beta: float = 1.0) -> float:
    """log(1 + exp(beta x)) / beta."""
    return log1p(exp(beta * x)) / beta if beta * x < LARGE else x


def elu(x: float, alpha: float = 1.0, scale: float = 1.0) -> float:
    """The value where positive, alpha (exp(x) - 1) elsewhere, times scale."""
    return scale * (x if x > 0 else alpha * (exp(x) - 1))


FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "tanh": tanh,
    "scaled_tanh": lambda x, amplitude, slope: amplitude * tanh(slope * x),
    "sigmoid": sigmoid,
    "hardsigmoid": lambda x: min(max(x + 3, 0.0), 6.0) / 6,
    "silu": lambda x: x * sigmoid(x),
    "hardswish": lambda x: x * min(max(x + 3, 0.0), 6.0) / 6,
    "gelu": lambda x: x * (0.5 + 0.5 * erf(x / sqrt(2))),
    "mish": lambda x: x * tanh(softplus(x)),
    "softplus": softplus,
    "elu": elu,
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "sloped": lambda x, slope: x if x > 0 else slope * x,
    "abs": abs,
}
"""The functions that a rule can name, of a value and of the rule's numbers."""


@cache
def places() -> tuple[float, ...]:
    """Where means are taken, in deviations: as many above 0 as below, where many functions have a bend."""
    return tuple([FARTHEST * (at + 0.5) / STEPS for at in range(-STEPS, STEPS)])


@cache
def hermite() -> tuple[tuple[float, ...], ...]:
    """Normalised Hermite polynomials of each order at these places, times the weights of the trapezoidal rule."""
    before, now = [0.0] * (2 * STEPS), [density(x) * FARTHEST / STEPS for x in places()]
    found = [tuple(now)]
    for order in range(1, ORDERS):
        old = now
        now = [
            (x * one - sqrt(order - 1) * other) / sqrt(order)
            for x, one, other in zip(places(), now, before, strict=True)
        ]
        before = old
        found.append(tuple(now))
    return tuple(found)


class Series(NamedTuple):
    """The mean of a product of two equal functions of normal values, as a series in their correlation."""

    whole: float
    parts: tuple[float, ...]

    @classmethod
    def of(cls, values: list[float]) -> Series:
        """For a function with these ``values``."""
        whole = sum(map(mul, hermite()[0], map(mul, values, values)))
        return cls(whole, tuple([sum(map(mul, row, values)) ** 2 for row in hermite()]))

    def at(self, correlation: float) -> float:
        """Its value; at 1 the mean of the square."""
        rest, power = max(0.0, self.whole - sum(self.parts)), 1.0
        found = 0.0
        for part in self.parts:
            found += part * power
            power *= correlation
        return found + rest * power * correlation


class Curve(NamedTuple):
    """What a function makes of normal values of one deviation.

    ``mean`` of it, the mean ``product`` of two, that of their squares, ``squares``; ``grows`` is the power of the
    second moment with which that of its values grows. ``slopes`` is the mean product of two of its slopes, ``steep``
    what each place adds to that of one with itself, ``sideways`` the mean of a slope times the standardised value.
    """

    mean: float
    product: Series
    squares: Series
    grows: float
    slopes: Series
    steep: tuple[float, ...]
    sideways: float

    @property
    def steepens(self) -> float:
        """The power of the second moment with which that of slopes grows (Price 1958)."""
        whole = sum(self.steep)
        turned = sum([one * (x * x - 1) for one, x in zip(self.steep, places(), strict=True)])
        return turned / (2 * whole) if whole else 0.0

    def kept(self, gate: float | None) -> tuple[float, float]:
        """What is left of the square of a gradient, and of that what lies above 0.

        It lies anywhere, or where so much is above 0 as of the largest of several values, or of the smallest.
        """
        if gate is None or gate == EVEN:
            return sum(self.steep), sum(self.steep[STEPS:])
        upper = max(gate, 1 - gate)
        weights = _tilted(-log2(max(LEAST, 1 - upper)))
        steep = [*map(mul, self.steep, weights if gate > EVEN else reversed(weights))]
        return sum(steep), sum(steep[STEPS:])


EVEN = 0.5
"""The share above 0 of what lies anywhere."""
LEAST = 1e-6
"""Less is never below 0 of the largest of many values."""


@lru_cache(maxsize=64)
def _tilted(count: float) -> tuple[float, ...]:
    """How much more often than one value the largest of ``count`` lies at each place."""
    return tuple([count * below(x) ** (count - 1) for x in places()])


@lru_cache(maxsize=1024)  # a network has few functions, and few deviations before them
def curve(function: str, parameters: tuple[float, ...], deviation: float) -> Curve:
    """For ``function`` of normal values around 0."""
    bent, at, weights = FUNCTIONS[function], places(), hermite()[0]
    values = [bent(deviation * x, *parameters) for x in at]
    product = Series.of(values)
    width = deviation * FARTHEST / STEPS
    edges = [bent(deviation * x - width / 2, *parameters) for x in at]
    edges.append(bent(deviation * at[-1] + width / 2, *parameters))
    slopes = [(after - before) / width for before, after in pairwise(edges)]
    turned = sum([w * f * s * x for w, f, s, x in zip(weights, values, slopes, at, strict=True)])
    return Curve(
        sum(map(mul, weights, values)),
        product,
        Series.of([value * value for value in values]),
        deviation * turned / product.whole if product.whole else 1.0,
        Series.of(slopes),
        tuple([weight * slope * slope for weight, slope in zip(weights, slopes, strict=True)]),
        sum([w * s * x for w, s, x in zip(weights, slopes, at, strict=True)]),
    )


def nearby(law: Law) -> float:
    """The deviation of ``law`` with so many digits that others share it."""
    return float(f"{sqrt(law.square):.3g}")


def known(law: Law) -> Masses:
    """The distribution of ``law``; of what is always 0 a mass there."""
    if not law.square:
        return Masses(1.0, 0, (1.0,), 1.0)
    found = as_masses(law, sqrt(law.square) / FINE)
    if found is None:
        raise CannotSay("how what it reads is distributed is not known")
    return found


class Point(NamedTuple):
    """A value with its share, what a function makes of it, and the slope there."""

    x: float
    share: float
    value: float
    slope: float


def points_of(rule: Bend, form: Masses) -> list[Point]:
    """What the function of ``rule`` makes of a distribution."""
    function, numbers, half = FUNCTIONS[rule.function], rule.parameters, form.step / 2
    return [
        Point(
            x,
            share,
            function(x, *numbers),
            (function(x + half, *numbers) - function(x - half, *numbers)) / form.step,
        )
        for x, share in form.points
    ]


def pushed(rule: Bend, points: list[tuple[float, float]]) -> Masses | None:
    """The distribution of the function of values with weights; None where it has one value."""
    function = FUNCTIONS[rule.function]
    return collected([(function(x, *rule.parameters), weight) for x, weight in points])


def collected(points: list[tuple[float, float]]) -> Masses | None:
    """The distribution of values with weights, each shared out between two steps; None where there is one value."""
    mean = sum([weight * value for value, weight in points])
    varied = sum([weight * (value - mean) ** 2 for value, weight in points])
    step = sqrt(varied) / FINE
    if not step > SMALL * abs(mean):
        return None
    first = int(min(points)[0] // step)
    parts = [0.0] * (int(max(points)[0] // step) - first + 2)
    for value, weight in points:
        place = value / step - first
        near = int(place)
        parts[near] += weight * (near + 1 - place)
        parts[near + 1] += weight * (place - near)
    zero = sum([weight for value, weight in points if value == 0])
    return Masses(step, first, tuple(parts), zero if first >= 0 and zero > ZEROS else 0.0).trimmed()


SMALL = 1e-6
"""A step that is so little of the mean makes no difference."""


def slope_of(rule: RectifyBy, node: Node, context: Context) -> Rectify:
    """The rectifier that ``rule`` starts as."""
    drawn = context.drawn(node, rule.weight, Drawn(rule.otherwise, 0.0))
    if drawn is None or drawn.variance:
        raise CannotSay("slopes that are drawn are not worked out")
    return Rectify(drawn.mean)
