"""Files of weights in every format that torch writes, and seeded ways to damage them."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import save

import netspec

SPEC = """\
netspec: 1
name: small
input: [3, 8, 8]
stages: {conv: {conv: {out: 4, kernel: 3}}, bn: batch_norm, relu: relu}
head: {pool: global_avg_pool, fc: {linear: 5}}
"""
Damage = Callable[[bytes, Random], bytes]


def module(seed: int) -> Any:
    """A small network with weights, statistics and a counter."""
    torch.manual_seed(seed)
    return netspec.compile(SPEC)


# -- formats ------------------------------------------------------------------------------------------------------


def zipped(state: dict[str, Any]) -> bytes:
    """As ``torch.save`` writes it."""
    return _saved(state)


def in_training(state: dict[str, Any]) -> bytes:
    """A checkpoint of a training: weights beside an optimizer's averages, numbers and words."""
    averages = {number: torch.zeros_like(tensor) for number, tensor in enumerate(state.values())}
    return _saved({"state_dict": state, "optimizer": {"state": averages, "lr": 0.1}, "epoch": 3, "name": "x"})


def legacy(state: dict[str, Any]) -> bytes:
    """As ``torch.save`` wrote it before version 1.6."""
    return _saved(state, _use_new_zipfile_serialization=False)


def safetensors(state: dict[str, Any]) -> bytes:
    """Names and shapes as JSON, then the numbers."""
    return save(state)


def artefact(state: dict[str, Any]) -> bytes:
    """As ``netspec build`` writes it."""
    from netspec.nn.artefact import _header

    metadata = {"netspec": _header(netspec.read(SPEC).to_yaml(), state)}
    return save(state, metadata)


def torchscript(_: dict[str, Any]) -> bytes:
    """A traced module."""
    return _traced()


def exported(_: dict[str, Any]) -> bytes:
    """A program of ``torch.export``."""
    return _exported()


@cache
def _traced() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch means to give it up
        torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)), file)
    return file.getvalue()


@cache
def _exported() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own parts
        torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),)), file)
    return file.getvalue()


def _saved(content: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


FORMATS: dict[str, tuple[Callable[[dict[str, Any]], bytes], str]] = {
    "zip": (zipped, ".pth"),
    "training": (in_training, ".ckpt"),
    "legacy": (legacy, ".pth"),
    "safetensors": (safetensors, ".safetensors"),
    "artefact": (artefact, ".safetensors"),
    "torchscript": (torchscript, ".pt"),
    "exported": (exported, ".pt2"),
}
"""Name -> what writes it, and how its files end."""
CHECKED = ("zip", "training", "artefact")
"""Those with checksums: damaged ones are refused, or are what they were."""


# -- damage -------------------------------------------------------------------------------------------------------


def truncated(content: bytes, random: Random) -> bytes:
    """Without its end."""
    return content[: random.randrange(len(content))]


def beheaded(content: bytes, random: Random) -> bytes:
    """Without its beginning."""
    return content[1 + random.randrange(len(content)) :]


def flipped(content: bytes, random: Random) -> bytes:
    """With some bits the other way."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 3, 20))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def in_front(content: bytes, random: Random) -> bytes:
    """With bytes changed where the structure of most formats stands, before the numbers."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 5))):
        changed[random.randrange(min(len(changed), 1200))] = random.randrange(256)
    return bytes(changed)


def blanked(content: bytes, random: Random) -> bytes:
    """With a range of zeros, as a bad block of a disk reads."""
    at, size = random.randrange(len(content)), random.choice((1, 8, 64, 512, 4096))
    return content[:at] + bytes(min(size, len(content) - at)) + content[at + size :]


def spliced(content: bytes, random: Random) -> bytes:
    """With a range left out, doubled, or moved elsewhere."""
    at, size = random.randrange(len(content)), random.choice((1, 4, 30, 500))
    part, rest = content[at : at + size], content[:at] + content[at + size :]
    to = random.randrange(len(rest) or 1)
    return random.choice((rest, content[:at] + part + content[at:], rest[:to] + part + rest[to:]))


def other_numbers(content: bytes, random: Random) -> bytes:
    """With sizes, counts or offsets of four or eight bytes that are much too large, or negative."""
    at = random.randrange(max(1, min(len(content), 3000)))
    new = struct.pack(*random.choice((("<i", -1), ("<i", 2**31 - 1), ("<q", 2**40), ("<q", -1), ("<q", 2**62))))
    return content[:at] + new + content[at + len(new) :]


DAMAGES: tuple[Damage, ...] = (truncated, beheaded, flipped, flipped, in_front, blanked, spliced, other_numbers)


def repacked(content: bytes, change: Callable[[str, bytes], bytes | None], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive whose records are what ``change`` makes of their name and content; None leaves one out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", method) as new:
        for entry in old.infolist():
            record = change(entry.filename, old.read(entry))
            if record is not None:
                new.writestr(entry.filename, record)
    return packed.getvalue()


def repacked_damage(content: bytes, random: Random) -> bytes:
    """An archive with one record damaged, missing or exchanged, whose checksums are right all the same."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        chosen, other = random.choice(names), archive.read(random.choice(names))
    kind = random.randrange(4)

    def change(name: str, record: bytes) -> bytes | None:
        if name != chosen:
            return record
        return (None, other, random.choice(DAMAGES)(record, random) if record else b"x", record * 1000)[kind]

    return repacked(content, change, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def rewritten_header(content: bytes, random: Random) -> bytes:
    """A safetensors file with something else in the place of one value of its header."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    name = random.choice([*header])
    value: Any = random.choice(([], {}, None, -1, "x", [[]] * 3, {"dtype": "F32"}, 2**70))
    if name != "__metadata__" and random.random() < 0.8:
        key = random.choice(["dtype", "shape", "data_offsets"])
        value = {**header[name], key: random.choice((value, [2**40], [-1], "F4", "BOOL", "C64", [0, 2**62]))}
    text = json.dumps({**header, name: value}).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def damaged(name: str, content: bytes, random: Random) -> tuple[bytes, bool]:
    """``content``, a file of the format ``name``, damaged in one way, and whether that shows in its checksums."""
    if content.startswith(b"PK") and random.random() < 0.4:
        return repacked_damage(content, random), False
    if name in ("safetensors", "artefact") and random.random() < 0.4:
        return rewritten_header(content, random), name in CHECKED
    return random.choice(DAMAGES)(content, random), name in CHECKED


def trial(name: str, content: bytes, path: Path, target: Any, expected: dict[str, Any] | None) -> tuple[str, str]:
    """How loading ``content`` ends for ``target``, and what is wrong with that; empty if nothing is.

    What is loaded must be what is ``expected``, if anything is.
    """
    path.write_bytes(content)
    before = {key: value.clone() for key, value in target.state_dict().items()}
    try:
        loaded = netspec.load(path) if name == "artefact" else target
        if loaded is target:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of values that are not finite, which are no fault here
                netspec.load_weights(target, path)
    except netspec.SpecError as error:
        changed = [key for key, value in target.state_dict().items() if not torch.equal(value, before[key])]
        fault = f"refused, but {changed} have changed" if changed else ""
        text = error.problems[0].text()
        return error.problems[0].code, fault or ("" if text.replace("\n", "").isprintable() else "not printable")
    after = loaded.state_dict()
    wrong = [key for key, value in (expected or {}).items() if not torch.equal(after[key], value)]
    return "ok", f"{wrong} are not what was written" if wrong else ""
