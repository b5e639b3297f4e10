"""A picture as plain data: shapes in a plane whose ``y`` grows downwards, each with the name of its look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Point = tuple[float, float]


class Rect(NamedTuple):
    """A rectangle; ``corner`` is the radius of its corners, a negative one cuts them off."""

    x: float
    y: float
    width: float
    height: float
    look: str
    corner: float = 0


class Line(NamedTuple):
    """A way along points; ``arrow`` puts a head at its end."""

    points: tuple[Point, ...]
    look: str
    arrow: bool = False


class Curve(NamedTuple):
    """A cubic curve: from where, by which two points, to where."""

    points: tuple[Point, Point, Point, Point]
    look: str


class Text(NamedTuple):
    """One line of text: ``x`` is its middle, its ``start`` or its ``end``, ``y`` the height of its base line."""

    x: float
    y: float
    words: str
    size: float
    look: str = "text"
    anchor: str = "middle"


class Image(NamedTuple):
    """A PNG, grey or RGB, stretched over a rectangle; its pixels stay squares."""

    x: float
    y: float
    width: float
    height: float
    png: bytes


class Part(NamedTuple):
    """Shapes that belong together; ``path`` says to what of the network, and ``says`` what a reader is told of it."""

    path: str
    says: str
    shapes: tuple[Shape, ...]


class At(NamedTuple):
    """Shapes at another place, as long as a picture is put together."""

    x: float
    y: float
    shapes: tuple[Shape, ...]


Shape = Rect | Line | Curve | Text | Image | Part | At


class Picture(NamedTuple):
    """A whole picture in units of its own; ``scale`` says how many points of print one unit is."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]
    scale: float = 0.75


def flattened(shapes: Iterable[Shape], right: float = 0, down: float = 0) -> tuple[Shape, ...]:
    """``shapes`` moved to the right and down, each at its own place: none is an :class:`At` any more."""
    found: list[Shape] = []
    for shape in shapes:
        if isinstance(shape, At):
            found += flattened(shape.shapes, right + shape.x, down + shape.y)
        elif isinstance(shape, Line):
            found.append(Line(tuple([(x + right, y + down) for x, y in shape.points]), shape.look, shape.arrow))
        elif isinstance(shape, Curve):
            first, second, third, last = [(x + right, y + down) for x, y in shape.points]
            found.append(Curve((first, second, third, last), shape.look))
        elif isinstance(shape, Part):
            found.append(Part(shape.path, shape.says, flattened(shape.shapes, right, down)))
        else:
            found.append(shape._replace(x=shape.x + right, y=shape.y + down))
    return tuple(found)


def texts(shapes: Iterable[Shape]) -> list[Text]:
    """All text in ``shapes``, in their order."""
    found: list[Text] = []
    for shape in shapes:
        if isinstance(shape, Text):
            found.append(shape)
        elif isinstance(shape, Part):
            found += texts(shape.shapes)
    return found
