"""``netspec stats``."""

from __future__ import annotations

from typing import Any, get_args

import click

from netspec.analysis.memory import STATES
from netspec.analysis.rows import DTYPES, Dtype, Setup
from netspec.analysis.summary import Summary, summary
from netspec.commands.collect import collected
from netspec.commands.options import Settings, Size, many_specs, print_json, with_set
from netspec.commands.stats_options import Asked, cut_off, ranked, refuse_clashes, wanted
from netspec.commands.terminal import PIPED, line_width, print_pages
from netspec.ops.facts import Shape
from netspec.report import comparison, json_data
from netspec.report import stats as report
from netspec.report.columns import FIGURES
from netspec.report.grouping import By
from netspec.report.stats import Wanted


class Sizes(click.ParamType[tuple[Shape, ...]]):
    """``3x224x224,3x320x320`` as a tuple of shapes."""

    name = "CxHxW,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Shape, ...]:
        """One shape or more."""
        return tuple(Size().convert(part, param, ctx) for part in str(value).split(","))


class Names(click.ParamType[tuple[str, ...]]):
    """``name,params,macs`` as a tuple."""

    name = "NAME,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ARG002 - as click has it
        """The names between the commas."""
        return tuple(part.strip() for part in str(value).split(","))


def epilog() -> str:
    """The names of the columns, for the help."""
    return f"Columns: {', '.join(FIGURES)}. Of several networks: {', '.join(comparison.FIGURES)}."


@click.command(epilog=epilog())
@many_specs
@with_set
@click.option("--input", "sizes", type=Sizes(), help="Size of one image, in place of the spec's; several make rows.")
@click.option("--by", type=click.Choice(get_args(By)[1:]), help="One row for each node, block, stage, op or family.")
@click.option("--depth", type=click.IntRange(min=0), help="Open blocks to this depth; equal ones are one row.")
@click.option("--all", "whole", is_flag=True, help="Open all blocks, down to every operation.")
@click.option("--only", metavar="GLOB", help="Only operations that this names, or that lie in what it names.")
@click.option("--columns", type=Names(), help="Columns, by name, in this order. Some go where there is no room.")
@click.option("--sort", metavar="COLUMN", help="Rows by this column, the largest first.")
@click.option("--top", type=click.IntRange(min=1), help="Only so many rows, by --sort or by MACs; the rest is one row.")
@click.option("--batch", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="Images, for bytes.")
@click.option("--dtype", type=click.Choice(list(DTYPES)), default="float32", show_default=True, help="For bytes.")
@click.option("--optimizer", type=click.Choice(list(STATES)), default="sgd", show_default=True, help="For memory.")
@click.option("--verify", is_flag=True, help="Build the module; hold figures against torch, fvcore and a NaN.")
@click.option("--width", type=click.IntRange(min=20), help="Characters of a line. Default: the terminal's.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "markdown", "latex"]),
    default="text",
    show_default=True,
    help="JSON has every figure of every layer, and groups if asked for, whose keys --columns chooses; "
    "CSV has raw numbers; LaTeX needs booktabs.",
)
def stats(  # noqa: PLR0913 - one argument for each option
    specs: tuple[str, ...],
    given: Settings,
    *,
    sizes: tuple[Shape, ...] | None,
    form: str,
    width: int | None,
    batch: int,
    dtype: Dtype,
    optimizer: Any,
    verify: bool,
    **asked: Any,
) -> None:
    """Parameters, MACs, shapes, receptive fields and memory, by stage, block or layer.

    Several specs, a family or several sizes are compared, one row each. A network in which shapes do not fit is shown
    up to there, after the others and before the error; --verify and formats other than text print the error alone.
    One that exceeds its budget is shown in full before the error.
    With --verify the exit code is 1 if a figure differs from that of the module and the convention does not say why.
    """
    setup, options = Setup(batch, dtype, optimizer), Asked(**asked)
    if not verify:
        refuse_clashes(options, form, width)
    found = collected(specs, given, sizes or (None,))
    if verify:
        from netspec.commands.stats_verify import verified

        found.check()
        verified(found.graphs, options, form)
        found.check(budgets=True)
        return
    summaries = [summary(graph, setup) for graph in found.graphs]
    view = wanted(summaries, options, found.failed)
    if view.compare:
        summaries = ranked(summaries, options)
    if form == "text":
        columns = line_width(width, PIPED if options.columns is None else None)
        cut = [summary(graph, setup) for graph in found.cut]
        shown = [
            *report.pages(summaries, view, columns),
            *report.cut_pages(cut, cut_off(cut, options), columns),
        ]
        if shown:
            print_pages(shown, columns)
    else:
        found.check()
        if form == "json":
            print_json(_data(summaries, view, options))
        else:
            click.echo(_formatted(summaries, view, options, form))
    found.check(budgets=True)


def _data(summaries: list[Summary], view: Wanted, asked: Asked) -> object:
    grouped = asked.grouped and not view.compare
    if asked.columns is not None and not grouped:
        raise click.UsageError(
            "--columns chooses the keys of JSON's groups, and there are none: "
            "give --by, --depth, --all, --only, or --sort or --top of one network"
        )
    data = [json_data.data(one) for one in summaries]
    if grouped:
        data = [{**one, "groups": report.group_records(own, view)} for one, own in zip(data, summaries, strict=True)]
    return data[0] if len(data) == 1 else data


def _formatted(summaries: list[Summary], view: Wanted, asked: Asked, form: str) -> str:
    if form == "markdown":
        return report.markdown_page(summaries, view)
    if form == "latex":
        return report.latex_page(summaries, view)
    from netspec.report.csv_table import delimited

    rows = view.view if asked.grouped else view.view._replace(by="node")
    return delimited(report.table_records(summaries, view._replace(view=rows)))
