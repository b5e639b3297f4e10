"""Sharded training: weights are spread over processes, one unit for each block, and gathered to be saved.

torchrun --nproc-per-node 2 examples/fsdp2.py
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from ddp import STEPS, batch, share
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import fully_shard

import netspec


def main(spec: str = "resnet20") -> dict[str, torch.Tensor]:
    """Train for a few steps; the whole weights afterwards, in the first process."""
    network = netspec.read(spec)
    model = network.compile(device="meta")
    for stage in [block for block in model.children() if any(True for _ in block.children())]:
        for block in stage.children():
            fully_shard(block)
    fully_shard(model)
    model.to_empty(device="cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    network.initialise(model)  # the spec's own first values: to_empty has none
    optimizer = torch.optim.SGD(model.train().parameters(), lr=0.01)
    for step in range(STEPS):
        images, classes = batch(step, network.graph.input.shape)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(share(images)), share(classes)).backward()
        optimizer.step()
    state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if dist.get_rank() == 0:
        netspec.save(state, network, f"{network.name}-fsdp2.safetensors")
    return state


if __name__ == "__main__":
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    main()
    dist.destroy_process_group()
