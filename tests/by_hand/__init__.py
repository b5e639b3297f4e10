"""Networks that no library has, as users of torch would write them; ``tests/examples`` has them as specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from by_hand.decoders import Autoencoder, Discriminator, Generator, SegNet, UNet
from by_hand.hrnet import HRNetStage
from by_hand.recognition import C3D, CRNN, M5
from by_hand.siamese import Siamese
from netspec.ops.facts import Shape


class Hand(NamedTuple):
    """What builds the module, the size of one image of each input, and the parameters of the spec that are like it."""

    build: Callable[[], nn.Module]
    sizes: tuple[Shape, ...]
    params: Mapping[str, Any] = {}


HAND = {
    "autoencoder.yaml": Hand(Autoencoder, ((1, 28, 28),)),
    "c3d.yaml": Hand(lambda: C3D(48, 512 * 4), ((3, 16, 48, 40),), {"features": 48}),
    "crnn.yaml": Hand(CRNN, ((1, 32, 72),)),
    "dcgan.yaml": Hand(Generator, ((100, 1, 1),)),
    "dcgan_discriminator.yaml": Hand(Discriminator, ((3, 64, 64),)),
    "hrnet_stage.yaml": Hand(HRNetStage, ((3, 64, 48),)),
    "m5.yaml": Hand(M5, ((1, 8000),)),
    "segnet.yaml": Hand(lambda: SegNet(16), ((3, 30, 26),)),
    "siamese.yaml": Hand(lambda: Siamese(16, 256 * 4), ((1, 73, 73),) * 2, {"features": 16}),
    "unet.yaml@unet": Hand(lambda: UNet(64, 2, nn.BatchNorm2d), ((1, 40, 32),)),
    "unet.yaml@unet3d": Hand(lambda: UNet(32, 3, lambda out: nn.GroupNorm(8, out)), ((1, 8, 16, 8),)),
}
"""Example -> what it is held against."""
