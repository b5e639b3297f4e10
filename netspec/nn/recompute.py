"""Blocks whose values are not kept for the backward pass but worked out again when it gets there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

Block = nn.Module | tuple[Any, ...]
"""What is recomputed as one: a module, or several one after the other, of which those in a tuple again are so."""


def recomputed(block: Block, *inputs: Tensor) -> Any:
    """What ``block`` makes of ``inputs``; where a gradient will be asked for, only these are kept for it.

    The second pass draws the same random numbers, and batch norm does not count its batch twice: a training is the same
    as without, to the last bit.
    """
    if not torch.is_grad_enabled():
        return _run(block, *inputs)
    if torch.compiler.is_compiling():  # what is compiled has no second pass that could count
        return checkpoint(_run, block, *inputs, use_reentrant=False)

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _statistics_as_they_are(block)

    return checkpoint(_run, block, *inputs, use_reentrant=False, context_fn=contexts)


def _run(block: Block, *inputs: Tensor) -> Any:
    if isinstance(block, nn.Module):
        return block(*inputs)
    (value,) = inputs
    for part in block:
        value = recomputed(part, value) if isinstance(part, tuple) else part(value)
    return value


def _modules(block: Block) -> Iterator[nn.Module]:
    """All modules in ``block``."""
    if isinstance(block, nn.Module):
        yield from block.modules()
    else:
        for part in block:
            yield from _modules(part)


@contextmanager
def _statistics_as_they_are(block: Block) -> Iterator[None]:
    """Have batch norm in ``block`` leave its running statistics as they are."""
    norms = [part for part in _modules(block) if isinstance(part, _BatchNorm) and part.track_running_stats]
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
