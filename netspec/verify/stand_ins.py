"""Stand-ins for layers, through which a gradient reaches all that a layer reads, whatever the values are.

A maximum passes its gradient on to one element of a window and a rectifier to the positive ones alone, so a sum over
the window and the identity stand in their places. Where windows lie is told by torch's modules and by nothing else.
All weights are 1: a convolution is then one over the sum of its channels, which costs next to nothing. The network
is 0 everywhere, and linear.

:data:`STAND_INS` has a line for each class of layers. What is not in it may be any torch module; :mod:`netspec.verify.
perturbation` finds out what its positions see, and if that is what its operation states, :func:`stated` stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from netspec.graph.graph import Node
from netspec.nn.layers import (
    Abs,
    ChannelScale,
    DividedPool1d,
    DividedPool2d,
    DividedPool3d,
    DrawColumn,
    DropPath,
    DropPathMean,
    GlobalAvgPool,
    LayerNorm,
    Mean,
    PadShortcut,
    Pointwise,
    Rbf,
    Scale,
    ScaledTanh,
    Select,
    Slice,
)
from netspec.ops.facts import Shape

Axes = Sequence[int]
"""Axes of maps, counted from 0. A value has one dimension for each, behind images and channels."""
CONV: dict[int, Callable[..., Tensor]] = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
MAX_POOL = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
AVG_POOL = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
ADAPTIVE = {1: functional.adaptive_avg_pool1d, 2: functional.adaptive_avg_pool2d, 3: functional.adaptive_avg_pool3d}
"""Number of axes -> torch's function."""


def itself(x: Tensor, axes: Axes) -> Tensor:  # noqa: ARG001 - as windows are slid
    """Each element comes from the same one."""
    return x


