"""What stands in for each node of a network, or why nothing can."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from netspec.graph.graph import Node
from netspec.verify.perturbation import judged
from netspec.verify.result import Check
from netspec.verify.running import Compiled, Runnable
from netspec.verify.stand_ins import StandIn, known, stated


class Chosen(NamedTuple):
    """Stand-ins of a network's nodes, in running order.

    ``doubts`` say of every other node why it cannot be looked at; empty where it sees nothing, as draws do. ``checks``
    are those of layers that have been tried by themselves. ``on_image`` are the modules to be replaced, by name, and
    ``hiding`` the nodes whose functions cannot be, and may keep a gradient from what they see.
    """

    stand_ins: dict[Node, StandIn]
    doubts: dict[Node, str]
    checks: list[Check]
    on_image: dict[str, Callable[..., Tensor]]
    hiding: set[Node]

    @property
    def axes_are_alike(self) -> bool:
        """Whether nothing tells one axis from another: not the maps, nor any window."""
        square = all(len({*node.shape[1:]}) <= 1 for node in self.stand_ins)
        alike = all(len({*node.uneven}) <= 1 for node in self.stand_ins)
        return square and alike and all(len({*numbers}) <= 1 for node in self.stand_ins for numbers in node.window)


def chosen(network: Compiled) -> Chosen:
    """The stand-ins for the layers of ``network``."""
    found = Chosen({node: StandIn() for node in network.graph.inputs}, {}, [], {}, set())
    for node, layer in network.layers.items():
        _choose(found, node, layer)
    return found


def _choose(found: Chosen, node: Node, layer: Runnable) -> None:
    stand_in = known(layer.target)
    doubt = _doubt(found, node)
    if doubt is None and stand_in is None:
        doubt = _tried(found, node)
        stand_in = stated(node)
        if not layer.is_module:
            found.hiding.add(node)
    elif doubt is None and draws(node):
        doubt = ""
    if doubt is not None or stand_in is None:
        found.doubts[node] = doubt or ""
        function = _zeros(node)
    else:
        found.stand_ins[node] = stand_in
        function = stand_in.on_image
    if layer.is_module and not (stand_in and stand_in.stays):
        found.on_image.setdefault(node.owner.name, function)


def _zeros(node: Node) -> Callable[..., Tensor]:
    """What a draw is to the join that reads it: a value that nothing comes through."""
    return lambda *inputs: inputs[0].new_zeros(inputs[0].shape[0], *node.shape)


def _tried(found: Chosen, node: Node) -> str | None:
    """Why what ``node`` states of its windows cannot stand for them; empty for a draw, None if it can."""
    judgement = judged(node)
    if draws(node) and judgement.sees_nothing:
        return ""
    found.checks.extend(judgement.checks)
    return judgement.doubt or None


def _doubt(found: Chosen, node: Node) -> str | None:
    """Why ``node`` cannot be looked at, for what it reads; None if it can."""
    before = [found.doubts[source] for source in node.inputs if source in found.doubts]
    if any(before) or len(before) == len(node.inputs):
        return next((doubt for doubt in before if doubt), "")
    return None


def draws(node: Node) -> bool:
    """Whether no gradient comes through ``node``, as through a draw, which takes no value of what it reads."""
    return node.operation.differentiable_inputs(*node.input_shapes) == 0
