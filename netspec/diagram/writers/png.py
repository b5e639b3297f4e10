"""A diagram as PNG."""

from __future__ import annotations

from netspec.diagram.drawing import Drawing
from netspec.diagram.writers.pictures import laid_out
from netspec.drawing import png as writer


def png(drawing: Drawing) -> bytes:
    """The picture in pixels, three for each point of print; see :func:`netspec.diagram.writers.svg.svg`."""
    found = laid_out(drawing, "png")
    return found if isinstance(found, bytes) else writer.png(found, drawing.theme)
