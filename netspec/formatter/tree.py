"""A YAML text as a tree of entries that know their places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from netspec.formatter.text import Text
from netspec.language.values import retyped


class Leaf(NamedTuple):
    """A scalar, or an alias: its spelling, and its value where that is a word; ``quoted`` ones are words anywhere."""

    spelling: str
    word: str | None
    anchor: str
    start: int
    end: int
    quoted: bool = False

    @property
    def size(self) -> int:
        """No entries inside."""
        return 0

    @property
    def shortest(self) -> int:
        """How many characters it takes on one line at least."""
        return len(self.spelling)

    def is_empty(self) -> bool:
        """Whether nothing is written: YAML's null."""
        return not self.spelling and self.word is None


class Branch(NamedTuple):
    """A mapping, or a list, whose entries have no key; ``flow`` ones stand in brackets. ``size`` counts all inside.

    ``shortest`` is how many characters it takes on one line at least.
    """

    entries: tuple[Entry, ...]
    is_mapping: bool
    anchor: str
    start: int
    end: int
    flow: bool
    size: int
    shortest: int

    def is_empty(self) -> bool:
        """Never: a list without items is written, too."""
        return False


class Entry(NamedTuple):
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


def root(text: Text) -> Node:
    """The document in ``text``."""
    builder = _Builder(text)
    for event in text.events:
        builder.take(event)
    return builder.root


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
            self._enter(event)
            self.open.append(_Open(event, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.open.pop()
            start, end = done.event.start_mark.index, self._end(event)
            flow = bool(done.event.flow_style)
            if not flow:  # a block ends where the next sign is; that may be far behind comments
                end = max((entry.end for entry in done.entries), default=start)
            anchor = f"&{done.event.anchor} " if done.event.anchor else ""
            size = sum(1 + entry.value.size for entry in done.entries)
            shortest = sum([_shortest(entry) for entry in done.entries], start=2 * max(1, len(done.entries)))
            self._finish(Branch(tuple(done.entries), done.is_mapping, anchor, start, end, flow, size, shortest))
        elif isinstance(event, yaml.NodeEvent):
            self._enter(event)
            self._finish(self._leaf(event))

    def _end(self, event: Any) -> int:
        return int(event.end_mark.index)

    def _leaf(self, event: Any) -> Leaf:
        start, end = event.start_mark.index, event.end_mark.index
        end = start + len(self.text.text[start:end].rstrip())
        if isinstance(event, yaml.AliasEvent):
            return Leaf(f"*{event.anchor}", None, "", start, end)
        anchor = f"&{event.anchor} " if event.anchor else ""
        is_word = bool(event.style) or isinstance(retyped(event.value), str)
        return Leaf(event.value, event.value if is_word else None, anchor, start, end, bool(event.style))

    def _enter(self, event: Any) -> None:
        """A node begins: if it is a key or an item, an entry begins with it."""
        start = event.start_mark.index
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


def _shortest(entry: Entry) -> int:
    """How many characters ``entry`` takes at least among others in brackets, without the comma behind it."""
    if entry.key:
        return entry.key.shortest + 1 + entry.value.shortest
    is_pair = isinstance(entry.value, Branch) and entry.value.is_mapping and len(entry.value.entries) == 1
    return entry.value.shortest - 2 * is_pair  # a pair in a list needs no braces


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
    pending = list(reversed(node.entries)) if isinstance(node, Branch) else []
    while pending:
        entry = pending.pop()
        yield entry
        if isinstance(entry.value, Branch):
            pending += reversed(entry.value.entries)
