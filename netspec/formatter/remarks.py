"""Which entry each comment belongs to: the one below it, the one beside it, or the one that it ends."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from netspec.formatter.text import Comment, Text
from netspec.formatter.tree import Branch, Entry, Node, entries

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
    numbers: list[int] = field(default_factory=list)
    """Those of the entries that have comments, in order."""

    def within(self, node: Node) -> bool:
        """Whether an entry of ``node`` has a comment, so that it needs lines of its own."""
        if not isinstance(node, Branch) or not node.entries:
            return False
        first = node.entries[0].number  # those of all entries inside follow it
        found = bisect_left(self.numbers, first)
        return found < len(self.numbers) and self.numbers[found] < first + node.size

    def move(self, source: Entry, target: Entry) -> None:
        """Put the comment beside ``source`` beside ``target``, if there is none."""
        if source.number in self.beside and target.number not in self.beside:
            self.beside[target.number] = self.beside.pop(source.number)
            self._count(source.number)
            self._count(target.number)

    def count(self) -> None:
        """Note which entries have comments; to be called when all are there."""
        self.numbers.extend(sorted({*self.above, *self.beside, *self.below}))

    def _count(self, number: int) -> None:
        """Note whether entry ``number`` has comments now."""
        at = bisect_left(self.numbers, number)
        if self.numbers[at : at + 1] == [number]:
            del self.numbers[at]
        if number in self.above or number in self.beside or number in self.below:
            self.numbers.insert(at, number)

    def is_line(self, entry: Entry) -> bool:
        """Whether no comment but one beside it parts ``entry`` from what is around it, or in itself."""
        return entry.number not in self.above and entry.number not in self.below and not self.within(entry.value)


def remarks(text: Text, document: Node) -> Remarks:
    """The comments of ``text``, whose tree is ``document``, each with its place."""
    return _Finder(text, document).found()


class _Ended(NamedTuple):
    """The entry that a comment ends, and whether the comment stands further in."""

    entry: Entry
    inset: bool


class _Finder:
    def __init__(self, text: Text, document: Node) -> None:
        self.text = text
        self.entries = list(entries(document))
        self.starts = [entry.start for entry in self.entries]
        self.parents: dict[int, Entry] = {}
        self.last: tuple[int, _Ended | None] = (-1, None)
        self.before = -1
        """Where the comment before stands in canonical form: its own offset, or that of what it is beside or above."""
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
                self._beside(on_line, comment, result)
            else:
                self._own_line(comment, result)
        result.count()
        self._share_lines(result)
        return result

    def _beside(self, entry: Entry, comment: Comment, result: Remarks) -> None:
        """A comment at the end of the line of ``entry``; behind other comments in there it ends the entry."""
        if self.before < entry.start:
            result.beside[entry.number] = comment.text
            self.before = entry.start
        else:
            self._put(comment, _Ended(entry, inset=True), result)

    def _share_lines(self, result: Remarks) -> None:
        """An item that holds one entry shares its line: a comment is beside the item if all of that is one line."""
        values = [(entry, entry.value) for entry in self.entries if entry.key is None]
        alone = [
            (entry, value.entries[0])
            for entry, value in values
            if isinstance(value, Branch) and len(value.entries) == 1
        ]
        for item, inner in reversed(alone):
            if result.is_line(inner):
                result.move(inner, item)
        for item, inner in alone:
            if inner.number not in result.above and not result.is_line(inner):
                result.move(item, inner)

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
        self._put(comment, self._ending(comment), result)

    def _put(self, comment: Comment, ended: _Ended | None, result: Remarks) -> None:
        """A comment after what it ends, or above what follows it. Comments keep their order."""
        index = self._index(comment)
        place, last = self.last
        if place == index:  # none goes further in than the one before it
            ended = _further_out(ended, last, self._ancestors(ended.entry) if ended else set())
        self.last = (index, ended)
        if ended:
            result.below.setdefault(ended.entry.number, []).append((ended.inset, comment.text))
        elif index < len(self.entries):
            begun = self._outermost(self.entries[index])
            result.above.setdefault(begun.number, []).append(comment.text)
            self.before = max(self.before, min(comment.start, begun.start - 1))
            return
        else:
            result.tail.append(comment.text)
        self.before = comment.start

    def _index(self, comment: Comment) -> int:
        """The number of the entry that follows ``comment``."""
        return bisect_left(self.starts, comment.start)

    def _ending(self, comment: Comment) -> _Ended | None:
        """What a comment on a line of its own ends; None if it belongs to what follows."""
        index, column = self._index(comment), self.text.column(comment.start)
        following = self.entries[index] if index < len(self.entries) else None
        around = self._ancestors(following) if following else set()
        bracketed = self._bracketed(comment, index)
        if bracketed and bracketed.entry.number not in around:
            return self._of_item(bracketed, around)
        reach = self.text.column(following.start) if following else 0
        entry = self._ended(self.entries[index - 1], column) if index and column > reach else None
        if entry is None or entry.number in around:
            return None
        # At the edge of the text it would be read as belonging to the section below it.
        inset = column > self.text.column(entry.start) or entry.number not in self.parents
        return self._of_item(_Ended(entry, inset), around)

    def _of_item(self, found: _Ended, around: set[int]) -> _Ended:
        """``found``, or the item whose last key that is: its keys stand where an inset comment does."""
        parent = self.parents.get(found.entry.number)
        is_item = parent and parent.number in self.lists and parent.number not in around
        return _Ended(parent, inset=True) if parent and is_item and found.entry.key and not found.inset else found

    def _bracketed(self, comment: Comment, index: int) -> _Ended | None:
        """The last entry before ``comment`` in the innermost brackets around it; columns mean nothing in there."""
        entry, inner = self.entries[index - 1] if index else None, None
        while entry:
            value = entry.value
            if isinstance(value, Branch) and value.flow and value.start < comment.start < value.end:
                return _Ended(inner or entry, inset=inner is None)
            entry, inner = self.parents.get(entry.number), entry
        return None

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
        """``entry``, or the item of a list that it begins, if no comment parts them: both share a line."""
        parent = self.parents.get(entry.number)
        if parent and parent.number in self.lists and isinstance(parent.value, Branch) and parent.start > self.before:
            return self._outermost(parent) if parent.value.entries[0] is entry else entry
        return entry


def _further_out(ended: _Ended | None, last: _Ended | None, around: set[int]) -> _Ended | None:
    """What a comment ends if the one before it ended ``last``; ``around`` are the entries around what it ends."""
    if ended and last and last.entry.number == ended.entry.number:
        return _Ended(ended.entry, ended.inset and last.inset)
    return last if last is None or last.entry.number in around else ended
