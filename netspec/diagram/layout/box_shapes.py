"""The shapes of single boxes: how large their text makes them, and what they look like."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from netspec.diagram.labels import ARROW, DOT, TIMES, crossed, human, shape_label
from netspec.diagram.scene import Box, Kind
from netspec.drawing.picture import Line, Part, Rect, Shape, Text
from netspec.drawing.text_width import text_width, total
from netspec.ops.facts import Family

LARGE, NORMAL, SMALL = 15, 11, 9
"""Sizes of text. A page is wide enough if the small one is readable on it."""
LEAD = {NORMAL: 13, SMALL: 11}
"""How high a line of text is."""
ASIDE_X, ASIDE_Y = 7, 4
"""Room beside and above the text of a box."""
CIRCLE, BAR = 9, 18
"""Radius of the sign of a join, and height of the row of what a concatenation joins."""
CORNERS = {
    Family.POOL: -5, Family.ACTIVATION: 99, Family.NORM: 99, Family.REGULARISE: 99, Family.SHAPE: -9, Family.LINEAR: 0,
}  # fmt: skip
"""Families that are told apart without colour: cut corners, round ends, sharp corners."""
ROUND = 4
AROUND = 2.5
"""Between a box and the line that marks it."""
LOOP = 10
"""How far the sign of a skip stands out beside a box that stands for blocks with skips."""


class Density(NamedTuple):
    """How much is said in boxes: what follows a layer, figures of blocks, words for convolutions; gaps between them."""

    follows: bool = True
    figures: bool = True
    words: bool = True
    gap: float = 18


Words = tuple[str, float, str]
"""Text, its size and its look."""


def words(box: Box, density: Density) -> list[Words]:
    """The lines of text in a box."""
    return [*_said(box, density), *_change_lines(box)]


def _said(box: Box, density: Density) -> list[Words]:
    """What it is, and what is in it."""
    count = f" {TIMES}{box.copies}" if box.copies > 1 else ""
    if box.kind is Kind.END:
        colon = "" if box.title == "input" else ":"
        return [(box.title if box.auxiliary else f"{box.title}{colon} {shape_label(box.shape)}", SMALL, "muted")]
    if box.kind is not Kind.BLOCK:
        title = box.title if density.words else box.title.removeprefix("conv ").replace("channels ", "ch. ")
        lines: list[Words] = [(title + count, NORMAL if density.words else SMALL, "text")]
        lines += [(line, SMALL, "text") for line in box.lines]
        return [*lines, (box.follows, SMALL, "muted")] if box.follows and density.follows else lines
    lines = [(box.title, NORMAL, "bold")]
    rest = list(box.lines)
    if rest:
        lines.append((f" {DOT} ".join([rest.pop(0) + count, *rest[:1]]), SMALL, "text"))
        rest = rest[1:]
    lines += [(line, SMALL, "muted") for line in rest]
    if density.figures and (box.figures.params or box.figures.macs):
        told = [f"{human(box.figures.params)} params"] if box.figures.params else []
        told += [f"{human(box.figures.macs)} MACs"] if box.figures.macs else []
        lines.append((f" {DOT} ".join(told), SMALL, "muted"))
    if box.auxiliary:
        lines.append(("training only", SMALL, "muted"))
    return lines


def _change_lines(box: Box) -> list[Words]:
    return [(crossed(change).replace(" -> ", f" {ARROW} "), SMALL, "bold") for change in box.changes]


def mark_shapes(box: Box, width: float, height: float) -> list[Shape]:
    """The line around a box that is in one of two networks alone, or changed: each mark has dashes of its own."""
    if not box.mark:
        return []
    reach = width / 2 + AROUND
    return [Rect(-reach, -AROUND, 2 * reach, height + 2 * AROUND, box.mark, CORNERS.get(box.family, ROUND) or ROUND)]


def width_of(lines: list[Words]) -> float:
    """The width that lines of text need."""
    return max([text_width(text, size, bold=look == "bold") for text, size, look in lines], default=0)


def size(box: Box, density: Density) -> tuple[float, float]:
    """Width and height of a box."""
    if box.kind is Kind.JOIN and len(box.title) == 1:
        return 2 * CIRCLE, 2 * CIRCLE
    lines = words(box, density)
    height = total([LEAD.get(int(size_), 13) for _, size_, _ in lines])
    room = 0 if box.kind is Kind.END else ASIDE_Y
    return width_of(lines) + 2 * ASIDE_X, height + 2 * room


def draw(box: Box, width: float, height: float, density: Density) -> Part:
    """A box with its top in the middle of the origin."""
    family = box.family.value
    shapes: list[Shape] = []
    if box.kind is Kind.JOIN and len(box.title) == 1:
        shapes += [
            Rect(-CIRCLE, 0, 2 * CIRCLE, 2 * CIRCLE, "join", CIRCLE),
            Text(0, CIRCLE + 4, box.title, 13, "text"),
        ]
        return Part(box.path, says(box), tuple(shapes))
    if box.kind is not Kind.END:
        look = f"{family}-aside" if box.auxiliary or box.control else family
        look = f"{family}-block" if box.kind is Kind.BLOCK and look == family else look
        shapes.append(Rect(-width / 2, 0, width, height, look, CORNERS.get(box.family, ROUND)))
    lines = words(box, density)
    y = (height - total([LEAD.get(int(size_), 13) for _, size_, _ in lines])) / 2
    for text, size_, look in lines:
        lead = LEAD.get(int(size_), 13)
        shapes.append(Text(0, y + lead - (lead - size_ * 0.72) / 2, text, size_, look))
        y += lead
    if box.kind is Kind.BLOCK and box.skips:
        middle, reach = height / 2, width / 2 + LOOP
        way = ((width / 2, middle - 6), (reach, middle - 6), (reach, middle + 6), (width / 2, middle + 6))
        shapes.append(Line(way, "skip", arrow=True))
    return Part(box.path, says(box), tuple(shapes))


def bar(box: Box, ends: list[tuple[float, str]], left: float, right: float) -> Part:
    """A concatenation as a row of what it joins: ``ends`` are where the parts come from, and what they are."""
    shapes: list[Shape] = [Rect(left, 0, right - left, BAR, "join", ROUND)]
    for (x, _), (other, _) in pairwise(ends):
        middle = (x + other) / 2
        shapes.append(Line(((middle, 3), (middle, BAR - 3)), "rule"))
    shapes += [Text(x, BAR / 2 + SMALL * 0.36, label, SMALL, "text") for x, label in ends if label]
    return Part(box.path, says(box), tuple(shapes))


def says(box: Box) -> str:
    """What a reader who points at a box is told."""
    told = [box.path or "input", " ".join([box.title, *([f"{TIMES}{box.copies}"] if box.copies > 1 else [])])]
    told += [box.follows] if box.follows else []
    told += [*box.changes, *box.lines, f"output {shape_label(box.shape)}"]
    told += [f"{box.figures.params:,} params"] if box.figures.params else []
    told += [f"{box.figures.macs:,} MACs"] if box.figures.macs else []
    told += [f"{box.skips} skip connection{'s' if box.skips > 1 else ''}"] if box.skips else []
    return "\n".join(told)
