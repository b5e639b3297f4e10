"""Figures beside those of independent counts, as plain data: what agrees, what the convention explains, what fails."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from netspec.analysis.inputs import Inputs, inputs_data
from netspec.ops.facts import Exact, ExactPerAxis, plain

SCHEMA_VERSION = 1
"""Of the data that :meth:`Verification.to_dict` returns; it grows when a key changes its meaning or goes."""
Value: TypeAlias = "Exact | ExactPerAxis"
"""A count, or one number for each axis."""
Verdict = Literal["equal", "explained", "not checked", "differs"]
"""What comes of a figure, from best to worst."""


class Check(NamedTuple):
    """One figure of one thing, and what an oracle says of it.

    ``of`` is the operation, with a position where there is one; empty for the whole network. ``note`` says why the two
    differ, and ``by_convention`` whether what netspec states explains all of the difference. ``theirs`` is None where
    the oracle cannot say, for the reason in ``note``, and empty where torch has nothing to compare with.
    """

    figure: str
    of: str
    ours: Value
    theirs: Value | None
    oracle: str
    note: str = ""
    by_convention: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the two are equal to the last integer, or fraction."""
        return self.ours == self.theirs

    @property
    def explained(self) -> bool:
        """Whether they differ, as the stated convention says they must."""
        return self.verdict == "explained"

    @property
    def verdict(self) -> Verdict:
        """``equal``, ``explained``, ``not checked`` or ``differs``."""
        if self.agrees:
            return "equal"
        if self.theirs is None:
            return "not checked"
        return "explained" if self.by_convention else "differs"

    def to_dict(self) -> dict[str, Any]:
        """The check as plain data: raw integers, lists where there are several."""
        values = {"netspec": self.ours, "other": self.theirs}
        return {
            "figure": self.figure,
            "of": self.of,
            "oracle": self.oracle,
            **{name: _data(value) for name, value in values.items()},
            "verdict": self.verdict,
            "note": self.note,
        }


def _data(value: Value | None) -> Any:
    """``value`` as JSON has it."""
    if value is None:
        return None
    return list(map(plain, value)) if isinstance(value, tuple) else plain(value)


class Verification(NamedTuple):
    """All checks of one network, in a stable order."""

    name: str
    inputs: Inputs
    checks: tuple[Check, ...]

    @property
    def differing(self) -> tuple[Check, ...]:
        """Checks that fail: different, and nothing explains it."""
        return tuple(check for check in self.checks if check.verdict == "differs")

    @property
    def explained(self) -> tuple[Check, ...]:
        """Checks that differ as the convention says they must."""
        return tuple(check for check in self.checks if check.explained)

    @property
    def unchecked(self) -> tuple[Check, ...]:
        """Figures of which an oracle cannot say what they are: no fault of them."""
        return tuple(check for check in self.checks if check.verdict == "not checked")

    @property
    def failed(self) -> bool:
        """Whether any difference is unexplained."""
        return bool(self.differing)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, every check of every operation among it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "network": self.name,
            **inputs_data(self.inputs),
            "failed": self.failed,
            "checks": [check.to_dict() for check in self.checks],
        }
