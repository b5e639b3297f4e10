"""Pipelined training: each process has one stage of the network, and micro-batches go through them one after the other.

torchrun --nproc-per-node 2 examples/pipeline.py
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from ddp import STEPS, batch
from torch import nn
from torch.distributed.pipelining import PipelineStage, ScheduleGPipe

import netspec

MICRO_BATCHES = 2


def main(spec: str = "resnet20") -> dict[str, torch.Tensor]:
    """Train for a few steps; the weights of this process' stage afterwards, under the network's own names."""
    network = netspec.read(spec)
    rank, count = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    whole = network.compile().state_dict()
    model = network.split(count)[rank].compile().train()
    model.load_state_dict({name: whole[name] for name in model.state_dict()})
    stage = PipelineStage(model, rank, count, torch.device("cpu"))
    schedule = ScheduleGPipe(stage, MICRO_BATCHES, loss_fn=nn.functional.cross_entropy)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(STEPS):
        images, classes = batch(step, network.graph.input.shape)
        optimizer.zero_grad()
        schedule.step(*([images] if rank == 0 else []), **({"target": classes} if rank == count - 1 else {}))
        optimizer.step()
    return dict(model.state_dict())


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
