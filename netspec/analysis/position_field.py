"""What one position of one node sees of the input: the figures behind ``netspec rf``."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.analysis.full_view import seeing_positions
from netspec.analysis.misalignment import Misaligned, misalignments
from netspec.analysis.receptive_field import AXES, Field, Interval, Region, last_map, receptive_fields
from netspec.errors.problem import Problem, SpecError
from netspec.errors.suggestions import did_you_mean
from netspec.graph.graph import Graph, Node, upstream
from netspec.ops.facts import FLAT, MAP, Pair, Shape

SCHEMA_VERSION = 1
"""Of the data of ``netspec rf``."""


class PositionField(NamedTuple):
    """The field of position ``at`` of ``node``.

    ``sees_all`` says whether some position of ``node`` is sure to see the whole input, ``first`` is the first node of
    the network of which one is; ``misaligned`` are the joins on the way to ``node`` whose paths are out of line.
    """

    network: str
    input: Shape
    node: Node
    at: Pair
    field: Field
    sees_all: bool
    first: Node | None
    misaligned: tuple[Misaligned, ...]

    @property
    def seen(self) -> Region:
        """The input pixels that the position sees, those on padding included."""
        return self.field.seen(self.at)

    @property
    def clipped(self) -> Region:
        """The part of :attr:`seen` that lies in the image; an interval that ends before it begins is empty."""
        high, wide = (self._clipped(axis) for axis in AXES)
        return (high, wide)

    @property
    def center(self) -> tuple[float, float]:
        """Centre of what is seen, in input pixels counted from 0."""
        high, wide = ((first + last) / 2 for first, last in self.seen)
        return (high, wide)

    def _clipped(self, axis: int) -> Interval:
        first, last = self.seen[axis]
        return max(0, first), min(self.input[1 + axis] - 1, last)

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data: raw numbers, stable keys, height first."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.network,
            "input": list(self.input),
            "node": self.node.name,
            "output_shape": list(self.node.shape),
            "receptive_field": list(self.field.size),
            "stride": list(self.field.jump),
            "left_padding": list(self.field.left_padding),
            "center": list(self.field.center),
            "at": list(self.at),
            "center_at": list(self.center),
            "interval": [list(interval) for interval in self.seen],
            "in_image": [list(interval) for interval in self.clipped],
            "global": self.field.whole,
            "sees_whole_input": self.sees_all,
            "first_that_sees_whole_input": self.first.name if self.first else None,
            "aligned": self.field.aligned,
            "misaligned": [finding.to_dict() for finding in self.misaligned],
        }


def position_field(graph: Graph, name: str | None = None, at: Pair | None = None) -> PositionField:
    """What position ``at`` of the node called ``name`` sees; by default the middle of the last feature map.

    Raises :class:`SpecError` where there is no such node or no such position.
    """
    node = last_map(graph) if name is None else named_node(graph, name)
    position = _position(node, at)
    fields = receptive_fields(graph)
    before = upstream(node)
    seeing = [one for one, place in seeing_positions(graph) if place is not None]
    return PositionField(
        network=graph.name,
        input=graph.input.shape,
        node=node,
        at=position,
        field=fields[node],
        sees_all=node in seeing,
        first=next(iter(seeing), None),
        misaligned=tuple(finding for finding in misalignments(graph, fields) if finding.node in before),
    )


def named_node(graph: Graph, name: str) -> Node:
    """The node called ``name``. Raises :class:`SpecError` with a name that was perhaps meant."""
    for node in graph.nodes:
        if node.name == name:
            return node
    inside = [node for node in graph.nodes if node.name.startswith(f"{name}.")]
    hint = did_you_mean(name, (node.name for node in graph.nodes))
    if inside:
        hint = f"'{name}' is a block; its last operation is '{inside[-1].name}'"
    raise SpecError([Problem("unknown-name", f"{graph.name} has no operation '{name}'", hint=hint)])


def _position(node: Node, at: Pair | None) -> Pair:
    """``at`` if it lies on the map of ``node``; the middle by default, and the only place of flat features."""
    high, wide = node.shape[1:] if len(node.shape) == MAP else (1, 1)
    if at is None:
        return (high // 2, wide // 2)
    if not (0 <= at[0] < high and 0 <= at[1] < wide):
        kind = "its features are flat" if len(node.shape) == FLAT else f"its map is {high}x{wide}"
        message = f"'{node.name}' has no position {at[0]},{at[1]}: {kind}"
        hint = f"positions are counted from 0,0 to {high - 1},{wide - 1}"
        raise SpecError([Problem("wrong-value", message, hint=hint)])
    return at
