"""A table in HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from netspec.report.table import Cells, Column, Table


def html(table: Table, note: str) -> str:
    """``table`` with its title above and ``note`` below it; every text is escaped."""
    head = _line("th", table.headings, table.columns)
    body = "".join([_line("td", cells, table.columns) for cells in table.rows])
    foot = "".join([_line("th", cells, table.columns) for cells in table.totals])
    return (
        f"<table><caption>{escape(table.title)}</caption><thead>{head}</thead><tbody>{body}</tbody>"
        f"<tfoot>{foot}</tfoot></table><p>{escape(note)}</p>"
    )


def _line(tag: str, cells: Cells, columns: Sequence[Column]) -> str:
    return f"<tr>{''.join([_cell(tag, *pair) for pair in zip(cells, columns, strict=True)])}</tr>"


def _cell(tag: str, text: str, column: Column) -> str:
    side = "left" if column.words else "right"
    return f'<{tag} style="text-align: {side}">{escape(text)}</{tag}>'
