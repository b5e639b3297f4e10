"""Where layers stand while they become nodes: what expressions see there, and what their names can reach."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.errors.source import Span
from netspec.graph.graph import Node
from netspec.language.expression import ABSENT


class Body(NamedTuple):
    """Where layers stand: the values that expressions see, what ``from: input`` means, and how far names reach."""

    values: dict[str, Any]
    input: Node | None
    boundary: str
    uses: tuple[tuple[str, Span], ...] = ()


def seen(values: dict[str, Any], x: Node | None) -> dict[str, Any]:
    """``values`` and ``$in``: the shape of what the layer reads."""
    if x is None:
        return {**values, "in": ABSENT}
    sides = {"height": x.shape[1], "width": x.shape[2]} if len(x.shape) > 1 else {}
    return {**values, "in": {"channels": x.shape[0], **sides}}
