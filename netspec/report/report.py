"""What a command has to say, in the forms that formats print; a report has the forms that make sense for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from netspec.report.page import Page


class Pages(Protocol):
    """A report that is read: whole sentences, and no more columns than lines have room for."""

    def pages(self, width: int | None) -> Iterable[Page]:
        """The pages for lines of ``width`` characters, as long as it takes where that is None."""
        ...


class Tables(Protocol):
    """A report that goes into another text: the tables, with what their figures mean."""

    def tables(self) -> Iterable[Page]:
        """The pages without notes that only their reader needs."""
        ...


class Records(Protocol):
    """A report of rows that share their keys."""

    def records(self) -> Sequence[Mapping[str, object]]:
        """The rows as raw values."""
        ...


class Data(Protocol):
    """A report as data that a program reads."""

    def data(self) -> object:
        """Everything: raw numbers and stable keys, of types that JSON has."""
        ...
