"""What a page is put together of."""

from __future__ import annotations

from typing import NamedTuple

from netspec.drawing.picture import Shape


class Block(NamedTuple):
    """Shapes in a rectangle of their own."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