class StandIn(NamedTuple):
    """What a layer makes of its inputs, with a sum wherever an element comes from several.

    ``slide`` sums a value over the windows on the given axes: all of an image's, or the one of a line. ``groups`` is
    how many groups of channels there are, each channel of the output coming from all of its group; 0 where each comes
    from its own. ``channels`` are those of the output, 0 for as many as are read. A layer that ``stays`` is linear as
    it is, and has no weights. ``shared_out`` are the positions that adaptive pooling shares its input out to.
    ``shape`` is that of the output where windows are those that an operation states; of inputs with other axes all is
    seen.
    """

    slide: Callable[[Tensor, Axes], Tensor] = itself
    groups: int = 0
    channels: int = 0
    stays: bool = False
    shared_out: Any = None
    shape: Shape = ()

    def on_image(self, *inputs: Tensor) -> Tensor:
        """The output for whole images; where there are several inputs they are added."""
        slid = [self._slid(self._summed(x)) for x in inputs]
        total = sum(slid[1:], start=slid[0])
        if not self.groups:
            return total
        every = total.repeat(1, (self.channels or inputs[0].shape[1]) // self.groups, *(1,) * (total.dim() - 2))
        return every.reshape(inputs[0].shape[0], -1, *every.shape[2:])

    def on_line(self, value: Tensor, axis: int) -> Tensor:
        """The output for images that have ``axis`` alone, and one channel, which stands for all."""
        return self.slide(value, (axis,))

    def _slid(self, x: Tensor) -> Tensor:
        if not self.shape or x.dim() == 1 + len(self.shape):
            return self.slide(x, range(x.dim() - 2))
        whole = x.unsqueeze(2).flatten(2).sum(2)
        return whole.view(*whole.shape, *(1,) * (len(self.shape) - 1)).expand(-1, -1, *self.shape[1:])

    def _summed(self, x: Tensor) -> Tensor:
        """The channels of each group added up, with the groups beside the images."""
        return x.reshape(x.shape[0] * self.groups, -1, *x.shape[2:]).sum(1, keepdim=True) if self.groups else x


def along(value: Any, axes: Axes) -> tuple[int, ...]:
    """A module's parameter on ``axes``: one number stands for all of them."""
    return tuple([value if isinstance(value, int) else value[axis] for axis in axes])


# -- windows ----------------------------------------------------------------------------------------------------------


def _convolved(layer: Any, x: Tensor, axes: Axes) -> Tensor:
    """One channel convolved with weights of 1."""
    kernel, stride, dilation = (along(value, axes) for value in (layer.kernel_size, layer.stride, layer.dilation))
    padding = layer.padding if isinstance(layer.padding, str) else along(layer.padding, axes)
    return CONV[len(axes)](x, x.new_ones(1, 1, *kernel), None, stride, padding, dilation)


def _pooled(layer: Any, x: Tensor, axes: Axes) -> Tensor:
    """The mean of each window of pooling, as many windows as torch makes of it, or their sum."""
    kernel, stride, padding = (along(value, axes) for value in (layer.kernel_size, layer.stride, layer.padding))
    dilation = along(getattr(layer, "dilation", 1), axes)
    if set(dilation) == {1}:
        return AVG_POOL[len(axes)](x, kernel, stride, padding, layer.ceil_mode)
    counts = MAX_POOL[len(axes)](x[:1, :1], kernel, stride, padding, dilation, layer.ceil_mode).shape[2:]
    for at, count in enumerate(counts):
        taps = Taps(kernel[at], stride[at], dilation[at])
        x = _summed(x, at, taps, padding[at], (count - 1) * taps.stride + taps.reach - padding[at] - x.shape[2 + at])
    return x


def _padded(layer: Any, x: Tensor, axes: Axes) -> Tensor:
    """Zeros around; what else torch may put there is told by no place."""
    ends = list(zip(layer.padding[::2], layer.padding[1::2], strict=True))[::-1]  # the last axis comes first
    return functional.pad(x, [side for axis in reversed(axes) for side in ends[axis]])


def _strided(layer: Any, x: Tensor, axes: Axes) -> Tensor:
    """Every so many positions."""
    for at, step in enumerate(along(layer.stride, axes)):
        x = _summed(x, at, Taps(1, step, 1), 0, 0)
    return x


def _neighbours(layer: Any, x: Tensor, axes: Axes) -> Tensor:  # noqa: ARG001 - as windows are slid
    """Each channel comes from ``size`` around it, as in torch's local response norm."""
    padded = functional.pad(x.flatten(2).unsqueeze(1), (0, 0, layer.size // 2, (layer.size - 1) // 2))
    return functional.avg_pool2d(padded, (layer.size, 1), stride=1).view_as(x)


class Taps(NamedTuple):
    """A window on one axis: how many elements it takes, how far apart, and the distance to the next window."""

    kernel: int
    stride: int
    dilation: int

    @property
    def reach(self) -> int:
        """From the first element to the last one."""
        return self.dilation * (self.kernel - 1) + 1


def _summed(x: Tensor, at: int, taps: Taps, before: int, behind: int) -> Tensor:
    """``x`` summed over the windows on the axis that is its ``at``-th, with so many zeros ``before`` and ``behind``."""
    zeros = [0, 0] * (x.dim() - 3 - at) + [before, behind]
    return functional.pad(x, zeros).unfold(2 + at, taps.reach, taps.stride)[..., :: taps.dilation].sum(-1)


# -- the table --------------------------------------------------------------------------------------------------------


def _conv(layer: Any) -> StandIn:
    return StandIn(partial(_convolved, layer), layer.groups, layer.out_channels)


def _max_pool(layer: Any) -> StandIn:
    return StandIn(partial(_pooled, layer))


def _avg_pool(layer: Any) -> StandIn:
    return StandIn(partial(_pooled, layer), stays=True)


def _adaptive(layer: Any) -> StandIn:
    return StandIn(stays=True, shared_out=layer.output_size)


def _adaptive_max(layer: Any) -> StandIn:
    """The mean of each window."""
    return StandIn(lambda x, axes: ADAPTIVE[len(axes)](x, layer.output_size), shared_out=layer.output_size)


def _pointwise(_: Any) -> StandIn:
    """Each element of the output comes from the same one of the input, in eval mode."""
    return StandIn()


def _pad(layer: Any) -> StandIn:
    return StandIn(partial(_padded, layer))


def _stays(_: Any) -> StandIn:
    """What copies, adds up or averages: joins, flattening, global pooling."""
    return StandIn(stays=True)


def _from_all(out: Callable[[Any], int]) -> Callable[[Any], StandIn]:
    """For layers each of whose channels or features comes from all; ``out`` says how many there are."""
    return lambda layer: StandIn(groups=1, channels=out(layer))


STAND_INS: dict[Any, Callable[[Any], StandIn]] = {
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _conv),
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), _max_pool),
    **dict.fromkeys((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), _avg_pool),
    **dict.fromkeys((DividedPool1d, DividedPool2d, DividedPool3d), _avg_pool),
    **dict.fromkeys((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), _adaptive),
    **dict.fromkeys((nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d), _adaptive_max),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, ChannelScale, nn.Dropout), _pointwise),
    **dict.fromkeys((nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU), _pointwise),
    **dict.fromkeys((nn.Mish, nn.Softplus, nn.Hardswish, nn.Hardsigmoid, nn.Sigmoid, nn.Tanh, ScaledTanh), _pointwise),
    **dict.fromkeys((Scale, Abs, DropPath, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d), _pointwise),
    # The statistics of a map are left out of what a position sees, as netspec does.
    **dict.fromkeys((nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d), _pointwise),
    **dict.fromkeys((nn.Softmax, nn.LogSoftmax, nn.LayerNorm, LayerNorm, nn.ChannelShuffle), _from_all(lambda _: 0)),
    **dict.fromkeys((nn.Linear, Pointwise), _from_all(lambda layer: layer.out_features)),
    Rbf: _from_all(lambda layer: int(layer.centers.shape[0])),
    # One of the channels stands for those that are selected: the field of some channels is that of all.
    Select: _from_all(lambda layer: len(layer.channels)),
    Slice: _from_all(lambda layer: layer.stop - layer.start),
    nn.LocalResponseNorm: lambda layer: StandIn(partial(_neighbours, layer)),
    **dict.fromkeys((nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d), _pad),
    **dict.fromkeys((nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d), _pad),
    **dict.fromkeys((nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d), _pad),
    PadShortcut: lambda layer: StandIn(partial(_strided, layer), stays=True),
    **dict.fromkeys((nn.Identity, nn.Flatten, GlobalAvgPool, Mean, DropPathMean, DrawColumn), _stays),
    **dict.fromkeys((torch.add, torch.sub, torch.mul, torch.cat), _stays),
    # Where all is 0, no input is larger than the other, and the gradient goes to both.
    torch.maximum: _stays,
}
"""Class of a layer, or function, -> what stands in for one of them."""


