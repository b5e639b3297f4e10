"""Networks that no library has, as users of torch would write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from by_hand.decoders import Autoencoder, Discriminator, Generator, SegNet, UNet, UNet3D
from by_hand.hardnet import HarDNet
from by_hand.hrnet import HRNetStage
from by_hand.recognition import C3D, CRNN, M5
from by_hand.siamese import Siamese
from by_hand.wavenet import WaveNet
from netspec.ops.facts import Shape


class Hand(NamedTuple):
    """What builds the module, the size of one image of each input, and the parameters of the spec that are like it."""

    build: Callable[[], nn.Module]
    sizes: tuple[Shape, ...]
    params: Mapping[str, Any] = {}


HARMONIC = {"growths": [4, 6, 8, 10, 12], "widths": [24, 32, 40, 48, 64]}
HAND = {
    "autoencoder.yaml": Hand(Autoencoder, ((1, 28, 28),)),
    "c3d": Hand(lambda: C3D(48, 512 * 4), ((3, 16, 48, 40),), {"features": 48}),
    "crnn.yaml": Hand(CRNN, ((1, 32, 72),)),
    "dcgan_generator_tutorial": Hand(Generator, ((100, 1, 1),)),
    "dcgan_discriminator": Hand(Discriminator, ((3, 64, 64),)),
    "hardnet68": Hand(lambda: HarDNet(**HARMONIC), ((3, 72, 64),), HARMONIC),
    "hrnet_stage.yaml": Hand(HRNetStage, ((3, 64, 48),)),
    "m5-tutorial": Hand(M5, ((1, 8000),)),
    "segnet.yaml": Hand(lambda: SegNet(16), ((3, 30, 26),)),
    "siamese.yaml": Hand(lambda: Siamese(16, 256 * 4), ((1, 73, 73),) * 2, {"features": 16}),
    "unet3d": Hand(UNet3D, ((3, 8, 16, 8),)),
    "unet_bn": Hand(UNet, ((3, 48, 32),)),
    "wavenet.yaml": Hand(lambda: WaveNet(2, 3), ((256, 40),), {"stacks": 2, "layers": 3}),
}
"""What is held against them: a spec of ``tests/examples``, or the name of a network that comes with netspec."""
