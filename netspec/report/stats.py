"""What ``netspec stats`` prints: one network layer by layer or several with one row each, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from netspec.analysis.data import record
from netspec.analysis.figures import FIGURES, whole_of
from netspec.analysis.grouping import View, groups
from netspec.analysis.summary import Summary
from netspec.facts import shape_text
from netspec.report.comparison import comparison, records, setup_note
from netspec.report.footer import CONVENTION, Note, footer, notes
from netspec.report.grid import COLUMNS, Grid, fitted, layer_grid
from netspec.report.table import table

PAPER = ("name", "operation", "output", "params", "macs", "macs_share", "field")
"""Columns of a table for a paper."""


class Wanted(NamedTuple):
    """What is to be shown: groups, columns, what bars are shares of; ``compare`` gives each network one row."""

    view: View
    keys: tuple[str, ...] | None = None
    bar: str = "macs"
    compare: bool = False


class Page(NamedTuple):
    """A table between its heading and its notes."""

    head: str
    grid: Grid
    notes: tuple[Note, ...]

    def text(self, width: int | None, *, ascii_only: bool = False) -> str:
        """The page as plain text, no line of its table longer than ``width``."""
        fits = fitted(self.grid, width)
        parts = [self.head, table(fits, width, ascii_only=ascii_only), footer(self.notes, width)]
        return "\n\n".join(part for part in parts if part)


def pages(summaries: Sequence[Summary], wanted: Wanted, width: int | None = None) -> list[Page]:
    """A page for each network, or one for all of them; columns that were asked for and do not fit are named."""
    if wanted.compare:
        found = [Page("", comparison(summaries, wanted.keys), (("counted", setup_note(summaries[0])),))]
    else:
        found = [_page(summary, wanted) for summary in summaries]
    if wanted.keys is None:
        return found
    return [page._replace(notes=(*_left_out(page.grid, width), *page.notes)) for page in found]


def partial_page(summary: Summary, wanted: Wanted) -> Page:
    """The operations of a network up to its first mistake, without sums and shares, which would mislead."""
    keys = wanted.keys or tuple(key for key in COLUMNS if key != "macs_share")
    grid = layer_grid(summary, wanted.view._replace(by="node"), keys)
    return Page(f"{_head(summary)}   up to the first mistake", grid._replace(bars=(), ends=()), ())


def table_records(summaries: Sequence[Summary], wanted: Wanted) -> list[dict[str, Any]]:
    """The rows as records of raw values."""
    if wanted.compare:
        return [dict(one) for one in records(summaries, wanted.keys)]
    several = len(summaries) > 1
    found = []
    for summary in summaries:
        names = {"network": summary.name, "input": shape_text(summary.input)} if several else {}
        found += [{**names, **one} for one in group_records(summary, wanted)]
    return found


def group_records(summary: Summary, wanted: Wanted) -> list[dict[str, Any]]:
    """The groups of a network as records of raw values; those that are opened are left out, so that records add up."""
    whole = whole_of(summary.rows)
    chosen = [FIGURES[key] for key in wanted.keys] if wanted.keys else None
    return [record(group, whole, chosen) for group in groups(summary.rows, wanted.view) if not group.opened]


def markdown_page(summaries: Sequence[Summary], wanted: Wanted) -> str:
    """Tables for a note or a review."""
    from netspec.report.markdown import markdown  # noqa: PLC0415 - one format is wanted at a time

    found = pages(summaries, _for_paper(wanted))
    return "\n\n".join(f"{markdown(page.grid)}\n\n{_convention(summaries, wanted)}" for page in found)


def latex_page(summaries: Sequence[Summary], wanted: Wanted) -> str:
    """Tables for a paper."""
    from netspec.report.latex import latex  # noqa: PLC0415 - as above

    found = pages(summaries, _for_paper(wanted))
    note = _convention(summaries, wanted)
    return "\n\n".join(latex(page.grid, f"{page.head}\n{note}".strip()) for page in found)


def _for_paper(wanted: Wanted) -> Wanted:
    return wanted if wanted.compare or wanted.keys else wanted._replace(keys=PAPER)


def _convention(summaries: Sequence[Summary], wanted: Wanted) -> str:
    return setup_note(summaries[0]) if wanted.compare else CONVENTION


def _page(summary: Summary, wanted: Wanted) -> Page:
    grid = layer_grid(summary, wanted.view, wanted.keys or COLUMNS, wanted.bar)
    return Page(_head(summary), grid, tuple(notes(summary)))


def _head(summary: Summary) -> str:
    return f"{summary.name}   input {shape_text(summary.input)}"


def _left_out(grid: Grid, width: int | None) -> tuple[Note, ...]:
    dropped = fitted(grid, width).dropped
    return (("left out", f"for want of room: {', '.join(dropped)}"),) if dropped else ()
