"""Receptive fields of every node, through branches too (Araujo, Norris and Sim 2019, section "Arbitrary graphs").

Per axis, output position ``u`` of a node sees the input elements from ``u * jump + start`` on, ``size`` of them.
Padding does not shrink a field, it moves its start. Where paths meet, the field is the interval around all of them;
where their jumps differ no interval moves along with all, and the field has room for how far they drift apart up to the
last position. Global pooling, flattening and linear layers see one and the same interval from every position: it is
kept apart, so that a gate over the channels does not hide how far the convolutions beside it see. So is, on either axis
alone, what a position sees that a product or a resize repeats over all others. Where windows lie at uneven distances or
less than a step apart, as in adaptive pooling, upsampling and transposed convolution, the field is the smallest at even
steps that holds them all. What upsamples divides the jump, so that figures of a field may be fractions; they are exact,
and plain integers wherever they are whole.

Of several inputs of a network a field is told in the first one, in their order, that the node comes from
(:attr:`~netspec.graph.graph.Node.origin`), in elements of that; what comes from others alone adds nothing to it.
"""

from __future__ import annotations

from typing import NamedTuple

from netspec.graph.graph import Graph, Node
from netspec.graph.paths import extents, is_repeated, placed, window_over
from netspec.ops.facts import Exact, ExactPerAxis, Extent, PerAxis

Interval = tuple[int, int]
"""First and last input element on one axis."""
Region = tuple[Interval, ...]
"""An interval for each axis: height before width."""
Shared = tuple[Interval | None, ...]
"""An interval for each axis on which every position sees the same one."""
Line = tuple[Exact, Exact]
"""Jump, and twice the centre of the first position, on one axis."""


