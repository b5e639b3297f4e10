"""Texts and the places in them that messages point at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from netspec import legible


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the name that messages call it by."""

    name: str
    text: str = field(repr=False)
    lines: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", legible.lines(self.text))

    def line(self, number: int) -> str:
        """Line ``number``, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def span(self, line: int, column: int, length: int = 1) -> Span:
        """A place that lies inside the text, also where a parser points behind its end."""
        last = max(1, len(self.lines) - (not self.lines[-1]))
        if line > last:
            return Span(self, last, len(self.line(last)) + 1)
        return Span(self, line, min(column, len(self.line(line)) + 1), length)


class Span(NamedTuple):
    """A place in a source: line and column counted from 1, and how many characters it covers."""

    source: Source
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{legible.printable(self.source.name)}:{self.line}:{self.column}"
