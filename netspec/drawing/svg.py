"""A picture as SVG that needs nothing beside itself: no script, no font, no other file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from html import escape

from netspec.drawing.geometry import arrow, corner, head_look, octagon
from netspec.drawing.picture import At, Curve, Image, Line, Part, Picture, Point, Rect, Shape, Text, flattened
from netspec.drawing.theme import DARK, LIGHT, LOOKS, PALETTES, Look, Theme

FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
BEND = 4
"""Radius of the corners of lines."""
SQUARES = 'image-rendering="optimizeSpeed" style="image-rendering:pixelated"'
"""Pixels are not smoothed: resvg knows the word of SVG 1.1, browsers that of CSS."""
MOST_SHOWN = 200
"""Characters of a name of others that a picture repeats."""


def svg(picture: Picture, theme: Theme = "auto") -> bytes:
    """The picture as a file. ``auto`` follows the reader's preference for light or dark, on a transparent ground."""
    looks: dict[str, None] = {}
    ids: dict[str, int] = {}
    ground = () if theme == "auto" else (Rect(0, 0, picture.width, picture.height, "ground"),)
    body = list(_elements((*ground, *picture.shapes), looks, ids))
    size = f'width="{_n(picture.width * picture.scale)}pt" height="{_n(picture.height * picture.scale)}pt"'
    view = f'viewBox="0 0 {_n(picture.width)} {_n(picture.height)}"'
    says = 'role="img" aria-labelledby="title desc"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view} {size} {says} font-family="{FONT}">',
        f'<title id="title">{safe(picture.title)}</title>',
        f'<desc id="desc">{safe(picture.description, None)}</desc>',
        f"<style>{''.join(_style(looks, theme))}</style>",
        *body,
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def safe(text: str, most: int | None = MOST_SHOWN) -> str:
    """``text`` for XML: printable, not endless, and nothing in it is read as a tag."""
    shown = text if most is None or len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    printable = [char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in shown]
    return escape("".join(printable))


def _style(looks: Iterable[str], theme: Theme) -> Iterator[str]:
    """Colours are literal first, so that programs without variables draw them too; ``auto`` adds variables to these."""
    palette = PALETTES.get(theme, LIGHT)
    used: dict[str, None] = {}
    rules = []
    for name in looks:
        look = LOOKS[name]
        used.update(dict.fromkeys(colour for colour in (look.fill, look.line) if colour))
        rules.append((name, look))
    yield "".join([f".{name}{{{_rule(look, palette.__getitem__)}}}" for name, look in rules])
    if theme == "auto":
        light, dark = (";".join([f"--{name}:{colours[name]}" for name in used]) for colours in (LIGHT, DARK))
        varied = "".join([f".{name}{{{_rule(look, lambda colour: f'var(--{colour})')}}}" for name, look in rules])
        yield f"@supports (color:var(--a)){{svg{{{light}}}{varied}}}"
        yield f"@media (prefers-color-scheme:dark){{svg{{{dark}}}}}"


def _rule(look: Look, colour: Callable[[str], str]) -> str:
    parts = [f"fill:{colour(look.fill) if look.fill else 'none'}"]
    if look.line:
        parts.append(f"stroke:{colour(look.line)};stroke-width:{_n(look.width)}")
    if look.dash:
        parts.append(f"stroke-dasharray:{look.dash}")
    if look.bold:
        parts.append("font-weight:bold")
    return ";".join(parts)


def _elements(shapes: Iterable[Shape], looks: dict[str, None], ids: dict[str, int]) -> Iterator[str]:
    for shape in shapes:
        if isinstance(shape, At):
            yield from _elements(flattened(shape.shapes, shape.x, shape.y), looks, ids)
            continue
        if isinstance(shape, Part):
            yield f'<g id="{_id(shape.path, ids)}"><title>{safe(shape.says)}</title>'
            yield from _elements(shape.shapes, looks, ids)
            yield "</g>"
            continue
        if isinstance(shape, Image):
            code = b64encode(shape.png).decode()
            box = f'x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}"'
            look = f'preserveAspectRatio="none" {SQUARES}'
            yield f'<image {box} {look} href="data:image/png;base64,{code}"/>'
            continue
        looks[shape.look] = None
        if isinstance(shape, Rect):
            yield _rect(shape)
        elif isinstance(shape, Text):
            anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
            yield (
                f'<text class="{shape.look}" x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}"{anchor}>'
                f"{safe(shape.words)}</text>"
            )
        elif isinstance(shape, Curve):
            first, *others = map(_p, shape.points)
            yield f'<path class="{shape.look}" d="M{first}C{" ".join(others)}"/>'
        elif isinstance(shape, Line):
            yield from _line(shape, looks)


def _rect(rect: Rect) -> str:
    if rect.corner < 0:
        first, *others = map(_p, octagon(rect))
        return f'<path class="{rect.look}" d="M{first}L{"L".join(others)}Z"/>'
    round_ = f' rx="{_n(corner(rect))}"' if rect.corner else ""
    box = f'x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}"'
    return f'<rect class="{rect.look}" {box}{round_}/>'


def _line(line: Line, looks: dict[str, None]) -> Iterator[str]:
    points, head = arrow(line)
    yield f'<path class="{line.look}" d="{_way(points)}"/>'
    if head:
        look = head_look(line)
        looks[look] = None
        yield f'<path class="{look}" d="M{"L".join(map(_p, head))}Z"/>'


def _way(points: list[Point]) -> str:
    """Straight pieces with rounded corners between them."""
    way = [f"M{_p(points[0])}"]
    for before, bend, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _towards(bend, before), _towards(bend, after)
        way.append(f"L{_p(into)}Q{_p(bend)} {_p(out)}")
    return "".join([*way, f"L{_p(points[-1])}"])


def _towards(corner: Point, end: Point) -> Point:
    length = abs(end[0] - corner[0]) + abs(end[1] - corner[1])
    part = min(BEND, length / 2) / length if length else 0
    return corner[0] + (end[0] - corner[0]) * part, corner[1] + (end[1] - corner[1]) * part


def _id(path: str, ids: dict[str, int]) -> str:
    """``path`` as an id that no other part has."""
    word = "".join(
        [char if char.isascii() and (char.isalnum() or char in "._-") else "_" for char in path[:MOST_SHOWN]]
    )
    word = word or "network"
    ids[word] = ids.get(word, 0) + 1
    return word if ids[word] == 1 else f"{word}--{ids[word]}"


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(value: float) -> str:
    """A number with as few characters as a hundredth of a unit needs."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))
