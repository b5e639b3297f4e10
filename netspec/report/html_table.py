"""A summary as an HTML table, which notebooks show in place of its representation."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from netspec.analysis.summary import Summary
from netspec.ops.facts import shape_text
from netspec.report.columns import FIGURES
from netspec.report.grouping import View
from netspec.report.layer_table import layer_table
from netspec.report.table import Cells, Column

COLUMNS = (
    "name",
    "operation",
    "channels",
    "output",
    "params",
    "macs",
    "macs_share",
    "receptive_field",
    "effective_stride",
)


def html(summary: Summary) -> str:
    """A line for each stage, and the totals; every text is escaped."""
    table = layer_table(summary, View(), COLUMNS)
    head = _line("th", table.headings, table.columns)
    body = "".join([_line("td", cells, table.columns) for cells in table.rows])
    foot = "".join([_line("th", cells, table.columns) for cells in table.totals])
    caption = escape(f"{summary.name}, input {shape_text(summary.input)}")
    convention = escape(f"MACs: {FIGURES['macs'].says}; FLOPs: {FIGURES['flops'].says}.")
    return (
        f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{body}</tbody>"
        f"<tfoot>{foot}</tfoot></table><p>{convention}</p>"
    )


def _line(tag: str, cells: Cells, columns: Sequence[Column]) -> str:
    return f"<tr>{''.join([_cell(tag, *pair) for pair in zip(cells, columns, strict=True)])}</tr>"


def _cell(tag: str, text: str, column: Column) -> str:
    side = "left" if column.words else "right"
    return f'<{tag} style="text-align: {side}">{escape(text)}</{tag}>'
