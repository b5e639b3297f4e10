"""Weights from files of others: exactly the network's own, and never anything but tensors."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

import netspec
from netspec.cli import main


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


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_files_that_hold_no_weights_are_refused(content: bytes, tmp_path: Path) -> None:
    """Empty, foreign and truncated files are answered with their name."""
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    with pytest.raises(netspec.SpecError, match=r"x\.pth: this file holds no"):
        netspec.load_weights(netspec.compile("lenet5"), path)


def test_build_starts_from_weights(module: Any, torch: ModuleType, tmp_path: Path) -> None:
    """``netspec build --weights`` writes an artefact with these weights."""
    torch.save(module.state_dict(), tmp_path / "w.pth")
    out = tmp_path / "net.safetensors"
    result = CliRunner().invoke(main, ["build", "lenet5", "--weights", str(tmp_path / "w.pth"), "-o", str(out)])

    assert result.exit_code == 0, result.output
    assert torch.equal(netspec.load(out).conv1.weight, module.conv1.weight)
