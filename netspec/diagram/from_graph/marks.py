"""What a box says of operations that are added, removed or changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from netspec.diagram.scene import Mark
from netspec.graph.graph import Node

Marks = Mapping[Node, tuple[Mark, str]]
"""Node -> what became of it, and in words how it changed or what it is."""
MOST_CHANGES = 2
"""Different changes that a box tells one by one."""
LONGEST = 40
"""Characters of a change that are told."""


def marked(nodes: Iterable[Node], marks: Marks) -> tuple[Mark | None, tuple[str, ...]]:
    """The mark of a box that stands for ``nodes``, and what it says of changes."""
    inside = list(nodes)
    found = [marks[node] for node in inside if node in marks]
    if not found:
        return None, ()
    counts = Counter(mark for mark, _ in found)
    (first, *others) = counts
    if not others and first != "changed" and len(found) == len(inside):
        return first, (first,)
    told = dict.fromkeys([_told(mark, words) for mark, words in found])
    if len(told) > MOST_CHANGES:
        return "changed", tuple([f"{count} {mark}" for mark, count in counts.items()])
    return "changed", tuple(told)


def _told(mark: Mark, words: str) -> str:
    return words[:LONGEST] if mark == "changed" else f"{words[:LONGEST]} {mark}"
