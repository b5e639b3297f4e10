"""All that a training goes on from, in one file that is written whole: weights, the optimiser's tensors, the history.

It is a ``.safetensors`` file: nothing is unpickled. Random numbers are drawn anew for each epoch, so none are kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.nn.checkpoint import refuse_long_header
from netspec.training.history import Epoch, History

KEY, FORMAT = "netspec-training", 1
WEIGHT, OPTIMIZER = "weight.", "optimizer."
FRESH = "leave --resume away and name another folder with -o to begin anew"


class State(NamedTuple):
    """What is in the file: tensors of the module by name, those of the optimiser, and what happened so far."""

    weights: dict[str, Tensor]
    optimizer: dict[int, dict[str, Any]]
    history: History


def save(path: Path, module: nn.Module, optimizer: Optimizer, history: History, digest: str) -> None:
    """Write the state of a training of the network whose spec has this ``digest``, whole or not at all."""
    tensors = {f"{WEIGHT}{name}": value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
    numbers: dict[str, Any] = {}
    for place, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{OPTIMIZER}{place}.{name}"] = value.detach().cpu().contiguous()
            else:
                numbers[f"{place}.{name}"] = value
    told = {
        "format": FORMAT,
        "spec": digest,
        "numbers": numbers,
        "network": history.network,
        "seed": history.seed,
        "stopped": history.stopped,
        "epochs": [list(epoch) for epoch in history.epochs],
    }
    with files.whole(path) as draft:
        try:
            save_file(tensors, draft, metadata={KEY: json.dumps(told)})
        except SafetensorError as error:
            raise OSError(str(error)) from None


def read(path: Path, digest: str) -> State:
    """The state in the file at ``path``. Raises :class:`SpecError` where it is broken, or another network's."""
    files.refuse_unreadable(path)
    try:
        refuse_long_header(path)
        with safe_open(path, framework="pt") as file:
            told = json.loads((file.metadata() or {}).get(KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        if told["format"] != FORMAT:
            raise _bad(path, f"its format is {told['format']}, and {FORMAT} is known")
        if told["spec"] != digest:
            raise _bad(path, "it is that of another network, or its spec has changed since")
        history = History(
            told["network"], told["seed"], tuple([Epoch(*epoch) for epoch in told["epochs"]]), told["stopped"]
        )
        if [epoch.number for epoch in history.epochs] != [*range(1, len(history.epochs) + 1)]:
            raise _bad(path, "its epochs are not in order")
        optimizer: dict[int, dict[str, Any]] = {}
        for name, value in told["numbers"].items():
            place, _, key = name.partition(".")
            optimizer.setdefault(int(place), {})[key] = value
    except (OSError, SafetensorError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _bad(path, str(error)) from None
    weights = {name.removeprefix(WEIGHT): value for name, value in tensors.items() if name.startswith(WEIGHT)}
    for name, value in tensors.items():
        if name.startswith(OPTIMIZER):
            place, _, key = name.removeprefix(OPTIMIZER).partition(".")
            optimizer.setdefault(int(place), {})[key] = value
    return State(weights, optimizer, history)


def give(path: Path, state: State, module: nn.Module, optimizer: Optimizer) -> None:
    """Put ``module`` and ``optimizer`` where they were. Raises :class:`SpecError` where the state does not fit them."""
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    if own != {name: tuple(value.shape) for name, value in state.weights.items()}:
        raise _bad(path, "its tensors are not those of the network")
    groups = optimizer.state_dict()["param_groups"]
    parameters = [value for group in optimizer.param_groups for value in group["params"]]
    for place, values in state.optimizer.items():
        sound = place < len(parameters) and all(
            value.dim() == 0 or value.shape == parameters[place].shape
            for value in values.values()
            if isinstance(value, Tensor)
        )
        if not sound:
            raise _bad(path, "what it has of the optimiser does not fit the network")
    module.load_state_dict(state.weights, strict=True)
    optimizer.load_state_dict({"state": state.optimizer, "param_groups": groups})


def _bad(path: Path, why: str) -> SpecError:
    return SpecError(
        [Problem("bad-artefact", f"{path}: this is no state that a training can go on from: {why}", hint=FRESH)]
    )
