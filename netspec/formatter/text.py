"""A text that is YAML, with what a reader of data throws away: its comments, and where each line begins."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_COMMENT = r"#[^\n\r\x85\u2028\u2029]*"
_ANCHORED = re.compile(r"&\S+(?:\s|(?<=\s)#[^\n\r\x85\u2028\u2029]*)*")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its sign, and the offset of that."""

    text: str
    start: int


@dataclass(frozen=True)
class Text:
    """A text that is known to be plain YAML data, and the parser's events."""

    text: str
    events: list[Any]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in BREAK.finditer(self.text))]

    def line(self, offset: int) -> int:
        """The line of ``offset``, counted from 0."""
        return bisect_right(self._starts, offset) - 1

    def column(self, offset: int) -> int:
        """The column of ``offset``, counted from 0."""
        return offset - self._starts[self.line(offset)]

    def is_first(self, offset: int) -> bool:
        """Whether nothing but space stands before ``offset`` in its line."""
        return not self.text[self._starts[self.line(offset)] : offset].strip()

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """All comments, in order."""
        return tuple(Comment(self.text[start:end].rstrip(), start) for start, end in self._signs("#", _COMMENT))

    @cached_property
    def dashes(self) -> list[int]:
        """Offsets of the dashes of lists."""
        found = self._signs("-", rf"{_COMMENT}|(?<!\S)-(?!\S)")
        return [start for start, _ in found if self.text[start] == "-"]

    def _signs(self, sign: str, pattern: str) -> Iterator[tuple[int, int]]:
        """Start and end of what ``pattern`` finds outside scalars, in the stretches that hold ``sign``."""
        found = re.compile(pattern)
        for start, end in self._gaps:
            if self.text.find(sign, start, end) >= 0:
                yield from (match.span() for match in found.finditer(self.text, start, end))

    @cached_property
    def _gaps(self) -> list[tuple[int, int]]:
        """The stretches that belong to no scalar, and so hold signs and comments."""
        last, found = 0, []
        scalars: list[Any] = [event for event in self.events if isinstance(event, yaml.ScalarEvent)]
        for event in scalars:
            end = event.end_mark.index
            anchor = _ANCHORED.match(self.text, event.start_mark.index, end) if event.anchor else None
            start = anchor.end() if anchor else event.start_mark.index
            found.append((last, start))
            last = max(end, last)
            if event.style in ("|", ">"):
                header = BREAK.search(self.text, start)
                found.append((start, header.start() if header else end))
        return [*found, (last, len(self.text))]
