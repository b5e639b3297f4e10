"""A network of harmonic dense blocks, with the links written as the paper's formula."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, takewhile

import torch
from torch import Tensor, nn

DEPTHS = (8, 16, 16, 16, 4)
"""The layers of the five blocks of the network with 68."""
HALVED = (True, False, True, True, False)
"""Whether a pool stands behind a block."""
FACTOR = 1.7
"""What the channels of a layer are multiplied by for each link beside the first."""


def links(layer: int) -> list[int]:
    """The layers that a layer reads: ``layer`` - 2**n for each 2**n that divides it."""
    return [layer - 2**n for n in takewhile(lambda n: layer % 2**n == 0, count())]


class Cna(nn.Module):
    """A convolution, a norm and an activation."""

    def __init__(self, channels: int, out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """N x channels x H x W to N x out x H / stride x W / stride."""
        return nn.functional.relu6(self.norm(self.conv(x)))


class Harmonic(nn.Module):
    """Chao et al. 2019, figure 1: the odd layers and the last are its ``out`` channels."""

    def __init__(self, channels: int, depth: int, growth: int) -> None:
        super().__init__()
        widths = [channels]
        self.layers = nn.ModuleList()
        for layer in range(1, depth + 1):
            out = growth * FACTOR ** (len(links(layer)) - 1)
            widths.append(int(int(out + 1) / 2) * 2)
            self.layers.append(Cna(sum(widths[link] for link in links(layer)), widths[-1], 3))
        self.kept = [*range(1, depth, 2), depth]
        self.out = sum(widths[layer] for layer in self.kept)

    def forward(self, x: Tensor) -> Tensor:
        """N x channels x H x W to N x out x H x W."""
        values = [x]
        for number, layer in enumerate(self.layers, 1):
            values.append(layer(torch.cat([values[link] for link in links(number)], dim=1)))
        return torch.cat([values[layer] for layer in self.kept], dim=1)


class HarDNet(nn.Module):
    """Chao et al. 2019, table 2, with other ``growths`` and ``widths``."""

    def __init__(self, growths: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.base = nn.Sequential(Cna(3, 32, 3, 2), Cna(32, 64, 3), nn.MaxPool2d(3, 2, 1))
        channels = 64
        for depth, growth, width, halved in zip(DEPTHS, growths, widths, HALVED, strict=True):
            block = Harmonic(channels, depth, growth)
            self.base.extend([block, Cna(block.out, width), *([nn.MaxPool2d(2)] if halved else [])])
            channels = width
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(channels, 1000))
        self.base.append(head)

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x H x W to N x 1000."""
        found: Tensor = self.base(x)
        return found
