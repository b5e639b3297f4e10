"""``netspec stats --checkpoint``: a plan in place of the table."""

from __future__ import annotations

from collections.abc import Sequence

import click

from netspec.analysis.recompute_plan import checkpoint_plan
from netspec.analysis.setup import Setup
from netspec.commands.formats import print_report
from netspec.graph.graph import Graph
from netspec.report.checkpoint import CheckpointReport
from netspec.report.formats import Format, formats_of


def planned(graphs: Sequence[Graph], budget: int, setup: Setup, form: Format) -> None:
    """Print the plan of the one network in ``graphs`` for ``budget`` bytes of a training step."""
    known = formats_of(CheckpointReport)
    if form.name not in known:
        raise click.UsageError(f"--checkpoint has no rows for {form.name}; it is printed as {', '.join(known)}")
    if len(graphs) != 1:
        raise click.UsageError("--checkpoint is for one network")
    plan = checkpoint_plan(graphs[0], budget, setup)
    what = f"batch {setup.batch}, {setup.dtype}, {setup.optimizer}"
    print_report(CheckpointReport(graphs[0].name, plan, what), form)
