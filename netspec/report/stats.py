"""What ``netspec stats`` says: one network layer by layer, or several with one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from netspec.analysis.inputs import inputs_text
from netspec.analysis.summary import Summary
from netspec.drawing.theme import Theme
from netspec.report import json_data
from netspec.report.columns import FIGURES, RENAMED, whole_of
from netspec.report.comparison import comparison, records, setup_note
from netspec.report.fitting import LUXURIES, fitted
from netspec.report.grouping import View, groups
from netspec.report.layer_table import COLUMNS, layer_table
from netspec.report.page import Note, Page
from netspec.report.summary_notes import CONVENTION, notes
from netspec.report.table import Table

PAPER = ("name", "operation", "output", "params", "macs", "macs_share", "receptive_field")
"""Columns of a table for a paper."""
SHARES = ("params_share", "macs_share")
"""Columns that only a whole network has."""


class Wanted(NamedTuple):
    """What is to be shown: groups, columns, what bars are shares of; ``compare`` gives each network one row.

    ``grouped`` says that groups are asked for, where a format of raw data has a row for each operation.
    """

    view: View
    keys: tuple[str, ...] | None = None
    bar: str = "macs"
    compare: bool = False
    grouped: bool = False


class StatsReport(NamedTuple):
    """Figures of networks, and of those that end at a mistake, whose operations up to there a reader is shown.

    ``theme`` is that of a chart.
    """

    summaries: Sequence[Summary]
    wanted: Wanted
    cut: Sequence[Summary] = ()
    wanted_of_cut: Wanted = Wanted(View())
    theme: Theme = "auto"

    def pages(self, width: int | None) -> list[Page]:
        """A page for each network or one for all, with a note on the columns that ``width`` has no room for."""
        cut = [_noted(_cut_page(one, self.wanted_of_cut), self.wanted_of_cut, width) for one in self.cut]
        return [*(_noted(page, self.wanted, width) for page in self._pages()), *cut]

    def tables(self) -> list[Page]:
        """The tables for a paper, with what their figures mean."""
        if self.wanted.compare:
            return self._pages()
        found = []
        for summary in self.summaries:
            table = _layers(summary, self.wanted._replace(keys=self.wanted.keys or PAPER))
            found.append(Page(tables=(table._replace(title=_heading(summary, ", ")),), notes=(("", CONVENTION),)))
        return found

    def records(self) -> list[dict[str, Any]]:
        """A record of raw values for each row; without groups that are opened, so that they add up."""
        if self.wanted.compare:
            return [dict(one) for one in records(self.summaries, self.wanted.keys)]
        wanted = self.wanted if self.wanted.grouped else self.wanted._replace(view=self.wanted.view._replace(by="node"))
        several = len(self.summaries) > 1
        found = []
        for summary in self.summaries:
            names = {"network": summary.name, "input": inputs_text(summary.inputs)} if several else {}
            found += [{**names, **one} for one in group_records(summary, wanted)]
        return found

    def data(self) -> Any:
        """All figures of a network, with groups if they are asked for; a list where there are several networks."""
        found = [json_data.data(one) for one in self.summaries]
        if self.wanted.grouped and not self.wanted.compare:
            for one, summary in zip(found, self.summaries, strict=True):
                one["groups"] = [_with_old_keys(group) for group in group_records(summary, self.wanted)]
        return found[0] if len(found) == 1 else found

    def _pages(self) -> list[Page]:
        """Without regard to how wide they are."""
        if not self.wanted.compare:
            return [_page(summary, self.wanted) for summary in self.summaries]
        if not self.summaries:
            return []
        table = comparison(self.summaries, self.wanted.keys)
        return [Page(tables=(table,), notes=(("conventions", setup_note(self.summaries[0])),))]


def group_records(summary: Summary, wanted: Wanted) -> list[dict[str, Any]]:
    """The groups of a network as records of raw values; those that are opened are left out, so that records add up."""
    whole = whole_of(summary.rows)
    chosen = [FIGURES[key] for key in wanted.keys] if wanted.keys else None
    return [json_data.record(group, whole, chosen) for group in groups(summary.rows, wanted.view) if not group.opened]


def _page(summary: Summary, wanted: Wanted) -> Page:
    return Page(_heading(summary), (_layers(summary, wanted),), tuple(notes(summary)))


def _cut_page(summary: Summary, wanted: Wanted) -> Page:
    """The operations up to the first mistake, without sums and shares, which would mislead.

    Where none of them is asked for, a heading and a note.
    """
    heading = f"{_heading(summary)}   up to the first mistake"
    asked = wanted.keys or COLUMNS
    keys = tuple([key for key in asked if key not in SHARES])
    said: list[Note] = []
    if wanted.keys and len(keys) < len(asked):
        titles = ", ".join([FIGURES[key].title for key in asked if key in SHARES])
        said.append(("left out", f"for want of a whole: {titles}"))
    table = layer_table(summary, wanted.view, keys)
    if not table.rows:
        said.append(("only", f"no operation up to there is called '{wanted.view.only}'"))
    table = table._replace(bars=(), totals=())
    return Page(heading, (table if wanted.keys else table.filled(),), tuple(said))


def _layers(summary: Summary, wanted: Wanted) -> Table:
    """The table of one network; columns that nobody asked for and that hold nothing are left out."""
    table = layer_table(summary, wanted.view, wanted.keys or COLUMNS, wanted.bar)
    return table if wanted.keys else table.filled()


def _heading(summary: Summary, gap: str = "   ") -> str:
    return f"{summary.name}{gap}input {inputs_text(summary.inputs)}"


def _noted(page: Page, wanted: Wanted, width: int | None) -> Page:
    """``page`` with a note on what has no room; luxuries that nobody asked for go without one."""
    dropped = [column for table in page.tables for column in fitted(table, width).dropped]
    if not dropped or (wanted.keys is None and all(column.key in LUXURIES for column in dropped)):
        return page
    note = ("left out", f"for want of room: {', '.join([column.title for column in dropped])}")
    return page._replace(notes=(note, *page.notes))


def _with_old_keys(record: dict[str, Any]) -> dict[str, Any]:
    """``record`` with each renamed key under its old name too."""
    return {**record, **{old: record[new] for old, new in RENAMED.items() if new in record}}
