"""``netspec diff``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec.commands.formats import with_format
from netspec.commands.networks import network
from netspec.commands.options import Setting, Settings, with_input, with_output
from netspec.commands.picture_options import with_page, with_theme
from netspec.commands.picture_output import deliver, refuse_picture
from netspec.diagram.difference import DifferenceDrawing
from netspec.diagram.layout.paper import Page
from netspec.diff.difference import difference
from netspec.drawing.theme import Theme
from netspec.language.inputs import Sizes
from netspec.report.difference import DifferenceReport
from netspec.report.formats import Format
from netspec.report.picture_file import endings

DIFFERENT = 1


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--set", "given", multiple=True, type=Setting(), help="Set a parameter of both networks. Repeatable.")
@click.option("--set-a", "given_a", multiple=True, type=Setting(), help="Set a parameter of A. Repeatable.")
@click.option("--set-b", "given_b", multiple=True, type=Setting(), help="Set a parameter of B. Repeatable.")
@with_input
@with_format(DifferenceReport)
@with_output(f"Both networks with what differs marked, {endings(DifferenceDrawing)}.")
@with_page
@with_theme
@click.option("--exit-code", "strict", is_flag=True, help="Leave with exit code 1 if they differ.")
def diff(  # noqa: PLR0913 - one argument for each option
    a: str,
    b: str,
    *,
    given: Settings,
    given_a: Settings,
    given_b: Settings,
    size: Sizes | None,
    form: Format,
    output: Path | None,
    page: Page,
    theme: Theme,
    strict: bool,
) -> None:
    """What differs between two networks: operations, totals, and which weights of A load into B."""
    old, new = network(a, (*given, *given_a), size), network(b, (*given, *given_b), size)
    refuse_picture(DifferenceDrawing, output, [*old.spec.files, *new.spec.files])
    found = difference(old.graph, new.graph)
    drawing = DifferenceDrawing(old.graph, new.graph, found, page=page, theme=theme)
    deliver(DifferenceReport(found), form, output, what=f"{old.name} and {new.name}", drawing=drawing)
    if strict and found:
        sys.exit(DIFFERENT)
