"""What torch makes of layers that are given as data, one by one: no generated forward, nothing overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import ModuleType
from typing import TYPE_CHECKING, Any

from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Layer

if TYPE_CHECKING:
    import torch


def called(layer: Layer, inputs: list[Any], *, weights: float | Mapping[str, Any] | None = None) -> Any:
    """The output of ``layer`` in eval mode; ``weights`` are one number for all, or a state_dict."""
    from netspec.nn.start import named

    target = named(layer.target)
    if layer.call == "module":
        module = target(**layer.arguments).to(inputs[0].dtype).eval()
        if isinstance(weights, Mapping):
            module.load_state_dict(weights)
        for tensor in module.state_dict().values() if isinstance(weights, float) else ():
            tensor.fill_(weights)
        return module(*inputs)
    if layer.call == "list":
        return target(inputs, **layer.arguments)
    assert layer.call == "pairwise"
    return reduce(lambda result, value: target(result, value, **layer.arguments), inputs)


def values(
    graph: Graph,
    images: torch.Tensor | Sequence[torch.Tensor],
    module: torch.nn.Module | None = None,
    *,
    instead: Callable[[Layer], Layer] = lambda layer: layer,
) -> dict[Node, torch.Tensor]:
    """The value of every node for ``images`` of each input, with the weights of ``module`` or fresh ones.

    ``instead`` says what to run in the place of a layer.
    """
    given = images if isinstance(images, list | tuple) else [images]
    found = dict(zip(graph.inputs, given, strict=True))
    for node in graph.operations:
        layer = instead(node.operation.layer(*node.input_shapes))
        weights = module.get_submodule(node.owner.name).state_dict() if module and layer.call == "module" else None
        found[node] = called(layer, [found[source].clone() for source in node.inputs], weights=weights)
    return found


def randomised(module: Any, torch: ModuleType) -> Any:
    """``module`` with small random weights and statistics that no initialisation gives, so that all of them matter."""
    generator = torch.Generator().manual_seed(5)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var") or (tensor.dim() == 1 and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif tensor.is_floating_point():
            tensor.normal_(0, 0.1, generator=generator)
    return module.eval()
