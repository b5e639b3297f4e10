"""Padding as TensorFlow's ``same``: an output for each step of the map, the odd position of padding after it.

How much there is on either side depends on the size of the map, where there is a stride: it is worked out each time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Ends = list[tuple[int, int]]
"""Positions before and after, for each axis."""


def ends(layer: Any, x: Tensor) -> Ends:
    """What ``layer`` adds around the map ``x``."""
    dilations = getattr(layer, "dilation", (1,) * len(layer.kernel_size))
    found = []
    for size, kernel, stride, dilation in zip(x.shape[2:], layer.kernel_size, layer.stride, dilations, strict=True):
        steps = -(-size // stride)
        missing = max(0, (steps - 1) * stride + dilation * (kernel - 1) + 1 - size)
        found.append((missing // 2, missing - missing // 2))
    return found


def padded(x: Tensor, around: Ends, value: float = 0.0) -> Tensor:
    """``x`` with ``value`` around it; itself where nothing is missing."""
    sides = [side for axis in reversed(around) for side in axis]
    return functional.pad(x, sides, value=value) if any(sides) else x


class _SameConv:
    """Convolution with such padding."""

    def forward(self: Any, x: Tensor) -> Tensor:
        """N x C x H x W to N x out x H/stride x W/stride, rounded up."""
        found: Tensor = self._conv_forward(padded(x, ends(self, x)), self.weight, self.bias)
        return found

    def extra_repr(self) -> str:
        """As torch has it, and the padding."""
        return f"{super().extra_repr()}, padding=same"  # type: ignore[misc]  # of the layer


class SameConv1d(_SameConv, nn.Conv1d):
    """On one axis."""


class SameConv2d(_SameConv, nn.Conv2d):
    """On two axes."""


class SameConv3d(_SameConv, nn.Conv3d):
    """On three axes."""


class _SameMaxPool:
    """Max pooling with such padding, which is never the largest."""

    def forward(self: Any, x: Tensor) -> Tensor:
        """N x C x H x W to N x C x H/stride x W/stride, rounded up."""
        found: Tensor = super().forward(padded(x, ends(self, x), -torch.inf))  # type: ignore[misc]  # of a pool
        return found

    def extra_repr(self) -> str:
        """As torch has it, and the padding."""
        return f"{super().extra_repr()}, same"  # type: ignore[misc]  # of the layer


class SameMaxPool1d(_SameMaxPool, nn.MaxPool1d):
    """On one axis."""


class SameMaxPool2d(_SameMaxPool, nn.MaxPool2d):
    """On two axes."""


class SameMaxPool3d(_SameMaxPool, nn.MaxPool3d):
    """On three axes."""


class _SameAvgPool:
    """Average pooling with such padding; unless ``count_include_pad``, over what of each window is no padding."""

    def forward(self: Any, x: Tensor) -> Tensor:
        """N x C x H x W to N x C x H/stride x W/stride, rounded up."""
        around = ends(self, x)
        if self.count_include_pad or not any(map(any, around)):
            found: Tensor = super().forward(padded(x, around))  # type: ignore[misc]  # of a pool
            return found
        share = _share(self, x, around)
        mean: Tensor = super().forward(padded(x, around))  # type: ignore[misc]
        return (mean / share).to(x.dtype)

    def extra_repr(self) -> str:
        """As torch has it, and the padding."""
        return f"{super().extra_repr()}, same"  # type: ignore[misc]  # of the layer


def _share(layer: Any, x: Tensor, around: Ends) -> Tensor:
    """The share of each window of ``layer`` that lies on the map ``x``: one number for each output position."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    share = torch.ones((), dtype=dtype, device=x.device)
    for size, kernel, stride, (before, _) in zip(x.shape[2:], layer.kernel_size, layer.stride, around, strict=True):
        firsts = range(-before, -(-size // stride) * stride - before, stride)
        inside = [(min(size, first + kernel) - max(0, first)) / kernel for first in firsts]
        share = share.unsqueeze(-1) * torch.tensor(inside, dtype=dtype, device=x.device)
    return share


class SameAvgPool1d(_SameAvgPool, nn.AvgPool1d):
    """On one axis."""


class SameAvgPool2d(_SameAvgPool, nn.AvgPool2d):
    """On two axes."""


class SameAvgPool3d(_SameAvgPool, nn.AvgPool3d):
    """On three axes."""
