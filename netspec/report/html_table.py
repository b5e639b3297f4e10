"""A summary as an HTML table, which notebooks show in place of its representation."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from netspec.analysis.summary import Summary
from netspec.ops.facts import shape_text
from netspec.report.cells import shown
from netspec.report.columns import FIGURES, Figure, whole_of
from netspec.report.grouping import View, groups, total

COLUMNS = ("name", "operation", "channels", "output", "params", "macs", "macs_share", "field", "jump")


def html(summary: Summary) -> str:
    """A line for each stage, and the totals; every text is escaped."""
    chosen = [FIGURES[key] for key in COLUMNS]
    everything, whole = total(summary.rows), whole_of(summary.rows)
    rows = [[shown(figure.value(group, whole)) for figure in chosen] for group in groups(summary.rows, View())]
    sums = ["total", *(shown(figure.value(everything, whole)) if figure.sums else "" for figure in chosen[1:])]
    head = _line("th", [figure.title for figure in chosen], chosen)
    body = "".join(_line("td", cells, chosen) for cells in rows)
    caption = escape(f"{summary.name}, input {shape_text(summary.input)}")
    convention = escape(f"MACs: {FIGURES['macs'].says}; FLOPs: {FIGURES['flops'].says}.")
    return (
        f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{body}</tbody>"
        f"<tfoot>{_line('th', sums, chosen)}</tfoot></table><p>{convention}</p>"
    )


def _line(tag: str, cells: Iterable[str], chosen: list[Figure]) -> str:
    return f"<tr>{''.join(_cell(tag, *pair) for pair in zip(cells, chosen, strict=True))}</tr>"


def _cell(tag: str, text: str, figure: Figure) -> str:
    side = "left" if figure.words else "right"
    return f'<{tag} style="text-align: {side}">{escape(text)}</{tag}>'
