"""The gradient of a value as the prediction carries it back from one operation to the next."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import zip_longest
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

    def beyond(self) -> Slope:
        """Without what is known only behind operations that are linear for each sign of what they read."""
        return self._replace(where=None, pull=0.0, centred=0.0, balanced=0.0)


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
    return reduce(lambda one, two: tuple(map(_both, laws, one, two)), slopes)


def _both(law: Law, one: Slope, two: Slope) -> Slope:
    whole = one.square + two.square
    if not whole:
        return one
    share, rest = one.square / whole, two.square / whole
    least = min(one.log_variance, two.log_variance)
    gate, lies = None, None
    if one.gate is not None or two.gate is not None:
        free = law.positive
        gate = share * (free if one.gate is None else one.gate) + rest * (free if two.gate is None else two.gate)
        lies = where.blended([(one.where, share), (two.where, rest)])
    return _blended(one, two, share)._replace(
        channels=law.channels,
        square=whole + (law.lengthened(2 * one.pull * two.pull) if one.pull and two.pull else 0.0),
        gate=gate,
        where=lies,
        pull=one.pull + two.pull,
        log_variance=least + (one.log_variance - least) * share**2 + (two.log_variance - least) * rest**2,
    )


def _blended(one: Slope, two: Slope, share: float) -> Slope:
    """The mean of two, of which the first has a ``share``, as far as it does not ask where they lie."""
    rest = 1 - share
    shared = share * one.shared + rest * two.shared
    first, second = (share * one.shared / shared, rest * two.shared / shared) if shared else (share, rest)
    squares: tuple[Profile, ...] = ()
    for side, other in zip(one.squares, two.squares, strict=True):
        alike = squares and side is one.squares[0] and other is two.squares[0]
        squares += (squares[0] if alike else blended([(side, share), (other, rest)]),)
    lags: tuple[tuple[float, ...], ...] = ()
    if one.lags or two.lags:
        both = zip_longest(one.lags, two.lags, fillvalue=())
        lags = tuple([blended_lags([(side, share), (other, rest)]) for side, other in both])
    return Slope(
        one.channels,
        one.square,
        squares,
        shared,
        along=first * one.along + second * two.along,
        centred=share * one.centred + rest * two.centred,
        balanced=first * one.balanced + second * two.balanced,
        alike=share * one.alike + rest * two.alike,
        log_variance=share * one.log_variance + rest * two.log_variance,
        lags=lags,
    )


class Around(NamedTuple):
    """An operation with the laws of what it reads and of what it gives, and the gradient of that."""

    node: Node
    reads: list[Laws]
    gives: Laws
    slopes: Slopes
    context: Context

    @property
    def channels(self) -> list[tuple[Law, Slope]]:
        """The channels of the first input with the gradient that their output has, one for all or each its own."""
        laws = self.reads[0]
        slopes = self.slopes if len(self.slopes) == len(laws) else self.slopes * len(laws)
        return list(zip(laws, slopes, strict=True))


Back = list[Slopes]
"""For each input of an operation, the gradient that it passes back."""


def merged(slopes: Slopes) -> Slope:
    """One for all channels together."""
    return reduce(_merged, slopes)


def _merged(one: Slope, two: Slope) -> Slope:
    count = one.channels + two.channels
    square = (one.channels * one.square + two.channels * two.square) / count
    if not square:
        return one._replace(channels=count)
    share = one.channels * one.square / (count * square)
    gate = None if one.gate is None or two.gate is None else share * one.gate + (1 - share) * two.gate
    found = _blended(one, two, share)
    return found._replace(channels=count, square=square, gate=gate, pull=one.pull + two.pull)
