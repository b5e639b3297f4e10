"""Files of weights that are made to do harm: each costs little and ends in one refusal."""

from __future__ import annotations

import io
import json
import pickle
import re
import struct
import tarfile
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import damage
import pytest

import netspec
from netspec.nn import torch_file

MOST_BYTES = 6 * 2**20
"""What Python may allocate for one file, most of it for a pickle of the length that is allowed."""


def archive(pickled: bytes) -> bytes:
    """A file of torch with that pickle and sixteen numbers."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {"data.pkl": pickled, "version": b"3\n", "data/0": bytes(64)}.items():
            file.writestr(f"w/{name}", content)
    return packed.getvalue()


def legacy(pickled: bytes) -> bytes:
    """A file of torch before 1.6 with that pickle."""
    return torch_file.LEGACY + pickle.dumps(1001, protocol=2) + pickle.dumps({}, protocol=2) + pickled


def tensor(size: tuple[int, ...], stride: tuple[int, ...], *, offset: int = 0, name: str = "conv.weight") -> bytes:
    """A file in which the tensor ``name`` lies in that way over sixteen numbers."""

    def text(word: str) -> bytes:
        return b"X" + struct.pack("<i", len(word)) + word.encode()

    def number(value: int) -> bytes:
        return b"\x8a\x0a" + value.to_bytes(10, "little", signed=True)

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(16) + b"tQ"
    shape = b"".join(b"(" + b"".join(map(number, numbers)) + b"t" for numbers in (size, stride))
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + shape + b"\x89}tR"
    return archive(b"\x80\x02}" + text(name) + rebuilt + b"s.")


def safetensors(header: dict[str, object], content: bytes = b"") -> bytes:
    """A safetensors file with that header."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def empty(count: int, prefix: str = "") -> bytes:
    """A safetensors file with so many tensors without numbers."""
    return safetensors({f"{prefix}{at}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for at in range(count)})


def tar(_: object = None) -> bytes:
    """A file in the first format of torch, which is unpacked to be read."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as file:
        for name in ("storages", "tensors", "pickle"):
            file.addfile(tarfile.TarInfo(name))
    return packed.getvalue()


LONG = 2**17
FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a pickle of many mappings": (
        ".pth",
        lambda: archive(b"\x80\x02](" + b"}" * LONG + b"e."),
        "what is pickled in it",
    ),
    "the same before torch 1.6": (".pth", lambda: legacy(b"\x80\x02](" + b"}" * LONG + b"e."), "what is pickled in it"),
    "the first format of torch": (".pth", tar, "was not written by torch.save"),
    "lists in lists": (
        ".pth",
        lambda: archive(b"\x80\x02" + b"]" * 10**4 + b"a" * (10**4 - 1) + b"."),
        "no state_dict",
    ),
    "many records": (".pth", lambda: records(1_200), "it has 1,200 tensors, and the network needs 9"),
    "strides beyond all memory": (".pth", lambda: tensor((4, 3, 3, 3), (2**60, 9, 3, 1)), "read safely"),
    "strides below zero": (".pth", lambda: tensor((4, 3, 3, 3), (-27, 9, 3, 1)), "read safely"),
    "sizes below zero": (".pth", lambda: tensor((-4, 3, 3, 3), (27, 9, 3, 1)), "read safely"),
    "sizes of more than 64 bits": (".pth", lambda: tensor((2**70,), (0,)), "read safely"),
    "an offset below zero": (".pth", lambda: tensor((2,), (1,), offset=-1), "read safely"),
    "an offset beyond the end": (".pth", lambda: tensor((2,), (1,), offset=100), "read safely"),
    "one number in many places": (".pth", lambda: tensor((2**40,), (0,)), "unpacked it has 4,398,046,511,104 bytes"),
    "channels without end": (".pth", lambda: tensor((4, 2**40, 3, 3), (0, 0, 0, 0)), "unpacked it has"),
    "no channels": (".pth", lambda: tensor((4, 0, 3, 3), (0, 0, 0, 0)), "these weights are of another network"),
    "many tensors": (".safetensors", lambda: empty(1_200), "it has 1,200 tensors, and the network needs 9"),
    "names of many parts": (
        ".safetensors",
        lambda: empty(50, "conv." * 4_000),
        "these weights are of another network",
    ),
    "a header without end": (".safetensors", lambda: struct.pack("<Q", 2**63) + b"{}", "header"),
    "brackets without end": (".safetensors", lambda: struct.pack("<Q", 10**6) + b"{" + b"[" * 10**6, "header"),
    "a size below zero": (
        ".safetensors",
        lambda: safetensors({"conv.bias": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 4]}}, bytes(4)),
        "header",
    ),
    "tensors over each other": (
        ".safetensors",
        lambda: safetensors({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in "ab"}, bytes(4)),
        "header",
    ),
}


def records(count: int) -> bytes:
    """An archive of so many empty records."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for at in range(count):
            file.writestr(f"w/data/{at}", b"")
    return packed.getvalue()


@pytest.mark.parametrize("case", FILES)
def test_harm_is_refused_at_little_cost(
    case: str, torch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error, nothing loaded, nothing written anywhere, and less memory than a short pickle takes."""
    ending, make, said = FILES[case]
    path = tmp_path / f"w{ending}"
    path.write_bytes(make())
    module = damage.module(2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setattr(torch_file, "PICKLE", 2**14)
    monkeypatch.setattr(torch_file, "TENSORS", 1_000)
    tracemalloc.start()
    try:
        with pytest.raises(netspec.SpecError, match=re.escape(said)) as caught:
            netspec.load_weights(module, path, adapt="input")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(caught.value.problems) == 1
    assert most < MOST_BYTES
    assert [*(tmp_path / "scratch").iterdir()] == []
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_long_pickle_would_cost_more(tmp_path: Path, torch: ModuleType) -> None:
    """Without the limit on what is pickled the same file takes more memory: the bound is seen to be one."""
    path = tmp_path / "w.pth"
    path.write_bytes(archive(b"\x80\x02](" + b"}" * LONG + b"e."))
    tracemalloc.start()
    torch.load(path, weights_only=True)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most > MOST_BYTES
