"""A diagram as SVG."""

from __future__ import annotations

from netspec.diagram.drawing import Drawing
from netspec.diagram.writers.pictures import laid_out
from netspec.drawing import svg as writer


def svg(drawing: Drawing) -> bytes:
    """The picture as SVG. Raises :class:`netspec.SpecError` where there is no way to draw it."""
    found = laid_out(drawing, "svg")
    return found if isinstance(found, bytes) else writer.svg(found, drawing.theme)
