"""What a diagram is asked for: the network, how much of it is opened, and the page that it is drawn for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from netspec.analysis.inputs import inputs_of
from netspec.diagram.from_graph.definitions import definitions
from netspec.diagram.from_graph.marks import Marks
from netspec.diagram.from_graph.network import network
from netspec.diagram.layout.paper import Page
from netspec.diagram.scene import LEVELS, Level, Scene
from netspec.drawing.theme import Theme
from netspec.graph.graph import Graph

Engine = Literal["auto", "graphviz"]
DEPTHS: tuple[Level, ...] = ("stage", "paper", "layer")
"""The levels by the numbers that they had before they had names."""


def scene(
    graph: Graph, level: Level = "paper", opened: Sequence[str] = (), marks: Marks = MappingProxyType({})
) -> Scene:
    """What a diagram of ``graph`` shows at ``level``, with the parts of the paths ``opened`` opened where they stand.

    Nodes with ``marks`` are those that another network has otherwise.

    Raises :class:`netspec.SpecError` for a path of no part.
    """
    outline, first = network(graph, level, opened, marks)
    beside = definitions(outline.facts, outline.references) if level == "paper" else ()
    return Scene(graph.name, inputs_of(graph), outline.figures(graph.nodes), level, (first, *beside))


class Drawing:
    """Networks to be drawn, one or several beside each other. Scenes are worked out once, when they are asked for."""

    apart = "-o FOLDER draws each by itself"
    """What works where several have no room beside each other."""

    def __init__(  # noqa: PLR0913 - what a caller may choose
        self,
        graph: Graph,
        level: Level = "paper",
        *,
        others: tuple[Graph, ...] = (),
        opened: tuple[str, ...] = (),
        page: Page = "text",
        theme: Theme = "auto",
        engine: Engine = "auto",
    ) -> None:
        self.graphs = (graph, *others)
        self.beside = bool(others)
        self.level: Level = level
        self.opened = opened
        self.page: Page = page
        self.theme: Theme = theme
        self.engine: Engine = engine

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """What is drawn: of several networks one each, to be compared."""
        return tuple([scene(graph, self.level, self.opened) for graph in self.graphs])

    @property
    def attempts(self) -> Iterator[tuple[Scene, ...]]:
        """What may be drawn, the first that has room."""
        yield self.scenes

    @property
    def lower(self) -> tuple[Level, ...]:
        """Levels that can be asked for where this one has no room."""
        return LEVELS[: LEVELS.index(self.level)]

    def part(self, first: int, last: int) -> Drawing:
        """The networks from ``first`` to before ``last``, asked for in the same way; one alone is a column, too."""
        found = copy(self)
        found.graphs, found.scenes, found.beside = self.graphs[first:last], self.scenes[first:last], True
        return found

    def on(self, page: Page) -> Drawing:
        """The same on another page."""
        found = copy(self)
        found.page = page
        return found
