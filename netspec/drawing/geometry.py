"""What writers work out of shapes before they put them down: the corners of boxes, the heads of arrows."""

from __future__ import annotations

from netspec.drawing.picture import Line, Point, Rect

HEAD = (3.2, 6.0)
"""Half of the width of an arrow's head, and its length, where the last piece of the way is that long."""


def corner(rect: Rect) -> float:
    """How much of each side a corner takes, be it round or cut off."""
    return min(abs(rect.corner), rect.width / 2, rect.height / 2)


def octagon(rect: Rect) -> list[Point]:
    """A rectangle without its corners, clockwise from the left end of its top."""
    x, y, right, bottom, cut = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height, corner(rect)
    return [
        (x + cut, y), (right - cut, y), (right, y + cut), (right, bottom - cut),
        (right - cut, bottom), (x + cut, bottom), (x, bottom - cut), (x, y + cut),
    ]  # fmt: skip


def arrow(line: Line) -> tuple[list[Point], list[Point]]:
    """The way of a line up to its head, and the corners of that from its tip; no corners where it has none."""
    points = list(line.points)
    if not line.arrow or len(points) == 1:
        return points, []
    (x, y), (tip_x, tip_y) = points[-2:]
    length = max(abs(tip_x - x) + abs(tip_y - y), 0.01)
    dx, dy = (tip_x - x) / length, (tip_y - y) / length
    half, long = HEAD[0], min(HEAD[1], length)
    base_x, base_y = tip_x - dx * long, tip_y - dy * long
    head = [(tip_x, tip_y), (base_x - dy * half, base_y + dx * half), (base_x + dy * half, base_y - dx * half)]
    return [*points[:-1], (base_x, base_y)], head


def head_look(line: Line) -> str:
    """The name of the look of a line's head."""
    return "head" if line.look == "edge" else f"{line.look}-head"
