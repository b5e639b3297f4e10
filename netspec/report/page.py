"""What a report prints together: tables between a heading and notes."""

from __future__ import annotations

from typing import NamedTuple

from netspec.report.table import Table

Note = tuple[str, str]
"""A label and a sentence; without a label it is a line that stands as it is."""


class Page(NamedTuple):
    """Tables between a heading and notes, with a drawing made of characters below them; what is empty is not shown."""

    heading: str = ""
    tables: tuple[Table, ...] = ()
    notes: tuple[Note, ...] = ()
    drawing: str = ""


class Screen(NamedTuple):
    """Where a text is read: characters of a line, as many as it takes where that is None, and whether ASCII alone."""

    width: int | None = None
    ascii_only: bool = False
