"""Arithmetic of adaptive pooling on one axis: windows of several sizes, at uneven distances.

Window ``i`` of ``out`` spans ``floor(i * size / out)`` to ``ceil((i + 1) * size / out)``. All is worked out at once,
not window by window: a spec may ask for billions of them.
"""

from math import gcd
from typing import NamedTuple

from netspec.ops.facts import Extent
from netspec.ops.uneven import Interval


class AdaptiveWindows(NamedTuple):
    """The ``out`` windows over ``size`` elements."""

    size: int
    out: int

    @property
    def is_even(self) -> bool:
        """Whether all have one size and lie at one distance, so that one kernel and one stride say all."""
        return self.out <= self.size and self.size % self.out <= 1

    @property
    def even(self) -> Extent:
        """The smallest window at even whole steps that holds each.

        Steps of ``size // out`` fall behind by the remainder in the end, those one larger run ahead by what is missing
        to the next multiple; the window is so much longer than its step.
        """
        if self.out == 1:
            return Extent(self.size, self.size, 0)
        step, behind = divmod(self.size, self.out)
        ahead = self.out - behind
        if step and behind <= ahead + 1:
            return Extent(step + behind, step, 0)
        return Extent(step + 1 + ahead, step + 1, -ahead)

    @property
    def moves_along(self) -> bool:
        """Never: the even one has another step."""
        return False

    @property
    def may_be_empty(self) -> bool:
        """Never."""
        return False

    def read(self, positions: Interval) -> Interval | None:
        """What those windows span; beyond the map there are none, and the even one stands for them."""
        first, last = max(0, positions[0]), min(self.out - 1, positions[1])
        low, high = first * self.size // self.out, -(-(last + 1) * self.size // self.out) - 1
        even = self.even
        if positions[0] < 0:
            low = int(positions[0] * even.jump + even.start)
        if positions[1] >= self.out:
            high = int(positions[1] * even.jump + even.start + even.size - 1)
        return low, high

    def readers(self, elements: Interval) -> Interval | None:
        """The windows that hold one of ``elements``."""
        first, last = elements
        return first * self.out // self.size, ((last + 1) * self.out - 1) // self.size


def axis_window(size: int, out: int) -> tuple[int, int]:
    """Largest kernel, and the stride from the first window to the second."""
    # The starts fall up to (out - gcd) / out short of what is cut off from them: so much longer than size / out the
    # longest window is.
    kernel = -(-(size + out - gcd(size, out)) // out)
    return kernel, max(1, size // out) if out > 1 else size


def axis_elements(size: int, out: int) -> int:
    """Elements of all windows together: those in two windows count twice."""
    # The starts sum up to ((size - 1) * (out - 1) + gcd - 1) / 2, a count of lattice points, and the ends lie as far
    # from the far side as the starts from the near one.
    return size + out - gcd(size, out)
