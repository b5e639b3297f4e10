"""``netspec stats``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import Any, get_args

import click

from netspec.analysis.figures import FIGURES
from netspec.analysis.grouping import By, View
from netspec.analysis.memory import STATES
from netspec.analysis.rows import DTYPES, Dtype, Setup
from netspec.analysis.summary import Summary, summary
from netspec.commands.options import Settings, Size, many_specs, network, networks, print_json, with_set
from netspec.commands.wanted import Asked, ranked, wanted
from netspec.errors import SpecError
from netspec.facts import Shape
from netspec.graph import Graph
from netspec.report import comparison
from netspec.report import stats as report
from netspec.report.stats import Page, Wanted

PIPED = 100
"""Width of a table that is not read on a terminal."""
BLOCKING = ("shape", "window", "arity")
"""Mistakes that a table up to them helps to see."""


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
@click.option("--verify", is_flag=True, help="Build the module and hold every figure against torch, fvcore and a NaN.")
@click.option("--width", type=click.IntRange(min=20), help="Characters of a line. Default: the terminal's.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "markdown", "latex"]),
    default="text",
    show_default=True,
    help="JSON has every figure of every layer; CSV has raw numbers; LaTeX needs booktabs.",
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

    Several specs, a family or several sizes are compared, one row each. With --verify the exit code is 1 if a figure
    differs from that of the module and the convention does not say why.
    """
    setup, options = Setup(batch, dtype, optimizer), Asked(**asked)
    shapes: tuple[Shape | None, ...] = sizes or (None,)
    try:
        graphs = [one.graph for word in specs for size in shapes for one in networks(word, given, size)]
    except SpecError:
        if form == "text" and len(specs) == 1:
            _show_partial(specs[0], given, shapes, width)
        raise
    if verify:
        from netspec.commands.verified import verified

        verified(graphs, options, form)
        return
    summaries = [summary(graph, setup) for graph in graphs]
    found = wanted(summaries, options)
    if found.compare:
        summaries = ranked(summaries, options)
    if form == "text":
        columns = _width(width, PIPED if options.columns is None else None)
        _print(report.pages(summaries, found, columns), columns)
    elif form == "json":
        print_json(_data(summaries, found, options))
    else:
        click.echo(_formatted(summaries, found, options, form))


def _data(summaries: list[Summary], found: Wanted, asked: Asked) -> object:
    data = [one.to_dict() for one in summaries]
    if asked.grouped and not found.compare:
        data = [{**one, "groups": report.group_records(own, found)} for one, own in zip(data, summaries, strict=True)]
    return data[0] if len(data) == 1 else data


def _formatted(summaries: list[Summary], found: Wanted, asked: Asked, form: str) -> str:
    if form == "markdown":
        return report.markdown_page(summaries, found)
    if form == "latex":
        return report.latex_page(summaries, found)
    from netspec.report.delimited import delimited

    view = found.view if asked.grouped else found.view._replace(by="node")
    return delimited(report.table_records(summaries, found._replace(view=view)))


def _show_partial(word: str, given: Settings, shapes: Iterable[Shape | None], width: int | None) -> None:
    """The table up to the first mistake, where there is one and a shape is at fault."""
    for size in shapes:
        try:
            network(word, given, size)
        except SpecError as error:
            built, codes = error.built, {problem.code for problem in error.problems}
            if isinstance(built, Graph) and not codes.isdisjoint(BLOCKING):
                _print([report.partial_page(summary(built), Wanted(View()))], _width(width))
            return


def _on_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _width(asked: int | None, piped: int | None = PIPED) -> int | None:
    """What is asked for, or what the terminal has; columns that were asked for are all piped."""
    return asked or (shutil.get_terminal_size().columns if sys.stdout.isatty() else piped)


def _print(pages: list[Page], width: int | None) -> None:
    """Pages with colours on a terminal, as plain text elsewhere."""
    if _on_terminal():
        from rich.console import Console

        from netspec.report.rich_table import show

        console = Console(width=width, highlight=False)
        for place, page in enumerate(pages):
            console.print() if place else None
            show(console, page.head, page.grid, page.notes)
        return
    encoding = (sys.stdout.encoding or "").lower()
    click.echo("\n\n".join(page.text(width, ascii_only=not encoding.startswith("utf")) for page in pages))
