"""Blocks whose values are not kept for the backward pass but worked out again when it gets there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(module: nn.Module, *inputs: Tensor) -> Any:
    """What ``module`` makes of ``inputs``; where a gradient will be asked for, only these are kept for it.

    The second pass draws the same random numbers, and batch norm does not count its batch twice: a training is the same
    as without, to the last bit.
    """
    if not torch.is_grad_enabled():
        return module(*inputs)
    if torch.compiler.is_compiling():  # what is compiled has no second pass that could count
        return checkpoint(module, *inputs, use_reentrant=False)

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _statistics_as_they_are(module)

    return checkpoint(module, *inputs, use_reentrant=False, context_fn=contexts)


@contextmanager
def _statistics_as_they_are(module: nn.Module) -> Iterator[None]:
    """Have batch norm in ``module`` leave its running statistics as they are."""
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    kept = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm, _, counter in kept:
        norm.momentum = 0.0
        norm.num_batches_tracked = None if counter is None else counter.clone()
    try:
        yield
    finally:
        for norm, momentum, counter in kept:
            norm.momentum = momentum
            norm.num_batches_tracked = counter
