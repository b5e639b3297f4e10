"""Networks that grow their maps again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def convs(read: int, out: int, axes: int, norm: Any) -> nn.Sequential:
    """Twice a convolution, a norm and an activation."""
    conv = (nn.Conv2d, nn.Conv3d)[axes - 2]
    layers: list[Any] = []
    for channels in (read, out):
        layers += [conv(channels, out, 3, padding=1, bias=False), norm(out), nn.ReLU()]
    return nn.Sequential(*layers)


class Level(nn.Module):
    """A level on the way up: grown, joined with what was kept, convolved."""

    def __init__(self, read: int, out: int, axes: int, norm: Any) -> None:
        super().__init__()
        self.grown = (nn.ConvTranspose2d, nn.ConvTranspose3d)[axes - 2](read, out, 2, stride=2)
        self.convs = convs(2 * out, out, axes, norm)

    def forward(self, x: Tensor, kept: Tensor) -> Tensor:
        """``kept`` has twice the size of ``x``."""
        found: Tensor = self.convs(torch.cat([kept, self.grown(x)], 1))
        return found


class UNet(nn.Module):
    """Ronneberger et al. 2015, figure 1, and Cicek et al. 2016, figure 2: on two or three axes, with padding."""

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

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x size to N x 2 x size."""
        first = self.down1(x)
        second = self.down2(self.pool(first))
        third = self.down3(self.pool(second))
        x = self.up3(self.bottom(self.pool(third)), third)
        found: Tensor = self.out(self.up1(self.up2(x, second), first))
        return found


class Generator(nn.Module):
    """Of DCGAN (Radford et al. 2015), as PyTorch's tutorial has it."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[Any] = [nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU()]
        for width in (256, 128, 64):
            layers += [nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """N x 100 x 1 x 1 to N x 3 x 64 x 64."""
        found: Tensor = self.main(x)
        return found


class Discriminator(nn.Module):
    """The other half of DCGAN."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[Any] = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for width in (128, 256, 512):
            layers += [nn.Conv2d(width // 2, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x 64 x 64 to N x 1 x 1 x 1."""
        found: Tensor = self.main(x)
        return found


class SegNet(nn.Module):
    """Badrinarayanan et al. 2015, figure 2, with fewer stages: a decoder takes the places of the encoder's maxima."""

    def __init__(self, width: int) -> None:
        super().__init__()

        def stage(*widths: int) -> nn.Sequential:
            layers: list[Any] = []
            for read, out in pairwise(widths):
                layers += [nn.Conv2d(read, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            return nn.Sequential(*layers)

        self.encode1, self.encode2 = stage(3, width, width), stage(width, 2 * width, 2 * width)
        self.encode3 = stage(2 * width, 4 * width, 2 * width)
        self.decode2, self.decode1 = stage(2 * width, 2 * width, width), stage(width, width)
        self.out = nn.Conv2d(width, 12, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x H x W to N x 12 x H x W."""
        first = self.encode1(x)
        x, places1 = functional.max_pool2d(first, 2, return_indices=True)
        second = self.encode2(x)
        x, places2 = functional.max_pool2d(second, 2, ceil_mode=True, return_indices=True)
        x = functional.max_unpool2d(self.encode3(x), places2, 2, output_size=list(second.shape[2:]))
        x = functional.max_unpool2d(self.decode2(x), places1, 2, output_size=list(first.shape[2:]))
        found: Tensor = self.out(self.decode1(x))
        return found


class Autoencoder(nn.Module):
    """Images by way of a few numbers."""

    def __init__(self) -> None:
        super().__init__()
        halved = [nn.Sequential(nn.Conv2d(read, out, 3, 2, 1), nn.ReLU()) for read, out in ((1, 16), (16, 32))]
        self.encoder = nn.Sequential(*halved, nn.Flatten(), nn.Linear(32 * 7 * 7, 16))
        first, second = (nn.ConvTranspose2d(read, out, 3, 2, 1, output_padding=1) for read, out in ((32, 16), (16, 1)))
        grown = [nn.Unflatten(1, (32, 7, 7)), first, nn.ReLU(), second, nn.Sigmoid()]
        self.decoder = nn.Sequential(nn.Linear(16, 32 * 7 * 7), nn.ReLU(), *grown)

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x 28 x 28 to the same."""
        found: Tensor = self.decoder(self.encoder(x))
        return found
