"""A diagram as a ``tikzpicture``."""

from __future__ import annotations

from netspec.diagram.drawing import Drawing
from netspec.diagram.writers.pictures import laid_out, refused
from netspec.drawing import tikz as writer


def tex(drawing: Drawing) -> bytes:
    """The picture as text for LaTeX; see :func:`netspec.diagram.writers.svg.svg`."""
    if drawing.engine == "graphviz":
        raise refused(drawing, "Graphviz does not write .tex")
    found = laid_out(drawing, "tex")
    return found if isinstance(found, bytes) else writer.tikz(found, drawing.theme).encode()
