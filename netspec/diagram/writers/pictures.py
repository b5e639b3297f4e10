"""Diagrams as pictures: laid out here, or by Graphviz where that is asked for or where links cross too often."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from netspec.diagram.drawing import Drawing, scene
from netspec.diagram.layout.comparison import comparison, fits, pages
from netspec.diagram.layout.page import picture
from netspec.diagram.layout.paper import PAPERS
from netspec.diagram.scene import Crossing, Level, Scene
from netspec.diagram.writers import graphviz
from netspec.drawing.picture import Picture
from netspec.errors.problem import Problem, SpecError

PAGED = ("svg", "tex", "png", "pdf")
"""Forms that are laid out for a page."""


def laid_out(drawing: Drawing, form: str) -> Picture | bytes:
    """The picture as it is laid out here, or the file of that form where Graphviz lays it out.

    Raises :class:`netspec.SpecError` where there is no way to draw it.
    """
    if drawing.engine == "graphviz":
        return graphviz.laid_out(drawing.scenes, form)
    crossed = False
    for scenes in drawing.attempts:
        try:
            found = _picture(drawing, scenes)
        except Crossing:
            crossed = True
            continue
        if not drawing.beside or fits(found, drawing.page):
            return found
    if not crossed:
        raise _too_large(drawing)
    if form not in graphviz.FORMS:
        raise refused(drawing, f"Graphviz, which could draw it, does not write .{form}")
    if not graphviz.is_there():
        raise refused(drawing, "Graphviz, which could draw it, is not installed")
    return graphviz.laid_out(drawing.scenes, form)


def on_pages(drawing: Drawing, form: str) -> list[Drawing]:
    """What is drawn, in parts for as many pages as several networks beside each other need; one if that does not help.

    Texts and what Graphviz draws have no pages.
    """
    if drawing.engine == "graphviz" or form not in PAGED or not drawing.beside:
        return [drawing]
    try:
        parts = pages(drawing.scenes, drawing.page)
    except Crossing:
        parts = []
    stops = accumulate(map(len, parts), initial=0)
    return [drawing.part(first, last) for first, last in pairwise(stops)] or [drawing]


def _picture(drawing: Drawing, scenes: Sequence[Scene]) -> Picture:
    return comparison(scenes, drawing.page) if drawing.beside else picture(scenes[0], drawing.page)


def refused(drawing: Drawing, reason: str) -> SpecError:
    """Too many links cross: what is wrong, and the level that works."""
    message = f"too many links cross each other, or stand in one another, to be drawn at this level, and {reason}"
    known = [level for level in drawing.lower if _works(drawing, level)]
    others = "the endings .txt and .dot work"
    hint = f"--level {known[-1]} works, and {others} at this one" if known else others
    return SpecError([Problem("layout", message, hint=hint)])


def _too_large(drawing: Drawing) -> SpecError:
    """Networks beside each other are more than a page: what is wrong, and what works."""
    message = f"{len(drawing.graphs)} networks beside each other have no room on a page that can be read"
    larger = [page for page in PAPERS if PAPERS[page].width > PAPERS[drawing.page].width]
    ways = [f"--page {page}" for page in larger if _works(drawing.on(page), drawing.level)][:1]
    ways += [f"--level {level}" for level in drawing.lower if _works(drawing, level)][-1:]
    told = [f"{' and '.join(ways)} work{'s' * (len(ways) == 1)}"] if ways else []
    return SpecError([Problem("layout", message, hint="; ".join([*told, drawing.apart]))])


def _works(drawing: Drawing, level: Level) -> bool:
    """Whether the networks can be drawn at a level; beside each other, whether they fit the page."""
    try:
        found = _picture(drawing, [scene(graph, level) for graph in drawing.graphs])
    except Crossing:
        return False
    return not drawing.beside or fits(found, drawing.page)
