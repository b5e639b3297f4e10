"""``netspec diagram``."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.commands.options import Settings, network, one_spec, with_input, with_set
from netspec.diagram.dot import to_dot
from netspec.diagram.render import render
from netspec.ops.facts import Shape


@click.command()
@one_spec
@with_set
@with_input
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: NAME.svg.")
@click.option("--depth", type=click.IntRange(0, 2), default=1, show_default=True, help="How far blocks are opened.")
def diagram(spec: str, given: Settings, size: Shape | None, output: Path | None, depth: int) -> None:
    """Draw a network: .svg, .png or .pdf through Graphviz, or .dot, by the file's ending; - prints the DOT text."""
    checked = network(spec, given, size)
    text = to_dot(checked.graph, depth=depth)
    if output == Path("-"):
        click.echo(text)
        return
    path = output or Path(f"{checked.name}.svg")
    render(text, path)
    click.echo(f"drew {checked.name} to {path}")
