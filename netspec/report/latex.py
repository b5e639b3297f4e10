"""A grid as a LaTeX table with the rules of booktabs, ready for a paper."""

from __future__ import annotations

import re

from netspec.report.grid import Column, Grid

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex(grid: Grid, note: str = "") -> str:
    """A ``tabular``; ``note`` stands above it as a comment."""
    align = "".join("l" if column.words else "r" for column in grid.columns)
    head = [escaped(column.title) for column in grid.columns]
    rows = [[_cell(*pair) for pair in zip(cells, grid.columns, strict=True)] for cells in grid.rows]
    ends = [[_cell(*pair) for pair in zip(cells, grid.columns, strict=True)] for cells in grid.ends]
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            *(f"% {line}" for line in note.splitlines()),
            rf"\begin{{tabular}}{{{align}}}",
            r"  \toprule",
            _row(head),
            r"  \midrule",
            *map(_row, rows),
            *([r"  \midrule", *map(_row, ends)] if ends else []),
            r"  \bottomrule",
            r"\end{tabular}",
        ]
    )


def escaped(text: str) -> str:
    """``text`` with the signs that LaTeX gives a meaning as what they look like."""
    return "".join(SPECIAL.get(sign, sign) for sign in text)


def _cell(cell: str, column: Column) -> str:
    """Indented as it was; in all but names sizes and repeats get a times sign, arrows and dashes their own signs."""
    text = cell.lstrip(" ")
    indent = r"\quad " * ((len(cell) - len(text)) // 2)
    if text == "-":
        return f"{indent}--"
    text = escaped(text)
    if column.key != "name":
        text = re.sub(r"(?<=\d)x(?=\d)|\bx(?=\d+$)", r"$\\times$", text).replace(" -> ", r" $\rightarrow$ ")
    return indent + text


def _row(cells: list[str]) -> str:
    return f"  {' & '.join(cells)} \\\\"
