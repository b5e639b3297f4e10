"""Artefacts: one ``.safetensors`` file with the weights and the resolved spec. No pickle, no code."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from netspec.errors import Problem, SpecError

FORMAT = "1"


def save(module: nn.Module, spec: str, path: Path) -> None:
    """Write the weights of ``module`` and the text of its ``spec`` to ``path``, whole or not at all.

    Raises :class:`SpecError` when the file cannot be written.
    """
    tensors = _tensors(module, path)
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from None
    os.close(descriptor)
    try:
        save_file(tensors, draft, metadata={"netspec": FORMAT, "spec": spec})
        _give_usual_mode(draft)
        Path(draft).replace(path)
    except (OSError, SafetensorError) as error:
        raise _unwritable(path, error) from None
    finally:
        Path(draft).unlink(missing_ok=True)


def _tensors(module: nn.Module, path: Path) -> dict[str, Tensor]:
    """The state of ``module`` in memory, each tensor for itself: weights that were tied are written twice."""
    tensors = {name: tensor.detach() for name, tensor in module.state_dict().items()}
    empty = [name for name, tensor in tensors.items() if tensor.is_meta]
    if empty:
        message = f"{path}: cannot be written: {len(empty)} weights are on the device meta, without values ({empty[0]})"
        raise SpecError([Problem("unwritable", message)])
    written: set[int] = set()
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        tensors[name] = tensor.cpu().clone() if place in written else tensor.cpu().contiguous()
        written.add(place)
    return tensors


def _give_usual_mode(draft: str) -> None:
    """Temporary files are for their owner alone; an artefact has the mode of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    Path(draft).chmod(0o666 & ~mask)


def _unwritable(path: Path, error: Exception) -> SpecError:
    return SpecError([Problem("unwritable", f"{path}: cannot be written: {_reason(error)}")])


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def spec_in(path: Path) -> str:
    """The text of the spec in the artefact at ``path``. Raises :class:`SpecError` if it is none."""
    if path.is_dir():
        raise SpecError([Problem("bad-artefact", f"'{path}' is a folder, not a file of netspec build")])
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise SpecError([Problem("missing-file", f"there is no file '{path}'")]) from None
    except (OSError, SafetensorError) as error:
        message = f"{path}: this is no complete safetensors file: {_reason(error)}"
        raise SpecError([Problem("bad-artefact", message, hint="write it again with netspec build")]) from None
    if metadata.get("netspec") != FORMAT or "spec" not in metadata:
        message = f"{path}: the file holds no spec of version {FORMAT}; it was not written by netspec build"
        raise SpecError([Problem("bad-artefact", message, hint="write it again with netspec build")])
    return str(metadata["spec"])


def fill(module: nn.Module, path: Path, device: torch.device | str) -> None:
    """Give ``module`` the weights in the artefact at ``path``, on ``device``; they must be exactly its own."""
    wanted = module.state_dict()
    with safe_open(path, framework="pt", device=str(device)) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    wrong = [name for name in wanted if name not in tensors or not _fits(tensors[name], wanted[name])]
    surplus = [name for name in tensors if name not in wanted]
    if wrong or surplus:
        named = ", ".join([*wrong, *surplus][:3])
        message = f"{path}: its weights do not fit its spec: {len(wrong)} missing or of another kind, "
        message += f"{len(surplus)} unknown ({named})"
        raise SpecError([Problem("bad-artefact", message, hint="write it again with netspec build")])
    module.load_state_dict(tensors, strict=True, assign=True)


def _fits(given: Tensor, wanted: Tensor) -> bool:
    """Whether one can stand for the other: equal shapes, both of real numbers or both of whole ones."""
    return given.shape == wanted.shape and given.is_floating_point() == wanted.is_floating_point()
