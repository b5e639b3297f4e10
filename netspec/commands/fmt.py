"""``netspec fmt``."""

from __future__ import annotations

import sys

import click

from netspec.commands.options import fail
from netspec.commands.output import print_text, say
from netspec.errors.problem import Problem, SpecError
from netspec.files import STANDARD
from netspec.formatter.files import Formatted, canonical

WOULD_CHANGE = 1


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file is not in canonical form.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def fmt(files: tuple[str, ...], *, check: bool, diff: bool) -> None:
    """Bring specs into their one canonical form, in place; - is standard input and output.

    Comments are kept, and what a spec means never changes. A file with a mistake in its YAML is left as it is.
    """
    problems: list[Problem] = []
    changed = False
    for name in files:
        try:
            file = canonical(name)
            changed |= file.changes
            if check or diff:
                _show(file, check=check, diff=diff)
            else:
                _put(file)
        except SpecError as error:
            problems += error.problems
    if problems:
        fail(problems)
    if check and changed:
        sys.exit(WOULD_CHANGE)


def _show(file: Formatted, *, check: bool, diff: bool) -> None:
    """Say what would change."""
    if diff:
        click.echo(file.difference(), nl=False)
    if check and file.changes:
        say(f"would change {file.name}", err=True)


def _put(file: Formatted) -> None:
    """Write where the text comes from."""
    if file.name == STANDARD:
        print_text(file.after)
    elif file.changes:
        file.write()
        say(f"formatted {file.name}", err=True)
