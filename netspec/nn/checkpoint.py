"""Tensors by name from files of others: safetensors, or torch's own formats read without unpickling anything but data.

How much a file unpacks to is looked at first: a compressed archive of some megabytes can hold gigabytes. What a
training keeps beside the weights (an optimizer's averages, a second set of weights) has room in ``TIMES`` their bytes.
"""

from __future__ import annotations

import argparse
import json
import lzma
import pathlib
import pickle
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from netspec import files
from netspec.errors.problem import Problem, SpecError

SAFE = ".safetensors"
INDEX = ".index.json"
"""How the list of the parts of a sharded file ends."""
TIMES, ROOM = 16, 2**28
"""A file may unpack to so many times the bytes that are needed, and so many bytes more."""
LONGEST_HEADER = 2**24
"""Bytes of a safetensors file's list of tensors; one of ten thousand tensors has about one million."""
DEPTH, MOST_DICTIONARIES = 6, 10_000
"""How deep dictionaries are looked for in each other, and how many are looked at."""
MOST_PARTS = 1_000
"""Files of one sharded file."""
ALONE = "write the weights alone: torch.save(model.state_dict(), ...)"
SCALAR: Callable[..., Any] = np.float64().__reduce__()[0]  # type: ignore[assignment]  # typed as for any object
"""What makes a number of NumPy's from its bytes."""
PATHS: dict[str, type[pathlib.PurePath]] = {
    "PosixPath": pathlib.PurePosixPath,
    "PurePosixPath": pathlib.PurePosixPath,
    "WindowsPath": pathlib.PureWindowsPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
}
DATA: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    argparse.Namespace,  # what torchvision's references and timm keep of the command line
    *((kind, f"{module}.{name}") for module in ("pathlib", "pathlib._local") for name, kind in PATHS.items()),
    *(np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType, np.dtype),
    *((SCALAR, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),  # a best loss
]
"""Classes beside torch's own that hold data and nothing else, so that they may be read."""
FOREIGN = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes it",
    b"GGUF": "a GGUF file",
    b"\x93NUMPY": "an array of NumPy",
}
"""How files of others begin."""

UNREADABLE = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, MemoryError, SafetensorError, pickle.UnpicklingError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What safetensors, zipfile and torch raise for files that are damaged or of another kind."""


def bad_weights(message: str, hint: str = "", notes: Iterable[str] = ()) -> SpecError:
    """A file of weights that is not what it should be."""
    return SpecError([Problem("bad-artefact", message, hint=hint, notes=tuple(notes))])


def dictionaries(path: Path, needed: int) -> dict[str, dict[str, Tensor]]:
    """The dictionaries of tensors by name in the file at ``path``, for a module of ``needed`` bytes.

    Each is found under its keys, joined by dots; a ``.safetensors`` file and a sharded one have a single one, under
    nothing. Anything else is read by ``torch.load(weights_only=True)``, which refuses what is no plain data. Raises
    :class:`SpecError`.
    """
    if path.is_dir():
        hint = "a folder of torch.distributed.checkpoint becomes a file with its format_utils.dcp_to_torch_save"
        raise bad_weights(f"{path}: this is a folder, not a file of weights", hint)
    files.refuse_unreadable(path)
    try:
        if path.name.endswith(INDEX):
            return {"": _sharded(path, needed)}
        return _found(path, _content(path, needed))
    except UNREADABLE as error:
        raise bad_weights(f"{path}: this file holds no weights that can be read safely: {_reason(error)}") from None


def refuse_long_header(path: Path) -> None:
    """Raise :class:`SafetensorError` for a safetensors file whose list of tensors is longer than any real one."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if LONGEST_HEADER < size <= path.stat().st_size:
        message = f"its header has {size:,} bytes, the limit is {LONGEST_HEADER:,}"
        raise SafetensorError(message)


# -- one file -----------------------------------------------------------------------------------------------------


