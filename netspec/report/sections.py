"""Sections of a report, each a title and a table, as aligned text or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAP = "   "
ARROW = " -> "


@dataclass(frozen=True, slots=True)
class Section:
    """A table under a title; the columns in ``numeric`` are aligned to the right. ``more`` says what is left out."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    more: str = ""


def limited(rows: Sequence[tuple[str, ...]], limit: int) -> tuple[tuple[tuple[str, ...], ...], str]:
    """The first ``limit`` rows, and a sentence on the others; one more than that is shown rather than told."""
    if len(rows) <= limit + 1:
        return tuple(rows), ""
    return tuple(rows[:limit]), f"and {len(rows) - limit} more; --format json lists them all"


def to_text(sections: Sequence[Section]) -> str:
    """Sections with an empty line between them; tables are indented, columns that are empty left out."""
    return "\n\n".join("\n".join(_text_lines(section)) for section in sections)


def to_markdown(sections: Sequence[Section]) -> str:
    """Sections as headings of the third level and pipe tables."""
    return "\n\n".join("\n".join(_markdown_lines(section)) for section in sections)


def _text_lines(section: Section) -> list[str]:
    table = [section.columns, *section.rows]
    if not any(section.columns):
        table = table[1:]
    shown = [column for column in range(len(section.columns)) if any(row[column] for row in section.rows)]
    widths = {column: max(len(row[column]) for row in table) for column in shown}
    lines = [
        GAP.join(
            row[column].rjust(widths[column]) if column in section.numeric else row[column].ljust(widths[column])
            for column in shown
        )
        for row in table
    ]
    indent = "  " if section.title else ""
    more = [f"{indent}{section.more}"] if section.more else []
    return [*([section.title] if section.title else []), *(f"{indent}{line}".rstrip() for line in lines), *more]


def _markdown_lines(section: Section) -> list[str]:
    rule = ["---:" if column in section.numeric else "---" for column in range(len(section.columns))]
    table = [section.columns, tuple(rule), *section.rows]
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table]
    head = [f"### {section.title}", ""] if section.title else []
    return [*head, *lines, *(["", section.more] if section.more else [])]


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")
