"""Windows less than a step apart on one axis: where what upsamples reads, as exact fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from netspec.ops.facts import Exact, Extent
from netspec.ops.uneven import Interval


def _cubic(behind: float) -> tuple[float, ...]:
    """The weights of the two elements before a place and the two after it (Keys 1981), with torch's -3/4."""
    sharp = -0.75

    def weight(far: float) -> float:
        if far <= 1:
            return ((sharp + 2) * far - (sharp + 3)) * far * far + 1
        return ((sharp * far - 5 * sharp) * far + 8 * sharp) * far - 4 * sharp

    return tuple([weight(far) for far in (1 + behind, behind, 1 - behind, 2 - behind)])


WEIGHTS: dict[str, Callable[[float], tuple[float, ...]]] = {
    "nearest": lambda _: (1.0,),
    "linear": lambda behind: (1 - behind, behind),
    "cubic": _cubic,
}
"""The weights of the elements around a place that lies so far behind one of them."""


class Between(NamedTuple):
    """Positions that lie between elements: position ``u`` at ``(slope * u + offset) / parts``.

    It reads the elements on both sides of its place, and ``more`` beyond on each, or the element alone that it lies on;
    with ``nearest`` the one before it alone. ``out`` positions there are.
    """

    slope: int
    offset: int
    parts: int
    out: int
    more: int = 0
    nearest: bool = False

    @property
    def even(self) -> Extent:
        """The smallest window at even steps that holds what a position at any distance behind an element reads."""
        common = gcd(self.slope, self.parts)
        least = self.offset % common
        most = least + self.parts - common
        place, jump = Fraction(self.offset, self.parts), Fraction(self.slope, self.parts)
        low = place - Fraction(most, self.parts) - (self.more if most else 0)
        if self.nearest:
            high = place - Fraction(least, self.parts)
        else:
            behind = least or (common if most else self.parts)
            high = place + 1 - Fraction(behind, self.parts) + (self.more if most else 0)
        return Extent(high - low + 1, jump, low).in_lowest_terms()

    @property
    def is_even(self) -> bool:
        """Whether all positions lie alike between elements, whole steps apart: a window says all."""
        return gcd(self.slope, self.parts) == self.parts and self.slope > 0

    @property
    def moves_along(self) -> bool:
        """Always."""
        return True

    @property
    def may_be_empty(self) -> bool:
        """Never: beyond the ends the last element stands for others."""
        return False

    def read(self, positions: Interval) -> Interval | None:
        """From the first to the last element that these positions read."""
        first = min([self._read(at)[0] for at in (positions[0], min(positions[0] + 1, positions[1]))])
        last = max([self._read(at)[1] for at in (positions[1], max(positions[1] - 1, positions[0]))])
        return first, last

    def _read(self, at: int) -> Interval:
        before, rest = divmod(self.slope * at + self.offset, self.parts)
        if self.nearest or not rest:
            return before, before
        return before - self.more, before + 1 + self.more

    def taps(self, size: int, mode: str) -> tuple[tuple[tuple[int, float], ...], ...]:
        """For each position the elements of a map of ``size`` that it is a sum of, with their weights.

        By torch's modes. Beyond the ends the last element stands for others.
        """
        found = []
        for at in range(self.out):
            before, rest = divmod(self.slope * at + self.offset, self.parts)
            weights = WEIGHTS["nearest" if self.nearest else mode](rest / self.parts)
            taps: dict[int, float] = {}
            for place, weight in enumerate(weights, before - (len(weights) - 1) // 2):
                inside = min(max(place, 0), size - 1)
                taps[inside] = taps.get(inside, 0.0) + weight
            found.append(tuple([(place, weight) for place, weight in taps.items() if weight]))
        return tuple(found)

    def readers(self, elements: Interval) -> Interval | None:
        """Those that lie on one of ``elements`` or near it; no nearer than beside, where some lie on an element."""
        first, last = elements
        if self.more and self.offset % gcd(self.slope, self.parts):
            first, last = first - self.more, last + self.more
        if not self.slope:
            return (0, self.out - 1) if first <= 0 <= last else None
        # A place behind ``first - 1`` has ``first`` behind it; with ``nearest`` it has to be on ``first`` or behind.
        low = self._from(first) if self.nearest else self._from(first - 1, strictly=True)
        low, high = max(0, low), min(self.out, self._from(last + 1)) - 1
        return (low, high) if low <= high else None

    def _from(self, element: int, *, strictly: bool = False) -> int:
        """The first position that lies behind ``element``, or on it unless ``strictly`` so."""
        ahead = element * self.parts - self.offset
        return ahead // self.slope + 1 if strictly else -(-ahead // self.slope)


class Spread(NamedTuple):
    """Elements that are moved ``stride`` apart, each of which a kernel spreads over the positions from there on.

    What transposed convolution does: element ``i`` reaches the positions ``i * stride - padding + dilation * t`` for
    each tap ``t`` of ``kernel``. There are ``size`` elements and ``out`` positions.
    """

    kernel: int
    stride: int
    dilation: int
    padding: int
    size: int
    out: int

    @property
    def reach(self) -> int:
        """From the first position that an element reaches to the last one."""
        return self.dilation * (self.kernel - 1)

    @property
    def is_even(self) -> bool:
        """Whether elements stay where they are."""
        return self.stride == 1

    @property
    def even(self) -> Extent:
        """The smallest window at even steps that holds the elements which reach a position of any phase."""
        reach, stride = Fraction(self.reach, self.stride), Fraction(1, self.stride)
        return Extent(reach + 1, stride, self.padding * stride - reach).in_lowest_terms()

    @property
    def moves_along(self) -> bool:
        """Always."""
        return True

    @property
    def may_be_empty(self) -> bool:
        """Where a kernel leaves positions out between elements, or none reaches the last ones."""
        beyond = self.out - 1 + self.padding - self.reach > (self.size - 1) * self.stride
        return self.dilation > 1 or self.kernel < self.stride or beyond

    def read(self, positions: Interval) -> Interval | None:
        """From the first to the last element that reaches one of these positions.

        With a dilation those that could if taps were dense: all that do are among them.
        """
        first = -(-(positions[0] + self.padding - self.reach) // self.stride)
        last = (positions[1] + self.padding) // self.stride
        return (first, last) if first <= last else None

    def readers(self, elements: Interval) -> Interval | None:
        """The positions that one of ``elements`` reaches; neighbours of the first one where they leave others out."""
        first, last = elements
        low = high = first * self.stride - self.padding
        if self.dilation == 1 and self.kernel < self.stride:
            high += self.reach
        elif self.dilation == 1 or (self.stride == 1 and last - first + 1 >= self.dilation):
            high = last * self.stride - self.padding + self.reach
        low, high = max(0, low), min(self.out - 1, high)
        return (low, high) if low <= high else None


def scaled(size: int, out: int, step: Exact, *, aligned: bool = False, more: int = 0, nearest: bool = False) -> Between:
    """The ``out`` positions of a map of ``size`` elements that is resized at steps of ``step`` elements.

    With ``aligned`` the first position lies on the first element, as with ``nearest``; otherwise outer edges of the two
    maps coincide, not the middles of their outer elements. A single element is repeated over several positions.
    """
    if size == 1 < out:
        return Between(0, 0, 1, out, nearest=True)
    rise, run = step.numerator, step.denominator
    if aligned or nearest:
        return Between(rise, 0, run, out, more, nearest)
    # The place of position u is half a step behind u steps, less half an element.
    common = gcd(2 * rise, rise - run, 2 * run)
    return Between(2 * rise // common, (rise - run) // common, 2 * run // common, out, more)
