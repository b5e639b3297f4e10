"""What ``netspec stats`` prints: one network layer by layer or several with one row each, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from netspec.analysis.summary import Summary
from netspec.ops.facts import shape_text
from netspec.report.columns import FIGURES, whole_of
from netspec.report.comparison import comparison, records, setup_note
from netspec.report.fitting import LUXURIES, fitted
from netspec.report.footer import CONVENTION, Note, footer, notes
from netspec.report.grid import COLUMNS, Grid, filled, layer_grid
from netspec.report.grouping import View, groups
from netspec.report.json_data import record
from netspec.report.table import table

PAPER = ("name", "operation", "output", "params", "macs", "macs_share", "field")
"""Columns of a table for a paper."""
SHARES = ("params_share", "macs_share")
"""Columns that only a whole network has."""


class Wanted(NamedTuple):
    """What is to be shown: groups, columns, what bars are shares of; ``compare`` gives each network one row."""

    view: View
    keys: tuple[str, ...] | None = None
    bar: str = "macs"
    compare: bool = False


class Page(NamedTuple):
    """A table between its heading and its notes; an empty one is not shown."""

    head: str
    grid: Grid
    notes: tuple[Note, ...]

    def text(self, width: int | None, *, ascii_only: bool = False) -> str:
        """The page as plain text, no line of its table longer than ``width``."""
        lines = "" if self.grid.empty else table(self.grid, width, ascii_only=ascii_only)
        return "\n\n".join(part for part in (self.head, lines, footer(self.notes, width)) if part)


def pages(summaries: Sequence[Summary], wanted: Wanted, width: int | None = None) -> list[Page]:
    """A page for each network, or one for all of them, with a note on the columns that ``width`` has no room for."""
    if not wanted.compare:
        found = [_page(summary, wanted) for summary in summaries]
    elif summaries:
        found = [Page("", comparison(summaries, wanted.keys), (("counted", setup_note(summaries[0])),))]
    else:
        found = []
    return [_noted(page, wanted, width) for page in found]


def cut_pages(summaries: Sequence[Summary], wanted: Wanted, width: int | None = None) -> list[Page]:
    """A page for each network that ends at a mistake, without sums and shares, which would mislead."""
    return [_noted(_cut_page(summary, wanted), wanted, width) for summary in summaries]


def _cut_page(summary: Summary, wanted: Wanted) -> Page:
    """The operations up to the first mistake; a heading and a note where none of them is asked for."""
    head = f"{_head(summary)}   up to the first mistake"
    asked = wanted.keys or COLUMNS
    keys = [key for key in asked if key not in SHARES]
    said: list[Note] = []
    if wanted.keys and len(keys) < len(asked):
        titles = ", ".join(FIGURES[key].title for key in asked if key in SHARES)
        said.append(("left out", f"for want of a whole: {titles}"))
    grid = layer_grid(summary, wanted.view, keys)
    if not grid.rows:
        said.append(("only", f"no operation up to there is called '{wanted.view.only}'"))
    grid = grid._replace(bars=(), ends=())
    return Page(head, grid if wanted.keys else filled(grid), tuple(said))


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
    return Page(_head(summary), grid if wanted.keys else filled(grid), tuple(notes(summary)))


def _head(summary: Summary) -> str:
    return f"{summary.name}   input {shape_text(summary.input)}"


def _noted(page: Page, wanted: Wanted, width: int | None) -> Page:
    """``page`` with a note on what has no room; luxuries that nobody asked for go without one."""
    dropped = fitted(page.grid, width).dropped
    if not dropped or (wanted.keys is None and all(column.key in LUXURIES for column in dropped)):
        return page
    note = ("left out", f"for want of room: {', '.join(column.title for column in dropped)}")
    return page._replace(notes=(note, *page.notes))
