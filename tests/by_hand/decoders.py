"""Networks that grow their maps again."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Chain(nn.Module):
    """Layers that run one after the other, under a name."""

    def __init__(self, name: str, *layers: nn.Module) -> None:
        super().__init__()
        self.name = name
        setattr(self, name, nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Any:
        """All of them."""
        return getattr(self, self.name)(x)


def convs(read: int, inner: int, out: int, axes: int, *, bias: bool) -> Chain:
    """Two convolutions of a U-Net, on two or three axes."""
    conv, norm = ((nn.Conv2d, nn.BatchNorm2d), (nn.Conv3d, nn.BatchNorm3d))[axes - 2]
    first, second = conv(read, inner, 3, padding=1, bias=bias), conv(inner, out, 3, padding=1, bias=bias)
    return Chain("double_conv", first, norm(inner), nn.ReLU(), second, norm(out), nn.ReLU())


def down(read: int, inner: int, out: int, axes: int, *, bias: bool) -> Chain:
    """A level of a U-Net on the way down."""
    pool = (nn.MaxPool2d, nn.MaxPool3d)[axes - 2](2)
    return Chain("maxpool_conv", pool, convs(read, inner, out, axes, bias=bias))


class Up(nn.Module):
    """A level on the way up: grown, joined with what was kept, convolved."""

    def __init__(self, read: int, grown: int, kept: int, out: int, axes: int) -> None:
        super().__init__()
        grow = (nn.ConvTranspose2d, nn.ConvTranspose3d)[axes - 2]
        self.up = grow(read, grown, 2, stride=2, bias=axes == 2)
        self.conv = convs(grown + kept, out, out, axes, bias=axes == 3)

    def forward(self, x: Tensor, kept: Tensor) -> Any:
        """What comes from below, and what was kept at twice its size."""
        return self.conv(torch.cat([kept, self.up(x)], 1))


class UNet(nn.Module):
    """Ronneberger et al. 2015, figure 1, as most have it in torch: four levels, batch norm, and no biases before it."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = convs(3, 64, 64, 2, bias=False)
        for level, width in enumerate((128, 256, 512, 1024), 1):
            setattr(self, f"down{level}", down(width // 2, width, width, 2, bias=False))
            setattr(self, f"up{5 - level}", Up(width, width // 2, width // 2, width // 2, 2))
        self.outc = nn.Sequential(OrderedDict(conv=nn.Conv2d(64, 2, 1)))

    def forward(self, x: Tensor) -> Any:
        """N x 3 x H x W to N x 2 x H x W."""
        kept = [self.inc(x)]
        for level in (1, 2, 3, 4):
            kept.append(getattr(self, f"down{level}")(kept[-1]))
        x = kept.pop()
        for level in (1, 2, 3, 4):
            x = getattr(self, f"up{level}")(x, kept.pop())
        return self.outc(x)


class UNet3D(nn.Module):
    """Cicek et al. 2016, figure 2, with padding: channels double before pooling, and growing keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = convs(3, 32, 64, 3, bias=True)
        self.down1 = down(64, 64, 128, 3, bias=True)
        self.down2 = down(128, 128, 256, 3, bias=True)
        self.down3 = down(256, 256, 512, 3, bias=True)
        self.up1 = Up(512, 512, 256, 256, 3)
        self.up2 = Up(256, 256, 128, 128, 3)
        self.up3 = Up(128, 128, 64, 64, 3)
        self.outc = nn.Sequential(OrderedDict(conv=nn.Conv3d(64, 3, 1)))

    def forward(self, x: Tensor) -> Any:
        """N x 3 x D x H x W to N x 3 x D x H x W."""
        first = self.inc(x)
        second = self.down1(first)
        third = self.down2(second)
        x = self.up1(self.down3(third), third)
        return self.outc(self.up3(self.up2(x, second), first))


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
