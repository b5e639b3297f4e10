"""Networks of torchvision that grow their maps again, as specs of the tests: its weights load, its outputs are ours."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from oracle import randomised

import netspec

pytestmark = pytest.mark.usefixtures("one_thread")
FOLDER = Path(__file__).parent / "examples"


DECODERS = {"fpn_resnet50.yaml": (3, 64, 96), "deeplabv3_resnet50.yaml": (3, 64, 72)}
"""As torchvision builds them, and the size of the images."""


def original(name: str, torch: ModuleType, torchvision: ModuleType) -> Any:
    """Torchvision's network with random weights."""
    if name == "deeplabv3_resnet50.yaml":
        models = torchvision.models.segmentation
        found = models.deeplabv3_resnet50(weights=None, weights_backbone=None, aux_loss=True, num_classes=21)
    else:
        from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

        found = resnet_fpn_backbone(
            backbone_name="resnet50", weights=None, norm_layer=torch.nn.BatchNorm2d, trainable_layers=5
        )
    return randomised(found, torch)


@pytest.mark.parametrize("name", DECODERS)
def test_weights_of_the_original_give_its_outputs(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """Keys, shapes, parameters and multiply-adds are those of the original, and its weights give equal bits."""
    from torch.utils.flop_counter import FlopCounterMode

    size = DECODERS[name]
    theirs = original(name, torch, torchvision)
    network = netspec.read(str(FOLDER / name), input=size)
    ours = network.compile(device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(2, *size, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        expected, found = theirs(images), ours(images)
    pairs = zip(expected.values(), found.values(), strict=True) if isinstance(found, dict) else [(expected, found)]

    for one, other in pairs:
        assert other.isfinite().all()
        assert not torch.equal(other[0], other[1])
        assert torch.equal(one, other)
    # both were counted, two images each
    assert network.stats().totals.macs == counter.get_total_flops() // 8
    assert network.stats().totals.params == sum(weight.numel() for weight in theirs.parameters())


def test_another_mode_is_seen(torch: ModuleType, torchvision: ModuleType, tmp_path: Path) -> None:
    """A pyramid that is grown by other interpolation takes the same weights, and its outputs differ."""
    text = (FOLDER / "fpn_resnet50.yaml").read_text(encoding="utf-8")
    assert "{resize: , from: [sum2," in text
    changed = tmp_path / "fpn.yaml"
    changed.write_text(
        text.replace("{resize: , from: [sum2,", "{resize: {mode: linear}, from: [sum2,"), encoding="utf-8"
    )
    size = DECODERS["fpn_resnet50.yaml"]
    theirs = original("fpn_resnet50.yaml", torch, torchvision)
    ours = netspec.compile(str(changed), input=size, device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(1, *size, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        expected, found = theirs(images), ours(images)

    assert torch.equal(expected["3"], found["3"])
    assert not torch.equal(expected["0"], found["0"])
