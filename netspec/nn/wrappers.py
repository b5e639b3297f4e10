"""What torch's trainings wrap around a module, taken off again: the module itself, its own names, whole tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from netspec.errors.problem import Problem, SpecError
from netspec.nn.part import graph_of
from netspec.weights.choice import plain

INSIDE = ("_orig_mod", "module")
"""Attributes under which wrappers keep what they wrap: ``torch.compile``, then DDP, DataParallel, averaged models."""
WRAPPERS = ("OptimizedModule", "DistributedDataParallel", "DataParallel", "AveragedModel", "FullyShardedDataParallel")
"""Classes that wrap a module and are no part of it."""
GATHER = (
    "gather them, on all processes: state = torch.distributed.checkpoint.state_dict.get_model_state_dict(model, "
    "options=StateDictOptions(full_state_dict=True, cpu_offload=True)); then netspec.save(state, ...) on one"
)
SPREAD = (
    "load before fully_shard, or give the parts out with torch.distributed.checkpoint.state_dict.set_model_state_dict"
)


def unwrapped(module: nn.Module) -> nn.Module:
    """What is inside of all wrappers around ``module``: the one compiled network that owns all of its tensors, too."""
    while type(module).__name__ in WRAPPERS:
        inner = next((module._modules[name] for name in INSIDE if name in module._modules), None)  # noqa: SLF001
        if inner is None:
            break
        module = inner
    networks = [inner for inner in module.modules() if graph_of(inner)]
    is_whole = len(networks) == 1 and len(networks[0].state_dict()) == len(module.state_dict())
    return networks[0] if is_whole else module


def state(module: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of ``module``, or those given, under the network's own names."""
    found = unwrapped(module).state_dict() if isinstance(module, nn.Module) else module
    return {plain(name): tensor.detach() for name, tensor in found.items() if isinstance(tensor, Tensor)}


def whole(tensor: Tensor) -> Tensor | None:
    """``tensor`` as a plain one where all of it is here; None for a part of one that lies on several processes."""
    local = getattr(tensor, "_local_tensor", None)
    if local is None:
        return tensor
    return local.detach() if local.shape == tensor.shape else None


def refuse_parts(path: object, tensors: Mapping[str, Tensor], what: str, hint: str) -> None:
    """Raise :class:`SpecError` where one of ``tensors`` is a part, with what to call."""
    parts = [name for name, tensor in tensors.items() if whole(tensor) is None]
    if parts:
        message = f"{path}: {what}: {len(parts)} weights are spread over several processes ({parts[0]})"
        raise SpecError([Problem("unwritable" if hint is GATHER else "bad-artefact", message, hint=hint)])


def device_of(tensor: Tensor) -> torch.device:
    """Where a value for ``tensor`` is to be; what has no memory yet gets it on the CPU."""
    return torch.device("cpu") if tensor.is_meta else tensor.device
