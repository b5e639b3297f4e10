"""``netspec diff``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec import files
from netspec.commands.formats import print_report, with_format
from netspec.commands.networks import network
from netspec.commands.options import Setting, Settings, refuse_output, with_input, with_output
from netspec.commands.output import say
from netspec.commands.picture_options import with_page, with_theme
from netspec.diagram.difference import DifferenceDrawing
from netspec.diagram.layout.paper import Page
from netspec.diff.difference import difference
from netspec.drawing.theme import Theme
from netspec.language.inputs import Sizes
from netspec.report.difference import DifferenceReport
from netspec.report.formats import Format
from netspec.report.picture_file import draw, endings, picture_format

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
    if output:
        refuse_output(output, [*old.spec.files, *new.spec.files])
        picture_format(DifferenceDrawing, output)
    found = difference(old.graph, new.graph)
    aside = output is not None and files.is_standard_output(output)
    if output:
        draw(DifferenceDrawing(old.graph, new.graph, found, page=page, theme=theme), output)
    print_report(DifferenceReport(found), form, err=aside)
    if output and form.read:
        say(f"drew {old.name} and {new.name} to {output}", err=aside)
    if strict and found:
        sys.exit(DIFFERENT)
