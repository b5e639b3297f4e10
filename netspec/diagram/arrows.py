"""The arrows of a diagram: between which boxes data goes, and where arrows into a frame part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from netspec.diagram.outline import Outline, Place
from netspec.diagram.view import Arrow, Box, End, Frame, boxes, frames
from netspec.graph.graph import Graph
from netspec.ops.facts import Shape

Pair = tuple[str, str]
"""Keys of the source and the target of an arrow."""


def drawn(graph: Graph, outline: Outline, ends: Iterable[End]) -> tuple[list[Arrow], dict[Pair, tuple[Shape, ...]]]:
    """An arrow for each pair of boxes that data goes between, copies of one block drawn once.

    With them, for arrows into the first of several copies: the shapes that the other copies have there.
    """
    places = outline.places
    first = {peer: node for node, alike in outline.peers.items() for peer in alike}
    shapes: dict[Pair, list[Shape]] = defaultdict(list)
    later: dict[Pair, tuple[Shape, ...]] = defaultdict(tuple)
    aside: dict[Pair, bool] = {}
    for node in graph.operations:
        for index, source in enumerate(node.inputs):
            before, after = places[source], places[node]
            if _in_other_copies(before, after):
                like = first.get(node, node).inputs[index]
                later[places[like].key, after.key] += (source.shape,)
            elif before.key != after.key:
                shapes[before.key, after.key].append(source.shape)
                aside[before.key, after.key] = node in outline.auxiliary
    for output, end in zip(graph.outputs, ends, strict=True):
        shapes[places[output.node].key, end.key].append(output.node.shape)
        aside[places[output.node].key, end.key] = end.auxiliary
    arrows = [Arrow(*pair, tuple(found), auxiliary=aside[pair]) for pair, found in shapes.items()]
    return arrows, later


def forked(
    arrows: list[Arrow], later: Mapping[Pair, tuple[Shape, ...]], parts: Iterable[Box | Frame]
) -> tuple[list[Arrow], dict[str, tuple[str, ...]]]:
    """Arrows that enter one frame from one source go in together and part at a point inside; with those points."""
    forks: dict[str, tuple[str, ...]] = {}
    for frame in frames(parts):
        inside = {box.key for box in boxes([frame])} | {
            key for inner in frames([frame]) for key in forks.get(inner.key, ())
        }
        entering: dict[str, list[Arrow]] = defaultdict(list)
        for arrow in arrows:
            if arrow.target in inside and arrow.source not in inside:
                entering[arrow.source].append(arrow)
        for source, together in entering.items():
            if len(together) > 1:
                key = f"{frame.key}_{source}"
                forks[frame.key] = (*forks.get(frame.key, ()), key)
                aside = all(arrow.auxiliary for arrow in together)
                stem = Arrow(source, key, together[0].shapes, auxiliary=aside)
                spread = {arrow: _spread(arrow, key, later) for arrow in together}
                arrows = [*(spread.get(arrow, arrow) for arrow in arrows), stem]
    return arrows, forks


def _in_other_copies(before: Place, after: Place) -> bool:
    """Whether two nodes are in different copies that one frame stands for: what is between copies is not drawn."""
    copies = dict(before.lane)
    return any(copies.get(frame, copy) != copy for frame, copy in after.lane)


def _spread(arrow: Arrow, fork: str, later: Mapping[Pair, tuple[Shape, ...]]) -> Arrow:
    """``arrow`` from a point inside the frame, where it stands for what all copies read."""
    shapes = (*arrow.shapes, *later.get((arrow.source, arrow.target), ()))
    return replace(arrow, source=fork, shapes=shapes)
