"""Which entry each comment belongs to: the one below it, the one beside it, or the one that it ends."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from netspec.formatter.text import Comment, Text
from netspec.formatter.tree import Branch, Entry, Node, entries, root

MODELINE = "# yaml-language-server:"


@dataclass(frozen=True, slots=True)
class Remarks:
    """Comments by the number of their entry; ``head`` and ``tail`` belong to the whole text."""

    head: list[str] = field(default_factory=list)
    above: dict[int, list[str]] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    below: dict[int, list[tuple[bool, str]]] = field(default_factory=dict)
    """Comments after an entry; true for those that stand further in than the entry itself."""
    tail: list[str] = field(default_factory=list)

    def within(self, node: Node) -> bool:
        """Whether an entry of ``node`` has a comment, so that it needs lines of its own."""
        return any(
            entry.number in self.above or entry.number in self.beside or entry.number in self.below
            for entry in entries(node)
        )

    def add_beside(self, entry: Entry, comment: str) -> None:
        """A comment at the end of the entry's line; a second one goes above it."""
        if entry.number in self.beside:
            self.above.setdefault(entry.number, []).append(comment)
        else:
            self.beside[entry.number] = comment


def remarks(text: Text) -> Remarks:
    """The comments of ``text``, each with its place."""
    return _Finder(text).found()


class _Ended(NamedTuple):
    """The entry that a comment ends, and whether the comment stands further in."""

    entry: Entry
    inset: bool


class _Finder:
    def __init__(self, text: Text) -> None:
        self.text = text
        self.entries = list(entries(root(text)))
        self.starts = [entry.start for entry in self.entries]
        self.parents: dict[int, Entry] = {}
        self.last: tuple[int, _Ended | None] = (-1, None)
        self.lists = {entry.number for entry in self.entries if entry.key is None}
        for entry in self.entries:
            if isinstance(entry.value, Branch):
                self.parents |= {inner.number: entry for inner in entry.value.entries}

    def found(self) -> Remarks:
        """Every comment of the text."""
        result = Remarks()
        comments = list(self.text.comments)
        head = self._head(comments)
        result.head.extend(comment.text for comment in comments[:head])
        for comment in comments[head:]:
            on_line = None if self.text.is_first(comment.start) else self._on_line(comment)
            if on_line:
                result.add_beside(on_line, comment.text)
            else:
                self._own_line(comment, result)
        self._share_line(result)
        return result

    def _share_line(self, result: Remarks) -> None:
        """An item that is one pair shares its line with it: the comment is beside the item if that stays one line."""
        for entry in self.entries:
            if entry.number not in self.lists or not isinstance(entry.value, Branch) or len(entry.value.entries) != 1:
                continue
            (pair,) = entry.value.entries
            is_line = not (pair.number in result.below or result.within(pair.value))
            whole, part = (entry, pair) if is_line else (pair, entry)
            if pair.key and part.number in result.beside and whole.number not in result.beside:
                result.beside[whole.number] = result.beside.pop(part.number)

    def _head(self, comments: list[Comment]) -> int:
        """How many comments belong to the file: modelines, and what an empty line parts from the first entry."""
        first = self.starts[0] if self.starts else len(self.text.text)
        lines = [self.text.line(comment.start) for comment in comments if comment.start < first]
        head = 0
        while head < len(lines) and comments[head].text.startswith(MODELINE):
            head += 1
        ends = [*lines[1:], self.text.line(first)]
        parted = [index + 1 for index, (line, end) in enumerate(zip(lines, ends, strict=False)) if end > line + 1]
        return max([head, *parted])

    def _on_line(self, comment: Comment) -> Entry | None:
        """The entry whose line ends with ``comment``.

        It is the outermost that lies wholly in that line, else the innermost that begins there, else the innermost
        that ends there.
        """
        line = self.text.line(comment.start)
        index = bisect_left(self.starts, comment.start)
        begun: list[Entry] = []
        while index and self.text.line(self.starts[index - 1]) == line:
            index -= 1
            begun.append(self.entries[index])
        begun.reverse()
        whole = [entry for entry in begun if self.text.line(entry.end) == line and entry.end <= comment.start]
        if whole or begun:
            return whole[0] if whole else begun[-1]
        before = self.entries[index - 1] if index else None
        while before and self._line_of_end(before) != line:
            before = self.parents.get(before.number)
        return before

    def _line_of_end(self, entry: Entry) -> int:
        return self.text.line(max(entry.start, entry.end - 1))

    def _own_line(self, comment: Comment, result: Remarks) -> None:
        """A comment on a line of its own: above what follows, or the end of what it is indented like."""
        index = bisect_left(self.starts, comment.start)
        following = self.entries[index] if index < len(self.entries) else None
        ended = self._ending(self.text.column(comment.start), index, following)
        self.last = (index, ended)
        if ended:
            result.below.setdefault(ended.entry.number, []).append((ended.inset, comment.text))
        elif following:
            result.above.setdefault(self._outermost(following).number, []).append(comment.text)
        else:
            result.tail.append(comment.text)

    def _ending(self, column: int, index: int, following: Entry | None) -> _Ended | None:
        """What a comment in ``column`` ends, after the entry before ``index``; None if it belongs to what follows."""
        reach = self.text.column(following.start) if following else 0
        entry = self._ended(self.entries[index - 1], column) if index and column > reach else None
        around = self._ancestors(following) if following else set()
        if entry is None or entry.number in around:
            return None
        # At the edge of the text it would be read as belonging to the section below it.
        found = _Ended(entry, column > self.text.column(entry.start) or entry.number not in self.parents)
        parent = self.parents.get(entry.number)
        if parent and parent.number in self.lists - around and entry.key and not found.inset:
            found = _Ended(parent, inset=True)  # the keys of an item stand where an inset comment does
        place, last = self.last
        if place != index:
            return found
        # Comments keep their order: none goes further in than the one before it.
        if last and last.entry.number == found.entry.number:
            return _Ended(found.entry, found.inset and last.inset)
        return last if last is None or last.entry.number in self._ancestors(found.entry) else found

    def _ended(self, entry: Entry | None, column: int) -> Entry | None:
        """``entry``, or the innermost one around it that begins no further in than ``column``."""
        while entry and self.text.column(entry.start) > column:
            entry = self.parents.get(entry.number)
        return entry

    def _ancestors(self, entry: Entry) -> set[int]:
        """The numbers of the entries around ``entry``."""
        found = set()
        parent = self.parents.get(entry.number)
        while parent:
            found.add(parent.number)
            parent = self.parents.get(parent.number)
        return found

    def _outermost(self, entry: Entry) -> Entry:
        """``entry``, or the item of a list that it begins: a dash and its first key share a line."""
        parent = self.parents.get(entry.number)
        if parent and parent.number in self.lists and isinstance(parent.value, Branch):
            return self._outermost(parent) if parent.value.entries[0] is entry else entry
        return entry
