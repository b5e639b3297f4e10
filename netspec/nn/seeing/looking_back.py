"""The vector-Jacobian product of a network cut at an operation, with the rule of a method at its rectifiers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import torch
from torch import Tensor, nn

from netspec.analysis.seen import Method
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node, Output
from netspec.graph.selection import selected
from netspec.nn.build import Form, module
from netspec.nn.seeing.rules import exactly, ruled
from netspec.ops.facts import MAP

UNIT, SCORE = "unit", "score"
"""Names of the outputs of a network that is cut: the node that is looked at, and what Grad-CAM explains by it."""


class Cut:
    """A network up to ``node``, and where it is given up to the ``output`` that comes from that, with its weights.

    ``state`` are the weights of the whole network by name; they are not copied.
    """

    def __init__(self, graph: Graph, node: Node, state: Mapping[str, Tensor], output: Output | None = None) -> None:
        wanted = {UNIT: node, **({SCORE: output.node} if output else {})}
        self.graph = selected(graph, wanted)
        self.node = node
        self.network = _loaded(self.graph, graph, state)
        modules = dict(self.network.named_modules())
        self.rectifiers = tuple(_rectifiers(self.graph, modules))
        for one in modules.values():
            if isinstance(one, nn.Hardsigmoid):
                one.register_forward_hook(exactly)

    def values(self, images: Tensor) -> Tensor:
        """What the node is for ``images``, N x C x H x W: N x its shape."""
        with torch.no_grad():
            found: Tensor = self.network(images)[UNIT]
        return found

    def looked_back(self, images: Tensor, seeds: Tensor, method: Method = "deconvnet") -> Tensor:
        """What comes back to ``images`` from ``seeds`` at the node, N x its shape, by ``method``: as ``images``.

        The images do not act on each other. A pixel that nothing leads to has 0.
        """
        given = images.detach().requires_grad_()
        with torch.enable_grad(), ruled(self.rectifiers, method):
            value: Tensor = self.network(given)[UNIT]
            if not value.requires_grad:
                return torch.zeros_like(images)
            (found,) = torch.autograd.grad(value, given, seeds, allow_unused=True)
        return torch.zeros_like(images) if found is None else found

    def weighed(self, images: Tensor, channels: Tensor) -> tuple[Tensor, Tensor]:
        """Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) of the node for the output's ``channels``, one an image.

        The node's channels, each weighed with the mean over its positions of the derivative of the output's channel,
        added up; what is positive of the sum. N x the positions of the node, and the output's channel: its value, or on
        a map the sum over its positions, N.
        """
        given = images.detach().requires_grad_()  # so that weights need no gradient
        with torch.enable_grad():
            made = self.network(given)
            scores = made[SCORE].flatten(2).sum(2) if made[SCORE].dim() > 2 else made[SCORE]  # noqa: PLR2004 - flat
            chosen = scores.gather(1, channels.view(-1, 1)).squeeze(1)
            (found,) = torch.autograd.grad(chosen.sum(), made[UNIT], allow_unused=True)
        maps = made[UNIT].detach()
        shares = torch.zeros_like(maps) if found is None else found
        weights = shares.flatten(2).mean(2).view(*maps.shape[:2], *(1,) * (MAP - 1))
        return (weights * maps).sum(1).clamp(min=0), chosen.detach()

    def scores(self, images: Tensor) -> Tensor:
        """What the output is for ``images``, its positions added up: N x C."""
        with torch.no_grad():
            found: Tensor = self.network(images)[SCORE]
        return found.flatten(2).sum(2) if found.dim() > 2 else found  # noqa: PLR2004 - flat


def _rectifiers(graph: Graph, modules: Mapping[str, nn.Module]) -> dict[nn.Module, None]:
    """The modules of operations that rectify, each once, however often it runs.

    Raises :class:`SpecError` for one that is a function: no rule can be hooked on it.
    """
    found: dict[nn.Module, None] = {}
    for node in graph.operations:
        if node.operation.rectifies:
            if node.owner.name not in modules:
                message = f"'{node.name}' rectifies and is no module, so no other rule can be followed there"
                raise SpecError([Problem("wrong-value", message, hint="let 'layer' of the operation name a module")])
            found[modules[node.owner.name]] = None
    return found


def _loaded(cut: Graph, whole: Graph, state: Mapping[str, Tensor]) -> nn.Module:
    """``cut`` as a module in eval mode that writes no value over another, with its weights in ``state``."""
    form = Form("all", named=True, inplace=False, whole=whole)
    built = module(cut, device="meta", form=form)
    built.load_state_dict({name: state[name] for name in built.state_dict()}, assign=True)
    if any(one.is_meta for one in chain(built.parameters(), built.buffers())):  # a buffer that no state_dict has
        built = module(cut, form=form)
        built.load_state_dict({name: state[name] for name in built.state_dict()})
    return built.eval().requires_grad_(requires_grad=False)
