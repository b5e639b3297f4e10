"""A network of causal convolutions whose layers all have a second output, which are added."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Causal(nn.Module):
    """A convolution of two samples, ``dilation`` apart, the later of which is the position itself."""

    def __init__(self, channels: int, out: int, dilation: int = 1) -> None:
        super().__init__()
        self.dilation = dilation
        self.conv = nn.Conv1d(channels, out, 2, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        """N x channels x samples to N x out x samples."""
        found: Tensor = self.conv(functional.pad(x, (self.dilation, 0)))
        return found


class WaveNetLayer(nn.Module):
    """What is added to ``x``, if the layer is not the ``last``, and what is added to the output of the network."""

    def __init__(self, channels: int, skip: int, dilation: int, *, last: bool) -> None:
        super().__init__()
        self.filter = Causal(channels, channels, dilation)
        self.gate = Causal(channels, channels, dilation)
        self.skip = nn.Conv1d(channels, skip, 1)
        if not last:
            self.dense = nn.Conv1d(channels, channels, 1)

    def gated(self, x: Tensor) -> Tensor:
        """N x channels x samples, as ``x``."""
        return torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))


class WaveNet(nn.Module):
    """Van den Oord et al. 2016, figure 4: ``stacks`` times ``layers`` layers, each looking back twice as far."""

    def __init__(self, stacks: int, layers: int) -> None:
        super().__init__()
        dilations = [2**layer for _ in range(stacks) for layer in range(layers)]
        self.causal = Causal(256, 32)
        self.layers = nn.ModuleList(
            [WaveNetLayer(32, 256, one, last=at == len(dilations) - 1) for at, one in enumerate(dilations)]
        )
        self.conv1 = nn.Conv1d(256, 256, 1)
        self.conv2 = nn.Conv1d(256, 256, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N x 256 x samples to N x 256 x samples."""
        x = self.causal(x)
        skips: Tensor | None = None
        for layer in self.layers:
            assert isinstance(layer, WaveNetLayer)
            gated = layer.gated(x)
            skip = layer.skip(gated)
            skips = skip if skips is None else skip + skips
            if layer is not self.layers[-1]:
                x = x + layer.dense(gated)
        assert skips is not None
        found: Tensor = self.conv2(torch.relu(self.conv1(torch.relu(skips))))
        return found
