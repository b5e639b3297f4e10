"""Several processes that train one network, each on its share of every batch: what ``torchrun`` starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from netspec.nn.training.batches import Share
from netspec.nn.training.objective import Sums

RANK, COUNT, PLACE = "RANK", "WORLD_SIZE", "LOCAL_RANK"
"""What ``torchrun`` tells the processes that it starts."""


def started_by_torchrun() -> bool:
    """Whether this process is one of several that train together."""
    return RANK in os.environ and COUNT in os.environ


def processes() -> int:
    """How many processes train one network."""
    return int(os.environ[COUNT]) if started_by_torchrun() else 1


@contextmanager
def group(device: str) -> Iterator[Share]:
    """This process as one of those that ``torchrun`` has started."""
    if device == "cpu":
        distributed.init_process_group("gloo")
    else:  # figures are summed up on the processor
        torch.cuda.set_device(int(os.environ.get(PLACE, "0")))
        distributed.init_process_group("cpu:gloo,cuda:nccl")
    try:
        yield Share(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def shared(module: nn.Module, share: Share) -> nn.Module:
    """``module``, whose gradients are those of all shares where there are several."""
    return module if share.size == 1 else DistributedDataParallel(module)


def same_buffers(module: nn.Module, share: Share) -> None:
    """Give all processes the first one's statistics of batch norm: each has normalised its own share."""
    if share.size > 1:
        for buffer in module.buffers():
            distributed.broadcast(buffer, 0)


def mean(value: float, share: Share) -> float:
    """The mean of a number over all processes."""
    return value if share.size == 1 else _sum([value])[0] / share.size


def means(sums: Sums, share: Share) -> tuple[float, float]:
    """Mean loss and accuracy over the images of all processes."""
    loss, right, count = sums.loss, float(sums.right), float(sums.count)
    if share.size > 1:
        loss, right, count = _sum([loss, right, count])
    return loss / count, right / count


def _sum(values: list[float]) -> list[float]:
    tensor = torch.tensor(values, dtype=torch.float64)
    distributed.all_reduce(tensor)
    return [float(value) for value in tensor]
