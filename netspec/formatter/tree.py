"""A YAML text as a tree of entries with their places, and its comments: what a reader of data throws away."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from netspec.language.source import Loader, retyped

BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_ANCHORED = re.compile(r"&\S+(?:\s|(?<=\s)#[^\n\r\x85\u2028\u2029]*)*")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar, or an alias: its spelling, and its value where that is a word."""

    spelling: str
    word: str | None
    anchor: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping, or a list, whose entries have no key."""

    entries: tuple[Entry, ...]
    is_mapping: bool
    anchor: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A pair of a mapping or an item of a list. ``number`` counts entries in the order of the text."""

    key: Leaf | None
    value: Node
    number: int
    start: int

    @property
    def end(self) -> int:
        """Offset behind the last character that belongs to it."""
        return max(self.value.end, self.key.end if self.key else self.start + 1)


Node = Leaf | Branch


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its sign, and the offset of that."""

    text: str
    start: int


@dataclass(frozen=True)
class Text:
    """A text that is known to be plain YAML data."""

    text: str

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
    def events(self) -> list[Any]:
        """The parser's events."""
        return list(yaml.parse(self.text, Loader=Loader))

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """All comments, in order."""
        return tuple(
            Comment(self.text[start:end].rstrip(), start) for start, end in self._signs(re.compile(r"#.*")) if end
        )

    @cached_property
    def dashes(self) -> list[int]:
        """Offsets of the dashes of lists."""
        return [start for start, _ in self._signs(re.compile(r"#.*|(?<!\S)-(?!\S)")) if self.text[start] == "-"]

    @cached_property
    def root(self) -> Node:
        """The document."""
        builder = _Builder(self)
        for event in self.events:
            builder.take(event)
        return builder.root

    def _signs(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        """Start and end of what ``pattern`` finds outside scalars."""
        for start, end in self._gaps():
            for line in BREAK.split(self.text[start:end]):
                yield from ((start + match.start(), start + match.end()) for match in pattern.finditer(line))
                start += len(line)
                found = BREAK.match(self.text, start)
                start = found.end() if found else start

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """The stretches that belong to no scalar, and so hold signs and comments."""
        last = 0
        for event in self.events:
            if not isinstance(event, yaml.ScalarEvent):
                continue
            start, end = event.start_mark.index, event.end_mark.index
            anchor = _ANCHORED.match(self.text, start, end) if event.anchor else None
            yield last, anchor.end() if anchor else start
            last = max(end, last)
            if event.style in ("|", ">"):
                header = BREAK.search(self.text, start)
                yield anchor.end() if anchor else start, header.start() if header else end
        yield last, len(self.text)


class _Builder:
    """Builds the tree from events; ``open`` holds the unfinished branches."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.number = 0
        self.root: Node
        self.open: list[_Open] = []

    def take(self, event: Any) -> None:
        """Use the next event."""
        if isinstance(event, yaml.CollectionStartEvent):
            self._enter(event.start_mark.index)
            self.open.append(_Open(event, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.open.pop()
            start, end = done.event.start_mark.index, event.end_mark.index
            if not done.event.flow_style:  # a block ends where the next sign is; that may be far behind comments
                end = max((entry.end for entry in done.entries), default=start)
            anchor = f"&{done.event.anchor} " if done.event.anchor else ""
            self._finish(Branch(tuple(done.entries), done.is_mapping, anchor, start, end))
        elif isinstance(event, yaml.NodeEvent):
            self._enter(event.start_mark.index)
            self._finish(self._leaf(event))

    def _leaf(self, event: Any) -> Leaf:
        start, end = event.start_mark.index, event.end_mark.index
        end = start + len(self.text.text[start:end].rstrip())
        if isinstance(event, yaml.AliasEvent):
            return Leaf(f"*{event.anchor}", None, "", start, end)
        anchor = f"&{event.anchor} " if event.anchor else ""
        is_word = bool(event.style) or isinstance(retyped(event.value), str)
        return Leaf(event.value, event.value if is_word else None, anchor, start, end)

    def _enter(self, start: int) -> None:
        """A node begins: if it is a key or an item, an entry begins with it."""
        if self.open and self.open[-1].begun is None:
            top = self.open[-1]
            if not top.is_mapping and not top.event.flow_style:
                start = self.text.dashes[bisect_right(self.text.dashes, start - 1) - 1]
            top.begun = (self.number, start)
            self.number += 1

    def _finish(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        top = self.open[-1]
        if top.is_mapping and top.key is None and isinstance(node, Leaf):
            top.key = node
        elif top.begun:
            top.entries.append(Entry(top.key, node, *top.begun))
            top.key = top.begun = None


class _Open:
    """A branch whose end has not been read."""

    def __init__(self, event: Any, is_mapping: bool) -> None:  # noqa: FBT001 - one of two kinds, given once
        self.event = event
        self.is_mapping = is_mapping
        self.entries: list[Entry] = []
        self.key: Leaf | None = None
        self.begun: tuple[int, int] | None = None


def entries(node: Node) -> Iterator[Entry]:
    """All entries in ``node``, in the order of the text."""
    if isinstance(node, Branch):
        for entry in node.entries:
            yield entry
            yield from entries(entry.value)
