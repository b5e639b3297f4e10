"""Two images by one encoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Siamese(nn.Module):
    """Koch et al. 2015, figure 4; ``features`` are those of an image, ``read`` what they are made of."""

    def __init__(self, features: int, read: int) -> None:
        super().__init__()
        widths = ((1, 64, 10), (64, 128, 7), (128, 128, 4), (128, 256, 4))
        layers: list[Any] = [layer for one in widths for layer in (nn.Conv2d(*one), nn.ReLU(), nn.MaxPool2d(2))]
        self.encoder = nn.Sequential(*layers[:-1], nn.Flatten(), nn.Linear(read, features), nn.Sigmoid())
        self.fc = nn.Linear(features, 1)

    def forward(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        """Two of N x 1 x H x W to how sure they are the same, and the features of each."""
        left, right = self.encoder(first), self.encoder(second)
        return {"same": torch.sigmoid(self.fc((left - right).abs())), "first": left, "second": right}
