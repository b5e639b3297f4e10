"""A picture in pixels, from its SVG by resvg, which comes as a package and needs no other program."""

from __future__ import annotations

from functools import cache

from netspec.drawing.picture import Picture
from netspec.drawing.svg import svg
from netspec.drawing.theme import Theme
from netspec.errors.missing_package import require
from netspec.errors.problem import Problem, SpecError

DOTS = 3
"""Pixels for each point of print: 216 to the inch."""
PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" font-family="sans-serif">{text}</svg>'


def png(picture: Picture, theme: Theme = "auto") -> bytes:
    """The picture as PNG; without a theme it is light. Raises :class:`netspec.SpecError` where there is no font."""
    require("png")
    import resvg_py  # noqa: PLC0415 - it comes with an extra

    if not _has_fonts():
        message = "text cannot be drawn in pixels: no font is installed"
        raise SpecError(
            [Problem("missing-font", message, hint="install one, such as fonts-liberation, or write .svg or .pdf")]
        )
    text = svg(picture, "light" if theme == "auto" else theme).decode()
    found: bytes = bytes(resvg_py.svg_to_bytes(svg_string=text, dpi=96, zoom=DOTS * 0.75))
    return found


@cache
def _has_fonts() -> bool:
    """Whether a letter leaves a trace: without a font, resvg leaves text out in silence."""
    import resvg_py  # noqa: PLC0415 - as above

    empty, letter = (PROBE.format(text=text) for text in ("", '<text x="2" y="12">M</text>'))
    return bytes(resvg_py.svg_to_bytes(svg_string=empty)) != bytes(resvg_py.svg_to_bytes(svg_string=letter))
