"""What rules need to know beside the laws of what an operation reads, and what they say where they know nothing."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.ops.initialisation import UNIFORM, Drawn, Scheme, fans
from netspec.ops.signal import Mix, Scatter
from netspec.signal import masses
from netspec.signal.common import SMALL
from netspec.signal.law import Gauss, Law

Laws = tuple[Law, ...]
"""The laws of the channels of one value, in their order."""


class CannotSay(Exception):
    """No rule would be right here; the message is the reason."""


class Context(NamedTuple):
    """How tensors start, by operation and name, and how many images are normalised together."""

    starts: Mapping[tuple[str, str], Scheme]
    batch: int

    def drawn(self, node: Node, name: str, otherwise: Drawn) -> Drawn | None:
        """How an element of the tensor ``name`` of ``node`` starts; None where it has no such tensor."""
        tensor = next((one for one in node.owner.tensors if one.name == name), None)
        if tensor is None:
            return None
        operation = node.operation
        scheme = operation.own_scheme or self.starts.get((operation.word, name))
        return scheme.moments(tensor.shape) if scheme else otherwise


def weight_of(rule: Mix | Scatter, node: Node, context: Context) -> Drawn:
    """How the weights of ``node`` start: by torch's own rule uniform up to 1 / sqrt(fan in)."""
    drawn = context.drawn(node, rule.weight, usual(node))
    if drawn is None:
        raise CannotSay("it has no weights")
    if drawn.mean:
        raise CannotSay("weights that are not drawn around 0 add up")
    return drawn


def bias_of(rule: Mix | Scatter, node: Node, context: Context) -> float:
    """The second moment of biases; 0 where there are none."""
    drawn = context.drawn(node, rule.bias, usual(node))
    return drawn.variance + drawn.mean**2 if drawn else 0.0


def usual(node: Node) -> Drawn:
    """How weights and biases start as torch has it: uniform up to 1 / sqrt(fan in)."""
    return Drawn(0.0, 1 / (3 * fans(node.owner.tensors[0].shape)[0]), UNIFORM)


def variance_of(law: Law, batch: int) -> float:
    """The variance of a channel over ``batch`` images and all positions, in the mean."""
    variance = law.square - law.sampled(batch)
    if variance <= 0:
        raise CannotSay("all values of a channel are equal")
    return variance


def aligned(first: Laws, second: Laws) -> list[tuple[Law, Law]]:
    """Both with equal numbers of channels, as many laws as it takes."""
    found = []
    left, right = [*first], [*second]
    while left and right:
        count = min(left[0].channels, right[0].channels)
        found.append((left[0]._replace(channels=count), right[0]._replace(channels=count)))
        for side in (left, right):
            rest = side[0].channels - count
            side[0] = side[0]._replace(channels=rest)
            if not rest:
                side.pop(0)
    return found


FINENESS = 8.0
"""Steps within a deviation of what is normal around a bias."""


def moved(law: Law, rule: Mix | Scatter, node: Node, context: Context) -> Law:
    """With what biases start with in the mean: values are normal around it then."""
    bias = context.drawn(node, rule.bias, usual(node))
    if bias is None or not bias.mean:
        return law
    varied = law.square - bias.mean**2
    deviation = sqrt(max(varied, LEAST * law.square))
    form = masses.normal(deviation, deviation / FINENESS, bias.mean)
    return law._replace(mean=bias.mean, form=form)


LEAST = 1e-6
"""A variance is no less, so that there are steps."""


def unevenness(law: Law, batch: int) -> float:
    """How much the variance of a channel differs from channel to channel: its variance over its square.

    By the weights that it is a sum of squares of, and twice the part of directions that values vary in: as many as
    there are values, fewer for what all images have in common and differs by position.
    """
    variance, pattern = law.varied, law.common.pattern
    own = (variance - pattern) ** 2 / max(1, batch * law.positions - 1)
    if pattern > SMALL * variance and not law.common.alike:
        own += law.common.pattern_squared
    return few(law) + 2 * own / variance**2


FEW = 0.05
"""The variances of channels differ so much where each is a sum of few weights, as of depthwise convolutions."""


def few(law: Law) -> float:
    """How much more the mean inverse of a sum of few squares is than that of its mean: k / (k - 2) of k normal ones."""
    return law.uneven / (1 - min(0.5, law.uneven))


def scaled(law: Law, factor: float) -> Law:
    """Of values times a number."""
    square = factor * factor
    form = law.form
    if isinstance(form, Gauss):
        both = form.common.weighted(square) if form.common else None
        form = form._replace(square=form.square * square, common=both)
        if factor < 0 and not law.is_normal:
            form = None
    elif form is not None:
        form = form.scaled(factor) if factor > 0 else None
    return law._replace(
        square=law.square * square, mean=law.mean * factor, common=law.common.weighted(square), form=form
    )
