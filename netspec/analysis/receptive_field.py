"""Receptive fields of every node, through branches too (Araujo, Norris and Sim 2019, section "Arbitrary graphs").

Per axis, output position ``u`` of a node sees the input elements from ``u * jump + start`` on, ``size`` of them.
Padding does not shrink a field, it moves its start. Where paths meet, the field is the interval around all of them.
Global pooling, flattening and linear layers see one and the same interval from every position: it is kept apart, so
that a gate over the channels does not hide how far the convolutions beside it see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from netspec.facts import FLAT, MAP, Family, Pair, Shape, Window, positions
from netspec.graph import Graph, Node

AXES = (0, 1)
Interval = tuple[int, int]
"""First and last input element on one axis."""
Region = tuple[Interval, Interval]
"""An interval for each axis: height first."""


@dataclass(frozen=True, slots=True)
class Field:
    """What one position of a node sees of the input, per axis: height first.

    ``size`` is 1 for the input itself. ``aligned`` is False where paths with different jumps or centres have met.
    ``shared`` is what every position sees through global pooling or a linear layer; ``size``, ``jump`` and ``start``
    of a feature map leave it out.
    """

    size: Pair
    jump: Pair
    start: Pair
    aligned: bool = True
    shared: Region | None = None

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the field of position 0, in input elements counted from 0."""
        return (self.start[0] + (self.size[0] - 1) / 2, self.start[1] + (self.size[1] - 1) / 2)

    @property
    def whole(self) -> bool:
        """Whether every position sees all positions of some map before: after global pooling and linear layers."""
        return self.shared is not None

    def seen(self, at: Pair = (0, 0)) -> Region:
        """The input elements that the position ``at`` sees, those on padding included."""
        return _region(*(self._seen(axis, at[axis]) for axis in AXES))

    def _seen(self, axis: int, at: int) -> Interval:
        first = self.start[axis] + at * self.jump[axis]
        last = first + self.size[axis] - 1
        if self.shared is None:
            return first, last
        return min(first, self.shared[axis][0]), max(last, self.shared[axis][1])


UNTOUCHED = Field(size=(1, 1), jump=(1, 1), start=(0, 0))


def receptive_fields(graph: Graph) -> dict[Node, Field]:
    """The field of every node, the input included."""
    fields: dict[Node, Field] = {graph.input: UNTOUCHED}
    for node in graph.nodes[1:]:
        window = node.operation.window(*node.input_shapes)
        seen = {source: _through(fields[source], window) for source in node.inputs}
        fields[node] = _gathered(node, list(seen.values()), [seen[source] for source in placed(node)], window)
    return fields


def last_map(graph: Graph) -> Node:
    """The last feature map before global pooling or flattening on the way to the first output.

    Its field is what papers call the receptive field of a network.
    """
    node = graph.outputs[0].node
    while node.inputs and (len(node.shape) == FLAT or _is_global_pool(node)):
        node = max(node.inputs, key=lambda source: (len(source.shape), source.index))
    return node


def placed(node: Node) -> tuple[Node, ...]:
    """The inputs of ``node`` whose positions are those of its output; one number for a whole map has no place."""
    if positions(node.shape) == 1:
        return node.inputs
    return tuple(source for source in node.inputs if positions(source.shape) > 1) or node.inputs


def aligned(fields: list[Field]) -> bool:
    """Whether equal positions of several maps look at equal places: their jumps and centres are one."""
    return len({(field.jump, field.center) for field in fields}) == 1


def seeing_position(node: Node, field: Field, size: Shape) -> Pair | None:
    """The first position of ``node`` that sees all of an input of ``size``, if there is one."""
    counts = node.shape[1:] if len(node.shape) == MAP else (1, 1)
    short = [max(0, size[1 + axis] - field.start[axis] - field.size[axis]) for axis in AXES]
    found = _pair(*(min(counts[axis] - 1, -(-short[axis] // field.jump[axis])) for axis in AXES))
    covers = all(first <= 0 and last >= size[1 + axis] - 1 for axis, (first, last) in enumerate(field.seen(found)))
    return found if covers else None


def first_that_sees_all(graph: Graph, fields: dict[Node, Field]) -> Node | None:
    """The first node, in running order, of which a position sees the whole input."""
    size = graph.input.shape
    return next((node for node in graph.nodes if seeing_position(node, fields[node], size) is not None), None)


def _is_global_pool(node: Node) -> bool:
    """Whether pooling has left one position of a larger map."""
    source = node.inputs[0].shape
    pools = node.operation.family is Family.POOL and len(source) == MAP
    return pools and node.shape[1:] == (1, 1) and source[1:] != (1, 1)


def _through(field: Field, window: Window) -> Field:
    """What a window over a node with ``field`` sees."""
    return replace(
        field,
        size=_pair(
            *(field.size[axis] + window.dilation[axis] * (window.kernel[axis] - 1) * field.jump[axis] for axis in AXES)
        ),
        jump=_pair(*(field.jump[axis] * window.stride[axis] for axis in AXES)),
        start=_pair(*(field.start[axis] - window.padding[axis] * field.jump[axis] for axis in AXES)),
    )


def _gathered(node: Node, fields: list[Field], local: list[Field], window: Window) -> Field:
    """The field of ``node`` from those of all its inputs and of those that have places."""
    one = local[0] if len(local) == 1 else _union(local, node.shape)
    regions = [field.shared for field in fields if field.shared]
    if _sees_all_positions(node, window):
        regions += [field.seen() for field in fields]
    shared = _around(regions) if regions else None
    return replace(one, aligned=all(field.aligned for field in (*fields, one)), shared=shared)


def _sees_all_positions(node: Node, window: Window) -> bool:
    """Whether the one position of ``node`` sees every position of a map of several."""
    source = node.inputs[0].shape
    reach = [window.dilation[axis] * (window.kernel[axis] - 1) + 1 for axis in AXES]
    if positions(node.shape) > 1 or len(source) != MAP:
        return False
    return len(node.shape) == FLAT or (positions(source) > 1 and all(reach[axis] >= source[1 + axis] for axis in AXES))


def _union(fields: list[Field], shape: Shape) -> Field:
    """The interval around several fields; where jumps differ the largest, and room for every position's drift."""
    jump = _pair(*(max(field.jump[axis] for field in fields) for axis in AXES))
    starts, ends = [], []
    for axis in AXES:
        last = shape[1 + axis] - 1 if len(shape) == MAP else 0
        drift = [(field, at * (field.jump[axis] - jump[axis])) for field in fields for at in (0, last)]
        starts.append(min(field.start[axis] + moved for field, moved in drift))
        ends.append(max(field.start[axis] + field.size[axis] + moved for field, moved in drift))
    return Field(
        size=_pair(*(ends[axis] - starts[axis] for axis in AXES)),
        jump=jump,
        start=_pair(*starts),
        aligned=all(field.aligned for field in fields) and (positions(shape) == 1 or aligned(fields)),
    )


def _around(regions: list[Region]) -> Region:
    """The smallest region with all of ``regions`` in it."""
    return _region(
        *((min(region[axis][0] for region in regions), max(region[axis][1] for region in regions)) for axis in AXES)
    )


def _region(high: Interval, wide: Interval) -> Region:
    return (high, wide)


def _pair(first: int, second: int) -> Pair:
    return (first, second)
