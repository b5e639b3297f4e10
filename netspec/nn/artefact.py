"""Artefacts: one ``.safetensors`` file with the weights and the resolved spec. No pickle, no code.

Its metadata has one key, ``netspec``: JSON with the format's number, the spec, and a digest of spec and weights, which
tells whether the file was changed after it was written. (One key, so that equal networks make equal files.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.nn.checkpoint import is_safetensors, refuse_long_header
from netspec.nn.wrappers import GATHER, refuse_parts, whole

FORMAT = 1
AGAIN = "write it again with netspec build"


def save(state: Mapping[str, Tensor], spec: str, path: Path) -> None:
    """Write weights by name and the text of their ``spec`` to ``path``, whole or not at all.

    Raises :class:`SpecError` when the file cannot be written.
    """
    tensors = _tensors(state, path)
    with files.whole(path) as draft:
        try:
            save_file(tensors, draft, metadata={"netspec": _header(spec, tensors)})
        except SafetensorError as error:  # it words a full disk in its own way
            raise OSError(str(error)) from None


def _header(spec: str, tensors: dict[str, Tensor]) -> str:
    return json.dumps({"format": FORMAT, "digest": digest(spec, tensors), "spec": spec})


def digest(spec: str, tensors: dict[str, Tensor]) -> str:
    """SHA-256 of the text of ``spec``, and of names, kinds, shapes and bytes of ``tensors`` in the order of names."""
    sum_ = hashlib.sha256(spec.encode())
    for name, tensor in sorted(tensors.items()):
        sum_.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sum_.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sum_.hexdigest()


def _tensors(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """``state`` in memory, each tensor for itself: weights that were tied are written twice."""
    refuse_parts(path, state, "cannot be written", GATHER)
    tensors = {name: here.detach() for name, tensor in state.items() if (here := whole(tensor)) is not None}
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


class Contents(NamedTuple):
    """What an artefact holds beside its weights."""

    spec: str
    digest: str


def contents(path: Path) -> Contents:
    """The spec in the artefact at ``path`` and its digest. Raises :class:`SpecError` if it is no artefact."""
    with _opened(path) as file:
        header = _parsed((file.metadata() or {}).get("netspec", "null"))
    known = isinstance(header, dict) and header.get("format") == FORMAT
    if not (known and _is_text(header.get("spec")) and _is_text(header.get("digest"))):
        raise _bad(f"{path}: the file holds no spec of format {FORMAT}; it was not written by netspec build")
    return Contents(header["spec"], header["digest"])


def spec_in(path: Path) -> str | None:
    """The spec in the file at ``path``, if that is an artefact that can be read."""
    if not is_safetensors(path):
        return None
    try:
        return contents(path).spec
    except SpecError:
        return None


@contextmanager
def _opened(path: Path, device: torch.device | str = "cpu") -> Iterator[Any]:
    """The safetensors file at ``path``, whose tensors will be on ``device``."""
    files.refuse_unreadable(path)
    try:
        refuse_long_header(path)
        with safe_open(path, framework="pt", device=str(device)) as file:
            yield file
    except (OSError, SafetensorError) as error:
        raise _bad(f"{path}: this is no complete safetensors file: {error}") from None


def _parsed(text: str) -> Any:
    """``text`` as JSON; None for all that is none, and for more brackets in each other than can be followed."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_text(value: object) -> bool:
    """Whether ``value`` is a string that has bytes: JSON can write halves of characters."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad(message: str) -> SpecError:
    return SpecError([Problem("bad-artefact", message, hint=AGAIN)])


def fill(module: nn.Module, path: Path, device: torch.device | str) -> None:
    """Give ``module`` the weights in the artefact at ``path``, on ``device``: exactly its own, and unchanged."""
    wanted = module.state_dict()
    with _opened(path, device) as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - it is no dict
        _refuse_misfits(path, wanted, {name for name in wanted if shapes.get(name) == wanted[name].shape}, shapes)
        tensors = {name: file.get_tensor(name) for name in wanted}
    _refuse_misfits(path, wanted, {name for name in wanted if _fits(tensors[name], wanted[name])}, tensors)
    spec, written = contents(path)
    if digest(spec, tensors) != written:
        raise _bad(f"{path}: the file was changed after it was written: its weights or its spec do not have its digest")
    module.load_state_dict(tensors, strict=True, assign=True)


def _refuse_misfits(path: Path, wanted: Collection[str], fitting: Container[str], given: Iterable[str]) -> None:
    """Raise :class:`SpecError` unless all that are ``wanted``, and no others, are ``given`` and fit."""
    wrong = [name for name in wanted if name not in fitting]
    surplus = [name for name in given if name not in wanted]
    if wrong or surplus:
        named = ", ".join([*wrong, *surplus][:3])
        message = f"{path}: its weights do not fit its spec: {len(wrong)} missing or of another kind, "
        raise _bad(message + f"{len(surplus)} unknown ({named})")


def _fits(given: Tensor, wanted: Tensor) -> bool:
    """Whether one can stand for the other: equal shapes, both of real numbers or both of whole ones."""
    return given.shape == wanted.shape and given.is_floating_point() == wanted.is_floating_point()
