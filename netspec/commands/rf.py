"""``netspec rf``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec.analysis.effective_field import Effective, effective
from netspec.analysis.position_field import PositionField, position_field
from netspec.commands.needed import packages
from netspec.commands.options import Settings, network, one_spec, print_json, with_input, with_set
from netspec.graph.graph import Graph
from netspec.ops.facts import PerAxis, Shape
from netspec.report.receptive_field import page
from netspec.report.receptive_field_drawing import picture
from netspec.report.receptive_field_svg import svg, written


class Position(click.ParamType[PerAxis]):
    """``3,4``: row and column of a position."""

    name = "Y,X"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PerAxis:
        """Two whole numbers from 0 on."""
        row, comma, column = str(value).partition(",")
        if not comma or not row.strip().isdecimal() or not column.strip().isdecimal():
            self.fail(f"'{value}' is not row,column, such as 3,3", param, ctx)
        return int(row), int(column)


@click.command()
@one_spec
@with_set
@with_input
@click.option("--node", help="The operation that looks. Default: the last feature map.")
@click.option("--at", type=Position(), help="The position of its map, counted from 0,0. Default: the middle.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A picture, .svg.")
@click.option("--effective", "gradient", is_flag=True, help="The gradient of a fresh network beside it; needs torch.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rf(  # noqa: PLR0913 - one argument for each option
    spec: str,
    given: Settings,
    *,
    size: Shape | None,
    node: str | None,
    at: PerAxis | None,
    output: Path | None,
    form: str,
    gradient: bool,
) -> None:
    """The receptive field of one position of an operation: as numbers, and as a picture over the input."""
    graph = network(spec, given, size).graph
    view = position_field(graph, node, at)
    found = _effective(graph, view) if gradient else None
    if output:
        written(svg(view, found), output)
    if form == "json":
        more = {"effective": found.to_dict()} if found else {}
        print_json({**view.to_dict(), **more})
        return
    click.echo(page(view, found))
    click.echo()
    click.echo(picture(view, found))
    if output:
        click.echo(f"drew the field of {view.node.name} to {output}")


def _effective(graph: Graph, view: PositionField) -> Effective:
    """The effective field: the one part that needs torch. Raises :class:`click.UsageError` where that is missing."""
    with packages("--effective"):
        from netspec.nn.gradient_mass import IMAGES, SEEDS, gradient_mass

        mass = gradient_mass(graph, view.node, view.at)
    return effective(mass, view.seen, f"averaged over {IMAGES} random images for each of {SEEDS} initialisations")
