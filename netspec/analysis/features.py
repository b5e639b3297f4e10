"""What the values inside of a network are like, for those who build on them: channels, stride, receptive field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from netspec.analysis.receptive_field import receptive_fields
from netspec.graph.graph import Graph
from netspec.graph.selection import stages, value_of
from netspec.ops.facts import ExactPerAxis, Shape


class Feature(NamedTuple):
    """A value by its name, and the ``layer`` that makes it.

    ``stride`` is how many input pixels lie between two positions, ``receptive_field`` how many one position sees, on
    each axis: height before width. A value without positions of its own has the stride of what it came from, and so has
    its field, unless every position is seen (``whole``).
    """

    name: str
    layer: str
    channels: int
    shape: Shape
    stride: ExactPerAxis
    receptive_field: ExactPerAxis
    whole: bool


def features(graph: Graph, names: Iterable[str] = ()) -> tuple[Feature, ...]:
    """What the values called ``names`` are like, without names those of the entries in ``stages``.

    Raises :class:`SpecError` for a name that is none.
    """
    fields = receptive_fields(graph)
    found = []
    for name in [*names] or stages(graph):
        node = value_of(graph, name)
        field = fields[node]
        found.append(Feature(name, node.name, node.shape[0], node.shape, field.jump, field.size, field.whole))
    return tuple(found)
