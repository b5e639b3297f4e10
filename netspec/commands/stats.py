"""``netspec stats``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from netspec import files
from netspec.analysis.setup import DTYPES, STATES, Dtype, Setup
from netspec.analysis.summary import Summary, summary
from netspec.commands.formats import print_report, with_format
from netspec.commands.networks import Collected, collected
from netspec.commands.options import SIZE_HELP, Settings, Size, many_specs, with_output, with_set
from netspec.commands.output import say
from netspec.commands.picture_options import with_theme
from netspec.commands.picture_output import refuse_picture
from netspec.commands.stats_options import (
    Asked,
    Bytes,
    cut_off,
    ranked,
    refuse_clashes,
    refuse_clashes_with_plan,
    refuse_clashes_with_verify,
    wanted,
)
from netspec.commands.terminal import PIPED, line_width, print_pages
from netspec.drawing.theme import Theme
from netspec.language.inputs import Sizes
from netspec.report import comparison
from netspec.report.columns import FIGURES, RENAMED
from netspec.report.formats import Format
from netspec.report.grouping import By
from netspec.report.picture_file import draw, endings
from netspec.report.stats import StatsReport, Wanted


class Several(click.ParamType[tuple[Sizes, ...]]):
    """``3x224x224,3x320x320`` as several sizes to look at."""

    name = "CxHxW,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Sizes, ...]:
        """One or more."""
        return tuple(Size().convert(part, param, ctx) for part in str(value).split(","))


class Names(click.ParamType[tuple[str, ...]]):
    """``name,params,macs`` as a tuple; columns that were renamed under their new names."""

    name = "NAME,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ARG002 - as click has it
        """The names between the commas."""
        return tuple(_column(part.strip()) for part in str(value).split(","))


class Name(click.ParamType[str]):
    """The name of a column; of one that was renamed, the new one."""

    name = "COLUMN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002 - as click has it
        """The name."""
        return _column(str(value))


def _column(name: str) -> str:
    return RENAMED.get(name, name)


def epilog() -> str:
    """The names of the columns, for the help."""
    return f"Columns: {', '.join(FIGURES)}. Of several networks: {', '.join(comparison.FIGURES)}."


@click.command(epilog=epilog())
@many_specs
@with_set
@click.option("--input", "sizes", type=Several(), help=f"{SIZE_HELP} Several with commas make rows.")
@click.option("--by", type=click.Choice(get_args(By)[1:]), help="One row for each node, block, stage, op or family.")
@click.option("--depth", type=click.IntRange(min=0), help="Open blocks to this depth; equal ones are one row.")
@click.option("--all", "whole", is_flag=True, help="Open all blocks, down to every operation.")
@click.option("--only", metavar="GLOB", help="Only operations that this names, or that lie in what it names.")
@click.option("--columns", type=Names(), help="Columns, by name, in this order, or keys of groups in JSON.")
@click.option("--sort", type=Name(), help="Rows by this column, the largest first.")
@click.option("--top", type=click.IntRange(min=1), help="Only so many rows, by --sort or by MACs; the rest is one row.")
@click.option("--batch", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="Images, for bytes.")
@click.option("--dtype", type=click.Choice(list(DTYPES)), default="float32", show_default=True, help="For bytes.")
@click.option("--optimizer", type=click.Choice(list(STATES)), default="sgd", show_default=True, help="For memory.")
@click.option("--checkpoint", type=Bytes(), help="Plan which blocks to recompute so that a training step takes this.")
@click.option("--verify", is_flag=True, help="Build the module; hold figures against torch, fvcore and a NaN.")
@click.option("--width", type=click.IntRange(min=20), help="Characters of a line. Default: the terminal's.")
@with_format(StatsReport)
@with_output(f"Charts in a file, {endings(StatsReport)}: figures along depth, of several networks one against another.")
@with_theme
def stats(  # noqa: PLR0913 - one argument for each option
    specs: tuple[str, ...],
    given: Settings,
    *,
    sizes: tuple[Sizes, ...] | None,
    form: Format,
    width: int | None,
    batch: int,
    dtype: Dtype,
    optimizer: Any,
    verify: bool,
    output: Path | None,
    theme: Theme,
    checkpoint: int | None,
    **asked: Any,
) -> None:
    """Parameters, MACs, shapes, receptive fields and memory, by stage, block or layer.

    Several specs, a family or several sizes are compared, one row each. A network in which shapes do not fit is shown
    up to there, after the others and before the error; --verify and formats other than text print the error alone.
    One that exceeds its budget is shown in full before the error.
    With --verify the exit code is 1 if a figure differs from that of the module and the convention does not say why.
    """
    setup, options = Setup(batch, dtype, optimizer), Asked(**asked)
    _refuse(options, form, width, output, verify=verify, plan=checkpoint is not None)
    found = collected(specs, given, sizes or (None,))
    if checkpoint is not None:
        from netspec.commands.stats_checkpoint import planned

        found.check()
        planned(found.graphs, checkpoint, setup, form)
    elif verify:
        from netspec.commands.stats_verify import verified

        found.check()
        verified(found.graphs, form)
    elif output:
        found.check()
        refuse_picture(StatsReport, output, found.files)
        _draw(found, setup, options, form, output, theme)
    else:
        _print(found, setup, options, form, width)
    found.check(budgets=True)


def _refuse(options: Asked, form: Format, width: int | None, output: Path | None, *, verify: bool, plan: bool) -> None:
    """Raise where options do not go together, or the picture could not be written."""
    if verify:
        refuse_clashes_with_verify(options)
    else:
        refuse_clashes(options, form, width)
    refuse_picture(StatsReport, output, [])  # what they read is not known yet
    if plan:
        refuse_clashes_with_plan(options, verify=verify, width=width)


def _figures(found: Collected, setup: Setup, options: Asked, form: Format) -> tuple[list[Summary], Wanted]:
    """What is asked for of each network, in the order that is asked for."""
    summaries = [summary(graph, setup) for graph in found.graphs]
    view = wanted(summaries, options, form, found.failed)
    return (ranked(summaries, options) if view.compare else summaries), view


def _draw(found: Collected, setup: Setup, options: Asked, form: Format, output: Path, theme: Theme) -> None:
    summaries, view = _figures(found, setup, options, form)
    draw(StatsReport(summaries, view, theme=theme), output)
    say(f"drew {', '.join([one.name for one in summaries])} to {output}", err=files.is_standard_output(output))


def _print(found: Collected, setup: Setup, options: Asked, form: Format, width: int | None) -> None:
    """The tables to be read, up to a mistake too, or everything for a program."""
    summaries, view = _figures(found, setup, options, form)
    if form.read:
        cut = [summary(graph, setup) for graph in found.cut]
        report = StatsReport(summaries, view, cut, cut_off(cut, options))
        print_pages(report, form, line_width(width, PIPED if options.columns is None else None))
    else:
        found.check()
        print_report(StatsReport(summaries, view), form)
