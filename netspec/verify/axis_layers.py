"""Layers on a line of one channel: their windows on one axis, as torch slides them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from netspec.nn.layers import DropPathMean, Mean, PadShortcut, Select
from netspec.verify.linear_stand_ins import POINTWISE, along, summed

SLIDING = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, PadShortcut)
PLACED = (*POINTWISE, nn.LocalResponseNorm, nn.Softmax, nn.LogSoftmax, Select)
"""Each position of the output comes from the same one of the input."""
JOINS = (Mean, DropPathMean)


def slid(values: Sequence[Tensor], channels: Sequence[int], layer: nn.Module | None, axis: int) -> Tensor:
    """What ``layer`` makes of lines, N x 1 x length x 1: sums over windows; a join, which may have no layer, adds up.

    A layer of another kind is called itself, with as many ``channels`` as it takes, and those that it returns added up.
    """
    if layer is None or isinstance(layer, JOINS):
        total = values[0]
        for value in values[1:]:
            total = total + value
        return total
    if isinstance(layer, PLACED):
        return values[0]
    if isinstance(layer, nn.Conv2d):
        kernel, stride, dilation = (along(one, axis, 1) for one in (layer.kernel_size, layer.stride, layer.dilation))
        padding = layer.padding if isinstance(layer.padding, str) else along(layer.padding, axis, 0)
        return functional.conv2d(values[0], values[0].new_ones(1, 1, *kernel), None, stride, padding, dilation)
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
        return summed(values[0], layer, axis)
    if isinstance(layer, PadShortcut):
        return values[0][:, :, :: layer.stride[axis]]
    given = [value.expand(-1, count, -1, -1) for value, count in zip(values, channels, strict=True)]
    found: Tensor = layer(*given)
    return found.sum(1, keepdim=True)
