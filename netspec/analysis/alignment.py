"""Where paths meet out of line: equal positions of two maps that look at different places of the input.

A shortcut of average pooling 2x2/2 looks half a position beside a convolution 3x3/2 with padding 1 (the ResNet-D of
He et al. 2019, section 4.2); the sum of both blurs by as much. Shapes cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netspec.analysis.receptive_field import Field, placed, receptive_fields
from netspec.facts import FLAT, Pair, positions
from netspec.graph import Graph, Node, upstream

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a fork to a join: ``nodes`` in running order, none where the join reads the fork itself."""

    fork: Node
    nodes: tuple[Node, ...]

    @property
    def end(self) -> Node:
        """What the join reads."""
        return self.nodes[-1] if self.nodes else self.fork

    def names(self) -> list[str]:
        """The first and the last name, or the only one."""
        return list(dict.fromkeys([(self.nodes or (self.fork,))[0].name, self.end.name]))


@dataclass(frozen=True, slots=True)
class Misaligned:
    """A join of two paths whose jumps or centres differ.

    ``centres`` are those of position 0 of each path, in input pixels; ``unit`` is the jump of the fork, so that the
    distance can be told in positions of the map where the paths part.
    """

    node: Node
    path_a: Path
    path_b: Path
    centres: tuple[Point, Point]
    jumps: tuple[Pair, Pair]
    unit: Pair

    @property
    def offset(self) -> Point:
        """How far the second path's centre lies behind the first's, in input pixels."""
        (high, wide), (other_high, other_wide) = self.centres
        return (other_high - high, other_wide - wide)

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        paths = zip((self.path_a, self.path_b), self.centres, self.jumps, strict=True)
        return {
            "node": self.node.name,
            "fork": self.path_a.fork.name,
            "offset": list(self.offset),
            "paths": [
                {"nodes": path.names(), "centre": list(centre), "stride": list(jump)} for path, centre, jump in paths
            ],
        }


def misalignments(graph: Graph, fields: dict[Node, Field] | None = None) -> list[Misaligned]:
    """Every join in running order whose paths are out of line; where several are, each against the first.

    ``fields`` are those of :func:`~netspec.analysis.receptive_field.receptive_fields`, if they are known already.
    """
    known = fields or receptive_fields(graph)
    found: list[Misaligned] = []
    for node in graph.nodes[1:]:
        if len(node.inputs) == 1 or len(node.shape) == FLAT or positions(node.shape) == 1:
            continue
        lines: dict[tuple[Pair, Point], Node] = {}
        for source in placed(node):
            lines.setdefault((known[source].jump, known[source].center), source)
        first, *others = lines.values()
        found += [_misaligned(node, first, other, known) for other in others]
    return found


def _misaligned(node: Node, first: Node, second: Node, fields: dict[Node, Field]) -> Misaligned:
    before_first, before_second = upstream(first), upstream(second)
    fork = max(before_first & before_second, key=lambda common: common.index)
    shared = upstream(fork)
    paths = [
        Path(fork, tuple(sorted(before - shared, key=lambda inner: inner.index)))
        for before in (before_first, before_second)
    ]
    one, two = fields[first], fields[second]
    return Misaligned(node, paths[0], paths[1], (one.center, two.center), (one.jump, two.jump), fields[fork].jump)
