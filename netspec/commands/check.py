"""``netspec check``."""

from __future__ import annotations

import json

import click

from netspec.commands.options import Settings, fail, many_specs, networks, with_input, with_set
from netspec.errors import Problem, SpecError
from netspec.facts import Shape


@click.command()
@many_specs
@with_set
@with_input
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(specs: tuple[str, ...], given: Settings, size: Shape | None, form: str) -> None:
    """Check networks; of a family, every variant. Exit code 2 if anything is wrong."""
    problems: list[Problem] = []
    for word in specs:
        try:
            family = networks(word, given, size, whole=True)
        except SpecError as error:
            problems += error.problems
            continue
        if form == "text":
            click.echo(f"{word}: ok ({', '.join(network.name for network in family)})")
    if form == "json":
        click.echo(json.dumps({"ok": not problems, "problems": [problem.to_dict() for problem in problems]}))
    if problems:
        fail(problems if form == "text" else ())
