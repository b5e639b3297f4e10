"""The law of the values of some channels: what the prediction carries from one operation to the next."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import NamedTuple

from netspec.ops.facts import Shape
from netspec.signal import common, fluctuation, masses
from netspec.signal.borders import Profile, Spans, beside, blended, flat, together
from netspec.signal.common import Common
from netspec.signal.fluctuation import Fluctuation
from netspec.signal.gaussian import Moments, below, largest
from netspec.signal.masses import Masses


class Gauss(NamedTuple):
    """Values are the largest of a window of normal values around 0, of 0 as well where they are ``rectified``.

    ``square`` is the variance of these, of which ``shared`` is common to all positions of a window, ``near`` of that to
    those of one image alone. What images have in common says ``common``, and ``lags`` what positions of one image have
    beside that. Without ``spans`` each window is the position itself.
    """

    square: float
    shared: float
    near: float = 0.0
    common: Common | None = None
    lags: tuple[tuple[float, ...], ...] = ()
    rectified: bool = False
    spans: Spans = ()

    @property
    def counts(self) -> tuple[float, ...]:
        """How many positions a window has on each axis, in the mean."""
        return tuple([sum([stop - start for start, stop in axis]) / len(axis) for axis in self.spans])

    def moments(self, count: float | None = None) -> Moments:
        """Of the values over the deviation, for windows of ``count`` positions, or of the mean."""
        asked = round(prod(self.counts) if count is None else count, 1)
        if self.shared > EQUAL:  # then a window has one value
            asked = 1.0
        return largest(asked, min(EQUAL, round(self.shared, 2 if self.shared < NEAR else 3)), rectified=self.rectified)


NEAR = 0.9
"""A shared part of the variance from which a hundredth makes a difference."""
EQUAL = 0.999
"""A shared part of the variance from which values are as good as equal."""
Form = Gauss | Masses | None
"""How values are distributed; None is not known, and not needed by what takes sums of them."""


class Law(NamedTuple):
    """Values of ``channels`` whose weights are drawn alike, over many images and all positions.

    ``square`` is the mean of their squares, which ``squares`` shares out over the positions of each axis; ``mean`` is
    that of all channels, and ``common`` what two images have in common beside it. On each axis ``lags`` are the
    correlations, beyond that, of values of one image that lie 1, 2, ... apart. ``log_variance`` is the variance of the
    logarithm of the square over initialisations; ``own`` is what the last weights add to it, as long as no rectifier
    has changed that. ``uneven`` is how much the variance differs from channel to channel: its variance over its square;
    ``fluctuation`` how much the mean square of all channels differs from image to image and position to position.
    ``centred`` is the part of the variance of which each batch has a mean of exactly 0 in every channel. ``within`` is
    what the product of two positions of one image has in the mean beyond all this.
    """

    channels: int
    square: float
    mean: float
    common: Common
    form: Form
    squares: tuple[Profile, ...] = ()
    lags: tuple[tuple[float, ...], ...] = ()
    log_variance: float = 0.0
    own: float = 0.0
    uneven: float = 0.0
    fluctuation: Fluctuation = Fluctuation()
    centred: float = 0.0
    within: float = 0.0

    @property
    def shared(self) -> float:
        """What of the square is common to all images, at one position."""
        return min(1.0, self.common.here / self.square) if self.square else 0.0

    @property
    def between(self) -> float:
        """The same at two positions, in the mean."""
        return min(1.0, self.common.all / self.square) if self.square else 0.0

    @property
    def varied(self) -> float:
        """What of the square is no mean of a channel over all images and positions."""
        return self.square - self.common.all

    @property
    def logs(self) -> float:
        """The variance of the logarithm of the square, of the last weights too."""
        return self.log_variance + self.own

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

    @property
    def is_rectified(self) -> bool:
        """Whether a part of the values is exactly 0, and none is below."""
        if isinstance(self.form, Masses):
            return self.form.zero > 0
        return isinstance(self.form, Gauss) and self.form.rectified

    @property
    def alike(self) -> float:
        """The correlation of two positions of one image, in the mean, beyond what all images have in common."""
        if not any(self.lags):
            return 0.0
        axes = zip(self.squares, self.lags, strict=True)
        return beside([together(len(axis), lags) / len(axis) ** 2 for axis, lags in axes], self.positions)

    @property
    def power(self) -> float:
        """The sum of the squares of all values of one image."""
        return self.channels * self.positions * self.square

    def lengthened(self, pulled: float) -> float:
        """The second moment of what lies along the values, where the square of its product with them is ``pulled``."""
        return pulled / self.power / (self.channels * self.positions) if self.power else 0.0

    @property
    def positions(self) -> int:
        """How many positions a channel has."""
        return prod(map(len, self.squares))

    def sampled(self, batch: int) -> float:
        """The mean over channels of the square of a channel's mean over ``batch`` images and all positions."""
        alike = prod([together(len(axis), lags) for axis, lags in zip(self.squares, self.lags, strict=True)])
        left = self.varied * (1 - self.centred)
        return self.common.all + left * min(1.0, max(0.0, alike) / self.positions**2) / batch


def noise(shape: Shape) -> Law:
    """Independent standard normal values: what a network reads where nothing else is said."""
    sizes = shape[1:]
    return Law(shape[0], 1.0, 0.0, common.none(sizes), Gauss(1.0, 0.0), flat(sizes), ((),) * len(sizes))


def as_masses(law: Law, step: float) -> Masses | None:
    """The distribution of ``law`` at steps, or at its own where these are larger; None where its form is not known."""
    form = law.form
    if isinstance(form, Masses):
        return form.coarser(step)
    if form is None or not law.square:
        return None
    if not form.rectified and not form.spans:
        return masses.normal(sqrt(law.square), step)
    return masses.largest(prod(form.counts), sqrt(form.square), step, rectified=form.rectified)


def merged(laws: Sequence[Law]) -> Law:
    """One law for all channels together, for what takes sums over them; normal, if each is."""
    if len(laws) == 1:
        return laws[0]
    count = sum([law.channels for law in laws])
    square = sum([law.channels * law.square for law in laws]) / count
    both = common.added([(law.common, law.channels / count) for law in laws])
    parts = [(law, law.channels * law.square / (count * square) if square else 1 / len(laws)) for law in laws]
    rest = count * (square - both.all)
    varied = [(law, law.channels * law.varied / rest if rest else 0.0) for law in laws]
    axes = range(len(laws[0].squares))
    return Law(
        count,
        square,
        sum([law.channels * law.mean for law in laws]) / count,
        both,
        Gauss(square, both.here / square) if all(law.is_normal for law in laws) and square else None,
        tuple([blended([(law.squares[axis], share) for law, share in parts]) for axis in axes]),
        tuple([blended_lags([(law.lags[axis], share) for law, share in varied]) for axis in axes]),
        log_variance=sum([share * law.logs for law, share in parts]),
        fluctuation=fluctuation.added([(law.fluctuation, share) for law, share in parts]),
    )


def blended_lags(parts: Sequence[tuple[tuple[float, ...], float]]) -> tuple[float, ...]:
    """The sum of correlations with weights."""
    most = max([len(lags) for lags, _ in parts])
    return tuple([sum([share * lags[at] for lags, share in parts if at < len(lags)]) for at in range(most)])
