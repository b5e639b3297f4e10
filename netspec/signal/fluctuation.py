"""How much the mean square over the channels differs between images and positions, in a network of so many channels.

In the mean over initialisations all are alike; a sum over few channels is not: its relative variance grows with depth
over width (Hanin and Nica 2019). NORMAL and RECTIFIED are moments of normal values. No source has the other numbers:
they were found by measuring, with TUNING of ``tools/signal_accuracy.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import NamedTuple

NORMAL = 2.0
"""The variance of the square of a standard normal value, over the square of its mean."""
RECTIFIED = 4.41
"""The same of max(x, 0) less its mean."""
QUICK, LEFT = 0.63, 0.4
"""Of differences between positions that a sum over a window leaves, the part that the next sums even out quickly."""
SLOW = 2.4
"""How quickly sums even out the rest, over the root of the number of positions."""
GROWTH = 1.5
"""How much more what stands out grows under normalisation than by its size alone, since it is alike in itself."""
MIDDLE = 1.4
"""How much more the middle of a map counts where zeros are around it: the mean square of the slowest mode of sums."""
BESIDE = 1.35
"""What two positions have in common of the fluctuation of a channel, over the mean square of their correlation."""
ALIKE = 0.55
"""What a sum over a window leaves of the mean square of correlations, as far as neighbours are like each other."""
MOST = 1 / 8
"""How far images of a batch draw apart at the most: their fluctuation over their number."""
ALIKE_ITSELF = 1 / 4
"""The part of an image that stands out in which its positions are alike."""


class Fluctuation(NamedTuple):
    """The variance of a mean square over the square of its mean: from image to image, and within one.

    ``rough`` is what each position has for itself, ``quick`` and ``slow`` what neighbours and regions have in common.
    ``alike`` and ``random`` are the mean square of the correlation of two positions, of neighbours and each by itself,
    of which ``drawn`` is what the last layer adds. ``own`` is what one channel alone has beyond that, a sum of few,
    and ``near`` what it makes of the product of two positions of one image: half of what their squares have in common,
    and the mean square of their correlation.
    """

    images: float = 0.0
    quick: float = 0.0
    slow: float = 0.0
    rough: float = 0.0
    alike: float = 0.0
    random: float = 0.0
    drawn: float = 0.0
    own: float = 0.0
    near: float = 0.0

    @property
    def all(self) -> float:
        """From one position of any image to another."""
        return self.images + self.quick + self.slow + self.rough

    @property
    def root(self) -> float:
        """The square of the mean of the root, over the mean, where the logarithm is normal."""
        return 1 / sqrt(sqrt(1 + self.all + self.own))

    @property
    def alike_within(self) -> float:
        """How much two positions of an image have in common beyond those of two images, of what is even around 0.

        Over the square of the second coefficient of a function of them in Hermite's series.
        """
        return 2 * (sqrt(sqrt(1 + self.images)) - 1) + self.near

    def within(self, values: int, batch: int) -> float:
        """How much the squares of the parts of a variance add up to, of which each of ``values`` is one."""
        return (1 + self.all) / max(1, values - 1) + self.images * ALIKE_ITSELF / batch

    @property
    def correlated(self) -> float:
        """The mean square of the correlation of two positions, beyond what the last layer has drawn."""
        return self.alike + self.random - self.drawn

    def summed(self, channels: int, positions: int, window: int, fresh: float) -> Fluctuation:
        """Of sums over ``channels`` and ``window`` positions, of values whose own part is ``fresh`` for one channel."""
        each = fresh / channels
        wide = window > 1
        images = self.images + each * ((MIDDLE if wide else 1.0) / positions + BESIDE * (self.alike + self.random))
        if not wide:
            random = self.random + 1 / channels
            return Fluctuation(images, self.quick, self.slow, self.rough + each, self.alike, random, 1 / channels)
        first = (self.rough + each) * max(0.0, 1 / window - 1 / positions)
        quick = self.quick * LEFT + first * QUICK
        slow = self.slow * max(0.0, 1 - SLOW / sqrt(positions)) + first * (1 - QUICK)
        alike = self.alike * ALIKE + (self.random + 1 / channels) / window
        return Fluctuation(images, quick, slow, 0.0, alike, 0.0, 1 / channels / window)

    def less(self, part: float) -> Fluctuation:
        """Of a sum of what varies so, a ``part`` of the square, and of what does not."""
        images, quick, slow, rough, own = [
            one * part * part for one in (self.images, self.quick, self.slow, self.rough, self.own)
        ]
        return self._replace(images=images, quick=quick, slow=slow, rough=rough, own=own)

    def rectified(self, linear: float) -> Fluctuation:
        """Of max(x, 0), of whose variance a part is ``linear`` in x."""
        return self._replace(alike=self.alike * linear * linear, random=self.random * linear * linear, drawn=0.0)

    def centred(self, taken: float, batch: int) -> Fluctuation:
        """Less the mean of a channel, which was a share ``taken`` of the square: what is large grows.

        One of the images that are normalised together draws away from the others (Yang et al. 2019, section 5). Worked
        out for a normal logarithm.
        """
        most = batch * MOST
        if not self.images or self.images >= most:
            return self
        spread = log(1 + self.images)
        root = exp(-spread / 8)
        share = min(0.9, taken / self.root)
        product, roots = exp(3 * spread / 8) - root, 1 - root * root
        varied = self.images - 4 * share * root * product + 4 * share * share * root * root * roots
        grown = varied / (1 - share * root * root) ** 2 - self.images
        return self._replace(images=self.images + GROWTH * grown * (1 - self.images / most))


def added(parts: Sequence[tuple[Fluctuation, float]]) -> Fluctuation:
    """Of a sum of values of the same images, of which each has a share."""
    images, quick, slow, rough = [_together([one[at] for one, _ in parts], parts) for at in range(4)]
    alike, random = [sum([one[at] * share * share for one, share in parts]) for at in (4, 5)]
    return Fluctuation(images, quick, slow, rough, alike, random)


def _together(values: Sequence[float], parts: Sequence[tuple[Fluctuation, float]]) -> float:
    return sum([sqrt(value) * share for value, (_, share) in zip(values, parts, strict=True)]) ** 2