def _content(path: Path, needed: int) -> object:
    """What the file at ``path`` holds, once it is known to be of a kind that can be read and not too large."""
    if path.suffix == SAFE:
        refuse_long_header(path)
        _refuse_oversized(path, path.stat().st_size, needed)
        return load_file(path)
    return _unpickled(path, needed)


def _unpickled(path: Path, needed: int) -> object:
    """What ``torch.load`` makes of the file, once its archive is sound and not too large."""
    with path.open("rb") as file:
        begin = file.read(8)
    for mark, name in FOREIGN.items():
        if begin.startswith(mark):
            raise bad_weights(f"{path}: this file is {name}, and holds no weights of torch", ALONE)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _refuse_oversized(path, sum(entry.file_size for entry in archive.infolist()), needed)
            _refuse_damaged(path, archive)
    else:
        _refuse_oversized(path, path.stat().st_size, needed)
    with warnings.catch_warnings(), torch.serialization.safe_globals(DATA):
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
    if names and all(name.endswith(".npy") for name in names):
        raise bad_weights(f"{path}: this file is an archive of NumPy's, and holds no weights of torch", ALONE)
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


# -- many files ---------------------------------------------------------------------------------------------------


def _sharded(path: Path, needed: int) -> dict[str, Tensor]:
    """The tensors that the list at ``path`` finds in files beside it."""
    listed = json.loads(files.text(path, files.read(path, LONGEST_HEADER)))
    places = listed.get("weight_map") if isinstance(listed, dict) else None
    if not isinstance(places, dict) or not all(isinstance(part, str) for part in places.values()):
        raise bad_weights(f"{path}: this file has no 'weight_map', a mapping of names to files")
    parts = dict.fromkeys(places.values())
    if len(parts) > MOST_PARTS:
        raise bad_weights(f"{path}: the weights lie in {len(parts):,} files, the limit is {MOST_PARTS:,}")
    for part in parts:
        if Path(part).name != part or part in ("", ".", ".."):
            raise bad_weights(f"{path}: '{part}' is no file beside it", "the parts lie in the folder of their list")
    for part in parts:
        files.refuse_unreadable(path.with_name(part))
    _refuse_oversized(path, sum(path.with_name(part).stat().st_size for part in parts), needed)
    found: dict[str, Tensor] = {}
    for part in parts:
        held = _found(path.with_name(part), _content(path.with_name(part), needed)).get("", {})
        for name, place in places.items():
            if place == part and name not in held:
                raise bad_weights(f"{path}: '{name}' is not in '{part}', where it should be")
            if place == part:
                found[name] = held[name]
    return found


# -- what is in it ------------------------------------------------------------------------------------------------


def _found(path: Path, content: object) -> dict[str, dict[str, Tensor]]:
    """Every dictionary in ``content`` that has tensors under names."""
    found = {".".join(keys): tensors for keys, tensors in _walk(content)}
    if not found:
        what = "a mapping of names to tensors"
        if isinstance(content, dict) and any(not isinstance(key, str) for key in dict.keys(content)):
            other = next(type(key).__name__ for key in dict.keys(content) if not isinstance(key, str))
            what += f": one of its keys is no name but {other}"
        raise bad_weights(f"{path}: this file holds no state_dict, {what}")
    return found


def _walk(content: object) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Dictionaries in each other, from the outside in, each once; methods are dict's, not those of what a pickle is."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), content)]
    seen = {id(content)}
    for keys, value in waiting:  # grows while it is walked through
        if not isinstance(value, dict):
            continue
        tensors = {}
        for name, inner in dict.items(value):
            if not isinstance(name, str):
                continue
            if isinstance(inner, Tensor):
                tensors[name] = Tensor.detach(inner)  # a plain tensor, without attributes that came with it
            elif isinstance(inner, dict) and id(inner) not in seen and len(keys) < DEPTH:
                if len(seen) >= MOST_DICTIONARIES:
                    continue
                seen.add(id(inner))
                waiting.append(((*keys, name), inner))
        if tensors:
            yield keys, tensors
