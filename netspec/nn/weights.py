"""Weights of others given to a module: exactly its own names, shapes and kinds of numbers, or nothing is changed."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from netspec.errors.problem import Problem
from netspec.nn.checkpoint import bad_weights, tensors

SHOWN = 3
"""How many names are told of many."""
COUNTER = "num_batches_tracked"
"""What batch norm has counted; torch before 0.4.1 did not."""


def load_weights(module: nn.Module, path: Path) -> tuple[Problem, ...]:
    """Give ``module`` the weights in the file at ``path``, in its own precision, and say what is odd about them.

    A module on the device meta gets them as its own, on the CPU. Raises :class:`SpecError` naming what is wrong; the
    module has all of its old weights then.
    """
    wanted = module.state_dict()
    state = tensors(path, sum(tensor.numel() * tensor.element_size() for tensor in wanted.values()))
    _refuse_unreal(path, state, wanted)
    _refuse_misfits(path, state, wanted)
    fresh = {name: _owned(state.pop(name), tensor) for name, tensor in wanted.items()}
    is_meta = any(tensor.is_meta for tensor in wanted.values())
    module.load_state_dict(fresh, strict=True, assign=is_meta)
    return _remarks(path, fresh)


def _owned(given: Tensor, wanted: Tensor) -> Tensor:
    """``given`` in the precision ``wanted``; what will be the module's own has memory of its own, too."""
    if wanted.is_meta:
        return given.to("cpu", wanted.dtype, copy=True, memory_format=torch.contiguous_format)
    return given.to(wanted.device, wanted.dtype)


def _refuse_unreal(path: Path, state: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """Refuse tensors that are no plain arrays of real numbers, and whole numbers for real ones or the other way."""
    for name, tensor in wanted.items():
        given = state.get(name)
        fault = _fault(given, tensor) if given is not None else ""
        if fault:
            raise bad_weights(f"{path}: '{name}' {fault}", "weights are plain tensors of real numbers")


def _fault(given: Tensor, wanted: Tensor) -> str:
    if given.is_meta:
        return "has no values: it is on the device meta"
    if given.is_quantized:
        return "is quantised"
    if given.is_nested:
        return "is nested"
    if given.layout != torch.strided:
        return "is sparse"
    if given.is_complex():
        return "is complex"
    if given.dtype == torch.bool or given.is_floating_point() != wanted.is_floating_point():
        return f"is of {_dtype(given)}, and the network's of {_dtype(wanted)}"
    return ""


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _refuse_misfits(path: Path, state: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """Refuse names and shapes that are not those ``wanted``, with what is known to make them so."""
    missing = [name for name in wanted if name not in state]
    surplus = [name for name in state if name not in wanted]
    other = [name for name in wanted if name in state and state[name].shape != wanted[name].shape]
    if not (missing or surplus or other):
        return
    counts = f"{len(missing)} missing, {len(surplus)} unknown, {len(other)} of another shape"
    named = ", ".join([*missing, *surplus, *other][:SHOWN])
    shapes = [f"'{name}' is {_size(state[name])}, not {_size(wanted[name])}" for name in other[:SHOWN]]
    message = f"{path}: these weights are of another network: {counts} ({named})"
    raise bad_weights(message, _cause(missing, state, wanted), shapes)


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a single number"


def _cause(missing: list[str], state: dict[str, Tensor], wanted: dict[str, Tensor]) -> str:
    """Why names differ, where that shows: a wrapper's prefix on all of them, or counters of batch norm."""
    prefix = _prefix(state, wanted)
    if prefix:
        return f"the file's names begin with '{prefix}', as a wrapper around the network writes them"
    prefix = _prefix(wanted, state)
    if prefix:
        return f"the network's names begin with '{prefix}': it is wrapped, and the file has the names of what is inside"
    if missing and all(name.endswith(f".{COUNTER}") for name in missing):
        return f"torch before 0.4.1 wrote no '{COUNTER}'"
    return ""


def _prefix(longer: dict[str, Tensor], shorter: dict[str, Tensor]) -> str:
    """What stands before every name of ``shorter`` in ``longer``; empty if nothing does."""
    first = next(iter(shorter), "")
    for name in longer:
        prefix = name.removesuffix(f".{first}")
        if first and prefix != name and all(f"{prefix}.{short}" in longer for short in shorter):
            return f"{prefix}."
    return ""


def _remarks(path: Path, state: dict[str, Tensor]) -> tuple[Problem, ...]:
    """A warning where weights are not finite: they load, and what the network computes with them is worth nothing."""
    odd = [name for name, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if not odd:
        return ()
    named = ", ".join(odd[:SHOWN])
    message = f"{path}: NaN or infinite values in {len(odd)} of {len(state)} weights ({named})"
    return (Problem("not-finite", message, severity="warning"),)
