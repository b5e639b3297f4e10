"""The law of the values of some channels: what the prediction carries from one operation to the next."""

from __future__ import annotations

from functools import cache
from math import prod, sqrt
from typing import NamedTuple

from netspec.ops.facts import Shape
from netspec.signal import masses
from netspec.signal.borders import Profile, Spans
from netspec.signal.gaussian import Moments, below, largest
from netspec.signal.masses import Masses


class Gauss(NamedTuple):
    """Values are the largest of a window of normal values around 0, of 0 as well where they are ``rectified``.

    ``square`` is the variance of these, of which ``shared`` is common to all images and positions of a channel.
    Without ``spans`` each window is the position itself.
    """

    square: float
    shared: float
    rectified: bool = False
    spans: Spans = ()

    @property
    def counts(self) -> tuple[float, ...]:
        """How many positions a window has on each axis, in the mean."""
        return tuple([sum([stop - start for start, stop in axis]) / len(axis) for axis in self.spans])

    def moments(self, count: float | None = None) -> Moments:
        """Of the values over the deviation, for windows of ``count`` positions, or of the mean."""
        asked = round(prod(self.counts) if count is None else count, 1)
        return largest(asked, round(self.shared, 2), rectified=self.rectified)


Form = Gauss | Masses | None
"""How values are distributed; None is not known, and not needed by what takes sums of them."""


class Law(NamedTuple):
    """Values of ``channels`` whose weights are drawn alike, over many images and all positions.

    ``square`` is the mean of their squares. ``mean_square`` is the mean of the product of two values of one channel, of
    two images, or two positions of one where these have noise of their own; ``mean`` is that of all channels. On each
    axis ``squares`` says how the square is shared out over the positions, ``means`` how large the means are there, and
    ``lags`` the correlation, beyond the mean, of values that lie 1, 2, ... apart. ``log_variance`` is the variance of
    the logarithm of the square over initialisations, of which ``own`` is that of the last weights, as long as no
    rectifier has changed it. ``uneven`` is how much the variance differs from channel to channel: its variance over its
    square.
    """

    channels: int
    square: float
    mean_square: float
    mean: float
    form: Form
    squares: tuple[Profile, ...] = ()
    means: tuple[Profile, ...] = ()
    lags: tuple[tuple[float, ...], ...] = ()
    log_variance: float = 0.0
    own: float = 0.0
    uneven: float = 0.0

    @property
    def here(self) -> float:
        """The mean of the product of two values of one channel at one position, of two images."""
        return min(self.square, self.mean_square * prod([mean_of_squares(axis) for axis in self.means]))

    @property
    def shared(self) -> float:
        """What of the square is common to all images, at one position."""
        return self.here / self.square if self.square else 0.0

    @property
    def is_normal(self) -> bool:
        """Whether values are normal around 0."""
        return isinstance(self.form, Gauss) and not self.form.rectified and not self.form.spans

    @property
    def positive(self) -> float:
        """The share of the values above 0."""
        if isinstance(self.form, Masses):
            return self.form.positive
        if self.form is None:
            return below(self.mean / sqrt(self.square - self.mean**2)) if self.square > self.mean**2 else 1.0
        return self.form.moments().positive if self.form.spans else 0.5

    def sampled(self, count: int) -> float:
        """The mean over channels of the square of a channel's mean over ``count`` images and all positions."""
        count *= prod([len(axis) for axis in self.squares])
        together = prod([1 + 2 * sum(axis) for axis in self.lags])
        return self.mean_square + (self.square - self.mean_square) * min(1.0, together / count)


def noise(shape: Shape) -> Law:
    """Independent standard normal values: what a network reads where nothing else is said."""
    even = flat_profiles(shape[1:])
    return Law(shape[0], 1.0, 0.0, 0.0, Gauss(1.0, 0.0), even, even, ((),) * len(even))


@cache
def flat_profiles(sizes: Shape) -> tuple[Profile, ...]:
    """Profiles that are 1 everywhere, for axes of so many positions."""
    return tuple([(1.0,) * size for size in sizes])


def mean_of_squares(profile: Profile) -> float:
    """The mean of the squares of a profile."""
    return sum([value * value for value in profile]) / len(profile)


def as_masses(law: Law, step: float) -> Masses | None:
    """The distribution of ``law`` at steps, or at its own where these are larger; None where its form is not known."""
    form = law.form
    if isinstance(form, Masses):
        return form.coarser(step)
    if form is None or not law.square:
        return None
    deviation = sqrt(form.square)
    if not form.rectified and not form.spans:
        return masses.normal(sqrt(law.square), step)
    return masses.largest(prod(form.counts), deviation, step, rectified=form.rectified)
