"""What ``netspec stats --verify`` does: the one part of the command that needs torch."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
from click.core import ParameterSource

from netspec.commands.options import print_json
from netspec.commands.stats_options import Asked
from netspec.graph.graph import Graph
from netspec.report.verification import verification_text

UNVERIFIED = 1
WITHOUT_MEANING = ("batch", "dtype", "optimizer", "width")
"""Options for other bytes than those that are held, and for the width of a table."""


def verified(graphs: Iterable[Graph], asked: Asked, form: str) -> None:
    """Print the figures of each network beside those of the oracles; exit code 1 where a difference is unexplained.

    Raises :class:`click.UsageError` for options that choose rows and columns or that change nothing here, and for
    formats that are those of tables.
    """
    if form not in ("text", "json"):
        raise click.BadParameter(f"--verify prints text or json, not {form}", param_hint="--format")
    if asked.grouped or asked.columns is not None:
        raise click.UsageError("--verify is of all operations; options that choose rows and columns do not go with it")
    context = click.get_current_context()
    for name in WITHOUT_MEANING:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} does not go with --verify: it changes nothing that is held")
    from netspec.verify.verify import verify

    found = []
    for place, graph in enumerate(graphs):
        one = verify(graph)
        found.append(one)
        if form == "text":
            click.echo(("\n" if place else "") + verification_text(one))
    if form == "json":
        data = [one.to_dict() for one in found]
        print_json(data[0] if len(data) == 1 else data)
    if any(one.failed for one in found):
        sys.exit(UNVERIFIED)
