"""How much a spec may come to, so that a hostile file costs little; a caller who trusts a larger one allows more."""

from __future__ import annotations

from typing import NamedTuple

USUAL = 20_000
LARGEST_SIDE = 65_536
"""Channels, height or width of an input."""
MOST_AXES = 3
"""Axes of a map, at most: torch convolves and pools over no more."""
DENSE, CHARACTERS = 4_000, 4
"""How many values any text may hold, and for how many characters there may be one more."""
RAISE = "the caller can allow more, with --max-nodes or netspec.read(..., max_nodes=...)"
"""What helps where a limit is met that a caller can raise."""


class Limits(NamedTuple):
    """How many nodes a network may have; what is needed to write and to build more than usual grows with them."""

    nodes: int = USUAL

    @property
    def repeat(self) -> int:
        """The largest ``repeat``."""
        return self.nodes

    @property
    def steps(self) -> int:
        """Steps for what makes no node: looks at layers, repetitions, values and patterns."""
        return 500_000 + 60 * self._more

    @property
    def characters(self) -> int:
        """Bytes of a file and characters of a text."""
        return 2_000_000 + 200 * self._more

    @property
    def values(self) -> int:
        """Values of any text, those of followed aliases among them."""
        return 200_000 + 40 * self._more

    def values_in(self, text: str) -> int:
        """Values in ``text``. Specs have one for every six or seven characters: one that is denser is no network."""
        return min(self.values, DENSE + len(text) // CHARACTERS + 40 * self._more)

    @property
    def _more(self) -> int:
        return max(0, self.nodes - USUAL)


LIMITS = Limits()
"""Those that hold unless a caller says otherwise."""
