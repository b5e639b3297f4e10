"""Two networks beside each other, with what differs marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from netspec.diagram.drawing import Drawing, scene
from netspec.diagram.from_graph.marks import Marks
from netspec.diagram.scene import Level, Mark, Scene, boxes
from netspec.diff.difference import INPUTS, SHAPE, Difference
from netspec.diff.wording import change_text, is_explained
from netspec.graph.graph import Graph, Node, nodes_of

MOST_BOXES = 60
"""Boxes of a network in which what differs is opened; of more it is told where it stands folded."""


class DifferenceDrawing(Drawing):
    """Both networks of a difference to be drawn; stages in which something differs are opened, where there is room."""

    apart = "netspec diagram draws each by itself"

    def __init__(self, old: Graph, new: Graph, difference: Difference, **asked: Any) -> None:
        super().__init__(old, others=(new,), **asked)
        self.difference = difference

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """Both networks. What was removed is in the old one, what was added in the new one."""
        marks = _marks(self.difference)
        opened = [scene(graph, self.level, _touched(graph, marks), marks) for graph in self.graphs]
        if all(len(list(boxes(one.panels[0].drawn[0].flow))) <= MOST_BOXES for one in opened):
            return tuple(opened)
        return self._folded(self.level)

    @property
    def attempts(self) -> Iterator[tuple[Scene, ...]]:
        """Stages opened, folded, and as a box each: the first that has room is drawn."""
        yield self.scenes
        yield self._folded(self.level)
        yield self._folded("stage")

    @property
    def lower(self) -> tuple[Level, ...]:
        """None: a level is not asked for."""
        return ()

    def _folded(self, level: Level) -> tuple[Scene, ...]:
        marks = _marks(self.difference)
        return tuple([scene(graph, level, (), marks) for graph in self.graphs])


def _marks(found: Difference) -> Marks:
    """What became of each node of either network: shapes follow from other changes, and are told by the picture."""
    near = {node.name for node in (*found.added, *found.removed)}
    marks: dict[Node, tuple[Mark, str]] = {}
    for match in found.changed:
        told = [
            change_text(change)
            for change in match.changes
            if change.what != SHAPE and not (change.what == INPUTS and is_explained(change, near))
        ]
        if told:
            marks[match.old] = marks[match.new] = ("changed", "; ".join(told))
    marks.update(_all(found.removed, "removed"))
    marks.update(_all(found.added, "added"))
    return marks


def _all(nodes: Iterable[Node], mark: Mark) -> dict[Node, tuple[Mark, str]]:
    return {node: (mark, node.label) for node in nodes}


def _touched(graph: Graph, marks: Marks) -> tuple[str, ...]:
    """Paths of the entries in which something is marked."""
    parts = [entry.part for entry in graph.entries]
    return tuple([part.name for part in parts if part.name and any(node in marks for node in nodes_of(part))])
