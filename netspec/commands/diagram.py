"""``netspec diagram``."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.commands.formats import draw, endings
from netspec.commands.options import Settings, network, one_spec, with_input, with_set
from netspec.diagram.dot import Drawing, to_dot
from netspec.ops.facts import Shape


@click.command()
@one_spec
@with_set
@with_input
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help=f"{endings(Drawing)}. Default: NAME.svg."
)
@click.option("--depth", type=click.IntRange(0, 2), default=1, show_default=True, help="How far blocks are opened.")
def diagram(spec: str, given: Settings, size: Shape | None, output: Path | None, depth: int) -> None:
    """Draw a network, in the format that the file's ending says; - prints the DOT text."""
    checked = network(spec, given, size)
    drawing = Drawing(checked.graph, depth)
    if output == Path("-"):
        click.echo(to_dot(drawing.graph, depth=depth))
        return
    path = output or Path(f"{checked.name}.svg")
    draw(drawing, path)
    click.echo(f"drew {checked.name} to {path}")
