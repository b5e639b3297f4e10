"""Pages with colours on a terminal, as plain text elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

import click

from netspec.commands.output import is_ascii_only
from netspec.report.stats import Page

PIPED = 100
"""Width of a table that is not read on a terminal."""


def line_width(asked: int | None, piped: int | None = PIPED) -> int | None:
    """What is asked for, or what the terminal has, or ``piped``; None is as wide as it gets."""
    return asked or (shutil.get_terminal_size().columns if sys.stdout.isatty() else piped)


def print_pages(pages: Sequence[Page], width: int | None) -> None:
    """Print ``pages`` with an empty line between them."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        from netspec.report.rich_table import show

        console = Console(width=width, highlight=False)
        for place, page in enumerate(pages):
            console.print() if place else None
            show(console, page.head, page.grid, page.notes)
        return
    click.echo("\n\n".join(page.text(width, ascii_only=is_ascii_only()) for page in pages))
