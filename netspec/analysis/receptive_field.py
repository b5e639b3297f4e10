"""Receptive fields of every node, through branches too (Araujo, Norris and Sim 2019, section "Arbitrary graphs").

Per axis, output position ``u`` of a node sees the input elements from ``u * jump + start`` on, ``size`` of them.
Padding does not shrink a field, it moves its start. Where paths meet, the field is the interval around all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from netspec.facts import FLAT, Pair, Window
from netspec.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Field:
    """What one position of a node sees of the input, per axis: height first.

    ``size`` is 1 for the input itself. ``aligned`` is False where paths with different jumps or centres have met.
    """

    size: Pair
    jump: Pair
    start: Pair
    aligned: bool = True

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the field of position 0, in input elements counted from 0."""
        return (self.start[0] + (self.size[0] - 1) / 2, self.start[1] + (self.size[1] - 1) / 2)


UNTOUCHED = Field(size=(1, 1), jump=(1, 1), start=(0, 0))


def receptive_fields(graph: Graph) -> dict[Node, Field]:
    """The field of every node, the input included."""
    fields: dict[Node, Field] = {graph.input: UNTOUCHED}
    for node in graph.nodes[1:]:
        window = node.operation.window(*node.input_shapes)
        seen = [_through(fields[source], window) for source in node.inputs]
        fields[node] = seen[0] if len(seen) == 1 else _union(seen)
    return fields


def last_map(graph: Graph) -> Node:
    """The last feature map before global pooling or flattening on the way to the first output.

    Its field is what papers call the receptive field of a network.
    """
    node = graph.outputs[0].node
    while node.inputs and (len(node.shape) == FLAT or node.operation.sees_all):
        node = max(node.inputs, key=lambda source: (len(source.shape), source.index))
    return node


def _through(field: Field, window: Window) -> Field:
    """What a window over a node with ``field`` sees."""
    return Field(
        size=_pair(
            *(
                field.size[axis] + window.dilation[axis] * (window.kernel[axis] - 1) * field.jump[axis]
                for axis in (0, 1)
            )
        ),
        jump=_pair(*(field.jump[axis] * window.stride[axis] for axis in (0, 1))),
        start=_pair(*(field.start[axis] - window.padding[axis] * field.jump[axis] for axis in (0, 1))),
        aligned=field.aligned,
    )


def _union(fields: list[Field]) -> Field:
    """The interval around several fields; the largest jump where they differ."""
    starts = _pair(*(min(field.start[axis] for field in fields) for axis in (0, 1)))
    ends = [max(field.start[axis] + field.size[axis] for field in fields) for axis in (0, 1)]
    return Field(
        size=_pair(*(ends[axis] - starts[axis] for axis in (0, 1))),
        jump=_pair(*(max(field.jump[axis] for field in fields) for axis in (0, 1))),
        start=starts,
        aligned=all(field.aligned for field in fields) and len({(field.jump, field.center) for field in fields}) == 1,
    )


def _pair(first: int, second: int) -> Pair:
    return (first, second)
