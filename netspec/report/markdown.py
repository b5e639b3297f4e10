"""Pages as Markdown: headings, pipe tables, notes as paragraphs."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.report.page import Page, Screen
from netspec.report.report import Tables
from netspec.report.table import Cells, Table


def markdown(report: Tables, _: Screen) -> Iterator[str]:
    """The tables of ``report``, numbers to the right, sums in bold."""
    for place, page in enumerate(report.tables()):
        yield ("\n" if place else "") + "\n\n".join(_parts(page)) + "\n"


def _parts(page: Page) -> list[str]:
    heading = [f"## {page.heading}"] if page.heading else []
    notes = [f"{label}: {text}" if label else text.strip() for label, text in page.notes]
    return [*heading, *map(_table, page.tables), *notes]


def _table(table: Table) -> str:
    title = [f"### {table.title}", ""] if table.title else []
    rule = tuple("---" if column.words else "---:" for column in table.columns)
    totals = [tuple(f"**{cell}**" if cell else "" for cell in cells) for cells in table.totals]
    lines = map(_line, [table.headings, rule, *table.rows, *totals])
    return "\n".join([*title, *lines, *(["", table.more] if table.more else [])])


def _line(cells: Cells) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """``text`` with the signs that make tables as what they look like, and leading spaces that Markdown keeps."""
    inner = text.lstrip(" ")
    return "&nbsp;" * (len(text) - len(inner)) + inner.replace("\\", "\\\\").replace("|", "\\|")
