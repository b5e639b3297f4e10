"""Weights from files of others: safetensors, or torch's own format read without unpickling anything but tensors."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from netspec.errors.problem import Problem, SpecError

SAFE = ".safetensors"
NESTED = ("state_dict", "model_state_dict", "model")
"""Keys under which checkpoints of training keep the weights."""


def load_weights(module: nn.Module, path: Path) -> None:
    """Give ``module`` the weights in the file at ``path``: exactly its own names and shapes, or nothing is changed.

    ``.safetensors`` is read as such, anything else by ``torch.load(weights_only=True)``, which refuses what is no plain
    data. Raises :class:`SpecError` naming what is wrong.
    """
    state = _state(path)
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in state]
    surplus = [name for name in state if name not in wanted]
    other = [name for name in wanted if name in state and state[name].shape != wanted[name].shape]
    if missing or surplus or other:
        counts = f"{len(missing)} missing, {len(surplus)} unknown, {len(other)} of another shape"
        named = ", ".join([*missing, *surplus, *other][:3])
        raise _bad(f"{path}: these weights are of another network: {counts} ({named})")
    module.load_state_dict(state, strict=True)


def _state(path: Path) -> dict[str, Tensor]:
    """The tensors in a file, by name."""
    if not path.is_file():
        raise SpecError([Problem("missing-file", f"there is no file '{path}'")])
    try:
        content: Any = (
            load_file(path) if path.suffix == SAFE else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, SafetensorError, pickle.UnpicklingError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise _bad(f"{path}: this file holds no weights that can be read safely: {reason}") from None
    for key in NESTED:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise _bad(f"{path}: this file holds no state_dict, a mapping of names to tensors")
    return content


def _bad(message: str) -> SpecError:
    return SpecError([Problem("bad-artefact", message)])
