"""Multiply-adds of a module as fvcore and torch's ``FlopCounterMode`` count them, each by the names of its parts."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from netspec.ops.facts import Shape

OTHERS = ("aten::batch_norm", "aten::adaptive_avg_pool2d")
"""What fvcore counts beside convolutions and linear layers; only a count of 0 keeps it from doing so."""
BATCH = 2
"""Images of a training step: batch norm needs more than one value for each channel."""


def traced_macs(network: nn.Module, size: Shape) -> Mapping[str, int]:
    """Multiply-adds of one image of ``size`` by fvcore, for each module by name; that of the whole is empty.

    Runs ``network`` once, on the CPU and in the mode that it is in: fvcore cannot trace what has no values.
    """
    with quiet():
        from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - its import warns

        counted = FlopCountAnalysis(network, torch.zeros(1, *size))
        counted.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
        counted.tracer_warnings("none")
        counted.set_op_handle("aten::_convolution_mode", _with_padding_by_name)
        for operator in OTHERS:
            counted.set_op_handle(operator, _nothing)
        found: Mapping[str, int] = counted.by_module()
    return found


def _nothing(inputs: list[Any], outputs: list[Any]) -> int:  # noqa: ARG001 - as fvcore calls it
    return 0


def _with_padding_by_name(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """A convolution with ``padding="same"``: fvcore's own rule cannot read its arguments, and would count nothing."""
    filters, result = (value.type().sizes() for value in (inputs[1], outputs[0]))
    return Counter(conv=prod(filters) * prod(result[2:]) * result[0])


def counted_flops(network: nn.Module, size: Shape) -> Mapping[str, int]:
    """FLOPs of one image of ``size`` by ``FlopCounterMode``, for each module by name; that of the whole is empty.

    On the meta device, in the mode that ``network`` is in.
    """
    with quiet(), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.empty(1, *size, device="meta"))
    prefix = f"{type(network).__name__}."
    names = {name.removeprefix(prefix): sum(counts.values()) for name, counts in counter.get_flop_counts().items()}
    return {**names, "": counter.get_total_flops()}


def trained_flops(network: nn.Module, size: Shape) -> int:
    """FLOPs of the forward and backward pass over one image of ``size`` in train mode, every output in the loss."""
    network.train()
    with quiet(), FlopCounterMode(display=False) as counter:
        result: Any = network(torch.empty(BATCH, *size, device="meta"))
        outputs = list(result.values()) if isinstance(result, dict) else [result]
        losses = [value.sum() for value in outputs if value.requires_grad]
        if losses:
            torch.autograd.backward(losses)
    network.eval()
    total: int = counter.get_total_flops()
    return total // BATCH


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings: of uneven padding, which is counted, and of what a trace cannot see, which is not asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: thousands of small steps spend their time on waking others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
