"""Files of ``torch.save``, read without unpickling anything but data, once it is known that they cost little.

A file is looked at before torch reads it: what it unpacks to (an archive of some megabytes can hold gigabytes), its
checksums, which torch does not compare, and how long its pickle is, of which each byte can be an object.
"""

from __future__ import annotations

import argparse
import io
import pathlib
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from netspec.errors.problem import Problem, SpecError
from netspec.weights.wanted import some

TIMES, BYTES, TENSORS = 16, 2**28, 10_000
"""A file may hold so many times the bytes and the tensors that are needed, and so many more: what a training keeps
beside the weights (an optimizer's averages, a second set of weights) has room in that."""
PICKLE, PICKLE_OF_TENSOR = 2**21, 1024
"""Bytes that a pickle may have, and more for each tensor that is needed; one of a tensor has about 200."""
ALONE = "write the weights alone: torch.save(model.state_dict(), ...)"
AGAIN = "fetch or write the file again"
ARCHIVE, LEGACY = b"PK", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How a file of torch begins: as a zip archive, or before torch 1.6 with a number."""
FOREIGN = {
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file, as Keras writes it", ALONE),
    b"GGUF": ("a GGUF file", ALONE),
    b"\x93NUMPY": ("an array of NumPy", ALONE),
    b"\x1f\x8b": ("packed by gzip", "unpack it"),
    b"version https://git-lfs": ("a pointer of Git LFS, not the file itself", "git lfs pull fetches it"),
    b"<": ("a page of the web or XML", "it was not downloaded as a file: fetch it again"),
    b"\x80": ("a plain pickle", "torch.save writes what can be read safely"),
}
"""How files of others begin, what they are, and the mend."""

NUMBERS = ("Bool", *(f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)), "Float32", "Float64")
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
    *(getattr(np.dtypes, f"{name}DType") for name in NUMBERS),
    np.dtype,
    *((SCALAR, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),  # a best loss
]
"""Classes beside torch's own that hold data and nothing else, so that they may be read."""


class Room(NamedTuple):
    """How much a network needs, which says how much a file may hold."""

    bytes: int
    tensors: int

    @property
    def most_bytes(self) -> int:
        """Bytes of a file, unpacked."""
        return TIMES * self.bytes + BYTES

    @property
    def most_tensors(self) -> int:
        """Tensors in a file."""
        return TIMES * self.tensors + TENSORS

    @property
    def longest_pickle(self) -> int:
        """Bytes of what is pickled: everything but the numbers of the tensors."""
        return PICKLE + PICKLE_OF_TENSOR * self.tensors

    def refuse_bytes(self, path: Path, size: int) -> None:
        """Raise :class:`SpecError` for a file that has more than there is room for."""
        if size > self.most_bytes:
            message = f"{path}: unpacked it has {size:,} bytes, and the network needs {self.bytes:,}"
            raise bad_weights(message, f"the limit is {self.most_bytes:,}; {ALONE}")

    def refuse_tensors(self, path: Path, count: int) -> None:
        """Raise :class:`SpecError` for a file that has more than there is room for."""
        if count > self.most_tensors:
            message = f"{path}: it has {count:,} tensors, and the network needs {self.tensors:,}"
            raise bad_weights(message, f"the limit is {self.most_tensors:,}; {ALONE}")

    def refuse_pickle(self, path: Path, size: int) -> None:
        """Raise :class:`SpecError` for a pickle that is longer than any that describes so many tensors."""
        if size > self.longest_pickle:
            message = f"{path}: what is pickled in it beside numbers has more than {self.longest_pickle:,} bytes"
            raise bad_weights(message, ALONE)


def bad_weights(message: str, hint: str = "", notes: Iterable[str] = ()) -> SpecError:
    """A file of weights that is not what it should be."""
    return SpecError([Problem("bad-artefact", message, hint=hint, notes=tuple(notes))])


