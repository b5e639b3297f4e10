"""What one position of one node sees of the input: the figures behind ``netspec rf``."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.analysis.full_view import seeing_positions
from netspec.analysis.misalignment import Misaligned, misalignments
from netspec.analysis.receptive_field import Field, Interval, Region, last_map, receptive_fields
from netspec.errors.problem import Problem, SpecError
from netspec.errors.suggestions import did_you_mean
from netspec.graph.graph import INPUT, Graph, Node, upstream
from netspec.graph.origins import origins, told_in
from netspec.graph.paths import is_repeated, window_over
from netspec.ops.facts import PerAxis, Shape, plain, shape_text

SCHEMA_VERSION = 1
"""Of the data of ``netspec rf``."""


class PositionField(NamedTuple):
    """The field of position ``at`` of ``node``.

    ``seen`` are the pixels of the :attr:`input` that it sees, those on padding included. ``field`` is that of every
    position at even steps, so where windows are uneven or paths step differently it holds more than one position sees.
    ``sees_all`` says whether some position of ``node`` is sure to see the whole input, ``first`` is the first node of
    those told in the same input of which one is; ``misaligned`` are the joins on the way to ``node`` whose paths are
    out of line. ``also_from`` are the other inputs of the network that ``node`` comes from.
    """

    network: str
    node: Node
    at: PerAxis
    field: Field
    seen: Region
    sees_all: bool
    first: Node | None
    misaligned: tuple[Misaligned, ...]
    also_from: tuple[str, ...] = ()

    @property
    def input(self) -> Shape:
        """The shape of the input that is seen: the first that the node comes from, unless another is asked for."""
        return self.node.origin.shape

    @property
    def clipped(self) -> Region:
        """The part of :attr:`seen` that lies in the image; an interval that ends before it begins is empty."""
        pairs = zip(self.seen, self.input[1:], strict=True)
        return tuple([(max(0, first), min(size - 1, last)) for (first, last), size in pairs])

    @property
    def center(self) -> tuple[float, ...]:
        """Centre of what is seen, in input pixels counted from 0."""
        return tuple([(first + last) / 2 for first, last in self.seen])

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data: raw numbers, stable keys, height before width."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.network,
            "input": list(self.input),
            **({} if self.node.origin.name == INPUT else {"input_name": self.node.origin.name}),
            **({"also_from": list(self.also_from)} if self.also_from else {}),
            "node": self.node.name,
            "output_shape": list(self.node.shape),
            "receptive_field": list(map(plain, self.field.size)),
            "stride": list(map(plain, self.field.jump)),
            "left_padding": list(map(plain, self.field.left_padding)),
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


def position_field(
    graph: Graph, name: str | None = None, at: PerAxis | None = None, of: str | None = None
) -> PositionField:
    """What position ``at`` of the node called ``name`` sees; by default the middle of the last feature map.

    Of several inputs of the network it is asked what is seen of the one called ``of``, by default the first that the
    node comes from. Raises :class:`SpecError` where there is no such node, no such position or no such input.
    """
    node = last_map(graph) if name is None else named_node(graph, name)
    sources = origins(graph, node) if len(graph.inputs) > 1 and node.has_batch else ()
    if of is not None and node.has_batch:
        _refuse_other_input(graph, node, of, sources)
        graph = told_in(graph, of)
        node = graph.nodes[node.index]
    if not node.has_batch:
        raise SpecError([Problem("wrong-value", f"'{node.name}' is a parameter, and sees nothing of an input")])
    if not node.grid:
        message = f"'{node.name}' is told in '{node.origin.name}', which has no axes to see along"
        hint = "--node names an operation over another input, --of another input" if len(graph.inputs) > 1 else ""
        raise SpecError([Problem("wrong-value", message, hint=hint)])
    position = _position(node, at)
    fields = receptive_fields(graph)
    before = upstream(node)
    seeing = [one for one, place in seeing_positions(graph) if place is not None and one.origin is node.origin]
    return PositionField(
        network=graph.name,
        node=node,
        at=position,
        field=fields[node],
        seen=followed(node, position) or fields[node].seen(position),
        sees_all=node in seeing,
        first=next(iter(seeing), None),
        misaligned=tuple(finding for finding in misalignments(graph, fields) if finding.node in before),
        also_from=tuple([source for source in sources if source != node.origin.name]),
    )


def _refuse_other_input(graph: Graph, node: Node, of: str, sources: tuple[str, ...]) -> None:
    """Raise :class:`SpecError` where ``node`` does not come from the input called ``of``."""
    named = [one.name for one in graph.inputs]
    if of not in named:
        hint = did_you_mean(of, named)
        raise SpecError([Problem("unknown-name", f"{graph.name} has no input '{of}'", hint=hint)])
    if of not in (sources or named):
        hint = f"it comes from {' and '.join(sources)}"
        raise SpecError([Problem("wrong-value", f"'{node.name}' does not come from the input '{of}'", hint=hint)])


def named_node(graph: Graph, name: str) -> Node:
    """The node called ``name``, or the last one of the block called so.

    Raises :class:`SpecError` with a name that was perhaps meant.
    """
    found = [node for node in graph.nodes if node.name == name or node.name.startswith(f"{name}.")]
    if found:
        return found[-1]
    alike = [known for known in _names(graph) if known.count(".") == name.count(".")]
    hint = did_you_mean(name, alike)
    raise SpecError([Problem("unknown-name", f"{graph.name} has no operation '{name}'", hint=hint)])


def _names(graph: Graph) -> list[str]:
    """What :func:`named_node` knows: blocks and operations, each once."""
    found: dict[str, None] = {}
    for node in graph.nodes:
        parts = node.name.split(".")
        found.update(dict.fromkeys(".".join(parts[:count]) for count in range(1, len(parts) + 1)))
    return list(found)


def followed(node: Node, at: PerAxis) -> Region | None:
    """The input elements that the position ``at`` of ``node`` sees, followed back through each path for itself.

    As in :mod:`~netspec.analysis.receptive_field` what lies on padding counts, as if maps went on there. None where it
    sees nothing, as between the elements that a transposed convolution moves apart.
    """
    before = sorted(upstream(node), key=lambda one: one.index, reverse=True)
    found = [_followed(before, axis, place) for axis, place in enumerate(at)]
    return None if None in found else tuple([interval for interval in found if interval])


def _followed(before: list[Node], axis: int, place: int) -> Interval | None:
    """On one axis, what ``place`` of the first of ``before`` sees of its input; those run from the last one back."""
    needed = {before[0]: (place, place)}
    for node in before:
        if node not in needed:  # a draw is read for its choice alone, and sees nothing
            continue
        for source in node.followed:
            read = _read(node, source, axis, needed[node])
            if read:
                other = needed.get(source, read)
                needed[source] = min(read[0], other[0]), max(read[1], other[1])
    return needed.get(before[0].origin)


def _read(node: Node, source: Node, axis: int, positions: Interval) -> Interval | None:
    """The positions of ``source`` that those of ``node`` read on ``axis``, if any."""
    if is_repeated(node, source, axis):
        return 0, source.grid[axis] - 1
    if node.uneven and source.has_places:
        return node.uneven[axis].read(positions)
    window = window_over(node, source)
    if window is None:
        return positions
    kernel, stride, dilation, padding = (figure[axis] for figure in window)
    return positions[0] * stride - padding, positions[1] * stride - padding + dilation * (kernel - 1)


def _position(node: Node, at: PerAxis | None) -> PerAxis:
    """``at`` if it lies on the map of ``node``; the middle by default, and the only place of flat features."""
    if at is None:
        return tuple([count // 2 for count in node.grid])
    if len(at) != len(node.grid) or any(place not in range(count) for place, count in zip(at, node.grid, strict=True)):
        kind = f"its map is {shape_text(node.grid)}" if node.has_places else "its features are flat"
        message = f"'{node.name}' has no position {_place(at)}: {kind}"
        first, last = (0,) * len(node.grid), tuple([count - 1 for count in node.grid])
        hint = f"positions are counted from {_place(first)} to {_place(last)}"
        raise SpecError([Problem("wrong-value", message, hint=hint)])
    return at


def _place(at: PerAxis) -> str:
    """``3,4``."""
    return ",".join(map(str, at))
