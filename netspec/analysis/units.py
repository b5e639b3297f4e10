"""What one looks at in a trained network: operations and their units, refused where they are none; what these see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netspec.analysis.position_field import followed, named_node
from netspec.analysis.receptive_field import Field, Interval, Region, last_map, receptive_fields
from netspec.analysis.seen import Method, Show
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node, Output, upstream
from netspec.ops.facts import FLAT, MAP, PerAxis, shape_text


class Asked(NamedTuple):
    """What is asked of a network: at which ``node`` one looks, and how.

    ``channels`` are those of the node, or of Grad-CAM the one of the output that it explains; the strongest if None.
    ``at`` is a position, the strongest of each image if None; ``top`` how many images, or channels of a sheet.
    """

    node: Node
    channels: tuple[int, ...] | None = None
    at: PerAxis | None = None
    top: int = 9
    method: Method = "deconvnet"
    show: Show = "patches"


def asked(  # noqa: PLR0913 - as many as one can ask for
    graph: Graph,
    name: str | None,
    channels: tuple[int, ...],
    at: PerAxis | None,
    *,
    top: int,
    method: Method,
    show: Show,
) -> Asked:
    """What is asked of ``graph``, if it can be; no ``channels`` are the strongest. Raises :class:`SpecError`."""
    node = seen_node(graph, name)
    if method == "gradcam":
        of = judged_by(graph, node).node
        if show == "layers" or at is not None or len(channels) > 1:
            message = "Grad-CAM shows for whole images what one channel of the output comes from"
            raise SpecError([Problem("wrong-value", message, hint="leave --at and --show out, or choose a --method")])
    else:
        of = node
    if show == "layers" and (channels or at is not None):
        message = "a sheet of layers shows the strongest channels of each where they are strongest"
        raise SpecError([Problem("wrong-value", message, hint="leave --channel and --at out, or --show")])
    for channel in channels:
        refuse_other_channel(of, channel)
    if at is not None:
        refuse_other_position(node, at)
    return Asked(node, channels or None, at, top, method, show)


def seen_node(graph: Graph, name: str | None = None) -> Node:
    """The node called ``name``, or the last one of the block called so; the last map before global pooling if None.

    Raises :class:`SpecError` where there is none, or where it does not come from one image.
    """
    node = last_map(graph) if name is None else named_node(graph, name)
    if not node.inputs:
        what = "what the network reads" if node in graph.inputs else "a parameter, and comes from no image"
        raise SpecError([Problem("wrong-value", f"'{node.name}' is {what}", hint="--node names an operation")])
    before = upstream(node)
    read = [one for one in graph.inputs if one in before]
    if len(read) > 1:
        message = f"'{node.name}' comes from {_named(read)}, not from one"
        raise SpecError([Problem("wrong-value", message, hint="--node names an operation over one of them")])
    return node


def _named(inputs: Sequence[Node]) -> str:
    return f"{len(inputs)} inputs ({', '.join([one.name for one in inputs])})"


def refuse_other_channel(node: Node, channel: int) -> None:
    """Raise :class:`SpecError` where ``node`` has no such channel, counted from 0."""
    if channel not in range(node.shape[0]):
        what = "feature" if len(node.shape) == FLAT else "channel"
        message = f"'{node.name}' has no {what} {channel}: it has {node.shape[0]}, counted from 0"
        raise SpecError([Problem("wrong-value", message)])


def refuse_other_position(node: Node, at: PerAxis) -> None:
    """Raise :class:`SpecError` where the map of ``node`` has no such position."""
    sizes = node.shape[1:]
    if len(at) == len(sizes) and all(place in range(size) for place, size in zip(at, sizes, strict=True)):
        return
    kind = f"its map is {shape_text(sizes)}, counted from 0" if sizes else "its features are flat"
    message = f"'{node.name}' has no position {','.join(map(str, at))}: {kind}"
    raise SpecError([Problem("wrong-value", message, hint="" if sizes else "leave --at out")])


def judged_by(graph: Graph, node: Node) -> Output:
    """The output that Grad-CAM explains by the maps of ``node``: the first that comes from it, of inference if any.

    Raises :class:`SpecError` where ``node`` has no map, or no output comes from it and from its own input alone.
    """
    if len(node.shape) != MAP:
        message = f"Grad-CAM weighs the channels of a map, and '{node.name}' is {shape_text(node.shape)}"
        raise SpecError([Problem("wrong-value", message, hint="--node names an operation before the flattening")])
    several = ""
    for output in sorted(graph.outputs, key=lambda one: one.training):
        before = upstream(output.node)
        if output.node is not node and node in before:
            read = [one for one in graph.inputs if one in before]
            if len(read) == 1:
                return output
            several = several or f"'{output.name}' comes from {_named(read)}"
    if several:
        message = f"Grad-CAM needs an output that comes from one input, and {several}"
        raise SpecError([Problem("wrong-value", message, hint="--method names another way to look")])
    message = f"Grad-CAM needs an output that comes from '{node.name}', and there is none behind it"
    raise SpecError([Problem("wrong-value", message, hint="--node names an operation before it")])


def sheet_nodes(graph: Graph, last: Node) -> list[Node]:
    """The last map of each height and width on the way to ``last``: what a contact sheet has rows of."""
    before = upstream(last)
    of_size: dict[PerAxis, Node] = {}
    for node in graph.operations:
        if node in before and len(node.shape) == MAP and node.has_batch and max(node.shape[1:]) > 1:
            of_size.pop(node.shape[1:], None)
            of_size[node.shape[1:]] = node
    found = list(of_size.values())
    return found if found and found[-1] is last else [*found, last]


def field_of(node: Node, graph: Graph) -> Field:
    """The receptive field of ``node``, to ask :func:`seen_at`."""
    return receptive_fields(graph)[node]


def seen_at(node: Node, field: Field, at: PerAxis) -> tuple[Region, Region]:
    """What position ``at`` of ``node`` sees of its image: the part inside, and all, what lies on padding too.

    A gate sees the whole image through global pooling; a patch is cropped to what the paths beside it see.
    """
    size = node.origin.shape[1:]
    whole: Region = tuple([(0, count - 1) for count in size])
    if not node.has_places:
        return whole, whole
    seen = _local(field, at) if any(field.shared) else followed(node, at)
    if seen is None:
        return whole, whole
    inside = tuple([(max(first, 0), min(last, end)) for (first, last), (_, end) in zip(seen, whole, strict=True)])
    if any(first > last for first, last in inside):  # nothing but padding
        return whole, whole
    return inside, seen


def _local(field: Field, at: PerAxis) -> Region | None:
    """What is seen beside gates; None where every position sees all."""
    if not all(field.jump):
        return None
    apart = field._replace(shared=(None,) * len(field.shared))
    return apart.seen(at)


def framed(region: Region, field: Region, size: PerAxis) -> Region:
    """The frame that a patch is drawn in: its field, or on an axis where that is larger than the image all of this."""
    frame: list[Interval] = []
    for inside, (first, last), count in zip(region, field, size, strict=True):
        frame.append((first, last) if last - first < count else (min(0, inside[0]), count - 1))
    return tuple(frame)
