"""A stage of HRNet: two resolutions beside each other that exchange what they know."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional


def conv_norm(read: int, out: int, kernel: int = 1, stride: int = 1) -> list[Any]:
    """A convolution that keeps the size but for its stride, and its norm."""
    return [nn.Conv2d(read, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out)]


class BasicBlock(nn.Module):
    """He et al. 2015, figure 5, left; the shortcut is the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(width, width, 3)
        self.conv2, self.bn2 = conv_norm(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + x)


class Bottleneck(nn.Module):
    """He et al. 2015, figure 5, right; the shortcut is projected."""

    def __init__(self, read: int, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(read, width)
        self.conv2, self.bn2 = conv_norm(width, width, 3)
        self.conv3, self.bn3 = conv_norm(width, 4 * width)
        self.downsample = nn.Sequential(*conv_norm(read, 4 * width))

    def forward(self, x: Tensor) -> Tensor:
        """Four times as many channels as its width."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class Exchange(nn.Module):
    """Blocks at each resolution, then each is added to the other."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        high, low = ([BasicBlock(one) for _ in range(units)] for one in (width, 2 * width))
        self.branches = nn.ModuleList([nn.Sequential(*high), nn.Sequential(*low)])
        up = nn.ModuleList([nn.Identity(), nn.Sequential(*conv_norm(2 * width, width))])
        down = nn.ModuleList([nn.Sequential(nn.Sequential(*conv_norm(width, 2 * width, 3, 2))), nn.Identity()])
        self.fuse_layers = nn.ModuleList([up, down])

    def forward(self, high: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
        """``low`` has half the size of ``high`` and twice the channels; so have the two that come out."""
        high, low = self.branches[0](high), self.branches[1](low)
        up, down = self.fuse_layers[0][1], self.fuse_layers[1][0]
        grown = functional.interpolate(up(low), size=high.shape[2:])
        return functional.relu(high + grown), functional.relu(low + down(high))


class HRNetStage(nn.Module):
    """Wang et al. 2019, figures 2 and 3: stem, first stage and one stage of two resolutions, and a classifier."""

    def __init__(self, width: int = 16, units: int = 2, classes: int = 1000) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(3, 64, 3, 2)
        self.conv2, self.bn2 = conv_norm(64, 64, 3, 2)
        self.layer1 = nn.Sequential(Bottleneck(64, 32))
        high = nn.Sequential(*conv_norm(128, width, 3), nn.ReLU())
        low = nn.Sequential(nn.Sequential(*conv_norm(128, 2 * width, 3, 2), nn.ReLU()))
        self.transition1 = nn.ModuleList([high, low])
        self.stage2 = nn.ModuleList([Exchange(width, units), Exchange(width, units)])
        self.down = nn.Conv2d(width, 2 * width, 3, 2, 1)
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x H x W to N x classes."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer1(functional.relu(self.bn2(self.conv2(x))))
        high, low = (transition(x) for transition in self.transition1)
        for exchange in self.stage2:
            high, low = exchange(high, low)
        found: Tensor = self.classifier((self.down(high) + low).mean((2, 3)))
        return found