def known(layer: Any) -> StandIn | None:
    """What :data:`STAND_INS` has for ``layer``, a module or a function; None where it has nothing.

    A class with a forward of its own need not do what its base does.
    """
    if not isinstance(layer, nn.Module):
        return STAND_INS[layer](layer) if layer in STAND_INS else None
    for kind in type(layer).__mro__:
        if kind in STAND_INS:
            return STAND_INS[kind](layer)
        if "forward" in vars(kind):
            return None
    return None


# -- layers of others -------------------------------------------------------------------------------------------------


def stated(node: Node) -> StandIn:
    """Sums over all channels of each input and the windows that the operation of ``node`` states."""
    return StandIn(partial(_by_statement, node), groups=1, channels=node.shape[0], shape=node.shape)


def _by_statement(node: Node, x: Tensor, axes: Axes) -> Tensor:
    """The sum of each window of ``node`` on ``axes`` of one input; as many zeros behind as its image needs."""
    for at, axis in enumerate(axes):
        count = node.shape[1 + axis]
        if x.shape[2 + at] == 1 < count:  # a gate, which is repeated over all positions
            x = x.expand(*x.shape[: 2 + at], count, *x.shape[3 + at :])
            continue
        kernel, stride, dilation, padding = (numbers[axis] for numbers in node.window)
        taps, size = Taps(kernel, stride, dilation), max(shape[1 + axis] for shape in node.input_shapes if shape[1:])
        x = _summed(x, at, taps, padding, (count - 1) * stride + taps.reach - padding - size)
    return x
