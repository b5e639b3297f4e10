"""The pyramid of torchvision, which is none of its models by name: its weights load, its outputs are ours."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from oracle import randomised

import netspec
from netspec import catalogue

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = (3, 64, 96)


def original(torch: ModuleType, torchvision: ModuleType) -> Any:
    """Torchvision's network with random weights."""
    import_module("torchvision.models.detection.backbone_utils")
    build = torchvision.models.detection.backbone_utils.resnet_fpn_backbone
    found = build(backbone_name="resnet50", weights=None, norm_layer=torch.nn.BatchNorm2d, trainable_layers=5)
    return randomised(found, torch)


def test_weights_of_the_original_give_its_outputs(torch: ModuleType, torchvision: ModuleType) -> None:
    """Keys, shapes, parameters and multiply-adds are those of the original, and its weights give equal bits."""
    from torch.utils.flop_counter import FlopCounterMode

    theirs = original(torch, torchvision)
    network = netspec.read("fpn_resnet50", input=SIZE)
    ours = network.compile(device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(2, *SIZE, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        expected, found = theirs(images), ours(images)

    assert [*found] == [*expected]
    for one, other in zip(expected.values(), found.values(), strict=True):
        assert other.isfinite().all()
        assert not torch.equal(other[0], other[1])
        assert torch.equal(one, other)
    # both were counted, two images each
    assert network.stats().totals.macs == counter.get_total_flops() // 8
    assert network.stats().totals.params == sum(weight.numel() for weight in theirs.parameters())


def test_another_mode_is_seen(torch: ModuleType, torchvision: ModuleType, tmp_path: Path) -> None:
    """A pyramid that is grown by other interpolation takes the same weights, and its outputs differ."""
    text = catalogue.shipped()["fpn"].read_text(encoding="utf-8")
    assert "{resize: , from: [sum2," in text
    changed = tmp_path / "fpn.yaml"
    changed.write_text(
        text.replace("{resize: , from: [sum2,", "{resize: {mode: linear}, from: [sum2,"), encoding="utf-8"
    )
    theirs = original(torch, torchvision)
    ours = netspec.compile(str(changed), input=SIZE, device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(1, *SIZE, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        expected, found = theirs(images), ours(images)

    assert torch.equal(expected["3"], found["3"])
    assert not torch.equal(expected["0"], found["0"])
