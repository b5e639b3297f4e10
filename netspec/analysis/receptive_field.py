"""Receptive fields of every node, through branches too (Araujo, Norris and Sim 2019, section "Arbitrary graphs").

Per axis, output position ``u`` of a node sees the input elements from ``u * jump + start`` on, ``size`` of them.
Padding does not shrink a field, it moves its start. Where paths meet, the field is the interval around all of them;
where their jumps differ no interval moves along with all, and the field has room for how far they drift apart up to the
last position. Global pooling, flattening and linear layers see one and the same interval from every position: it is
kept apart, so that a gate over the channels does not hide how far the convolutions beside it see. So is, on either axis
alone, what a position sees that a product repeats over all others. Adaptive pooling with windows at uneven distances
has the smallest field at even ones that holds them all.
"""

from __future__ import annotations

from typing import NamedTuple

from netspec.graph.graph import Graph, Node
from netspec.ops.facts import FLAT, MAP, POINT, Family, Pair, Window, positions

AXES = (0, 1)
Interval = tuple[int, int]
"""First and last input element on one axis."""
Region = tuple[Interval, Interval]
"""An interval for each axis: height first."""
Shared = tuple[Interval | None, Interval | None]
"""An interval for each axis on which every position sees the same one."""
Line = tuple[int, float]
"""Jump and centre of the first position on one axis."""


