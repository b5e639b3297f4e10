"""A feature pyramid (Lin et al. 2017, arXiv:1612.03144) on the maps of any network that ships."""

from __future__ import annotations

import torch
from torch import nn

import netspec


class Pyramid(nn.Module):
    """Maps of equal width: each what a stage sees, and the next coarser one made as large."""

    def __init__(self, network: netspec.Network, stages: list[str], width: int = 256) -> None:
        super().__init__()
        self.backbone = network.compile(outputs=stages)
        channels = [feature.channels for feature in network.features(*stages)]
        self.lateral = nn.ModuleList([nn.Conv2d(count, width, 1) for count in channels])
        self.smooth = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1) for _ in channels])

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """A map for each stage, the finest first."""
        maps = [layer(one) for layer, one in zip(self.lateral, self.backbone(images).values(), strict=True)]
        for at in range(len(maps) - 1, 0, -1):
            maps[at - 1] = maps[at - 1] + nn.functional.interpolate(maps[at], size=maps[at - 1].shape[2:])
        return [layer(one) for layer, one in zip(self.smooth, maps, strict=True)]


if __name__ == "__main__":
    pyramid = Pyramid(netspec.read("resnet50"), ["layer1", "layer2", "layer3", "layer4"])
    print([tuple(one.shape) for one in pyramid(torch.randn(1, 3, 224, 224))])  # noqa: T201 - a script
