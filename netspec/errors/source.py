"""Texts and the places in them that messages point at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from netspec.errors.text import printable, shortened, split_lines


@dataclass(frozen=True, slots=True, repr=False)
class Source:
    """A text and the name that messages call it by."""

    name: str
    text: str
    lines: tuple[str, ...] = field(init=False, compare=False)
    last: int = field(init=False, compare=False)
    """The last line that holds anything."""

    def __post_init__(self) -> None:
        lines = split_lines(self.text)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "last", max(1, len(lines) - (not lines[-1])))

    def __repr__(self) -> str:
        return f"Source({shortened(self.name)!r})"

    def line(self, number: int) -> str:
        """Line ``number``, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def span(self, line: int, column: int, length: int = 1) -> Span:
        """A place that lies inside the text, also where a parser points behind its end."""
        if line > self.last:
            return Span(self, self.last, len(self.line(self.last)) + 1)
        return Span(self, line, min(column, len(self.line(line)) + 1), length)


class Span(NamedTuple):
    """A place in a source: line and column counted from 1, and how many characters it covers."""

    source: Source
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{printable(self.source.name)}:{self.line}:{self.column}"
