"""Tensors by name from files of others: safetensors, files of torch, and several that are one."""

from __future__ import annotations

import json
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, strided

from netspec import files
from netspec.nn.torch_file import ALONE, ARCHIVE, LEGACY, Room, bad_weights, reason, torch_file

SAFE = ".safetensors"
INDEX = ".index.json"
"""How the list of the parts of a sharded file ends."""
LONGEST_HEADER = 2**24
"""Bytes of a safetensors file's list of tensors; one of ten thousand tensors has about one million."""
DEPTH, MOST_MAPPINGS = 6, 100_000
"""How deep dictionaries are looked for in each other and in lists, and how many of these there may be."""
MOST_PARTS = 1_000
"""Files of one sharded file."""

UNREADABLE = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, MemoryError, SafetensorError, pickle.UnpicklingError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What safetensors, zipfile and torch raise for files that are damaged or of another kind."""


def dictionaries(path: Path, room: Room) -> dict[str, dict[str, Tensor]]:
    """The dictionaries of tensors by name in the file at ``path``, for a network that leaves so much ``room``.

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
            return {"": _sharded(path, room)}
        return _found(path, _content(path, room), room)
    except UNREADABLE as error:
        raise bad_weights(f"{path}: this file holds no weights that can be read safely: {reason(error)}") from None


def refuse_long_header(path: Path) -> None:
    """Raise :class:`SafetensorError` for a safetensors file whose list of tensors is longer than any real one."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if LONGEST_HEADER < size <= path.stat().st_size:
        message = f"its header has {size:,} bytes, the limit is {LONGEST_HEADER:,}"
        raise SafetensorError(message)


# -- one file -----------------------------------------------------------------------------------------------------


def is_safetensors(path: Path) -> bool:
    """Whether the file at ``path`` begins as a safetensors file does, or is called one and begins as no other."""
    try:
        with path.open("rb") as file:
            begin = file.read(9)
    except OSError:
        return False
    return begin[8:] == b"{" or (path.suffix == SAFE and not begin.startswith((ARCHIVE, LEGACY[:9])))


def _content(path: Path, room: Room) -> object:
    """What the file at ``path`` holds, once it is known to be of a kind that can be read and not too large."""
    if not is_safetensors(path):
        return torch_file(path, room)
    refuse_long_header(path)
    room.refuse_bytes(path, path.stat().st_size)
    with safe_open(path, framework="pt") as file:
        names = file.keys()
        room.refuse_tensors(path, len(names))
        return {name: file.get_tensor(name) for name in names}


# -- many files ---------------------------------------------------------------------------------------------------


def _sharded(path: Path, room: Room) -> dict[str, Tensor]:
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
    room.refuse_bytes(path, sum(path.with_name(part).stat().st_size for part in parts))
    names: dict[str, list[str]] = {part: [] for part in parts}
    for name, part in places.items():
        names[part].append(name)
    found: dict[str, Tensor] = {}
    for part, wanted in names.items():
        held = _found(path.with_name(part), _content(path.with_name(part), room), room).get("", {})
        for name in wanted:
            if name not in held:
                raise bad_weights(f"{path}: '{name}' is not in '{part}', where it should be")
            found[name] = held[name]
    return found


# -- what is in it ------------------------------------------------------------------------------------------------


def _found(path: Path, content: object, room: Room) -> dict[str, dict[str, Tensor]]:
    """Every dictionary in ``content`` that has tensors under names."""
    found: dict[str, dict[str, Tensor]] = {}
    for keys, tensors in _walk(path, content):
        key = ".".join(keys)
        if key in found:
            raise bad_weights(f"{path}: two mappings of tensors lie under the key '{key}'")
        found[key] = tensors
    room.refuse_tensors(path, sum(map(len, found.values())))
    room.refuse_bytes(path, max((_size(tensor) for held in found.values() for tensor in held.values()), default=0))
    if not found:
        what = "a mapping of names to tensors"
        if isinstance(content, dict) and any(not isinstance(key, str) for key in dict.keys(content)):
            other = next(type(key).__name__ for key in dict.keys(content) if not isinstance(key, str))
            what += f": one of its keys is no name but {other}"
        raise bad_weights(f"{path}: this file holds no state_dict, {what}")
    return found


def _size(tensor: Tensor) -> int:
    """Bytes of a plain tensor once each of its numbers has its own place: in a file they may share one."""
    is_plain = tensor.layout == strided and not (tensor.is_nested or tensor.is_meta)
    return tensor.numel() * tensor.element_size() if is_plain else 0


def _walk(path: Path, content: object) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Dictionaries in each other and in lists, from the outside in, each once.

    Methods are dict's and list's, not those of what a pickle is.
    """
    waiting: list[tuple[tuple[str, ...], object]] = [((), content)]
    seen = {id(content)}
    for keys, value in waiting:  # grows while it is walked through
        tensors = {}
        for name, inner in _items(value):
            if isinstance(inner, Tensor) and isinstance(value, dict):
                tensors[name] = Tensor.detach(inner)  # a plain tensor, without attributes that came with it
            elif isinstance(inner, (dict, list, tuple)) and id(inner) not in seen and len(keys) < DEPTH:
                if len(seen) >= MOST_MAPPINGS:
                    raise bad_weights(f"{path}: there are more than {MOST_MAPPINGS:,} mappings and lists in it", ALONE)
                seen.add(id(inner))
                waiting.append(((*keys, name), inner))
        if tensors:
            yield keys, tensors


def _items(value: object) -> Iterator[tuple[str, object]]:
    """What a dictionary has under names, or a list under numbers."""
    if isinstance(value, dict):
        yield from ((name, inner) for name, inner in dict.items(value) if isinstance(name, str))
    elif isinstance(value, list):
        yield from ((str(at), inner) for at, inner in enumerate(list.__iter__(value)))
    elif isinstance(value, tuple):
        yield from ((str(at), inner) for at, inner in enumerate(tuple.__iter__(value)))
