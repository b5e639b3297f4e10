"""A picture as a ``tikzpicture``: lines and boxes as they are, text in the fonts of the paper that takes it in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.drawing.geometry import corner, octagon
from netspec.drawing.picture import At, Curve, Image, Line, Part, Picture, Point, Rect, Shape, Text
from netspec.drawing.theme import LIGHT, LOOKS, PALETTES, Theme

SIGNS = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\N{MULTIPLICATION SIGN}": r"$\times$", "\N{RIGHTWARDS ARROW}": r"$\to$", "\N{MIDDLE DOT}": r"$\cdot$",
    "\N{EN DASH}": "--", "\N{HORIZONTAL ELLIPSIS}": r"\dots{}", "\N{GREEK SMALL LETTER MU}": r"$\mu$",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
}  # fmt: skip
ANCHORS = {"middle": "base", "start": "base west", "end": "base east"}
ROUND = 4
"""Radius of the corners of lines."""


def tikz(picture: Picture, theme: Theme = "auto") -> str:
    """The picture as text for LaTeX, to be taken in with ``input`` behind the packages that its first line names.

    Every colour has a name that begins with ``ns-`` and is defined at the top.
    """
    palette = PALETTES.get(theme, LIGHT)
    scale = picture.scale
    body = list(_elements(picture.shapes, scale))
    colours = [f"  \\definecolor{{ns-{name}}}{{HTML}}{{{value[1:].upper()}}}" for name, value in palette.items()]
    lines = [
        f"% {_comment(picture.title)}: \\usepackage{{tikz}}, \\usetikzlibrary{{arrows.meta}}, then \\input this file",
        f"\\begin{{tikzpicture}}[x={scale:.4f}bp, y=-{scale:.4f}bp, inner sep=0pt, outer sep=0pt, font=\\sffamily]",
        *colours,
        *body,
        "\\end{tikzpicture}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """``text`` with what LaTeX would read as a command spelt out; what plain fonts lack becomes a question mark."""
    return "".join([SIGNS.get(char) or (char if " " <= char <= "~" else "?") for char in text])


def _comment(text: str) -> str:
    return "".join([char if " " <= char <= "~" else "?" for char in text])[:200]


def _elements(shapes: Iterable[Shape], scale: float) -> Iterator[str]:
    for shape in shapes:
        if isinstance(shape, (Part, At)):
            yield from _elements(shape.shapes, scale)
        elif isinstance(shape, Rect):
            yield _rect(shape, scale)
        elif isinstance(shape, Text):
            size = shape.size * scale
            look = LOOKS[shape.look]
            bold = "\\bfseries" if look.bold else ""
            font = f"\\fontsize{{{size:.2f}bp}}{{{size * 1.2:.2f}bp}}\\selectfont{bold}"
            words = f"{{{font} {escaped(shape.words)}}}"
            yield f"  \\node[anchor={ANCHORS[shape.anchor]}, text=ns-{look.fill}] at {_p((shape.x, shape.y))} {words};"
        elif isinstance(shape, Line):
            arrow = ", -{Stealth[length=4.5bp, width=4.5bp]}" if shape.arrow else ""
            way = " -- ".join([_p(point) for point in shape.points])
            yield f"  \\draw[{_look(shape.look, scale)}, rounded corners={ROUND * scale:.2f}bp{arrow}] {way};"
        elif isinstance(shape, Curve):
            first, second, third, last = map(_p, shape.points)
            yield f"  \\draw[{_look(shape.look, scale)}] {first} .. controls {second} and {third} .. {last};"
        elif isinstance(shape, Image):
            continue


def _rect(rect: Rect, scale: float) -> str:
    look = _look(rect.look, scale)
    if rect.corner < 0:
        return f"  \\draw[{look}] {' -- '.join(map(_p, octagon(rect)))} -- cycle;"
    end = _p((rect.x + rect.width, rect.y + rect.height))
    return f"  \\draw[{look}, rounded corners={corner(rect) * scale:.2f}bp] {_p((rect.x, rect.y))} rectangle {end};"


def _look(name: str, scale: float) -> str:
    look = LOOKS[name]
    parts = [f"fill=ns-{look.fill}"] if look.fill else []
    parts.append(f"draw=ns-{look.line}, line width={look.width * scale:.2f}bp" if look.line else "draw=none")
    if look.dash:
        lengths = [float(length) * scale for length in look.dash.split()]
        parts.append(f"dash pattern=on {lengths[0]:.2f}bp off {lengths[1]:.2f}bp")
    return ", ".join(parts)


def _p(point: Point) -> str:
    return f"({point[0]:.2f},{point[1]:.2f})"
