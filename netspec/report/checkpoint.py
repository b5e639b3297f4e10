"""What ``netspec stats --checkpoint`` says: which blocks to recompute in training, what it saves, what it costs."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.analysis.recompute_plan import CheckpointPlan
from netspec.report.page import Page
from netspec.report.table import Table, numbers, words

MIB = 2**20
LINES = 20
"""How many blocks are listed before the list is cut off."""


class CheckpointReport(NamedTuple):
    """The plan for the network ``name``; ``setup`` says what its bytes are for."""

    name: str
    plan: CheckpointPlan
    setup: str

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - names of blocks are told in full
        """The blocks, and a step's memory without and with them."""
        return self.tables()

    def tables(self) -> list[Page]:
        """The blocks, and a step's memory without and with them."""
        plan = self.plan
        totals = [("without", plan.held + plan.before.peak), ("with", plan.held + plan.after.peak)]
        rows = [(name, _mib(size)) for name, size in [*totals, ("saved", plan.saved), ("budget", plan.budget)]]
        share = 100 * plan.extra_macs / plan.macs if plan.macs else 0.0
        notes = [
            ("", f"a second pass of these blocks: {plan.extra_macs:,} multiply-adds an image, {share:.1f} % of a step")
        ]
        if not plan.blocks:
            notes = [("", "nothing needs to be recomputed" if plan.fits else "no block saves anything")]
        if not plan.fits:
            notes.append(("", "this does not fit: take a smaller batch, or shorter values"))
        step = Table((*words("training step"), *numbers("MiB")), tuple(rows))
        blocks = Table(words("recompute"), tuple((name,) for name in plan.blocks)).limited(LINES)
        return [Page(f"{self.name}, {self.setup}", (step, *([blocks] if plan.blocks else [])), tuple(notes))]

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {"schema_version": 1, "name": self.name, "setup": self.setup, **self.plan.to_dict()}


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f}"
