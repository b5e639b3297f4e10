"""A receptive field over its input as a picture: image and padding, the field, and a key of what is there."""

from __future__ import annotations

from netspec.analysis.effective_field import Effective
from netspec.analysis.position_field import PositionField
from netspec.analysis.receptive_field import Region
from netspec.drawing.picture import Image, Line, Picture, Rect, Shape, Text
from netspec.drawing.raster import raster_png
from netspec.drawing.svg import svg as written
from netspec.drawing.text_width import text_width
from netspec.errors.problem import Problem, SpecError
from netspec.ops.facts import brief, shape_text
from netspec.report.position_field import PositionReport, figures
from netspec.report.receptive_field import warnings
from netspec.report.receptive_field_drawing import BEYOND, TONE, reaches_beyond, shown

SIDE, MARGIN, TOP, COLUMN, LINE = 420, 24, 64, 300, 18
"""Longer side of the plane, the margins, the height of the heading, and width and lines of the column beside."""
LARGE, NORMAL, SMALL = 16, 12, 11
PLANE = 2
"""Axes that a picture has."""
SWATCH = 22
"""Width of a sample in the key."""
ARM = 6
"""Half of the cross at the centre."""


def svg(report: PositionReport) -> bytes:
    """The picture: image and padding, the theoretical field, the gradient in grey, figures and a key beside them.

    Raises :class:`netspec.SpecError` where the input is no plane.
    """
    axes = len(report.position.input) - 1
    if axes != PLANE:
        message = f"the input of {report.position.network} has {axes} ax{'i' if axes == 1 else 'e'}s, and a picture two"
        raise SpecError([Problem("layout", message, hint="without -o every figure of the field is told")])
    return written(picture(report), report.theme)


def picture(report: PositionReport) -> Picture:
    """The same as shapes."""
    found, effective = report.position, report.effective
    region = _with_rim(shown(found, beyond=1))
    high, wide = (last - first + 1 for first, last in region)
    scale = SIDE / max(high, wide)
    lines = _figures(found, effective)
    key = _key(found, effective, region)
    notes = [*([_beyond(found)] if reaches_beyond(found, region) else []), *warnings(found.misaligned)]
    beside = LINE * (len(lines) + len(key) + 1)
    down = TOP + max(high * scale, beside) + LINE
    widest = max([text_width(note, SMALL) for note in notes], default=0)
    x = MARGIN + wide * scale + MARGIN
    shapes: list[Shape] = [
        Text(MARGIN, 28, found.network, LARGE, "bold", "start"),
        Text(MARGIN, 48, _subtitle(found), NORMAL, "muted", "start"),
        *_plane(found, effective, region, scale),
    ]
    for row, (look, name, value) in enumerate(lines):
        shapes.append(Text(x, TOP + LINE * (row + 1) - 4, name, NORMAL, look, "start"))
        shapes.append(Text(x + 150, TOP + LINE * (row + 1) - 4, value, NORMAL, look, "start"))
    for row, (sample, words) in enumerate(key):
        y = TOP + LINE * (len(lines) + 1 + row)
        shapes += _sample(sample, x, y)
        shapes.append(Text(x + SWATCH + 8, y + 12, words, NORMAL, "muted", "start"))
    shapes += [Text(MARGIN, down + LINE * (row + 0.5), note, SMALL, "text", "start") for row, note in enumerate(notes)]
    width = max(x + COLUMN, MARGIN + widest + MARGIN)
    title = f"Receptive field of {found.node.name} in {found.network}"
    says = "\n".join([_subtitle(found), *[f"{name}: {value}" for _, name, value in lines], *notes])
    return Picture(width, down + LINE * len(notes) + MARGIN, title, says, tuple(shapes))


def grey_png(rows: tuple[tuple[float, ...], ...]) -> bytes:
    """An 8-bit greyscale PNG of numbers from 0, white, to 1, black."""
    pixels = b"".join(bytes(255 - round(255 * value) for value in row) for row in rows)
    return raster_png(len(rows), len(rows[0]), 1, pixels)


