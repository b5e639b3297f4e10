"""Tensors by name from files of others: safetensors, or torch's own formats read without unpickling anything but data.

How much a file unpacks to is looked at first: a compressed archive of some megabytes can hold gigabytes. What a
training keeps beside the weights (an optimizer's averages, a second set of weights) has room in ``TIMES`` their bytes.
"""

from __future__ import annotations

import lzma
import pickle
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from netspec import files
from netspec.errors.problem import Problem, SpecError

SAFE = ".safetensors"
NESTED = ("state_dict", "model_state_dict", "model")
"""Keys under which checkpoints of training keep the weights."""
TIMES, ROOM = 16, 2**28
"""A file may unpack to so many times the bytes that are needed, and so many bytes more."""
LONGEST_HEADER = 2**24
"""Bytes of a safetensors file's list of tensors; one of ten thousand tensors has about one million."""
ALONE = "write the weights alone: torch.save(model.state_dict(), ...)"

UNREADABLE = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, MemoryError, SafetensorError, pickle.UnpicklingError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What safetensors, zipfile and torch raise for files that are damaged or of another kind."""


def bad_weights(message: str, hint: str = "", notes: Iterable[str] = ()) -> SpecError:
    """A file of weights that is not what it should be."""
    return SpecError([Problem("bad-artefact", message, hint=hint, notes=tuple(notes))])


def tensors(path: Path, needed: int) -> dict[str, Tensor]:
    """The tensors in the file at ``path``, by name, for a module of ``needed`` bytes.

    ``.safetensors`` is read as such, anything else by ``torch.load(weights_only=True)``, which refuses what is no plain
    data. A ``state_dict`` may lie under one of the keys that trainings use. Raises :class:`SpecError`.
    """
    files.refuse_unreadable(path)
    try:
        if path.suffix == SAFE:
            refuse_long_header(path)
            _refuse_oversized(path, path.stat().st_size, needed)
            content: Any = load_file(path)
        else:
            content = _unpickled(path, needed)
    except UNREADABLE as error:
        raise bad_weights(f"{path}: this file holds no weights that can be read safely: {_reason(error)}") from None
    return _by_name(path, content)


def refuse_long_header(path: Path) -> None:
    """Raise :class:`SafetensorError` for a safetensors file whose list of tensors is longer than any real one."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if LONGEST_HEADER < size <= path.stat().st_size:
        message = f"its header has {size:,} bytes, the limit is {LONGEST_HEADER:,}"
        raise SafetensorError(message)


def _unpickled(path: Path, needed: int) -> object:
    """What ``torch.load`` makes of the file, once its archive is sound and not too large."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _refuse_oversized(path, sum(entry.file_size for entry in archive.infolist()), needed)
            _refuse_damaged(path, archive)
    else:
        _refuse_oversized(path, path.stat().st_size, needed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that torch means to give up
        return torch.load(path, map_location="cpu", weights_only=True)


def _refuse_oversized(path: Path, size: int, needed: int) -> None:
    limit = TIMES * needed + ROOM
    if size > limit:
        message = f"{path}: unpacked it has {size:,} bytes, and the network needs {needed:,}"
        raise bad_weights(message, f"the limit is {limit:,}; {ALONE}")


def _refuse_damaged(path: Path, archive: zipfile.ZipFile) -> None:
    """Compare the archive's checksums, which torch does not; where they are 0, torch was told not to write them."""
    names = set(archive.namelist())
    for kind, mark in (("a TorchScript archive", "constants.pkl"), ("an exported program", "archive_format")):
        if any(name.rpartition("/")[2] == mark for name in names):
            raise bad_weights(f"{path}: this file is {kind}, and holds code beside weights", ALONE)
    for entry in archive.infolist():
        if entry.CRC:
            with archive.open(entry) as content:
                while content.read(2**20):  # raises BadZipFile at the end if the checksum is another
                    pass


def _reason(error: BaseException) -> str:
    """What went wrong, in one line, without torch's advice to read the file unsafely."""
    said = str(error).rpartition("WeightsUnpickler error: ")[2].strip()
    strange = re.search(r"GLOBAL (\S+)", said)
    if strange:
        return f"it holds {strange[1]}, which is code, not data; {ALONE}"
    return said.partition("\n")[0][:200] or type(error).__name__


def _by_name(path: Path, content: object) -> dict[str, Tensor]:
    """The state_dict that ``content`` is, or that lies in it."""
    for key in NESTED:
        inner = dict.get(content, key) if isinstance(content, dict) else None
        if isinstance(inner, dict):
            content = inner
    if not isinstance(content, dict):
        raise bad_weights(f"{path}: this file holds no state_dict, a mapping of names to tensors")
    found: dict[str, Tensor] = {}
    for name, value in dict.items(content):  # of dict itself: a pickle can put anything in place of an object's methods
        if not isinstance(name, str):
            message = f"{path}: this file holds no state_dict: one of its keys is no name but {type(name).__name__}"
            raise bad_weights(message)
        if not isinstance(value, Tensor):
            message = f"{path}: this file holds no state_dict: '{name}' is no tensor but {type(value).__name__}"
            raise bad_weights(message)
        found[name] = Tensor.detach(value)  # a plain tensor, without attributes that came with it
    return found
