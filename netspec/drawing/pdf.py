"""A picture as PDF 1.4: lines and text in Helvetica, which every viewer has, so that no font is embedded."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from string import printable

from netspec.drawing.geometry import arrow, head_look, octagon
from netspec.drawing.picture import At, Curve, Image, Line, Part, Picture, Point, Rect, Shape, Text
from netspec.drawing.text_width import helvetica_width, total
from netspec.drawing.theme import LIGHT, LOOKS, PALETTES, Theme

KAPPA = 0.5523
"""Where the points of a cubic curve stand that is nearly a quarter of a circle."""
WINDOWS = " /Encoding /WinAnsiEncoding"
ARROW = "\N{RIGHTWARDS ARROW}"
SYMBOL_ARROW, ARROW_WIDTH = r"\256", 0.987
"""The arrow in the font Symbol, and its width."""


def pdf(picture: Picture, theme: Theme = "auto") -> bytes:
    """The picture as a file of one page, as large as the picture."""
    palette = PALETTES.get(theme, LIGHT)
    scale, height = picture.scale, picture.height
    content = "\n".join([f"{_n(scale)} 0 0 {_n(-scale)} 0 {_n(height * scale)} cm", *_marks(picture.shapes, palette)])
    packed = zlib.compress(content.encode("latin-1", "replace"), 9)
    box = f"[0 0 {_n(picture.width * scale)} {_n(height * scale)}]"
    fonts = "".join([
        f"/F{place} << /Type /Font /Subtype /Type1 /BaseFont /{name}{encoding} >> "
        for place, (name, encoding) in enumerate(
            (("Helvetica", WINDOWS), ("Helvetica-Bold", WINDOWS), ("Symbol", ""))
        )
    ])  # fmt: skip
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R /Resources << /Font << {fonts}>> >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Title %s >>" % _unicode(picture.title),
    ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    """Objects with the table of where each begins."""
    parts = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"]
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = sum(map(len, parts))
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    parts += [b"%010d 00000 n \n" % start for start in starts]
    size = len(objects) + 1
    parts.append(b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, table))
    return b"".join(parts)


def _unicode(text: str) -> bytes:
    return b"<FEFF" + text.encode("utf-16-be", "replace").hex().upper().encode() + b">"


def _marks(shapes: Iterable[Shape], palette: dict[str, str]) -> Iterator[str]:
    for shape in shapes:
        if isinstance(shape, (Part, At)):
            yield from _marks(shape.shapes, palette)
        elif isinstance(shape, Text):
            yield from _text(shape, palette)
        elif isinstance(shape, Rect):
            yield from _painted(shape.look, palette, _rect(shape))
        elif isinstance(shape, Line):
            yield from _line(shape, palette)
        elif isinstance(shape, Curve):
            first, second, third, last = map(_p, shape.points)
            yield from _painted(shape.look, palette, f"{first} m {second} {third} {last} c")
        elif isinstance(shape, Image):
            continue


def _painted(name: str, palette: dict[str, str], way: str) -> Iterator[str]:
    look = LOOKS[name]
    yield "q"
    if look.fill:
        yield f"{_rgb(palette[look.fill])} rg"
    if look.line:
        yield f"{_rgb(palette[look.line])} RG {_n(look.width)} w 1 j"
    if look.dash:
        yield f"[{look.dash}] 0 d"
    yield f"{way} {'B' if look.fill and look.line else 'f' if look.fill else 'S'} Q"


def _rect(rect: Rect) -> str:
    if not rect.corner:
        return f"{_n(rect.x)} {_n(rect.y)} {_n(rect.width)} {_n(rect.height)} re"
    first, *others = octagon(rect)
    if rect.corner < 0:
        return f"{_way([first, *others])} h"
    return " ".join([f"{_p(first)} m", *_rounded(rect, [*others, first]), "h"])


def _rounded(rect: Rect, points: list[Point]) -> Iterator[str]:
    """Straight sides to every other of ``points``, and a quarter of a circle from each of these to the next."""
    right, bottom = rect.x + rect.width, rect.y + rect.height
    turns = [(right, rect.y), (right, bottom), (rect.x, bottom), (rect.x, rect.y)]
    for (turn_x, turn_y), begin, end in zip(turns, points[::2], points[1::2], strict=True):
        near = [(x + (turn_x - x) * KAPPA, y + (turn_y - y) * KAPPA) for x, y in (begin, end)]
        yield f"{_p(begin)} l {_p(near[0])} {_p(near[1])} {_p(end)} c"


def _line(line: Line, palette: dict[str, str]) -> Iterator[str]:
    points, head = arrow(line)
    if head:
        yield from _painted(head_look(line), palette, f"{_way(head)} h")
    yield from _painted(line.look, palette, _way(points))


def _way(points: Sequence[Point]) -> str:
    return " ".join([f"{_p(points[0])} m", *[f"{_p(point)} l" for point in points[1:]]])


def _text(text: Text, palette: dict[str, str]) -> Iterator[str]:
    """Pieces in Helvetica, with arrows from Symbol between them."""
    look = LOOKS[text.look]
    pieces = text.words.split(ARROW)
    widths = [helvetica_width(piece, text.size, bold=look.bold) for piece in pieces]
    arrow = ARROW_WIDTH * text.size
    whole = total(widths) + arrow * (len(pieces) - 1)
    x = text.x - {"start": 0, "middle": whole / 2, "end": whole}[text.anchor]
    font = f"/F{int(look.bold)} {_n(text.size)} Tf"
    yield f"BT {_rgb(palette[look.fill])} rg"
    for place, (piece, width) in enumerate(zip(pieces, widths, strict=True)):
        if place:
            yield f"/F2 {_n(text.size)} Tf 1 0 0 -1 {_n(x)} {_n(text.y)} Tm ({SYMBOL_ARROW}) Tj"
            x += arrow
        if piece:
            yield f"{font} 1 0 0 -1 {_n(x)} {_n(text.y)} Tm ({_quoted(piece)}) Tj"
            x += width
    yield "ET"


def _quoted(text: str) -> str:
    """``text`` as a PDF string in the encoding of Windows; what that lacks becomes a question mark."""
    codes = text.encode("cp1252", "replace")
    plain = {*map(ord, printable)} - {*b"()\\\t\n\r\v\f"}
    return "".join([chr(code) if code in plain else f"\\{code:03o}" for code in codes])


def _rgb(colour: str) -> str:
    return " ".join([_n(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5)])


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