def torch_file(path: Path, room: Room) -> object:
    """What ``torch.load(weights_only=True)`` makes of the file at ``path``, if it is one of torch's and has ``room``.

    Raises :class:`SpecError`, and what torch and zipfile raise for files that are damaged.
    """
    with path.open("rb") as file:
        begin = file.read(32)
    if begin.startswith(LEGACY):
        room.refuse_bytes(path, path.stat().st_size)
        with path.open("rb") as file:
            return _loaded(_Counted(file, path, room))
    if not begin.startswith(ARCHIVE):
        raise _foreign(path, begin)
    if not zipfile.is_zipfile(path):
        raise bad_weights(f"{path}: this file is cut off: the end of its archive is missing", AGAIN)
    with zipfile.ZipFile(path) as archive:
        _refuse_others(path, archive)
        room.refuse_tensors(path, len(archive.infolist()))
        room.refuse_bytes(path, sum(entry.file_size for entry in archive.infolist()))
        room.refuse_pickle(path, max((one.file_size for one in archive.infolist() if _is_pickle(one)), default=0))
        _refuse_unknown(path, archive)
        _compare_checksums(archive)
    return _loaded(path)


def _loaded(file: Path | io.RawIOBase) -> object:
    with warnings.catch_warnings(), torch.serialization.safe_globals(DATA):
        warnings.simplefilter("ignore")  # of formats that torch means to give up
        return torch.load(file, map_location="cpu", weights_only=True)  # type: ignore[arg-type]  # it takes any reader


class _Counted(io.RawIOBase):
    """A file that begins with a pickle of unknown length, which is read in so many pieces at most as it has bytes."""

    def __init__(self, file: io.BufferedReader, path: Path, room: Room) -> None:
        self.file = file
        self.path = path
        self.room = room
        self.pieces = 0

    def read(self, size: int = -1) -> bytes:
        self._count()
        return self.file.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        self._count()
        return self.file.readline(size)

    def readinto(self, buffer: Any) -> int:
        return self.file.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def _count(self) -> None:
        self.pieces += 1
        self.room.refuse_pickle(self.path, self.pieces)


def _foreign(path: Path, begin: bytes) -> SpecError:
    """What to say of a file that is none of torch's."""
    for mark, (name, mend) in FOREIGN.items():
        if begin.startswith(mark):
            return bad_weights(f"{path}: this file is {name}, and holds no weights of torch", mend)
    return bad_weights(f"{path}: this file was not written by torch.save" + ("" if begin else ": it is empty"), AGAIN)


def _refuse_others(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise :class:`SpecError` for archives that hold code, or that are Keras' or NumPy's."""
    names = set(archive.namelist())
    if "config.json" in names and any(name.endswith(".h5") for name in names):
        raise bad_weights(f"{path}: this file is an archive of Keras', and holds no weights of torch", ALONE)
    for kind, mark in (("a TorchScript archive", "constants.pkl"), ("an exported program", "archive_format")):
        if any(name.rpartition("/")[2] == mark for name in names):
            raise bad_weights(f"{path}: this file is {kind}, and holds code beside weights", ALONE)
    if names and all(name.endswith(".npy") for name in names):
        raise bad_weights(f"{path}: this file is an archive of NumPy's, and holds no weights of torch", ALONE)


def _refuse_unknown(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise :class:`SpecError` for archives without what torch.save puts in the folder of each."""
    names = sorted(archive.namelist())
    if not any(name.endswith("/data.pkl") for name in names):
        inside = some([name[:100] for name in names]) or "nothing"
        message = f"{path}: this file is an archive that torch.save has not written: it holds {inside}"
        raise bad_weights(message, "unpack it, if the weights are in it")


def _is_pickle(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith(".pkl")


def _compare_checksums(archive: zipfile.ZipFile) -> None:
    """Raise :class:`zipfile.BadZipFile` where one is another; where they are 0, torch was told not to write them."""
    for entry in archive.infolist():
        if entry.CRC:
            with archive.open(entry) as content:
                while content.read(2**20):
                    pass


def reason(error: BaseException) -> str:
    """What went wrong, in one line, without torch's advice to read the file unsafely."""
    said = str(error).rpartition("WeightsUnpickler error: ")[2].strip()
    strange = re.search(r"GLOBAL (\S+)|but got <class '([^']+)'>", said)
    if strange:
        return f"it holds {strange[1] or strange[2]}, which is code, not data; {ALONE}"
    if isinstance(error, KeyError) or not said:
        return f"it is damaged ({type(error).__name__})"
    return said.partition("\n")[0][:200]
