"""What one operation keeps for the gradient, which depends on what it reads that has a gradient."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.ops.memory import Saved


class Kept(NamedTuple):
    """Values that are kept, those of inputs and its own, and bytes of a batch that lie beside them."""

    values: tuple[Node, ...]
    beside: int


NOTHING = Kept((), 0)


def kept(node: Node, saved: Saved, learned: Collection[Node], batch: int, bytes_per_element: int) -> Kept:
    """What ``node`` keeps, of what is ``saved`` for all; ``learned`` are those that have a gradient.

    Nothing, where it has none.
    """
    if node not in learned:
        return NOTHING
    own = (node,) if saved.output else ()
    beside = saved.beside.size(batch, bytes_per_element)
    if not saved.inputs:
        return Kept(own, beside)
    learns = [source in learned for source in node.inputs]
    if len(node.inputs) == 1:
        return Kept((*node.inputs, *own), beside)
    if len(saved.partial) < len(node.inputs) - 2:
        others = [any(learns[:place] + learns[place + 1 :]) for place in range(len(learns))]
        values = [source for source, wanted in zip(node.inputs, others, strict=True) if wanted]
        return Kept((*values, *own), beside)
    before, after = zip(*_steps(learns, together=saved.together), strict=True)
    values = [source for source, wanted in zip(node.inputs, (before[0], *after), strict=True) if wanted]
    partial = sum(size for size, wanted in zip(saved.partial, before[1:], strict=True) if wanted)
    return Kept((*values, *own), beside + batch * bytes_per_element * partial)


def _steps(learns: list[bool], *, together: bool) -> Iterator[tuple[bool, bool]]:
    """For each input after the first, which is joined with what is there so far, whether that and it are kept."""
    for place, learned in enumerate(learns[1:], 1):
        so_far = any(learns[:place])
        either = together and (learned or so_far)
        yield learned or either, so_far or either


def kept_places(node: Node, learned: Collection[Node]) -> tuple[Node, ...]:
    """The max pool whose places ``node`` keeps, unless that keeps them itself."""
    saved: Saved = node.operation.saved_for_backward(node.shape, *node.input_shapes)
    return (node.inputs[-1],) if saved.places and node in learned and node.inputs[-1] not in learned else ()
