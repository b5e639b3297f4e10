"""What ``netspec stats --verify`` does: the one part of the command that needs torch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import click

from netspec.commands.formats import print_report
from netspec.graph.graph import Graph
from netspec.report.formats import Format, formats_of
from netspec.report.verification import VerificationReport
from netspec.verify.result import Verification
from netspec.verify.verify import verify

UNVERIFIED = 1


def verified(graphs: Iterable[Graph], form: Format) -> None:
    """Print the figures of each network beside those of the oracles; exit code 1 where a difference is unexplained.

    Raises :class:`click.UsageError` for formats that are those of tables.
    """
    known = formats_of(VerificationReport)
    if form.name not in known:
        message = f"--verify prints {' or '.join(known)}, not {form.name}"
        raise click.BadParameter(message, param_hint="--format")
    found: list[Verification] = []
    print_report(VerificationReport(_each(graphs, found)), form)
    if any(one.failed for one in found):
        sys.exit(UNVERIFIED)


def _each(graphs: Iterable[Graph], found: list[Verification]) -> Iterator[Verification]:
    """Verify one graph after the other, and keep each result in ``found``."""
    for graph in graphs:
        one = verify(graph)
        found.append(one)
        yield one
