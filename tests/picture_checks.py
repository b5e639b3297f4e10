"""What must be true of a picture, read off its shapes: text in its box, nothing over text, lines through no box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netspec.drawing.picture import Line, Part, Picture, Point, Rect, Shape, Text
from netspec.drawing.text_width import text_width
from netspec.drawing.theme import LOOKS

SLACK = 0.6
"""Units that two things may overlap: half of a line's width."""
CAP, DESCENT = 0.74, 0.22
"""How far text stands above its base line, and below it, in sizes of the font."""
FRAMES = ("frame", "panel", "ground", "added", "removed", "changed")
"""Looks of rectangles that other things stand in."""


class Area(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Area) -> bool:
        """Whether both have more than their edges in common."""
        return (
            self.left < other.right - SLACK
            and other.left < self.right - SLACK
            and self.top < other.bottom - SLACK
            and other.top < self.bottom - SLACK
        )

    def holds(self, other: Area) -> bool:
        """Whether all of ``other`` lies inside."""
        return (
            self.left <= other.left + SLACK
            and self.top <= other.top + SLACK
            and other.right <= self.right + SLACK
            and other.bottom <= self.bottom + SLACK
        )


def problems(picture: Picture) -> list[str]:
    """Everything that is wrong; nothing for a good picture."""
    return [*_outside(picture), *_over_text(picture), *_through_boxes(picture)]


def flat(shapes: tuple[Shape, ...]) -> Iterator[Shape]:
    """All shapes, those of parts included."""
    for shape in shapes:
        if isinstance(shape, Part):
            yield from flat(shape.shapes)
        else:
            yield shape


def text_area(text: Text) -> Area:
    """Where a text may reach in any font that is reckoned with."""
    width = text_width(text.words, text.size, bold=LOOKS[text.look].bold)
    left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
    return Area(left, text.y - CAP * text.size, left + width, text.y + DESCENT * text.size)


def rect_area(rect: Rect) -> Area:
    """A rectangle's own."""
    return Area(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)


def segments(line: Line) -> Iterator[tuple[Point, Point]]:
    """The straight pieces of a line."""
    yield from zip(line.points, line.points[1:], strict=False)


def _boxes(picture: Picture) -> list[tuple[Area, list[Text]]]:
    """Each box with the text that was drawn in it."""
    found = []

    def look(shapes: tuple[Shape, ...]) -> None:
        for shape in shapes:
            if isinstance(shape, Part):
                look(shape.shapes)
        rects = [shape for shape in shapes if isinstance(shape, Rect) and shape.look not in FRAMES]
        texts = [shape for shape in shapes if isinstance(shape, Text)]
        if len(rects) == 1 and any(isinstance(shape, Rect) for shape in shapes[:1]):
            found.append((rect_area(rects[0]), texts))

    for shape in picture.shapes:
        if isinstance(shape, Part):
            look(shape.shapes)
    return found


def _outside(picture: Picture) -> Iterator[str]:
    whole = Area(0, 0, picture.width, picture.height)
    for shape in flat(picture.shapes):
        area = text_area(shape) if isinstance(shape, Text) else rect_area(shape) if isinstance(shape, Rect) else None
        if area and not whole.holds(area):
            yield f"outside the picture: {shape}"
        if isinstance(shape, Line) and not all(
            0 <= x <= picture.width and 0 <= y <= picture.height for x, y in shape.points
        ):
            yield f"outside the picture: {shape}"
    for box, texts in _boxes(picture):
        for text in texts:
            if not box.holds(text_area(text)):
                yield f"outside its box: {text.words}"


def _over_text(picture: Picture) -> Iterator[str]:
    texts = [(shape, text_area(shape)) for shape in flat(picture.shapes) if isinstance(shape, Text)]
    texts.sort(key=lambda pair: pair[1].top)
    for place, (text, area) in enumerate(texts):
        for other, its in texts[place + 1 :]:
            if its.top >= area.bottom:
                break
            if area.overlaps(its):
                yield f"text over text: {text.words} | {other.words}"
    lines = [shape for shape in flat(picture.shapes) if isinstance(shape, Line) and shape.look != "rule"]
    for line in lines:
        for piece in segments(line):
            for text, area in texts:
                if _crosses(piece, area):
                    yield f"line over text: {text.words}"


def _through_boxes(picture: Picture) -> Iterator[str]:
    boxes = [area for area, _ in _boxes(picture)]
    for line in flat(picture.shapes):
        if isinstance(line, Line) and line.look != "rule":
            for piece in segments(line):
                for box in boxes:
                    if _crosses(piece, box):
                        yield f"line through a box: {line.points} {box}"


def _crosses(piece: tuple[Point, Point], area: Area) -> bool:
    """Whether an upright or level piece of a line goes through the inside of an area."""
    (x, y), (other_x, other_y) = piece
    inner = Area(area.left + SLACK, area.top + SLACK, area.right - SLACK, area.bottom - SLACK)
    across = min(x, other_x) < inner.right and max(x, other_x) > inner.left
    return across and min(y, other_y) < inner.bottom and max(y, other_y) > inner.top
