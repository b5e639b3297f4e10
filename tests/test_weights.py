"""Weights from files of others: exactly the network's own, and never anything but tensors."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import damage
import pytest
from click.testing import CliRunner

import netspec
from netspec.cli import main
from netspec.nn import torch_file


@pytest.fixture
def module(torch: ModuleType) -> Any:
    """A small network with weights of its own."""
    torch.manual_seed(3)
    return netspec.compile("lenet5")


@pytest.mark.parametrize("key", [None, "state_dict", "model"])
def test_checkpoints_of_torch_are_read(module: Any, key: str | None, torch: ModuleType, tmp_path: Path) -> None:
    """A state_dict, bare or under the usual keys, loads by name."""
    path = tmp_path / "weights.pth"
    torch.save({key: module.state_dict(), "epoch": 3} if key else module.state_dict(), path)
    other = netspec.compile("lenet5")
    netspec.load_weights(other, path)

    assert all(torch.equal(value, other.state_dict()[name]) for name, value in module.state_dict().items())


def test_pickled_objects_are_refused(torch: ModuleType, tmp_path: Path) -> None:
    """A pickle that would run code is refused, and the code is not run."""
    path, trace = tmp_path / "evil.pth", tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(trace), "w"))

    torch.save({"weight": Evil()}, path)
    with pytest.raises(netspec.SpecError, match="no weights that can be read safely"):
        netspec.load_weights(netspec.compile("lenet5"), path)

    assert not trace.exists()


def test_weights_of_another_network_change_nothing(module: Any, torch: ModuleType, tmp_path: Path) -> None:
    """Missing, unknown and misshapen tensors are counted and named, and the module keeps what it has."""
    path = tmp_path / "other.pth"
    state = {**module.state_dict(), "extra": torch.zeros(1)}
    state["fc3.bias"] = torch.zeros(3)
    del state["conv1.bias"]
    torch.save(state, path)
    mine = netspec.compile("lenet5")
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    with pytest.raises(
        netspec.SpecError, match=r"1 missing, 1 unknown, 1 of another shape \(conv1.bias, extra, fc3.bias\)"
    ):
        netspec.load_weights(mine, path)

    assert all(torch.equal(value, before[name]) for name, value in mine.state_dict().items())


def packed(*names: str) -> bytes:
    """A zip archive of empty files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "was not written by torch.save: it is empty"),
        (b"not a checkpoint", "was not written by torch.save"),
        (b"PK\x03\x04broken", "is cut off: the end of its archive is missing"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS, not the file itself"),
        (b"<!DOCTYPE html><title>404</title>", "is a page of the web"),
        (gzip.compress(b"weights", mtime=0), "is packed by gzip"),
        (pickle.dumps({"conv1.weight": [1.0]}), "is a plain pickle"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file, as Keras writes it"),
        (b"GGUF" + bytes(100), "is a GGUF file"),
        (b"\x93NUMPY" + bytes(100), "is an array of NumPy"),
        (packed("config.json", "model.weights.h5"), "is an archive of Keras'"),
        (packed("resnet.pth"), "is an archive that torch.save has not written: it holds resnet.pth"),
        (packed(), "is an archive that torch.save has not written: it holds nothing"),
    ],
)
def test_files_that_hold_no_weights_are_called_what_they_are(content: bytes, said: str, tmp_path: Path) -> None:
    """Empty, truncated and foreign files are refused with their name and what they are."""
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    with pytest.raises(netspec.SpecError, match=rf"x\.pth: this file {re.escape(said)}"):
        netspec.load_weights(netspec.compile("lenet5"), path)


def test_build_starts_from_weights(module: Any, torch: ModuleType, tmp_path: Path) -> None:
    """``netspec build --weights`` writes an artefact with these weights."""
    torch.save(module.state_dict(), tmp_path / "w.pth")
    out = tmp_path / "net.safetensors"
    result = CliRunner().invoke(main, ["build", "lenet5", "--weights", str(tmp_path / "w.pth"), "-o", str(out)])

    assert result.exit_code == 0, result.output
    assert torch.equal(netspec.load(out).conv1.weight, module.conv1.weight)


# -- what is no plain number --------------------------------------------------------------------------------------

