"""A diagram as an object of Python."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any, get_args

from netspec.diagram.drawing import DEPTHS, Drawing, Engine
from netspec.diagram.layout.paper import PAPERS
from netspec.diagram.scene import LEVELS, Level, Scene
from netspec.diagram.writers.dot import dot_text
from netspec.drawing.theme import Theme
from netspec.graph.graph import Graph
from netspec.language.python_arguments import one_of
from netspec.report.formats import formats_of
from netspec.report.picture_file import draw


class Diagram:
    """A diagram. ``str`` is its text for Graphviz; notebooks show it; :meth:`save` writes it as a file."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    @classmethod
    def of(cls, graph: Graph, level: Level, depth: int | None = None, **asked: Any) -> Diagram:
        """The diagram that is ``asked`` for; ``depth`` is the old word for ``level``.

        Raises :class:`ValueError` where there is no such level, page, theme or engine.
        """
        if depth is not None and depth not in range(len(DEPTHS)):
            message = f"depth is 0, 1 or 2, not {depth}"
            raise ValueError(message)
        drawing = Drawing(graph, level if depth is None else DEPTHS[depth], **asked)
        known = {"level": LEVELS, "page": tuple(PAPERS), "theme": get_args(Theme), "engine": get_args(Engine)}
        for name, words in known.items():
            one_of(name, getattr(drawing, name), words)
        return cls(drawing)

    @property
    def scene(self) -> Scene:
        """What is drawn, as plain data."""
        return self._drawing.scenes[0]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture, in the format that the file's ending says; see :func:`draw`."""
        draw(self._drawing, Path(path))

    def __str__(self) -> str:
        return dot_text(self._drawing.scenes)

    def __repr__(self) -> str:
        return f"<Diagram of {self.scene.name} at level {self.scene.level}>"

    def under(self, heading: str) -> str:
        """HTML of the picture, below a paragraph of plain text."""
        return f"<p>{escape(heading)}</p>{self._repr_svg_()}"

    def _repr_svg_(self) -> str:
        """What notebooks show."""
        content: bytes = formats_of(Drawing, picture=True)["svg"].load()(self._drawing)
        return content.decode()
