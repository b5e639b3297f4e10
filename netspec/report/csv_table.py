"""Records as comma-separated values: raw numbers, keys as headings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from netspec.report.page import Screen
from netspec.report.report import Records


def csv_table(report: Records, _: Screen) -> Iterator[str]:
    """The records of ``report``, a line each; both axes of a pair as ``7x7``, nothing where there is none."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    records = report.records()
    writer.writerow(records[0] if records else [])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    yield text.getvalue()


def _cell(value: object) -> object:
    """Pairs joined; text that a spreadsheet would take for a formula begins with an apostrophe."""
    if isinstance(value, tuple):
        return "x".join([f"{part:g}" for part in value])
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value
