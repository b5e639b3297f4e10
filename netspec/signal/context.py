"""What rules need to know beside the laws of what an operation reads, and what they say where they know nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import sqrt
from typing import Any, TypeVar

from netspec.graph.graph import Node
from netspec.ops.initialisation import UNIFORM, Drawn, Scheme, fans
from netspec.ops.signal import Mix, Scatter
from netspec.signal import masses
from netspec.signal.law import Gauss, Law, merged

Laws = tuple[Law, ...]
"""The laws of the channels of one value, in their order."""


Found = TypeVar("Found")


class CannotSay(Exception):
    """No rule would be right here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Context:
    """How tensors start, by operation and name, and how many images are normalised together.

    ``known`` keeps what is worked out once of a law, ``stacked`` of several together: channels that are stacked with
    others are read again and again.
    """

    starts: Mapping[tuple[str, str], Scheme]
    batch: int
    known: dict[tuple[Hashable, int], tuple[Law, Any]] = field(default_factory=dict)
    stacked: dict[tuple[int, ...], tuple[Laws, Law]] = field(default_factory=dict)

    def once(self, law: Law, what: Hashable, work: Callable[[], Found]) -> Found:
        """What ``work`` says of ``law``, asked once for each ``what``."""
        key = (what, id(law))
        if key not in self.known:
            self.known[key] = (law, work())
        found: Found = self.known[key][1]
        return found

    def merged(self, laws: Laws) -> Law:
        """One law for all channels together; of a stack with one more on it only that one is added."""
        key = tuple(map(id, laws))
        if len(laws) > 1 and key not in self.stacked:
            before = self.stacked.get(key[:-1])
            self.stacked[key] = (laws, merged((before[1], laws[-1]) if before else laws))
        return self.stacked[key][1] if len(laws) > 1 else laws[0]

    def paired(self, other: float, law: Law) -> float:
        """The mean over pairs of the values of a channel of what is 1 of one with itself, and ``other`` of two."""
        return other + (1 - other) / (self.batch * law.positions)

    def sampled(self, law: Law) -> float:
        """The mean over channels of the square of a channel's mean over a batch of images and all positions."""
        return self.once(law, "sampled", partial(law.sampled, self.batch))

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
    return drawn.square if drawn else 0.0


def usual(node: Node) -> Drawn:
    """How weights and biases start as torch has it: uniform up to 1 / sqrt(fan in)."""
    return Drawn(0.0, 1 / (3 * fans(node.owner.tensors[0].shape)[0]), UNIFORM)


def variance_of(law: Law, context: Context) -> float:
    """The variance of a channel over a batch of images and all positions, in the mean."""
    variance = law.square - context.sampled(law)
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


def moved(law: Law, rule: Mix | Scatter, node: Node, context: Context) -> Law:
    """With what biases start with in the mean: values are normal around it then."""
    bias = context.drawn(node, rule.bias, usual(node))
    if bias is None or not bias.mean:
        return law
    varied = law.square - bias.mean**2
    deviation = sqrt(max(varied, LEAST * law.square))
    form = masses.normal(deviation, deviation / masses.FINE, bias.mean)
    return law._replace(mean=bias.mean, form=form)


LEAST = 1e-6
"""A variance is no less, so that there are steps."""


UNEVEN = 0.7
"""Variances that differ more are sums of fewer than three squares: the mean of their inverses is that of rare ones."""


def inverted(uneven: float) -> float:
    """The mean of the inverses of variances over the inverse of their mean: k / (k - 2) for sums of k normal squares.

    ``uneven`` is their variance over the square of their mean, 2 / k for these.
    """
    if uneven > UNEVEN:
        raise CannotSay("it divides by the deviation of few values, and rare small ones decide")
    return 1 / (1 - uneven)


TAKEN = 0.9
"""Where more than that of a gradient is along the mean and the value, what is left is no difference to trust."""


def left(taken: float) -> float:
    """What a norm leaves of a gradient, of which it takes away so much."""
    if taken > TAKEN:
        raise CannotSay("nearly all of its gradient is along what is taken away")
    return 1 - taken


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
        square=law.square * square,
        within=law.within * square,
        mean=law.mean * factor,
        common=law.common.weighted(square),
        form=form,
    )
