"""Multiply-adds of a module as fvcore and torch's ``FlopCounterMode`` count them, each by the names of its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from netspec.verify.running import Images, quiet

OTHERS = (
    *(f"aten::{norm}_norm" for norm in ("batch", "group", "instance", "layer")),
    *("aten::adaptive_avg_pool2d", "aten::grid_sampler", "aten::upsample_bilinear2d", "aten::upsample_nearest2d"),
)
"""What fvcore counts beside convolutions and products of matrices; only a count of 0 keeps it from doing so."""
BACKWARD = torch.ops.aten.convolution_backward
GROUPS, MASK = 9, 10
"""Which arguments of it are the number of groups, and what gradients it computes: of input, weights and bias."""


TORCH_S_OWN = {"aten", "prim", "prims"}


class Traced(NamedTuple):
    """Multiply-adds by fvcore, for each module by name, and the operators in it that fvcore does not know."""

    macs: Mapping[str, int]
    unknown: Callable[[str], Sequence[str]]


class Trained(NamedTuple):
    """FLOPs of a training step of one image, and what is counted too much of groups."""

    flops: int
    of_groups: int


def traced_macs(network: nn.Module, images: Images) -> Traced:
    """Multiply-adds of ``images`` by fvcore, for each module by name; that of the whole is empty.

    Runs ``network`` once, on the CPU and in the mode that it is in: fvcore cannot trace what has no values.
    """
    with quiet():
        from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - its import warns

        counted = FlopCountAnalysis(network, images)
        counted.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
        counted.tracer_warnings("none")
        counted.set_op_handle("aten::_convolution_mode", _with_padding_by_name)
        for operator in ("aten::lstm", "aten::gru"):
            counted.set_op_handle(operator, _recurrent)
        for operator in OTHERS:
            counted.set_op_handle(operator, _nothing)
        found: Mapping[str, int] = counted.by_module()
    return Traced(found, lambda name: sorted(counted.unsupported_ops(name)))


def _nothing(inputs: list[Any], outputs: list[Any]) -> int:  # noqa: ARG001 - as fvcore calls it
    return 0


def _recurrent(inputs: list[Any], outputs: list[Any]) -> Counter[str]:  # noqa: ARG001 - as fvcore calls it
    """A recurrent layer, of which fvcore knows nothing: each weight is used once at each position."""
    weights = (value.type().sizes() for value in inputs[2].node().inputs())
    length, images, _ = inputs[0].type().sizes()
    return Counter(recurrent=length * images * sum(prod(sizes) for sizes in weights if len(sizes) > 1))


def _with_padding_by_name(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """A convolution with ``padding="same"``: fvcore's own rule cannot read its arguments, and would count nothing."""
    filters, result = (value.type().sizes() for value in (inputs[1], outputs[0]))
    return Counter(conv=prod(filters) * prod(result[2:]) * result[0])


def plainly() -> AbstractContextManager[None]:
    """Recurrent layers are made of products there, as on the meta device, and not one operator of a library."""
    return torch.backends.mkldnn.flags(enabled=False)


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """No parameter has a gradient: without one being taken, the counter cannot look at a module that reads one."""
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learned:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in learned:
            parameter.requires_grad = True


def counted_flops(network: nn.Module, images: Images) -> Mapping[str, int]:
    """FLOPs of ``images`` by ``FlopCounterMode``, for each module by name; that of the whole is empty.

    In the mode that ``network`` is in, and where it is: on the meta device, too.
    """
    with quiet(), _frozen(network), torch.no_grad(), plainly(), FlopCounterMode(display=False) as counter:
        network(*images)
    prefix = f"{type(network).__name__}."
    names = {name.removeprefix(prefix): sum(counts.values()) for name, counts in counter.get_flop_counts().items()}
    return {**names, "": counter.get_total_flops()}


def flops_of(run: Callable[..., Tensor], inputs: Sequence[Tensor]) -> int:
    """FLOPs of one layer by ``FlopCounterMode``."""
    with quiet(), torch.no_grad(), plainly(), FlopCounterMode(display=False) as counter:
        run(*inputs)
    total: int = counter.get_total_flops()
    return total


def trained_flops(network: nn.Module, images: Images) -> Trained:
    """FLOPs of the forward and backward pass in train mode for each of ``images``, every output in the loss.

    Torch counts those of the weight gradient of a convolution as if it had one group.
    """
    of_groups = 0

    def backward(*arguments: Any, out_val: Any) -> int:
        nonlocal of_groups
        count = flop_registry[BACKWARD]
        weights = [*arguments[:MASK], [False, arguments[MASK][1], False], *arguments[MASK + 1 :]]
        for_weights: int = count(*weights, out_val=out_val)
        of_groups += for_weights - for_weights // arguments[GROUPS]
        total: int = count(*arguments, out_val=out_val)
        return total

    backward._get_raw = True  # type: ignore[attr-defined]  # noqa: SLF001 - the output is wanted, not its shape alone
    network.train()
    with quiet(), plainly(), FlopCounterMode(display=False, custom_mapping={BACKWARD: backward}) as counter:
        result: Any = network(*images)
        outputs = list(result.values()) if isinstance(result, dict) else [result]
        losses = [value.sum() for value in outputs if value.requires_grad]
        if losses:
            torch.autograd.backward(losses)
    network.eval()
    return Trained(counter.get_total_flops() // len(images[0]), of_groups // len(images[0]))


class _Namespaces(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types there
    """Notes which libraries the operators come from."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # nor there
        self.found: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.found.add(func.namespace)
        return func(*args, **(kwargs or {}))


def foreign_operators(run: Callable[..., Tensor], inputs: Sequence[Tensor]) -> list[str]:
    """The libraries beside torch's own that one layer takes operators from: ``FlopCounterMode`` cannot count these."""
    with quiet(), torch.no_grad(), _Namespaces() as namespaces:
        run(*inputs)
    return sorted(namespaces.found - TORCH_S_OWN)
