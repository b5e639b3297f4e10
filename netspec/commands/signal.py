"""``netspec signal``."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.commands.formats import with_format
from netspec.commands.networks import collected
from netspec.commands.options import Settings, many_specs, with_input, with_output, with_set
from netspec.commands.picture_options import with_theme
from netspec.commands.picture_output import deliver, refuse_picture
from netspec.drawing.theme import Theme
from netspec.language.inputs import Sizes
from netspec.report.formats import Format
from netspec.report.picture_file import endings
from netspec.report.signal import FEWEST, SEEDS, SignalReport
from netspec.signal.predict import BATCH

NOISE = "noise"


@click.command()
@many_specs
@with_set
@with_input
@click.option("--batch", type=click.IntRange(FEWEST, 4096), default=BATCH, show_default=True, help="Images at once.")
@click.option("--measure", is_flag=True, help="Measure it on the compiled module, too; needs torch.")
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=SEEDS, show_default=True, help="Initialisations to measure."
)
@click.option("--data", default=NOISE, show_default=True, help="What to measure with: noise, or a folder of images.")
@click.option("--all", "whole", is_flag=True, help="A row for every operation.")
@with_output(f"A picture, {endings(SignalReport)}: the networks laid over each other, by depth.")
@with_theme
@with_format(SignalReport)
def signal(  # noqa: PLR0913 - one argument for each option
    specs: tuple[str, ...],
    given: Settings,
    *,
    size: Sizes | None,
    batch: int,
    measure: bool,
    seeds: int,
    data: str,
    whole: bool,
    output: Path | None,
    theme: Theme,
    form: Format,
) -> None:
    """What initialisation does to a signal and to its gradient, operation by operation.

    Predicted from the graph and the first values that the spec declares, for images of noise in train mode; where no
    rule would be right, why. With --measure the same figures of the compiled module stand beside.
    """
    if not measure and data != NOISE:
        raise click.UsageError("--data says what --measure measures with")
    found = collected(specs, given, (size,))
    found.check()
    refuse_picture(SignalReport, output, found.files)
    images = None if data == NOISE else Path(data)
    report = SignalReport.of(
        found.graphs, batch=batch, measure=measure, seeds=seeds, images=images, whole=whole, theme=theme
    )
    deliver(report, form, output, what=", ".join([graph.name for graph in found.graphs]))
