"""Pages as LaTeX tables with the rules of booktabs, ready for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.report.page import Page, Screen
from netspec.report.report import Tables
from netspec.report.table import ARROW, Cells, Column, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex(report: Tables, _: Screen) -> Iterator[str]:
    """The tables of ``report``, each a ``tabular``; headings and notes stand above them as comments."""
    for place, page in enumerate(report.tables()):
        yield ("\n" if place else "") + "\n".join(_lines(page)) + "\n"


def escaped(text: str) -> str:
    """``text`` with the signs that LaTeX gives a meaning as what they look like."""
    return "".join([SPECIAL.get(sign, sign) for sign in text])


def _lines(page: Page) -> Iterator[str]:
    yield r"% \usepackage{booktabs}"
    if page.heading:
        yield f"% {page.heading}"
    for place, table in enumerate(page.tables):
        if place:
            yield ""
        if table.title:
            yield f"% {table.title}"
        if not place:
            yield from (f"% {label}: {text}" if label else f"% {text.strip()}" for label, text in page.notes)
        yield from _tabular(table)
        if table.more:
            yield f"% {table.more}"


def _tabular(table: Table) -> list[str]:
    align = "".join("l" if column.words else "r" for column in table.columns)
    totals = [r"  \midrule", *[_row(table, cells) for cells in table.totals]] if table.totals else []
    return [
        rf"\begin{{tabular}}{{{align}}}",
        r"  \toprule",
        _joined([escaped(title) for title in table.headings]),
        r"  \midrule",
        *[_row(table, cells) for cells in table.rows],
        *totals,
        r"  \bottomrule",
        r"\end{tabular}",
    ]


def _row(table: Table, cells: Cells) -> str:
    return _joined([_cell(*pair) for pair in zip(cells, table.columns, strict=True)])


def _joined(cells: list[str]) -> str:
    return f"  {' & '.join(cells)} \\\\"


def _cell(cell: str, column: Column) -> str:
    """Indented as it was; in all but names sizes and repeats get a times sign, arrows and dashes their own signs."""
    text = cell.lstrip(" ")
    indent = r"\quad " * ((len(cell) - len(text)) // 2)
    if text == "-":
        return f"{indent}--"
    text = escaped(text)
    if column.key != "name":
        text = re.sub(r"(?<=\d)x(?=\d)|\bx(?=\d+$)", r"$\\times$", text).replace(ARROW, r" $\rightarrow$ ")
    return indent + text
