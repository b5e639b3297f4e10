"""Networks that grow their maps again, as specs of the tests, against torchvision's and modules written by hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from oracle import randomised

import netspec

pytestmark = pytest.mark.usefixtures("one_thread")
FOLDER = Path(__file__).parent / "examples"


def by_hand(name: str, torch: ModuleType) -> Any:  # noqa: C901 - three networks, a few lines each
    """The network called so, written for this test."""
    nn = torch.nn

    def convs(read: int, out: int, axes: int, norm: Any) -> Any:
        conv = (nn.Conv2d, nn.Conv3d)[axes - 2]
        layers = []
        for channels in (read, out):
            layers += [conv(channels, out, 3, padding=1, bias=False), norm(out), nn.ReLU()]
        return nn.Sequential(*layers)

    class Level(nn.Module):
        """A level on the way up: grown, joined with what was kept, convolved."""

        def __init__(self, read: int, out: int, axes: int, norm: Any) -> None:
            super().__init__()
            self.grown = (nn.ConvTranspose2d, nn.ConvTranspose3d)[axes - 2](read, out, 2, stride=2)
            self.convs = convs(2 * out, out, axes, norm)

        def forward(self, x: Any, kept: Any) -> Any:
            return self.convs(torch.cat([kept, self.grown(x)], 1))

    class UNet(nn.Module):
        """On two or three axes."""

        def __init__(self, width: int, axes: int, norm: Any) -> None:
            super().__init__()
            self.pool = (nn.MaxPool2d, nn.MaxPool3d)[axes - 2](2)
            self.down1 = convs(1, width, axes, norm)
            self.down2 = convs(width, 2 * width, axes, norm)
            self.down3 = convs(2 * width, 4 * width, axes, norm)
            self.bottom = convs(4 * width, 8 * width, axes, norm)
            self.up3 = Level(8 * width, 4 * width, axes, norm)
            self.up2 = Level(4 * width, 2 * width, axes, norm)
            self.up1 = Level(2 * width, width, axes, norm)
            self.out = (nn.Conv2d, nn.Conv3d)[axes - 2](width, 2, 1)

        def forward(self, x: Any) -> Any:
            first = self.down1(x)
            second = self.down2(self.pool(first))
            third = self.down3(self.pool(second))
            x = self.up3(self.bottom(self.pool(third)), third)
            return self.out(self.up1(self.up2(x, second), first))

    class Generator(nn.Module):
        """Of DCGAN, as PyTorch's tutorial has it."""

        def __init__(self) -> None:
            super().__init__()
            layers: list[Any] = [nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU()]
            for width in (256, 128, 64):
                layers += [nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            self.main = nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())

        def forward(self, x: Any) -> Any:
            return self.main(x)

    class SegNet(nn.Module):
        """An autoencoder whose decoder takes the places of the encoder's maxima."""

        def __init__(self, width: int) -> None:
            super().__init__()

            def stage(*widths: int) -> Any:
                layers: list[Any] = []
                for read, out in pairwise(widths):
                    layers += [nn.Conv2d(read, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
                return nn.Sequential(*layers)

            self.encode1, self.encode2 = stage(3, width, width), stage(width, 2 * width, 2 * width)
            self.encode3 = stage(2 * width, 4 * width, 2 * width)
            self.decode2, self.decode1 = stage(2 * width, 2 * width, width), stage(width, width)
            self.out = nn.Conv2d(width, 12, 3, padding=1)

        def forward(self, x: Any) -> Any:
            f = nn.functional
            first = self.encode1(x)
            x, places1 = f.max_pool2d(first, 2, return_indices=True)
            second = self.encode2(x)
            x, places2 = f.max_pool2d(second, 2, ceil_mode=True, return_indices=True)
            x = f.max_unpool2d(self.encode3(x), places2, 2, output_size=second.shape[2:])
            x = f.max_unpool2d(self.decode2(x), places1, 2, output_size=first.shape[2:])
            return self.out(self.decode1(x))

    made = {
        "unet.yaml@unet": lambda: UNet(64, 2, nn.BatchNorm2d),
        "unet.yaml@unet3d": lambda: UNet(32, 3, lambda out: nn.GroupNorm(8, out)),
        "dcgan.yaml": Generator,
        "segnet.yaml": lambda: SegNet(16),
    }
    return made[name]()


BY_HAND = {
    "unet.yaml@unet": (1, 40, 32),
    "unet.yaml@unet3d": (1, 8, 16, 8),
    "dcgan.yaml": (100, 1, 1),
    "segnet.yaml": (3, 30, 26),
}
"""Spec and the size of the images that it is compared on."""
DECODERS = {"fpn_resnet50.yaml": (3, 64, 96), "deeplabv3_resnet50.yaml": (3, 64, 72)}
"""As torchvision builds them, and the size of the images."""


def original(name: str, torch: ModuleType, torchvision: ModuleType) -> Any:
    """Torchvision's network, or the one that is written by hand, with random weights."""
    if name == "deeplabv3_resnet50.yaml":
        models = torchvision.models.segmentation
        found = models.deeplabv3_resnet50(weights=None, weights_backbone=None, aux_loss=True, num_classes=21)
    elif name == "fpn_resnet50.yaml":
        from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

        found = resnet_fpn_backbone(
            backbone_name="resnet50", weights=None, norm_layer=torch.nn.BatchNorm2d, trainable_layers=5
        )
    else:
        found = by_hand(name, torch)
    return randomised(found, torch)


@pytest.mark.parametrize("name", [*BY_HAND, *DECODERS])
def test_weights_of_the_original_give_its_outputs(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """Keys, shapes, parameters and multiply-adds are those of the original, and its weights give equal bits."""
    from torch.utils.flop_counter import FlopCounterMode

    size = {**BY_HAND, **DECODERS}[name]
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
