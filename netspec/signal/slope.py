"""The gradient of a value as the prediction carries it back from one operation to the next."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.signal import where
from netspec.signal.borders import Profile, blended, flat
from netspec.signal.context import Context, Laws
from netspec.signal.law import Law, blended_lags
from netspec.signal.where import Where


class Slope(NamedTuple):
    """The gradient of ``channels`` of a value, whose weights are drawn alike.

    ``square`` is its second moment, shared out over positions as ``squares`` says on each axis. ``shared`` is the
    correlation of two positions of one image. ``gate`` is the share of values above 0 where it lies, None where it lies
    anywhere, and ``where`` says the same for each value, where that is known; ``along`` how large its mean product with
    the standardised value is, over its mean, both squared. ``tilt`` is how much less of it lies in channels whose
    weights are larger, as a normalisation divides by these: the covariance of both over their means. ``pull`` is the
    deviation of the sum of its products with the values of one image: the same at every cut through operations that
    scale with what they read (Euler's theorem). ``log_variance`` is the variance of the logarithm of the second moment
    over initialisations. ``centred`` is the part of which each batch has a mean of exactly 0 in every channel, and
    ``balanced`` that of what the positions of an image have in common: no rectifier changes that. ``alike`` is the mean
    square of the correlation, over the channels, of two positions of any images. On each axis ``lags`` are the
    correlations, beyond what is shared, of positions that lie 1, 2, ... apart.
    """

    channels: int
    square: float
    squares: tuple[Profile, ...] = ()
    shared: float = 0.0
    gate: float | None = None
    along: float = 0.0
    where: Where | None = None
    tilt: float = 0.0
    pull: float = 0.0
    log_variance: float = 0.0
    centred: float = 0.0
    balanced: float = 0.0
    alike: float = 0.0
    lags: tuple[tuple[float, ...], ...] = ()


Slopes = tuple[Slope, ...]


def noise(laws: Laws, batch: int) -> Slopes:
    """Independent standard normal gradients of an output, of so many images."""
    sizes = tuple([len(axis) for axis in laws[0].squares])
    one = 1 / (batch * laws[0].positions)
    alike = one + (1 - one) / sum([law.channels for law in laws])
    return tuple([Slope(law.channels, 1.0, flat(sizes), pull=sqrt(law.power), alike=alike) for law in laws])


def together(laws: Laws, slopes: Sequence[Slopes]) -> Slopes:
    """The gradient of a value that several operations read: they have weights of their own, so squares add up.

    But for what lies along the value, which adds up itself.
    """
    if len(slopes) == 1:
        return slopes[0]
    return tuple([_both(law, parts) for law, parts in zip(laws, zip(*slopes, strict=True), strict=True)])


def _both(law: Law, parts: Sequence[Slope]) -> Slope:
    whole = sum([part.square for part in parts])
    if not whole:
        return parts[0]
    shares = [part.square / whole for part in parts]
    pairs = list(zip(parts, shares, strict=True))
    pull = sum([part.pull for part in parts])
    coherent = pull * pull - sum([part.pull**2 for part in parts]) if pull else 0.0
    found = _blend(pairs)._replace(channels=law.channels, square=whole + law.lengthened(coherent), pull=pull)
    least = min([part.log_variance for part in parts])
    logs = least + sum([(part.log_variance - least) * share * share for part, share in pairs])
    found = found._replace(log_variance=logs)
    if all(part.gate is None for part in parts):
        return found
    gate = sum([share * (law.positive if part.gate is None else part.gate) for part, share in pairs])
    return found._replace(gate=gate, where=where.blended([(part.where, share) for part, share in pairs]))


def _blend(parts: Sequence[tuple[Slope, float]]) -> Slope:
    """The mean of several with shares, as far as it does not ask where they lie."""
    axes = range(len(parts[0][0].squares))
    squares = tuple([blended([(part.squares[axis], share) for part, share in parts]) for axis in axes])
    shared = sum([share * part.shared for part, share in parts])
    centred = sum([share * part.centred for part, share in parts])
    logs = sum([share * part.log_variance for part, share in parts])
    common = [(part, share * part.shared / shared if shared else 0.0) for part, share in parts]
    sideways = sum([share * part.along for part, share in common])
    balanced = sum([share * part.balanced for part, share in common])
    alike = sum([share * part.alike for part, share in parts])
    found = Slope(0, 0.0, squares, shared, along=sideways, centred=centred, alike=alike)
    return found._replace(balanced=balanced, log_variance=logs, lags=_blended_lags(parts))


def _blended_lags(parts: Sequence[tuple[Slope, float]]) -> tuple[tuple[float, ...], ...]:
    """The correlations of all together, on each axis."""
    if not any(one.lags for one, _ in parts):
        return ()
    axes = range(len(parts[0][0].squares))
    return tuple([blended_lags([(one.lags[axis] if one.lags else (), share) for one, share in parts]) for axis in axes])


class Around(NamedTuple):
    """An operation with the laws of what it reads and of what it gives, and the gradient of that."""

    node: Node
    reads: list[Laws]
    gives: Laws
    slopes: Slopes
    context: Context


Back = list[Slopes]
"""For each input of an operation, the gradient that it passes back."""


def merged(slopes: Slopes) -> Slope:
    """One for all channels together."""
    if len(slopes) == 1:
        return slopes[0]
    count = sum([one.channels for one in slopes])
    square = sum([one.channels * one.square for one in slopes]) / count
    if not square:
        return slopes[0]._replace(channels=count)
    parts = [(one, one.channels * one.square / (count * square)) for one in slopes]
    gate = None
    if not any(one.gate is None for one in slopes):
        gate = sum([(one.gate or 0.0) * share for one, share in parts])
    pull = sum([one.pull for one in slopes])
    return _blend(parts)._replace(channels=count, square=square, gate=gate, pull=pull)
