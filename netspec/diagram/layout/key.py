"""The key of a picture: what its forms and lines mean, as far as they are there, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from netspec.diagram.labels import DOT
from netspec.diagram.layout.block import Block
from netspec.diagram.layout.box_shapes import CORNERS, ROUND, SMALL, Density
from netspec.diagram.scene import Box, Edge, Kind, Mark, Role, Scene, boxes, edges, side_boxes
from netspec.drawing.picture import Line, Rect, Shape, Text
from netspec.drawing.text_width import text_width
from netspec.ops.facts import Family

NAMES = {
    Family.CONV: "convolution", Family.LINEAR: "linear", Family.POOL: "pooling", Family.NORM: "normalisation",
    Family.ACTIVATION: "activation", Family.REGULARISE: "regularisation", Family.SHAPE: "reshaping",
}  # fmt: skip
LINE, SWATCH, BETWEEN = 16, 18, 14
"""Height of a line of the key, width of a sample, and room between entries."""
MOST_NAMED = 3
"""Kinds of layers that are named as left out."""


Entry = tuple[list[Rect | Line], str]
"""Samples, and what they mean."""


def key_block(entries: Iterable[Entry], width: float) -> Block:
    """The entries one after the other, in as many lines as ``width`` needs."""
    shapes: list[Shape] = []
    x, y = 0.0, 0.0
    for samples, words in entries:
        room = (SWATCH + 5 if samples else 0) + text_width(words, SMALL)
        if x and x + room > width:
            x, y = 0.0, y + LINE
        for sample in samples:
            moved = (
                sample._replace(x=x + sample.x, y=y + 2)
                if isinstance(sample, Rect)
                else sample._replace(points=tuple([(px + x, py + y) for px, py in sample.points]))
            )
            shapes.append(moved)
        shapes.append(Text(x + (SWATCH + 5 if samples else 0), y + 10, words, SMALL, "muted", "start"))
        x += room + BETWEEN
    return Block(width, y + LINE if shapes else 0, tuple(shapes))


def key_entries(scene: Scene, density: Density) -> list[Entry]:
    """What is in the picture of a scene and not clear by itself."""
    found: list[Entry] = []
    shown, links = _shown(scene)
    used = {box.family for box in shown}
    for family, name in NAMES.items():
        if family in used:
            found.append(([Rect(0, 0, SWATCH, 10, family.value, CORNERS.get(family, ROUND))], name))
    found += _lines(shown, links)
    for mark in get_args(Mark):
        if any(box.mark == mark for box in shown):
            found.append(([Rect(1, 0, SWATCH - 2, 10, mark, ROUND)], mark))
    if not density.words and any(box.title.startswith("conv ") for box in shown):
        found.append(([], "k\N{MULTIPLICATION SIGN}k/s, n: n channels, step s"))
    behind = f" {DOT} ".join([box.follows for box in shown if box.follows and not density.follows])
    left_out = dict.fromkeys([_without_number(name) for name in behind.split(f" {DOT} ") if name])
    if left_out:
        found.append(([], f"not shown: {', '.join([*left_out][:MOST_NAMED])} behind layers"))
    return found


def _without_number(name: str) -> str:
    """``name`` without a rate behind it: ``dropout 0.5``, but not ``relu6``."""
    word, _, number = name.rpartition(" ")
    return word if word and number.replace(".", "").isdecimal() else name


def _lines(shown: list[Box], links: list[Edge]) -> list[Entry]:
    """What the lines mean."""
    roles = {edge.role for edge in links}
    skips = {edge.changed for edge in links if edge.role is Role.SKIP}
    used = {
        ("skip", "skip"): False in skips or any(box.skips for box in shown if box.kind is Kind.BLOCK),
        ("skip-changed", "skip that changes the shape"): True in skips,
        ("side", "training only"): any(box.auxiliary for box in shown),
        ("control", "places of the maxima"): Role.CONTROL in roles,
        ("rail", "link that crosses others"): Role.RAIL in roles,
    }
    return [([Line(((0, 7), (SWATCH, 7)), look, arrow=True)], name) for (look, name), there in used.items() if there]


def _shown(scene: Scene) -> tuple[list[Box], list[Edge]]:
    shown: list[Box] = []
    links: list[Edge] = []
    for panel in scene.panels:
        for drawn in panel.drawn:
            shown += [*boxes(drawn.flow), *side_boxes(drawn.sides)]
            links += [*edges(drawn.flow), *drawn.rails]
    return [box for box in shown if box.kind is not Kind.END], links