class Field(NamedTuple):
    """What one position of a node sees of the input, per axis: height first.

    ``size`` is 1 for the input itself. ``aligned`` is False where paths with different jumps or centres have met,
    or pooling has windows at uneven distances; ``even`` in the second case alone. After paths with different jumps and
    after such windows the interval holds what each position sees, and may hold more. ``shared`` is what every position
    sees through global pooling, a linear layer or a map with one position on an axis; ``size``, ``jump`` and ``start``
    of a feature map leave it out.
    """

    size: Pair
    jump: Pair
    start: Pair
    aligned: bool = True
    shared: Shared = (None, None)
    even: bool = True

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the field of position 0, in input elements counted from 0."""
        return (self.start[0] + (self.size[0] - 1) / 2, self.start[1] + (self.size[1] - 1) / 2)

    @property
    def left_padding(self) -> Pair:
        """How far the field of position 0 begins before the image; never negative."""
        return -self.start[0], -self.start[1]

    @property
    def whole(self) -> bool:
        """Whether every position sees all positions of some map before: after global pooling and linear layers."""
        return None not in self.shared

    def seen(self, at: Pair = (0, 0)) -> Region:
        """The input elements that the position ``at`` sees, those on padding included."""
        return self.interval(0, at[0]), self.interval(1, at[1])

    def interval(self, axis: int, at: int = 0) -> Interval:
        """What the position ``at`` sees on one axis."""
        first = self.start[axis] + at * self.jump[axis]
        last = first + self.size[axis] - 1
        shared = self.shared[axis]
        return (min(first, shared[0]), max(last, shared[1])) if shared else (first, last)

    def line(self, axis: int) -> Line:
        """Where equal positions lie on one axis: of two maps in line, this is the same."""
        return self.jump[axis], self.start[axis] + (self.size[axis] - 1) / 2


UNTOUCHED = Field(size=(1, 1), jump=(1, 1), start=(0, 0))


def receptive_fields(graph: Graph) -> dict[Node, Field]:
    """The field of every node, the input included."""
    fields: dict[Node, Field] = dict.fromkeys(graph.inputs, UNTOUCHED)
    for node in graph.operations:
        even = node.operation.bounding_window(*node.input_shapes)
        seen = {source: _through(fields[source], even or node.window) for source in node.inputs}
        field = seen[node.inputs[0]] if len(seen) == 1 else _union(node, seen)
        if even:
            field = field._replace(aligned=False, even=False)
        fields[node] = field._replace(shared=field.seen()) if _sees_all_positions(node) else field
    return fields


def last_map(graph: Graph) -> Node:
    """The last feature map before global pooling or flattening on the way to the first output.

    Its field is what papers call the receptive field of a network.
    """
    node = graph.outputs[0].node
    while node.inputs and (len(node.shape) == FLAT or _is_global_pool(node)):
        node = max(node.inputs, key=lambda source: (len(source.shape), source.index))
    return node


def placed(node: Node, axis: int) -> tuple[Node, ...]:
    """The inputs of ``node`` whose positions on ``axis`` are those of its output.

    One that has a single position there, which a product repeats over all of them, has no place.
    """
    if count_on(node, axis) == 1:
        return node.inputs
    return tuple(source for source in node.inputs if count_on(source, axis) > 1) or node.inputs


def count_on(node: Node, axis: int) -> int:
    """How many positions ``node`` has on ``axis``."""
    return node.shape[1 + axis] if len(node.shape) == MAP else 1


def _is_global_pool(node: Node) -> bool:
    """Whether pooling has left one position of a larger map."""
    source = node.inputs[0].shape
    pools = node.operation.family is Family.POOL and len(source) == MAP
    return pools and node.shape[1:] == (1, 1) and source[1:] != (1, 1)


def _through(field: Field, window: Window) -> Field:
    """What a window over a node with ``field`` sees."""
    if window == POINT:
        return field
    size, jump, start, aligned, shared, even = field
    kernel, stride, dilation, padding = window
    (high, wide), (down, right) = size, jump
    size = high + dilation[0] * (kernel[0] - 1) * down, wide + dilation[1] * (kernel[1] - 1) * right
    start = start[0] - padding[0] * down, start[1] - padding[1] * right
    return Field(size, (down * stride[0], right * stride[1]), start, aligned, shared, even)


def _sees_all_positions(node: Node) -> bool:
    """Whether the one position of ``node`` sees every position of a map of several."""
    source = node.input_shapes[0]
    if positions(node.shape) > 1 or len(source) != MAP:
        return False
    window = node.window
    covers = all(window.dilation[axis] * (window.kernel[axis] - 1) + 1 >= source[1 + axis] for axis in AXES)
    return covers and (len(node.shape) == FLAT or positions(source) > 1)


def _union(node: Node, seen: dict[Node, Field]) -> Field:
    """The field of ``node`` around those of its inputs."""
    size, jump, start, shared, lines = zip(*(_union_on(axis, node, seen) for axis in AXES), strict=True)
    aligned = all(lines) and all(field.aligned for field in seen.values())
    return Field(size, jump, start, aligned, shared, all(field.even for field in seen.values()))


def _union_on(axis: int, node: Node, seen: dict[Node, Field]) -> tuple[int, int, int, Interval | None, bool]:
    """On one axis: size, jump, start and shared interval around several fields, and whether they are in line.

    Where jumps differ the largest, and room for every position's drift. What has no place on the axis is shared; a flat
    input beside maps is a draw, which sees nothing.
    """
    count, places = count_on(node, axis), placed(node, axis)
    fields = [seen[source] for source in places]
    jump = max(field.jump[axis] for field in fields)
    drift = [(field, at * (field.jump[axis] - jump)) for field in fields for at in (0, count - 1)]
    start = min(field.start[axis] + moved for field, moved in drift)
    end = max(field.start[axis] + field.size[axis] + moved for field, moved in drift)
    common = [field.shared[axis] for field in seen.values()]
    common += [
        field.interval(axis) for source, field in seen.items() if source not in places and len(source.shape) == MAP
    ]
    in_line = count == 1 or len({field.line(axis) for field in fields}) == 1
    return end - start, jump, start, _around([one for one in common if one]), in_line


def _around(intervals: list[Interval]) -> Interval | None:
    """The smallest interval with all of ``intervals`` in it; none around nothing."""
    if not intervals:
        return None
    return min(first for first, _ in intervals), max(last for _, last in intervals)
