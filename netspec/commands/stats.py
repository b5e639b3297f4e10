"""``netspec stats``."""

from __future__ import annotations

import json

import click

from netspec.commands.options import Settings, many_specs, networks, with_input, with_set
from netspec.facts import Shape
from netspec.report.table import table


@click.command()
@many_specs
@with_set
@with_input
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--depth", type=click.IntRange(min=0), help="Fold blocks below this depth into one line.")
def stats(specs: tuple[str, ...], given: Settings, size: Shape | None, form: str, depth: int | None) -> None:
    """Parameters, MACs, shapes and receptive fields, layer by layer; of a family, of every variant."""
    summaries = [network.stats() for word in specs for network in networks(word, given, size)]
    if form == "json":
        data = [summary.to_dict() for summary in summaries]
        click.echo(json.dumps(data[0] if len(data) == 1 else data, indent=1))
    else:
        click.echo("\n\n".join(table(summary, depth=depth) for summary in summaries))
