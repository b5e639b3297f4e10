"""What ``netspec stats --verify`` does: the one part of the command that needs torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import click

from netspec.commands.wanted import Asked
from netspec.graph import Graph
from netspec.report.verification import verification_text

UNVERIFIED = 1


def verified(graphs: Iterable[Graph], asked: Asked, form: str) -> None:
    """Print the figures of each network beside those of the oracles; exit code 1 where a difference is unexplained.

    Raises :class:`click.UsageError` for options that choose rows and columns, and formats that are those of tables.
    """
    if form not in ("text", "json"):
        raise click.BadParameter(f"--verify prints text or json, not {form}", param_hint="--format")
    if asked.grouped or asked.columns is not None:
        raise click.UsageError("--verify holds every figure; options that choose rows and columns do not go with it")
    from netspec.nn.verify import verify

    found = []
    for place, graph in enumerate(graphs):
        one = verify(graph)
        found.append(one)
        if form == "text":
            click.echo(("\n" if place else "") + verification_text(one))
    if form == "json":
        data = [one.to_dict() for one in found]
        click.echo(json.dumps(data[0] if len(data) == 1 else data, indent=1))
    if any(one.failed for one in found):
        sys.exit(UNVERIFIED)
