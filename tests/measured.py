"""What torch and fvcore measure of a network: shapes, multiply-adds, a training step, what depends on which pixel."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from oracle import values

from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Shape

if TYPE_CHECKING:
    import torch

BATCH = 2
FREE = (
    *(f"aten::{norm}_norm" for norm in ("batch", "group", "instance", "layer")),
    *("aten::adaptive_avg_pool2d", "aten::upsample_nearest2d", "aten::upsample_bilinear2d"),
)
"""What fvcore counts beside convolutions and linear layers; it is given a handler for zero, which it heeds."""


class Measured(NamedTuple):
    """Multiply-adds of one image: of the network, and by module; a module without any may be missing."""

    total: int
    by_module: dict[str, int]


class Step(NamedTuple):
    """FLOPs of one image in a training step."""

    forward: int
    backward: int


def shapes(graph: Graph) -> dict[Node, Shape]:
    """The shape of one image at every node, the layers run one by one on the meta device."""
    import torch

    with torch.device("meta"):
        found = values(graph, torch.zeros(BATCH, *graph.input.shape))
    return {node: tuple(value.shape[1:]) for node, value in found.items()}


def by_flop_counter(module: Any, size: Shape) -> Measured:
    """Half of what torch's ``FlopCounterMode`` counts of ``module`` in eval mode on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module.eval()(torch.zeros(BATCH, *size, device="meta"))
    prefix = f"{type(module).__name__}."
    counted = {
        name.removeprefix(prefix): sum(counts.values()) // (2 * BATCH)
        for name, counts in counter.get_flop_counts().items()
        if name.startswith(prefix)
    }
    return Measured(counter.get_total_flops() // (2 * BATCH), counted)


def by_fvcore(module: Any, size: Shape) -> Measured:
    """What fvcore counts of ``module`` in its trace on the CPU, and in a convolution with more zeros after than before.

    It calls a multiply-add a FLOP.
    """
    import torch
    from fvcore.nn import FlopCountAnalysis

    traced = FlopCountAnalysis(module.eval(), torch.zeros(1, *size))
    traced.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    traced.set_op_handle(*HANDLERS)
    return Measured(traced.total(), dict(traced.by_module()))


def convolved(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """Multiply-adds of ``aten::_convolution_mode``, of which fvcore knows nothing: padding given as a word."""
    from fvcore.nn.jit_handles import conv_flop_count, get_shape

    image, weight, output = (get_shape(value) for value in (inputs[0], inputs[1], outputs[0]))
    return Counter({"conv": conv_flop_count(image, weight, output)})


def nothing(_: list[Any], __: list[Any]) -> int:
    """Zero: this is no multiply-add."""
    return 0


def recurrent(inputs: list[Any], _: list[Any]) -> Counter[str]:
    """Multiply-adds of ``aten::lstm`` and ``aten::gru``, which fvcore does not know: every weight at every step."""
    from fvcore.nn.jit_handles import get_shape

    steps, images, _ = get_shape(inputs[0])
    sizes = [get_shape(value) for value in inputs[2].node().inputs()]
    return Counter(
        {"recurrent": sum(steps * images * rows * columns for rows, columns in (s for s in sizes if len(s) == 2))}
    )


HANDLERS: tuple[Any, ...] = (
    "aten::_convolution_mode",
    convolved,
    "aten::lstm",
    recurrent,
    "aten::gru",
    recurrent,
    *(part for word in FREE for part in (word, nothing)),
)
"""Operators and handlers in turn."""


def dependence(module: Any, size: Shape) -> torch.Tensor:
    """A table, input height x input width x height x width: whether a position of the output sees the pixel.

    One pixel of each image is no number; nothing can cancel that, and a maximum hides nothing.
    """
    import torch

    with torch.inference_mode():
        return spoilt(module.double().eval()(spoiling(size)), size)


def spoiling(size: Shape) -> torch.Tensor:
    """As many images as they have pixels, each with another one that is no number."""
    import torch

    channels, high, wide = size
    # double: the fast kernels for single precision may spread NaN over a tile
    images = torch.rand(high * wide, channels, high * wide, dtype=torch.double) + 0.5
    pixels = torch.arange(high * wide)
    images[pixels, :, pixels] = torch.nan
    return images.view(-1, channels, high, wide)


def spoilt(value: torch.Tensor, size: Shape) -> torch.Tensor:
    """Where NaN came out, in any channel: input height x input width x height x width."""
    poisoned = value.isnan().any(1)
    return poisoned.view(*size[1:], *(value.shape[2:] or (1, 1)))


def training_step(module: Any, size: Shape) -> Step:
    """What ``FlopCounterMode`` counts in train mode, every output that has a gradient summed into the loss."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        result = module.train()(torch.empty(BATCH, *size, device="meta"))
        forward = counter.get_total_flops()
        outputs = list(result.values()) if isinstance(result, dict) else [result]
        learned = [output.sum() for output in outputs if output.requires_grad]
        if learned:
            torch.stack(learned).sum().backward()
    return Step(forward // BATCH, (counter.get_total_flops() - forward) // BATCH)
