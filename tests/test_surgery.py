"""Weights of one network in another: what an operation keeps loads to the last bit, and the rest is named."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from oracle import randomised

import netspec

GATED = """\
netspec: 1
name: gated
extends: resnet50
blocks:
  gate:
    body:
      squeeze: {adaptive_avg_pool: 1}
      reduce: {conv: {out: $in.channels // 16, kernel: 1}}
      relu: relu
      expand: {conv: {out: $in.channels * 16, kernel: 1}}
      sigmoid: sigmoid
      scale: {multiply: [input, sigmoid]}
patch:
  insert_after: {layer*.*.bn3: {se: gate}}
"""


@pytest.fixture
def built(torch: ModuleType, torchvision: ModuleType) -> Any:
    """A function from a name to torchvision's network of that name, with random weights."""

    def network(name: str) -> Any:
        with torch.device("meta"):
            module = getattr(torchvision.models, name)(weights=None)
        return randomised(module.to_empty(device="cpu"), torch)

    return network


def test_densenet_with_other_classes_and_channels(built: Any, torch: ModuleType, tmp_path: Path) -> None:
    """Torchvision's DenseNet-121 in one with 5 classes and one channel: a fresh classifier, a summed first layer."""
    state = built("densenet121").state_dict()
    torch.save(state, tmp_path / "w.pth")
    ours = netspec.compile("densenet121", classes=5, input=(1, 64, 64))
    report = netspec.load_weights(ours, tmp_path / "w.pth", adapt=["classes", "input"])
    after = ours.state_dict()

    assert [*report.fresh] == ["classifier.weight", "classifier.bias"]
    assert all(one.place.endswith("densenet121.yaml:26") for one in report.fresh.values())
    assert [*report.adapted] == ["features.conv0.weight"]
    assert report.unused == ("classifier.weight", "classifier.bias")
    assert torch.equal(after["features.conv0.weight"], state["features.conv0.weight"].sum(1, keepdim=True))
    assert len(report.loaded) == len(state) - 3
    assert all(torch.equal(after[name], state[theirs]) for name, theirs in report.loaded.items())


def test_resnet_with_gates(built: Any, torch: ModuleType, tmp_path: Path) -> None:
    """Torchvision's ResNet-50 in one with squeeze-and-excitation after every ``bn3``: the gates alone are fresh."""
    state = built("resnet50").state_dict()
    torch.save(state, tmp_path / "w.pth")
    (tmp_path / "gated.yaml").write_text(GATED, encoding="utf-8")
    ours = netspec.compile(tmp_path / "gated.yaml")
    report = netspec.load_weights(ours, tmp_path / "w.pth", allow_fresh="layer*.*.se.*")
    after = ours.state_dict()

    blocks = [f"layer{stage}.{block}" for stage, count in enumerate((3, 4, 6, 3), 1) for block in range(count)]
    assert {*report.fresh} == {
        f"{block}.se.{layer}.{tensor}"
        for block in blocks
        for layer in ("reduce", "expand")
        for tensor in ("weight", "bias")
    }
    assert not report.unused
    assert not report.adapted
    assert all(torch.equal(after[name], value) for name, value in state.items())