class Field(NamedTuple):
    """What one position of a node sees of the input, on each axis of that: height before width.

    ``size`` is 1 for the input itself. ``aligned`` is False where paths with different jumps or centres have met,
    or pooling has windows at uneven distances; ``even`` is False after all windows that are uneven, those of upsampling
    too. After paths with different jumps and after such windows the interval holds what each position sees, and may
    hold more. ``shared`` is what every position sees through global pooling, a linear layer or a map with one position
    on an axis; ``size``, ``jump`` and ``start`` of a feature map leave it out. The jump is 0 where every position sees
    the same and nothing else.
    """

    size: ExactPerAxis
    jump: ExactPerAxis
    start: ExactPerAxis
    shared: Shared
    aligned: bool = True
    even: bool = True

    @classmethod
    def of_input(cls, axes: int) -> Field:
        """What elements of an input with so many ``axes`` see of themselves."""
        return cls(size=(1,) * axes, jump=(1,) * axes, start=(0,) * axes, shared=(None,) * axes)

    @classmethod
    def of_parameter(cls, axes: int) -> Field:
        """That of a parameter, which sees nothing of an input with so many ``axes``."""
        return cls(size=(0,) * axes, jump=(0,) * axes, start=(0,) * axes, shared=(None,) * axes)

    @property
    def center(self) -> tuple[float, ...]:
        """Centre of the field of position 0, in input elements counted from 0."""
        return tuple([float((2 * start + size - 1) / 2) for start, size in zip(self.start, self.size, strict=True)])

    @property
    def last(self) -> ExactPerAxis:
        """Where the field of position 0 ends."""
        return tuple([start + size - 1 for start, size in zip(self.start, self.size, strict=True)])

    @property
    def left_padding(self) -> ExactPerAxis:
        """How far the field of position 0 begins before the image; negative where it begins inside."""
        return tuple([-start for start in self.start])

    @property
    def whole(self) -> bool:
        """Whether every position sees all positions of some map before: after global pooling and linear layers."""
        return None not in self.shared

    @property
    def extents(self) -> tuple[Extent, ...]:
        """Size, jump and start, axis by axis."""
        return tuple(map(Extent, self.size, self.jump, self.start))

    def seen(self, at: PerAxis | None = None) -> Region:
        """The input elements that the position ``at``, by default the first, sees, those on padding included."""
        return tuple([self.interval(axis, at[axis] if at else 0) for axis in range(len(self.size))])

    def interval(self, axis: int, at: int = 0) -> Interval:
        """What the position ``at`` sees on one axis."""
        begin = self.start[axis] + at * self.jump[axis]
        first, last = -int(-begin // 1), int((begin + self.size[axis] - 1) // 1)
        shared = self.shared[axis]
        return (min(first, shared[0]), max(last, shared[1])) if shared else (first, last)

    def line(self, axis: int) -> Line:
        """Where equal positions lie on one axis: of two maps in line, this is the same."""
        return self.jump[axis], 2 * self.start[axis] + self.size[axis] - 1


def receptive_fields(graph: Graph) -> dict[Node, Field]:
    """The field of every node, the inputs included."""
    fields = {node: Field.of_input(len(node.grid)) for node in graph.inputs}
    nothing = Field.of_parameter(len(graph.input.grid))
    for node in graph.operations:
        fields[node] = _field(node, fields) if node.has_batch else nothing
    return fields


def last_map(graph: Graph) -> Node:
    """The last feature map before global pooling or flattening on the way to the first output.

    Its field is what papers call the receptive field of a network. What pools globally says so itself
    (:attr:`~netspec.ops.operation.Operation.pools_globally`): a window that happens to be as large as the map is one
    like any other, so the field does not depend on the size of the image.
    """
    pooled: set[Node] = set()
    for node in graph.operations:
        if not node.has_batch:
            continue
        if not node.has_places or node.operation.pools_globally or pooled.issuperset(node.followed):
            pooled.add(node)
    node = graph.outputs[0].node
    while node in pooled:
        node = max(node.followed, key=lambda source: (source.has_places, source.index))
    return node


def _field(node: Node, fields: dict[Node, Field]) -> Field:
    """What positions of ``node`` see, from what those of its inputs do."""
    first = fields[node.followed[0]]
    if len(node.inputs) == 1 and not node.uneven and window_over(node, node.inputs[0]) is None:
        return first
    seen = {source: fields[source] for source in node.followed}
    found = extents(node, lambda source: seen[source].extents)
    axes = range(len(found)) if len(seen) > 1 else ()
    even, steady = all(one.is_even for one in node.uneven), all(one.moves_along for one in node.uneven)
    field = Field(
        size=tuple([extent.size for extent in found]),
        jump=tuple([extent.jump for extent in found]),
        start=tuple([extent.start for extent in found]),
        shared=tuple([_shared_on(axis, node, seen) for axis in axes]) or first.shared,
        aligned=steady
        and all(one.aligned for one in seen.values())
        and all(_in_line(axis, node, seen) for axis in axes),
        even=even and all(one.even for one in seen.values()),
    )
    return field._replace(shared=field.seen()) if _sees_all_positions(node) else field


def _sees_all_positions(node: Node) -> bool:
    """Whether the one position of ``node`` sees every position of a map of several."""
    source = node.followed[0]
    if node.positions > 1 or not source.has_places:
        return False
    window = window_over(node, source)
    if not node.has_places:
        return window is not None
    return (
        window is not None
        and source.positions > 1
        and all(
            0 <= padding <= dilation * (kernel - 1) + 1 - count
            for kernel, _, dilation, padding, count in zip(*window, source.grid, strict=True)
        )
    )


def _shared_on(axis: int, node: Node, seen: dict[Node, Field]) -> Interval | None:
    """What all positions of a join see on one axis; a flat input beside maps is a draw, which sees nothing."""
    found = [field.shared[axis] for field in seen.values()]
    found += [
        field.interval(axis)
        for source, field in seen.items()
        if source.has_places and (is_repeated(node, source, axis) or not field.jump[axis])
    ]
    known = [one for one in found if one]
    return (min(first for first, _ in known), max(last for _, last in known)) if known else None


def _in_line(axis: int, node: Node, seen: dict[Node, Field]) -> bool:
    """Whether the paths that a join has on one axis look at equal places; its only position is always in line."""
    found = [seen[source] for source in placed(node, axis)]
    return node.grid[axis] == 1 or len({field.line(axis) for field in found if field.jump[axis]}) <= 1
