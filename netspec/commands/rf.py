"""``netspec rf``."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.analysis.effective_field import Effective, effective
from netspec.analysis.position_field import PositionField, position_field
from netspec.commands.formats import with_format
from netspec.commands.networks import network
from netspec.commands.options import Position, Settings, one_spec, with_input, with_output, with_set
from netspec.commands.picture_options import with_theme
from netspec.commands.picture_output import deliver, refuse_picture
from netspec.drawing.theme import Theme
from netspec.graph.graph import Graph
from netspec.language.inputs import Sizes
from netspec.ops.facts import PerAxis
from netspec.report.formats import Format
from netspec.report.picture_file import endings
from netspec.report.position_field import PositionReport


@click.command()
@one_spec
@with_set
@with_input
@click.option("--node", help="The operation that looks, or a block for its last one. Default: the last feature map.")
@click.option("--at", type=Position(), help="The position of its map, counted from 0,0. Default: the middle.")
@click.option("--of", help="The input that is seen, of several. Default: the first that the operation comes from.")
@with_output(f"A picture, {endings(PositionReport)}.")
@click.option("--effective", "gradient", is_flag=True, help="The gradient of a fresh network beside it; needs torch.")
@with_theme
@with_format(PositionReport)
def rf(  # noqa: PLR0913 - one argument for each option
    spec: str,
    given: Settings,
    *,
    size: Sizes | None,
    node: str | None,
    at: PerAxis | None,
    of: str | None,
    output: Path | None,
    theme: Theme,
    form: Format,
    gradient: bool,
) -> None:
    """The receptive field of one position of an operation: as numbers, and as a picture over the input."""
    checked = network(spec, given, size)
    graph = checked.graph
    refuse_picture(PositionReport, output, checked.spec.files)
    found = position_field(graph, node, at, of)
    report = PositionReport(found, _effective(graph, found) if gradient else None, theme)
    deliver(report, form, output, what=f"the receptive field of {found.node.name}")


def _effective(graph: Graph, view: PositionField) -> Effective:
    """The effective field: the one part that needs torch."""
    from netspec.nn.gradient_mass import IMAGES, SEEDS, gradient_mass

    mass = gradient_mass(graph, graph.nodes[view.node.index], view.at, of=view.node.origin.name)
    return effective(mass, view.seen, f"averaged over {IMAGES} random images for each of {SEEDS} initialisations")
