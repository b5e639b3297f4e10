"""Pages with colours on a terminal, as plain text elsewhere."""

from __future__ import annotations

import os
import shutil
import sys

from netspec.commands.formats import print_report
from netspec.commands.output import is_ascii_only
from netspec.report.formats import Format
from netspec.report.page import Screen
from netspec.report.report import Pages

PIPED = 100
"""Width of a table that is not read on a terminal."""


def line_width(asked: int | None, piped: int | None = PIPED) -> int | None:
    """What is asked for, or what the terminal has, or ``piped``; None is as wide as it gets."""
    return asked or (shutil.get_terminal_size().columns if sys.stdout.isatty() else piped)


def print_pages(report: Pages, form: Format, width: int | None) -> None:
    """Print the pages of ``report``, in colours where a terminal has them."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        print_report(report, form, Screen(width, ascii_only=is_ascii_only()))
        return
    from rich.console import Console

    from netspec.report.terminal import show

    console = Console(width=width, highlight=False)
    for place, page in enumerate(report.pages(width)):
        console.print() if place else None
        show(console, page)
