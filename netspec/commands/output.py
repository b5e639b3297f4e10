"""What commands print: lines that steer no terminal, and texts in whatever encoding there is."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from netspec.errors.text import printable


def say(line: str, *, err: bool = False) -> None:
    """Print one line, which may repeat names and values of others, without what would steer the terminal or end it."""
    click.echo(printable(line), err=err)


def print_text(text: str) -> None:
    """Print the content of a file. It is UTF-8 whatever the terminal speaks, as the file would be."""
    click.echo(text.encode(), nl=False)


@contextmanager
def legible_errors() -> Iterator[None]:
    """Messages of the command line's own parser repeat arguments: they are made fit to be shown."""
    try:
        yield
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]  # final for its readers
        raise


def replace_unencodable() -> None:
    """Have characters that the encoding of standard output lacks written as escapes, as standard error does."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def is_ascii_only() -> bool:
    """Whether lines and blocks have to be drawn with letters: the encoding may lack the characters for them."""
    return not (sys.stdout.encoding or "").lower().startswith("utf")
