"""Where paths meet out of line: equal positions of two maps that look at different places of the input.

A shortcut of average pooling 2x2/2 looks half a position beside a convolution 3x3/2 with padding 1 (the ResNet-D of
He et al. 2019, section 4.2); the sum of both blurs by as much. Shapes cannot tell. Paths that only look back, as those
of causal convolutions beside a shortcut (van den Oord et al. 2016), are in line where their windows end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.analysis.receptive_field import Field, Line, receptive_fields
from netspec.graph.graph import Graph, Node, upstream
from netspec.graph.paths import has_place
from netspec.ops.facts import ExactPerAxis, plain

Point = tuple[float, ...]


class Path(NamedTuple):
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


class Misaligned(NamedTuple):
    """A join of two paths whose jumps or centres differ.

    ``centers`` are those of position 0 of each path, in input pixels; ``unit`` is the jump of the fork, so that the
    distance can be told in positions of the map where the paths part.
    """

    node: Node
    path_a: Path
    path_b: Path
    centers: tuple[Point, Point]
    jumps: tuple[ExactPerAxis, ExactPerAxis]
    unit: ExactPerAxis

    @property
    def offset(self) -> Point:
        """How far the second path's centre lies behind the first's, in input pixels."""
        return tuple([second - first for first, second in zip(*self.centers, strict=True)])

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        paths = zip((self.path_a, self.path_b), self.centers, self.jumps, strict=True)
        return {
            "node": self.node.name,
            "fork": self.path_a.fork.name,
            "offset": list(self.offset),
            "paths": [
                {"nodes": path.names(), "center": list(center), "stride": list(map(plain, jump))}
                for path, center, jump in paths
            ],
        }


def misalignments(graph: Graph, fields: dict[Node, Field] | None = None) -> list[Misaligned]:
    """Every join in running order whose paths are out of line; where several are, each against the first.

    ``fields`` are those of :func:`~netspec.analysis.receptive_field.receptive_fields`, if they are known already.
    """
    known = fields or receptive_fields(graph)
    found: list[Misaligned] = []
    for node in graph.operations:
        if len(node.followed) <= 1 or node.positions == 1:
            continue
        lines: dict[tuple[Line | None, ...], Node] = {}
        for source in node.followed:
            lines.setdefault(_lines(node, source, known[source]), source)
        first = min(lines, key=lambda line: line.count(None))
        for line, other in lines.items():
            apart = [
                axis for axis, (one, two) in enumerate(zip(first, line, strict=True)) if one and two and one != two
            ]
            met = _misaligned(node, lines[first], other, known) if apart else None
            if met and not all(_looks_back(met, axis, known) for axis in apart):
                found.append(met)
    return found


def _looks_back(met: Misaligned, axis: int, fields: dict[Node, Field]) -> bool:
    """Whether both paths step alike on an axis and see nothing behind what the position of their fork sees last."""
    ends = {fields[node].last[axis] for node in (met.path_a.end, met.path_b.end, met.path_a.fork)}
    return len(ends) == 1 and met.jumps[0][axis] == met.jumps[1][axis]


def _lines(node: Node, source: Node, field: Field) -> tuple[Line | None, ...]:
    """Where the positions of ``source`` lie, per axis; None where it has no place, or nothing can be out of line."""
    return tuple(
        field.line(axis) if count > 1 and field.jump[axis] and has_place(node, source, axis) else None
        for axis, count in enumerate(node.grid)
    )


def _misaligned(node: Node, first: Node, second: Node, fields: dict[Node, Field]) -> Misaligned:
    before_first, before_second = upstream(first), upstream(second)
    fork = max([node for node in before_first & before_second if node.has_batch], key=lambda common: common.index)
    shared = upstream(fork)
    paths = [
        Path(fork, tuple(sorted(before - shared, key=lambda inner: inner.index)))
        for before in (before_first, before_second)
    ]
    one, two = fields[first], fields[second]
    return Misaligned(node, paths[0], paths[1], (one.center, two.center), (one.jump, two.jump), fields[fork].jump)
