"""Records as comma-separated values: raw numbers, keys as headings."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO


def delimited(records: Sequence[Mapping[str, object]]) -> str:
    """``records``, which share their keys, a line each; both axes of a pair as ``7x7``, nothing where there is none."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records[0] if records else [])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    return text.getvalue().rstrip("\n")


def _cell(value: object) -> object:
    """Pairs joined; text that a spreadsheet would take for a formula begins with an apostrophe."""
    if isinstance(value, tuple):
        return "x".join(f"{part:g}" for part in value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value