KINDS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "sparse": (lambda tensor, _: tensor.flatten(1).to_sparse(), "is sparse"),
    "compressed rows": (lambda tensor, _: tensor.flatten(1).to_sparse_csr(), "is sparse"),
    "quantised": (lambda tensor, torch: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8), "is quantised"),
    "nested": (lambda tensor, torch: torch.nested.nested_tensor([tensor[0], tensor[0, :1]]), "is nested"),
    "on the device meta": (lambda tensor, _: tensor.to("meta"), "has no values: it is on the device meta"),
    "complex": (lambda tensor, torch: tensor.to(torch.complex64), "is complex"),
    "bool": (lambda tensor, _: tensor.bool(), "is of bool, and the network's of float32"),
    "whole": (lambda tensor, torch: tensor.to(torch.int8), "is of int8, and the network's of float32"),
}


@pytest.fixture
def small(torch: ModuleType) -> Any:  # noqa: ARG001 - it must be there
    """A network with convolution, batch norm and a linear layer."""
    return damage.module(2)


def state_of(module: Any) -> dict[str, Any]:
    """A copy of all its weights."""
    return {name: value.clone() for name, value in module.state_dict().items()}


@pytest.mark.filterwarnings("ignore")  # torch warns of kinds that it means to give up
@pytest.mark.parametrize("whole", [True, False], ids=["checkpoint", "under a key"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_other_kinds_are_refused_by_name(
    kind: str,
    whole: bool,  # noqa: FBT001 - drawn
    small: Any,
    torch: ModuleType,
    tmp_path: Path,
) -> None:
    """A tensor that is no plain array of real numbers is named, and nothing is loaded."""
    change, said = KINDS[kind]
    state = state_of(damage.module(1))
    state["conv.weight"] = change(state["conv.weight"], torch)
    torch.save(state if whole else {"state_dict": state}, tmp_path / "w.pth")
    before = state_of(small)
    with pytest.raises(netspec.SpecError) as caught:
        netspec.load_weights(small, tmp_path / "w.pth")

    assert caught.value.problems[0].message == f"{tmp_path / 'w.pth'}: 'conv.weight' {said}"
    assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())


@pytest.mark.parametrize("device", [None, "meta"])
@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "float32"])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_weights_take_the_modules_precision_and_place(
    form: str, dtype: str, device: str | None, torch: ModuleType, tmp_path: Path
) -> None:
    """Whatever the precision in the file, the module has its own; one on the device meta has its weights then."""
    given = {
        name: value.to(getattr(torch, dtype)) if value.is_floating_point() else value
        for name, value in damage.module(1).state_dict().items()
    }
    write, ending = damage.FORMATS[form]
    path = tmp_path / f"w{ending}"
    path.write_bytes(write(given))
    module = netspec.compile(damage.SPEC, device=device)
    netspec.load_weights(module, path)

    for name, value in module.state_dict().items():
        assert torch.equal(value, given[name].to(value.dtype))
        assert value.dtype in (torch.float32, torch.int64)
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert module(torch.ones(2, 3, 8, 8)).shape == (2, 5)


def test_weights_that_shared_memory_are_the_modules_own(torch: ModuleType, tmp_path: Path) -> None:
    """Views of one tensor in the file are weights of their own in a module that was on the device meta."""
    state = damage.module(1).state_dict()
    state["bn.weight"] = state["bn.bias"] = torch.ones(1).expand(4)
    torch.save(state, tmp_path / "w.pth")
    module = netspec.compile(damage.SPEC, device="meta")
    netspec.load_weights(module, tmp_path / "w.pth")
    with torch.no_grad():
        module.bn.weight[0] = 5

    assert module.bn.weight.tolist() == [5, 1, 1, 1]
    assert module.bn.bias.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(("value", "is_odd"), [(float("nan"), True), (float("-inf"), True), (0.0, False)])
def test_values_that_are_not_finite_are_loaded_with_a_warning(
    value: float,
    is_odd: bool,  # noqa: FBT001 - drawn
    small: Any,
    torch: ModuleType,
    tmp_path: Path,
) -> None:
    """NaN and infinite values are loaded, and their weights named: in a warning, and by ``netspec build``."""
    state = damage.module(1).state_dict()
    state["bn.bias"][1] = value
    path = tmp_path / "w.pth"
    torch.save(state, path)
    said = f"{path}: NaN or infinite values in 1 of 9 weights (bn.bias)"
    if is_odd:
        with pytest.warns(UserWarning, match=f"^{re.escape(said)}$"):
            netspec.load_weights(small, path)
    else:
        netspec.load_weights(small, path)
    (tmp_path / "small.yaml").write_text(damage.SPEC, encoding="utf-8")
    arguments = ["build", str(tmp_path / "small.yaml"), "--weights", str(path), "-o", str(tmp_path / "x.safetensors")]
    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 0
    assert result.stderr == (f"warning[not-finite]: {said}\n\n" if is_odd else "")
    assert torch.equal(small.bn.bias, state["bn.bias"]) or value != value  # noqa: PLR0124 - NaN is no NaN's equal