def _plane(found: PositionField, effective: Effective | None, region: Region, scale: float) -> list[Shape]:
    """Image, padding and fields; of what lies outside of the plane no line is drawn."""
    (top, _), (left, _) = region

    def rect(place: Region, look: str) -> list[Shape]:
        """The outline of ``place``, cut off where the plane ends."""
        return _clipped(place, region, scale, look)

    high, wide = found.input[1:]
    image: Region = ((0, high - 1), (0, wide - 1))
    shapes: list[Shape] = [*_filled(region, region, scale, "padding"), *_filled(image, region, scale, "image")]
    if effective:
        png = grey_png(tuple(tuple(value**TONE for value in row) for row in effective.heat))
        shapes.append(Image(MARGIN - left * scale, TOP - top * scale, wide * scale, high * scale, png))
    else:
        shapes += _filled(found.seen, region, scale, "field-inside")
    shapes += rect(image, "image-edge")
    shapes += rect(found.seen, "field")
    for one in effective.holdings if effective else ():
        shapes += rect(one.window, "holding")
    y, x = (
        corner + (centre + 0.5 - first) * scale
        for corner, centre, first in zip((TOP, MARGIN), found.center, (top, left), strict=True)
    )
    shapes += [Line(((x - ARM, y), (x + ARM, y)), "field"), Line(((x, y - ARM), (x, y + ARM)), "field")]
    return shapes


def _corners(place: Region, region: Region, scale: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of ``place`` in the picture."""
    (top, bottom), (left, right) = place
    (first_row, _), (first_column, _) = region
    return (
        MARGIN + (left - first_column) * scale,
        TOP + (top - first_row) * scale,
        MARGIN + (right + 1 - first_column) * scale,
        TOP + (bottom + 1 - first_row) * scale,
    )


def _filled(place: Region, region: Region, scale: float, look: str) -> list[Shape]:
    """What of ``place`` is in the plane, as an area."""
    rows, columns = (
        (max(mine[0], whole[0]), min(mine[1], whole[1])) for mine, whole in zip(place, region, strict=True)
    )
    if rows[0] > rows[1] or columns[0] > columns[1]:
        return []
    left, top, right, bottom = _corners((rows, columns), region, scale)
    return [Rect(left, top, right - left, bottom - top, look)]


def _clipped(place: Region, region: Region, scale: float, look: str) -> list[Shape]:
    """The sides of ``place`` that are in the plane, each as far as it goes."""
    left, top, right, bottom = _corners(place, region, scale)
    first, upper, last, lower = _corners(region, region, scale)
    across, down = (max(left, first), min(right, last)), (max(top, upper), min(bottom, lower))
    if across[0] >= across[1] or down[0] >= down[1]:
        return []
    sides = [Line(((across[0], y), (across[1], y)), look) for y in (top, bottom) if upper <= y <= lower]
    return [*sides, *[Line(((x, down[0]), (x, down[1])), look) for x in (left, right) if first <= x <= last]]


def _with_rim(region: Region) -> Region:
    """A little more on each side, so that outlines are not cut."""
    rim = max(1, max(last - first for first, last in region) // 60)
    high, wide = ((first - rim, last + rim) for first, last in region)
    return (high, wide)


def _figures(found: PositionField, effective: Effective | None) -> list[tuple[str, str, str]]:
    """Look, name and value of each line beside the picture."""
    lines = [("text", "input", shape_text(found.input))]
    for name, high, wide in figures(found):
        lines.append(("bold" if name == "size" else "text", name, high if high == wide else f"{high} x {wide}"))
    held = effective.holdings if effective else ()
    return [*lines, *(("text", f"{one.percent} % of the gradient", f"within {brief(one.size)}") for one in held)]


def _key(found: PositionField, effective: Effective | None, region: Region) -> list[tuple[str, str]]:
    """Look and meaning of everything that is drawn."""
    (top, bottom), (left, right) = region
    high, wide = found.input[1:]
    entries = [("image", "the image")]
    if top < 0 or left < 0 or bottom >= high or right >= wide:
        entries.append(("padding", "outside of it: padding"))
    entries.append(("field", "what the position can see"))
    if effective:
        entries += [("heat", "gradient, dark where it is strong"), ("holding", "windows that hold shares of it")]
    return entries


def _sample(look: str, x: float, y: float) -> list[Shape]:
    if look in ("field", "holding"):
        return [Line(((x, y + 8), (x + SWATCH, y + 8)), look)]
    if look == "image":
        return [Rect(x, y + 3, SWATCH, 11, "image"), Rect(x, y + 3, SWATCH, 11, "image-edge")]
    return [Rect(x, y + 3, SWATCH, 11, look)]


def _beyond(found: PositionField) -> str:
    """That the field is cut off, and where the image is in it."""
    (top, bottom), (left, right) = found.seen
    high, wide = found.input[1:]
    around = f"{-top} above, {bottom - high + 1} below, {-left} left and {right - wide + 1} right of the image"
    return f"{BEYOND}: it goes {around}"


def _subtitle(found: PositionField) -> str:
    return f"{found.node.name}, {found.node.label}, {shape_text(found.node.shape)}"
