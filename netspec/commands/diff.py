"""``netspec diff``."""

from __future__ import annotations

import sys

import click

from netspec.commands.formats import print_report, with_format
from netspec.commands.networks import network
from netspec.commands.options import Setting, Settings, with_input
from netspec.diff.difference import difference
from netspec.language.inputs import Sizes
from netspec.report.difference import DifferenceReport
from netspec.report.formats import Format

DIFFERENT = 1


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--set", "given", multiple=True, type=Setting(), help="Set a parameter of both networks. Repeatable.")
@click.option("--set-a", "given_a", multiple=True, type=Setting(), help="Set a parameter of A. Repeatable.")
@click.option("--set-b", "given_b", multiple=True, type=Setting(), help="Set a parameter of B. Repeatable.")
@with_input
@with_format(DifferenceReport)
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
    strict: bool,
) -> None:
    """What differs between two networks: operations, totals, and which weights of A load into B."""
    old, new = network(a, (*given, *given_a), size), network(b, (*given, *given_b), size)
    found = difference(old.graph, new.graph)
    print_report(DifferenceReport(found), form)
    if strict and found:
        sys.exit(DIFFERENT)
