"""A table, whatever it is printed as: columns, rows of text, sums below them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple, TypeVar

ARROW = " -> "
"""Between what was and what is."""
GAP, WIDE_GAP = 2, 3
"""Characters between columns of aligned text: of numbers, and of sentences."""
WORTH_A_LINE = 3
"""Characters that a column has to become narrower by for a heading in two lines."""
Cell = TypeVar("Cell")
Cells = tuple[str, ...]


class Column(NamedTuple):
    """A column: its heading, whether it holds words rather than numbers, and the figure that it shows, if it is one."""

    title: str
    words: bool = False
    key: str = ""


class Table(NamedTuple):
    """A table as text.

    ``bars`` are shares of the largest row, one for each row or none at all; a row of which a bar would mislead has 0.
    ``totals`` are sums below the rows. Rows in ``faint`` run in training alone. ``dropped`` are columns that had no
    room, and ``more`` says what rows are left out. A ``ruled`` table has lines between headings, rows and totals.
    """

    columns: tuple[Column, ...]
    rows: tuple[Cells, ...]
    title: str = ""
    bars: tuple[float, ...] = ()
    totals: tuple[Cells, ...] = ()
    faint: frozenset[int] = frozenset()
    dropped: tuple[Column, ...] = ()
    more: str = ""
    gap: int = GAP
    ruled: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show: no columns, or neither rows nor sums."""
        return not self.columns or not (self.rows or self.totals)

    @property
    def headings(self) -> Cells:
        """The titles of the columns."""
        return tuple([column.title for column in self.columns])

    def heading_lines(self) -> list[Cells]:
        """The headings in lines; in a ruled table, of several words where its column is much narrower that way."""
        if not self.ruled:
            return [self.headings] if any(self.headings) else []
        wrapped = [_wrapped(title, self._room(place)) for place, title in enumerate(self.headings)]
        height = max(map(len, wrapped), default=0)
        return list(zip(*[[""] * (height - len(lines)) + lines for lines in wrapped], strict=True))

    def widths(self) -> list[int]:
        """The widest text of each column, headings among them."""
        headings = self.heading_lines()
        return [
            max([self._room(place), *[len(cells[place]) for cells in headings]]) for place in range(len(self.columns))
        ]

    @property
    def width(self) -> int:
        """Characters of a line, the bars apart."""
        return sum(self.widths()) + self.gap * (len(self.columns) - 1)

    def without(self, place: int) -> Table:
        """The table without its column at ``place``."""
        return self._with([other for other in range(len(self.columns)) if other != place])

    def filled(self) -> Table:
        """The table without columns that are empty in every row and sum."""
        lines = (*self.rows, *self.totals)
        return self._with([place for place in range(len(self.columns)) if any(cells[place] for cells in lines)])

    def limited(self, lines: int) -> Table:
        """The first ``lines`` rows, and a sentence on the others; one more than that is shown rather than told of."""
        if len(self.rows) <= lines + 1:
            return self
        more = f"and {len(self.rows) - lines} more; --format json lists them all"
        return self._replace(rows=self.rows[:lines], more=more)

    def _room(self, place: int) -> int:
        """The widest text of a column below its heading."""
        return max([len(cells[place]) for cells in (*self.rows, *self.totals)], default=0)

    def _with(self, places: Sequence[int]) -> Table:
        def kept(cells: Sequence[Cell]) -> tuple[Cell, ...]:
            return tuple([cells[place] for place in places])

        rows, totals = tuple(map(kept, self.rows)), tuple(map(kept, self.totals))
        return self._replace(columns=kept(self.columns), rows=rows, totals=totals)


def _wrapped(title: str, room: int) -> list[str]:
    """``title`` in lines of ``room`` characters, or of its longest word, where that is worth it."""
    narrow = max(room, *map(len, title.split()))
    return wrap(title, narrow) if len(title) - narrow >= WORTH_A_LINE else [title]


def words(*titles: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple([Column(title, words=True) for title in titles])


def numbers(*titles: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple([Column(title) for title in titles])


def aligned(tables: Sequence[Table]) -> list[Table]:
    """Tables of the same columns, the cells of each column as wide as the widest of them all."""
    widths = [max(column) for column in zip(*[table.widths() for table in tables], strict=True)]

    def padded(table: Table, cells: Cells) -> Cells:
        columns = zip(table.columns, cells, widths, strict=True)
        return tuple([cell.ljust(width) if column.words else cell.rjust(width) for column, cell, width in columns])

    return [table._replace(rows=tuple([padded(table, cells) for cells in table.rows])) for table in tables]
