"""What changes in a text, as a unified diff, in time that grows with the number of lines."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

CONTEXT = 3
"""Equal lines that are shown before and behind what changes."""
Pair = tuple[int, int]
"""The number of a line before, and of an equal one after."""


class LineMatcher(difflib.SequenceMatcher[str]):
    """Pairs each line with the one of the same words that has as many of its kind before it.

    The longest run of pairs in the order of both texts counts, and equal lines beside it. difflib's own search, for the
    longest common piece and again on either side of it, is quadratic where every other line changes.
    """

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        super().__init__(None, before, after, autojunk=False)
        self._texts = before, after

    def get_matching_blocks(self) -> list[difflib.Match]:
        """Equal pieces in order, and an empty one at the end, as :class:`difflib.SequenceMatcher` has them."""
        before, after = self._texts
        ends = [(-1, -1), *_in_order(_paired(before, after)), (len(before), len(after))]
        found: list[difflib.Match] = []
        for (first, second), (third, fourth) in pairwise(ends):
            behind = _equal(before, after, range(first + 1, third), range(second + 1, fourth))
            starts = range(third - 1, first + behind, -1), range(fourth - 1, second + behind, -1)
            ahead = _equal(before, after, *starts)
            found.append(difflib.Match(first, second, behind + 1))
            found.append(difflib.Match(third - ahead, fourth - ahead, ahead))
        found[0] = difflib.Match(0, 0, found[0].size - 1)
        return [*_merged(found), difflib.Match(len(before), len(after), 0)]


def _paired(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """Each line before with its equal after that is the first, second, ... of its words in both."""
    places = {key: place for place, key in enumerate(_counted(after))}
    return [(place, places[key]) for place, key in enumerate(_counted(before)) if key in places]


def _counted(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    seen: Counter[str] = Counter()
    for line in lines:
        yield line, seen[line]
        seen[line] += 1


def _in_order(pairs: list[Pair]) -> list[Pair]:
    """The most of ``pairs`` whose second places rise as the first do."""
    lowest: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(lowest, place)
        previous.append(ends[length - 1] if length else -1)
        lowest[length : length + 1] = [place]
        ends[length : length + 1] = [number]
    found: list[Pair] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        found.append(pairs[number])
        number = previous[number]
    return found[::-1]


def _equal(before: Sequence[str], after: Sequence[str], first: range, second: range) -> int:
    """How many lines are equal, one by one, until two differ."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if before[one] != after[other]:
            break
        count += 1
    return count


def _merged(found: list[difflib.Match]) -> list[difflib.Match]:
    """Pieces that follow one another in both texts as one; without empty ones."""
    merged: list[difflib.Match] = []
    for one in found:
        last = merged[-1] if merged else difflib.Match(0, 0, 0)
        if one.size and merged and (last.a + last.size, last.b + last.size) == (one.a, one.b):
            merged[-1] = difflib.Match(last.a, last.b, last.size + one.size)
        elif one.size:
            merged.append(one)
    return merged


def unified(before: Sequence[str], after: Sequence[str], names: tuple[str, str]) -> Iterator[str]:
    """The lines of a unified diff from ``before`` to ``after``, called by ``names``; none where they are equal."""
    for number, group in enumerate(LineMatcher(before, after).get_grouped_opcodes(CONTEXT)):
        if number == 0:
            yield from (f"--- {names[0]}", f"+++ {names[1]}")
        (_, start, _, begin, _), (_, _, stop, _, end) = group[0], group[-1]
        yield f"@@ -{_range(start, stop)} +{_range(begin, end)} @@"
        for tag, first, last, third, fourth in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[first:last])
            else:
                yield from (f"-{line}" for line in before[first:last])
                yield from (f"+{line}" for line in after[third:fourth])


def _range(start: int, stop: int) -> str:
    """Lines from ``start`` to before ``stop`` as a diff counts them: from 1; an empty range stands behind a line."""
    count = stop - start
    if count == 1:
        return str(start + 1)
    return f"{start + bool(count)},{count}"
