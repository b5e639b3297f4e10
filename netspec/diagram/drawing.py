"""What a diagram is asked for: the network, how much of it is opened, and the page that it is drawn for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from netspec.analysis.inputs import inputs_of
from netspec.diagram.definitions import definitions
from netspec.diagram.levels import network
from netspec.diagram.paper import Page
from netspec.diagram.scene import Level, Scene
from netspec.drawing.theme import Theme
from netspec.graph.graph import Graph

Engine = Literal["auto", "graphviz"]
DEPTHS: tuple[Level, ...] = ("stage", "paper", "layer")
"""The levels by the numbers that they had before they had names."""


def scene(graph: Graph, level: Level = "paper", opened: Sequence[str] = ()) -> Scene:
    """What a diagram of ``graph`` shows at ``level``, with the parts of the paths ``opened`` opened where they stand.

    Raises :class:`netspec.SpecError` for a path of no part.
    """
    outline, first = network(graph, level, opened)
    beside = definitions(outline.facts, outline.references) if level == "paper" else ()
    return Scene(graph.name, inputs_of(graph), outline.figures(graph.nodes), level, (first, *beside))


class Drawing:
    """A network to be drawn. The scene is worked out once, when it is first asked for."""

    def __init__(
        self,
        graph: Graph,
        level: Level = "paper",
        *,
        opened: tuple[str, ...] = (),
        page: Page = "text",
        theme: Theme = "auto",
        engine: Engine = "auto",
    ) -> None:
        self.graph = graph
        self.level: Level = level
        self.opened = opened
        self.page: Page = page
        self.theme: Theme = theme
        self.engine: Engine = engine

    @cached_property
    def scene(self) -> Scene:
        """What is drawn."""
        return scene(self.graph, self.level, self.opened)