# -- sizes and damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", ["data/0", "data.pkl", "bomb"])
def test_an_archive_that_unpacks_to_much_is_not_unpacked(
    record: str, small: Any, torch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some kilobytes that unpack to more than the stated limit are refused before torch sees them."""
    path = tmp_path / "w.pth"
    state = damage.module(1).state_dict()
    monkeypatch.setattr(torch_file, "BYTES", 10**6)
    huge = bytes(10**6 + 16 * 10_000)
    packed = damage.repacked(
        damage.zipped({**state}),
        lambda name, content: huge if name.endswith(record) else content,
        zipfile.ZIP_DEFLATED,
    )
    if record == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("w/bomb", huge)
    else:
        path.write_bytes(packed)
    monkeypatch.delattr(torch, "load")
    with pytest.raises(netspec.SpecError, match=r"unpacked it has 1,16\d,\d+ bytes, and the network needs 616"):
        netspec.load_weights(small, path)

    assert path.stat().st_size < 10**4


@pytest.mark.parametrize("form", ["zip", "training"])
def test_an_optimizers_averages_have_room(form: str, small: Any, tmp_path: Path) -> None:
    """What a training keeps beside the weights does not make a checkpoint too large."""
    write, ending = damage.FORMATS[form]
    path = tmp_path / f"w{ending}"
    path.write_bytes(write(damage.module(1).state_dict()))
    netspec.load_weights(small, path)

    assert small.state_dict().keys() == damage.module(1).state_dict().keys()


@pytest.mark.parametrize(("checksums", "is_refused"), [(True, True), (False, False)])
def test_a_flipped_bit_shows_in_the_checksum(
    checksums: bool,  # noqa: FBT001 - drawn
    is_refused: bool,  # noqa: FBT001 - drawn
    small: Any,
    torch: ModuleType,
    tmp_path: Path,
) -> None:
    """One bit of a weight is enough, unless torch was told to write no checksums; then the file is still read."""
    state = damage.module(1).state_dict()
    torch.serialization.set_crc32_options(checksums)
    try:
        content = bytearray(damage.zipped(state))
    finally:
        torch.serialization.set_crc32_options(True)
    content[content.find(state["fc.weight"].numpy().tobytes())] ^= 1
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    if is_refused:
        with pytest.raises(netspec.SpecError, match="Bad CRC-32 for file 'archive/data/"):
            netspec.load_weights(small, path)
    else:
        netspec.load_weights(small, path)


@pytest.mark.parametrize(
    ("form", "said"), [("torchscript", "is a TorchScript archive"), ("exported", "is an exported program")]
)
def test_programs_are_told_from_weights(form: str, said: str, small: Any, tmp_path: Path) -> None:
    """Files that hold code beside weights are called what they are."""
    write, ending = damage.FORMATS[form]
    path = tmp_path / f"w{ending}"
    path.write_bytes(write({}))
    with pytest.raises(netspec.SpecError, match=said):
        netspec.load_weights(small, path)


@pytest.mark.parametrize(
    "header", ["[" * 100_000, '{"a":' * 100_000, '{"format": 1, "digest": "x", "spec": "\\ud800"}', "9" * 6000]
)
def test_hostile_metadata_is_refused(header: str, tmp_path: Path) -> None:
    """Metadata nested without end, with half characters or endless numbers holds no spec."""
    from safetensors.torch import save

    path = tmp_path / "x.safetensors"
    path.write_bytes(save(damage.module(1).state_dict(), {"netspec": header}))
    with pytest.raises(netspec.SpecError, match="the file holds no spec of format 1"):
        netspec.load(path)


@pytest.mark.parametrize(
    "read", [netspec.load, lambda path: netspec.load_weights(damage.module(1), path)], ids=["artefact", "weights"]
)
def test_a_list_of_tensors_without_end_is_not_read(read: Callable[[Path], object], tmp_path: Path) -> None:
    """A safetensors file whose list of tensors is longer than any real one is refused before it is parsed."""
    size = 2**24 + 1
    path = tmp_path / "x.safetensors"
    path.write_bytes(size.to_bytes(8, "little") + b" " * size)
    with pytest.raises(netspec.SpecError, match="its header has 16,777,217 bytes, the limit is 16,777,216"):
        read(path)
