"""Artefacts: one ``.safetensors`` file with the weights and the resolved spec. No pickle, no code.

Its metadata has one key, ``netspec``: JSON with the format's number, the spec, and a digest of spec and weights, which
tells whether the file was changed after it was written. (One key, so that equal networks make equal files.)
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from netspec.errors.problem import Problem, SpecError

FORMAT = 1
AGAIN = "write it again with netspec build"


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
        save_file(tensors, draft, metadata={"netspec": _header(spec, tensors)})
        _give_usual_mode(draft)
        Path(draft).replace(path)
    except (OSError, SafetensorError) as error:
        raise _unwritable(path, error) from None
    finally:
        Path(draft).unlink(missing_ok=True)


def _header(spec: str, tensors: dict[str, Tensor]) -> str:
    return json.dumps({"format": FORMAT, "digest": digest(spec, tensors), "spec": spec})


def digest(spec: str, tensors: dict[str, Tensor]) -> str:
    """SHA-256 of the text of ``spec``, and of names, kinds, shapes and bytes of ``tensors`` in the order of names."""
    sum_ = hashlib.sha256(spec.encode())
    for name, tensor in sorted(tensors.items()):
        sum_.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sum_.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sum_.hexdigest()


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


class Contents(NamedTuple):
    """What an artefact holds beside its weights."""

    spec: str
    digest: str


def contents(path: Path) -> Contents:
    """The spec in the artefact at ``path`` and its digest. Raises :class:`SpecError` if it is no artefact."""
    if path.is_dir():
        raise _bad(f"'{path}' is a folder, not a file of netspec build")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise SpecError([Problem("missing-file", f"there is no file '{path}'")]) from None
    except (OSError, SafetensorError) as error:
        raise _bad(f"{path}: this is no complete safetensors file: {_reason(error)}") from None
    try:
        header = json.loads(metadata.get("netspec", "null"))
    except ValueError:
        header = None
    known = isinstance(header, dict) and header.get("format") == FORMAT
    if not (known and isinstance(header.get("spec"), str) and isinstance(header.get("digest"), str)):
        raise _bad(f"{path}: the file holds no spec of format {FORMAT}; it was not written by netspec build")
    return Contents(header["spec"], header["digest"])


def _bad(message: str) -> SpecError:
    return SpecError([Problem("bad-artefact", message, hint=AGAIN)])


def fill(module: nn.Module, path: Path, device: torch.device | str) -> None:
    """Give ``module`` the weights in the artefact at ``path``, on ``device``: exactly its own, and unchanged."""
    wanted = module.state_dict()
    with safe_open(path, framework="pt", device=str(device)) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    wrong = [name for name in wanted if name not in tensors or not _fits(tensors[name], wanted[name])]
    surplus = [name for name in tensors if name not in wanted]
    if wrong or surplus:
        named = ", ".join([*wrong, *surplus][:3])
        message = f"{path}: its weights do not fit its spec: {len(wrong)} missing or of another kind, "
        raise _bad(message + f"{len(surplus)} unknown ({named})")
    spec, written = contents(path)
    if digest(spec, tensors) != written:
        raise _bad(f"{path}: the file was changed after it was written: its weights or its spec do not have its digest")
    module.load_state_dict(tensors, strict=True, assign=True)


def _fits(given: Tensor, wanted: Tensor) -> bool:
    """Whether one can stand for the other: equal shapes, both of real numbers or both of whole ones."""
    return given.shape == wanted.shape and given.is_floating_point() == wanted.is_floating_point()
