"""Data parallel training: each process has the whole network and its share of the batch.

torchrun --nproc-per-node 2 examples/ddp.py
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import netspec

BATCH, STEPS, CLASSES = 8, 3, 10


def batch(step: int, size: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and classes of one step, the same in every process."""
    random = torch.Generator().manual_seed(step)
    return torch.randn(BATCH, *size, generator=random), torch.randint(CLASSES, (BATCH,), generator=random)


def share(tensor: torch.Tensor) -> torch.Tensor:
    """What this process has of a batch."""
    return tensor.chunk(dist.get_world_size())[dist.get_rank()]


def main(spec: str = "resnet20") -> dict[str, torch.Tensor]:
    """Train for a few steps; the weights afterwards, which are equal in every process."""
    network = netspec.read(spec)
    torch.manual_seed(0)
    model = DistributedDataParallel(network.compile().train())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(STEPS):
        images, classes = batch(step, network.graph.input.shape)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(share(images)), share(classes)).backward()
        optimizer.step()
    if dist.get_rank() == 0:
        netspec.save(model, network, f"{network.name}-ddp.safetensors")
    return dict(model.module.state_dict())


if __name__ == "__main__":
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    main()
    dist.destroy_process_group()
