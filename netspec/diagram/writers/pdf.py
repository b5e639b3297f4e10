"""A diagram as PDF."""

from __future__ import annotations

from netspec.diagram.drawing import Drawing
from netspec.diagram.writers.pictures import laid_out
from netspec.drawing import pdf as writer


def pdf(drawing: Drawing) -> bytes:
    """The picture for print, as lines and text; see :func:`netspec.diagram.writers.svg.svg`."""
    found = laid_out(drawing, "pdf")
    return found if isinstance(found, bytes) else writer.pdf(found, drawing.theme)
