"""Windows that are not whole steps apart, or not of one size: what they have to say for themselves, on one axis."""

from __future__ import annotations

from typing import Protocol

from netspec.ops.facts import Extent

Interval = tuple[int, int]
"""The first and the last of neighbouring positions."""


class Uneven(Protocol):
    """Where the windows of an operation lie on one axis, over elements that are counted from 0."""

    @property
    def even(self) -> Extent:
        """The smallest window at even steps that holds each of the windows."""

    @property
    def is_even(self) -> bool:
        """Whether each window is just that one."""

    @property
    def moves_along(self) -> bool:
        """Whether each window lies where the even one does, to within a step; otherwise they drift against it."""

    @property
    def may_be_empty(self) -> bool:
        """Whether some window may hold no element."""

    def read(self, positions: Interval) -> Interval | None:
        """What the windows at ``positions`` span together, elements beyond the ends of the map too; None if nothing."""

    def readers(self, elements: Interval) -> Interval | None:
        """Neighbouring positions whose windows are sure to hold one of ``elements``: all, where that is simple."""
