"""Stand-ins for layers, through which a gradient reaches all that a layer reads, whatever the values are.

A maximum passes its gradient on to one element of a window and a rectifier to the positive ones alone, so a sum over
the window and the identity stand in their places. Where windows lie is told by torch's modules and by nothing else.
All weights are 1: a convolution is then one over the sum of its channels, which costs next to nothing. The network
is 0 everywhere, and linear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from netspec.nn.layers import ChannelScale, Rbf, ScaledTanh, Select
from netspec.ops.facts import PerAxis

POINTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Sigmoid, nn.Tanh, ScaledTanh),
    *(nn.BatchNorm1d, nn.BatchNorm2d, ChannelScale, nn.Dropout),
)
"""Each element of the output comes from the same one of the input, in eval mode."""
Line = int | None
"""The axis that is looked at alone, as if images were one pixel wide on the other; None for both."""


class Standin(nn.Module):
    """Calls a function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """What the function makes of ``x``."""
        return self.function(x)


def linearised(network: nn.Module) -> nn.Module:
    """``network`` with stand-ins in place of its layers; what is linear already stays."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            function = standin(child)
            if function:
                setattr(parent, name, Standin(function))
    return network


def standin(layer: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """What stands in for ``layer``; None where it may stay, as it is linear or has other layers inside."""
    if isinstance(layer, POINTWISE):
        return _itself
    if isinstance(layer, nn.Conv2d):
        return lambda x: _convolved(x, layer)
    if isinstance(layer, nn.MaxPool2d):
        return lambda x: summed(x, layer)
    if isinstance(layer, nn.LocalResponseNorm):
        return lambda x: _neighbours(x, layer.size)
    out = _from_all(layer)
    return None if out is None else lambda x: _over_all(x, out or x.shape[1])


def _from_all(layer: nn.Module) -> int | None:
    """How many channels or features ``layer`` makes of all of them, 0 for as many as it reads; None for other layers.

    A selection is one of them: the field of some channels is that of all.
    """
    if isinstance(layer, nn.Softmax | nn.LogSoftmax):
        return 0
    if isinstance(layer, nn.Linear):
        return layer.out_features
    if isinstance(layer, Rbf):
        return int(layer.centers.shape[0])
    return len(layer.channels) if isinstance(layer, Select) else None


def along(value: Any, line: Line, rest: int) -> PerAxis:
    """A module's parameter for each axis; on a line that of its axis, and ``rest`` for the other."""
    first, second = (value, value) if isinstance(value, int) else value
    return (first, second) if line is None else ((first, second)[line], rest)


def _itself(x: Tensor) -> Tensor:
    return x


def _over_all(x: Tensor, out: int) -> Tensor:
    """Each of ``out`` channels or features comes from all of them."""
    return x.sum(1, keepdim=True).repeat(1, out, *(1,) * (x.dim() - 2))


def _neighbours(x: Tensor, size: int) -> Tensor:
    """Each channel comes from ``size`` around it, as in torch's local response norm."""
    padded = functional.pad(x.unsqueeze(1), (0, 0, 0, 0, size // 2, (size - 1) // 2))
    return functional.avg_pool3d(padded, (size, 1, 1), stride=1).squeeze(1)


def _convolved(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """Convolution with weights of 1: in each group the channels' sum, through the window, is every channel."""
    sums = x.reshape(x.shape[0] * layer.groups, -1, *x.shape[2:]).sum(1, keepdim=True)
    ones = x.new_ones(1, 1, *layer.kernel_size)
    found = functional.conv2d(sums, ones, None, layer.stride, layer.padding, layer.dilation)
    every = found.repeat(1, layer.out_channels // layer.groups, 1, 1)
    return every.reshape(x.shape[0], layer.out_channels, *every.shape[2:])


def summed(x: Tensor, layer: nn.MaxPool2d | nn.AvgPool2d, line: Line = None) -> Tensor:
    """The sum of each window of pooling, as many windows as torch makes of it, or their mean."""
    sizes = ((layer.kernel_size, 1), (layer.stride, 1), (layer.padding, 0))
    kernel, stride, padding = (along(value, line, rest) for value, rest in sizes)
    dilation = along(layer.dilation, line, 1) if isinstance(layer, nn.MaxPool2d) else (1, 1)
    if dilation == (1, 1):
        return functional.avg_pool2d(x, kernel, stride, padding, layer.ceil_mode)
    high, wide = functional.max_pool2d(x[:1, :1], kernel, stride, padding, dilation, layer.ceil_mode).shape[2:]
    zeros: list[int] = []
    for axis, count in ((1, wide), (0, high)):
        end = (count - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
        zeros += [padding[axis], end - padding[axis] - x.shape[2 + axis]]
    images = functional.pad(x, zeros).flatten(0, 1).unsqueeze(1)
    summed = functional.conv2d(images, torch.ones(1, 1, *kernel).to(x), None, stride, 0, dilation)
    return summed.view(*x.shape[:2], high, wide)
