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
    if layer.call == "parameter":
        return target(**layer.arguments).unsqueeze(0)
    assert layer.call == "pairwise"
    if layer.axes:
        inputs = [x.reshape(*x.shape, *[1] * more) for x, more in zip(inputs, layer.axes, strict=True)]
    return reduce(lambda result, value: target(result, value, **layer.arguments), inputs)


def values(
    graph: Graph,
    images: torch.Tensor | Sequence[torch.Tensor],
    module: torch.nn.Module | None = None,
    *,
    instead: Callable[[Layer], Layer] = lambda layer: layer,
    call: Callable[..., Any] = called,
) -> dict[Node, torch.Tensor]:
    """The value of every node for ``images`` of each input, with the weights of ``module`` or fresh ones.

    ``instead`` says what to run in the place of a layer, and ``call`` how.
    """
    given = images if isinstance(images, list | tuple) else [images]
    found = dict(zip(graph.inputs, given, strict=True))
    for node in graph.operations:
        layer = instead(node.operation.layer(*node.input_shapes))
        weights = module.get_submodule(node.owner.name).state_dict() if module and layer.call == "module" else None
        if layer.call == "parameter":
            own = module.get_parameter(node.owner.name) if module else called(layer, [])[0]
            found[node] = own.expand(len(given[0]), *node.shape)
            continue
        inputs: list[Any] = [found[source].clone() for source in node.inputs]
        if node.operation.word == "max_unpool":
            inputs[1] = places(node.inputs[1], found)
        found[node] = call(layer, inputs, weights=weights)
    return found


def places(pool: Node, found: Mapping[Node, torch.Tensor]) -> tuple[torch.Tensor, Any]:
    """Where the values of a max pool come from, and the sizes of what it reads, by torch's own layer."""
    from netspec.nn.start import named

    layer = pool.operation.layer(*pool.input_shapes)
    before = found[pool.inputs[0]]
    indices = named(layer.target)(**layer.arguments, return_indices=True)(before)[1]
    return indices, before.shape[2:]


def called_without_zeros(layer: Layer, inputs: list[Any], **more: Any) -> Any:
    """As :func:`called`, but what interpolation weighs by 0, or by a rounding of it, is left out.

    A value that is no number would come through such a weight.
    """
    import torch

    if layer.target not in ("torch.nn.Upsample", "netspec.nn.layers.ResizeLike"):
        return called(layer, inputs, **more)
    x, *like = inputs
    sizes = called(layer, [torch.zeros_like(x), *like]).shape[2:]
    for axis, out in enumerate(sizes):
        x = x.movedim(2 + axis, -1)
        size = x.shape[-1]
        weights = _weights(layer, axis, size, out).to(x.dtype)
        spoilt = (x.isnan().to(x.dtype) @ (weights.abs() > NONE).to(x.dtype)) > 0
        x = (x.nan_to_num() @ weights).masked_fill(spoilt, torch.nan).movedim(-1, 2 + axis)
    return x


NONE = 1e-9
"""A weight below this is a rounding of 0."""


def _weights(layer: Layer, axis: int, size: int, out: int) -> torch.Tensor:
    """Elements x positions: by how much each element is weighed on one axis."""
    import torch

    given = {
        **layer.arguments,
        "mode": {"linear": "bilinear", "trilinear": "bilinear"}.get(mode := layer.arguments["mode"], mode),
    }
    scale = given.pop("scale_factor", None)
    given["size"] = None if scale else (1, out)
    lines = torch.eye(size, dtype=torch.double).view(size, 1, 1, size)
    upsample = torch.nn.Upsample(**given, scale_factor=(1.0, scale[axis]) if scale else None)
    return upsample(lines).view(size, out)


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
