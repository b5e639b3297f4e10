"""Diagrams as pictures: laid out here, or by Graphviz where that is asked for or where links cross too often."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagram.drawing import Drawing, scene
from netspec.diagram.layout.comparison import comparison
from netspec.diagram.layout.page import picture
from netspec.diagram.layout.paper import PAPERS, Page
from netspec.diagram.scene import LEVELS, Crossing, Level, Scene
from netspec.diagram.writers import graphviz
from netspec.drawing.picture import Picture
from netspec.errors.problem import Problem, SpecError

SLACK = 0.5
"""Points that a picture may be larger than its page, by rounding."""


def laid_out(drawing: Drawing, form: str) -> Picture | bytes:
    """The picture as it is laid out here, or the file of that form where Graphviz lays it out.

    Raises :class:`netspec.SpecError` where there is no way to draw it.
    """
    if drawing.engine == "graphviz":
        return graphviz.laid_out(drawing.scenes, form)
    try:
        found = _picture(drawing.scenes, drawing.page)
        if len(drawing.scenes) == 1 or _fits(found, drawing.page):
            return found
        raise _too_large(drawing)
    except Crossing:
        if form not in graphviz.FORMS:
            raise refused(drawing, f"Graphviz, which could draw it, does not write .{form}") from None
        if not graphviz.is_there():
            raise refused(drawing, "Graphviz, which could draw it, is not installed") from None
        return graphviz.laid_out(drawing.scenes, form)


def _picture(scenes: Sequence[Scene], page: Page) -> Picture:
    return picture(scenes[0], page) if len(scenes) == 1 else comparison(scenes, page)


def refused(drawing: Drawing, reason: str) -> SpecError:
    """Too many links cross: what is wrong, and the level that works."""
    message = f"too many links cross each other, or stand in one another, to be drawn at this level, and {reason}"
    known = [level for level in LEVELS[: LEVELS.index(drawing.level)] if _works(drawing, level)]
    others = "the endings .txt and .dot work"
    hint = f"--level {known[-1]} works, and {others} at this one" if known else others
    return SpecError([Problem("layout", message, hint=hint)])


def _too_large(drawing: Drawing) -> SpecError:
    """Networks beside each other are more than a page: what is wrong, and what works."""
    message = f"{len(drawing.graphs)} networks beside each other have no room on a page that can be read"
    known = [level for level in LEVELS[: LEVELS.index(drawing.level)] if _works(drawing, level)]
    ways = ["--page screen works", *[f"so does --level {level}" for level in known[-1:]]]
    return SpecError([Problem("layout", message, hint=f"{', '.join(ways)}; -o FOLDER draws each by itself")])


def _fits(found: Picture, page: Page) -> bool:
    width, height = PAPERS[page]
    return found.width * found.scale <= width + SLACK and found.height * found.scale <= height + SLACK


def _works(drawing: Drawing, level: Level) -> bool:
    """Whether the networks can be drawn at a level; beside each other, whether they fit the page."""
    try:
        found = _picture([scene(graph, level) for graph in drawing.graphs], drawing.page)
    except Crossing:
        return False
    return len(drawing.graphs) == 1 or _fits(found, drawing.page)
