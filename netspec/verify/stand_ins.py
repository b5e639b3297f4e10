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
from fractions import Fraction
from functools import partial
from operator import ge
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
    Gelu,
    GlobalAvgPool,
    LayerNorm,
    MaxUnpool1d,
    MaxUnpool2d,
    MaxUnpool3d,
    Mean,
    NotingMaxPool1d,
    NotingMaxPool2d,
    NotingMaxPool3d,
    PadShortcut,
    Pointwise,
    Rbf,
    ResizeLike,
    Scale,
    ScaledTanh,
    Select,
    Slice,
)
from netspec.nn.recurrent import Gru, Lstm
from netspec.ops.facts import Exact, Shape
from netspec.ops.uneven import Interval
from netspec.verify import interpolation

Phases = tuple[Exact, list[tuple[int, Interval]]]
"""The step from one position to the next, and places with the first and the last element that is read there."""
Axes = Sequence[int]
"""Axes of maps, counted from 0. A value has one dimension for each, behind images and channels."""
CONV: dict[int, Callable[..., Tensor]] = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
CONV_TRANSPOSE: dict[int, Callable[..., Tensor]] = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}
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

    ``phases`` says of windows that are less than a step apart how far they are and, for an axis and the sizes before
    and after, what positions of each phase read by torch's layer. Inputs after the first ``reads``, if that is not 0,
    only give ``slide`` a size. Where it ``repeats_one``, it repeats a single position over all others. A layer that
    ``notes`` something returns beside its output what it is called with: all that a later one can want to know of it.

    ``shape`` is that of the output where windows are those that an operation states; of inputs with other axes all is
    seen.
    """

    slide: Callable[..., Tensor] = itself
    groups: int = 0
    channels: int = 0
    stays: bool = False
    shared_out: Any = None
    phases: Callable[[int, int, int], Phases] | None = None
    reads: int = 0
    repeats_one: bool = False
    notes: bool = False
    shape: Shape = ()

    def on_image(self, *inputs: Tensor) -> Tensor:
        """The output for whole images; where there are several inputs they are added."""
        if self.reads < len(inputs) and self.reads:
            return self.slide(inputs[0], range(inputs[0].dim() - 2), *inputs[self.reads :])
        if self.notes:
            return self._replace(notes=False).on_image(*inputs), inputs[0]  # type: ignore[return-value]
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
    if set(dilation) == {1} and all(map(ge, x.shape[2:], kernel)):  # torch's mean wants whole windows of volumes
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


def _spread(layer: Any, x: Tensor, axes: Axes) -> Tensor:
    """One channel of a transposed convolution with weights of 1."""
    more = getattr(layer, "output_padding", 0)
    kernel, stride, padding, more, dilation = (
        along(value, axes) for value in (layer.kernel_size, layer.stride, layer.padding, more, layer.dilation)
    )
    return CONV_TRANSPOSE[len(axes)](x, x.new_ones(1, 1, *kernel), None, stride, padding, more, 1, dilation)


def _unpooled(layer: Any, x: Tensor, axes: Axes, before: Tensor) -> Tensor:
    """Each element at all places that its window of max pooling held; ``before`` is what was pooled."""
    found = _spread(layer, x.flatten(0, 1).unsqueeze(1), axes)
    margins = [size - count for size, count in zip(before.shape[2:], found.shape[2:], strict=True)]
    found = functional.pad(found, [end for margin in reversed(margins) for end in (0, margin)])
    return found.view(*x.shape[:2], *found.shape[2:])


def _spread_phases(layer: Any, axis: int, size: int, out: int) -> Phases:  # noqa: ARG001 - as of any map
    """What positions between the same elements read, in the middle of a line."""
    (kernel,), (stride,), (dilation,) = (
        along(value, (axis,)) for value in (layer.kernel_size, layer.stride, layer.dilation)
    )
    count = 2 * (dilation * kernel // stride + 2)
    table = _spread(layer, torch.eye(count, dtype=torch.double).unsqueeze(1), (axis,)).squeeze(1)
    middle = range(table.shape[1] // 2, table.shape[1] // 2 + stride)
    read = [(at, table[:, at].nonzero().flatten().tolist()) for at in middle]
    return Fraction(1, stride), [(at, (elements[0], elements[-1])) for at, elements in read if elements]


def _shuffled_phases(layer: Any, axis: int, size: int, out: int) -> Phases:  # noqa: ARG001 - both axes are alike
    """Which element of a line each of its first positions is."""
    scale = layer.upscale_factor
    line = torch.arange(size, dtype=torch.double).expand(1, scale * scale, 1, size)
    found = layer(line)[0, 0, 0].tolist()
    return Fraction(1, scale), [(at, (int(found[at]), int(found[at]))) for at in range(scale)]


def _neighbours(layer: Any, x: Tensor, axes: Axes) -> Tensor:  # noqa: ARG001 - as windows are slid
    """Each channel comes from ``size`` around it, as in torch's local response norm."""
    padded = functional.pad(x.flatten(2).unsqueeze(1), (0, 0, layer.size // 2, (layer.size - 1) // 2))
    return functional.avg_pool2d(padded, (layer.size, 1), stride=1).view_as(x)


def _resized(layer: Any, x: Tensor, axes: Axes, *like: Tensor) -> Tensor:
    """Each position comes from the elements that torch's interpolation takes it from."""
    size = interpolation.size_of(layer, x, *like)
    for at, axis in enumerate(axes):
        x = interpolation.summed(layer, x, at, axis, size[at])
    return x


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


def _conv_transpose(layer: Any) -> StandIn:
    slide, phases = partial(_spread, layer), partial(_spread_phases, layer)
    return StandIn(slide, layer.groups, layer.out_channels, phases=phases)


def _pixel_shuffle(layer: Any) -> StandIn:
    return StandIn(stays=True, phases=partial(_shuffled_phases, layer))


def _max_unpool(layer: Any) -> StandIn:
    return StandIn(partial(_unpooled, layer), phases=partial(_spread_phases, layer), reads=1)


def _noting_pool(layer: Any) -> StandIn:
    return StandIn(partial(_pooled, layer), notes=True)


def _max_pool(layer: Any) -> StandIn:
    return StandIn(partial(_pooled, layer))


def _avg_pool(layer: Any) -> StandIn:
    return StandIn(partial(_pooled, layer), stays=True)


def _adaptive(layer: Any) -> StandIn:
    return StandIn(stays=True, shared_out=layer.output_size)


def _adaptive_max(layer: Any) -> StandIn:
    """The mean of each window."""
    return StandIn(lambda x, axes: ADAPTIVE[len(axes)](x, layer.output_size), shared_out=layer.output_size)


def _upsample(layer: Any) -> StandIn:
    return StandIn(partial(_resized, layer), phases=partial(interpolation.periods, layer), reads=1, repeats_one=True)


def _pointwise(_: Any) -> StandIn:
    """Each element of the output comes from the same one of the input, in eval mode."""
    return StandIn()


def _recurrent(layer: Any) -> StandIn:
    """Each position from all: the last one is meant, where the layer goes one way."""
    ways = 2 if layer.bidirectional else 1
    return StandIn(
        lambda x, axes: x.sum(axes[0] + 2, keepdim=True).expand_as(x), groups=1, channels=ways * layer.hidden_size
    )


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
    **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _conv_transpose),
    nn.PixelShuffle: _pixel_shuffle,
    **dict.fromkeys((NotingMaxPool1d, NotingMaxPool2d, NotingMaxPool3d), _noting_pool),
    **dict.fromkeys((MaxUnpool1d, MaxUnpool2d, MaxUnpool3d), _max_unpool),
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), _max_pool),
    **dict.fromkeys((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), _avg_pool),
    **dict.fromkeys((DividedPool1d, DividedPool2d, DividedPool3d), _avg_pool),
    **dict.fromkeys((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), _adaptive),
    **dict.fromkeys((nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d), _adaptive_max),
    **dict.fromkeys((nn.Upsample, ResizeLike), _upsample),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, ChannelScale, nn.Dropout), _pointwise),
    **dict.fromkeys((nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, Gelu, nn.SiLU), _pointwise),
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
    **dict.fromkeys((Lstm, Gru), _recurrent),
    **dict.fromkeys((nn.Identity, nn.Flatten, nn.Unflatten, GlobalAvgPool, Mean, DropPathMean, DrawColumn), _stays),
    **dict.fromkeys((torch.add, torch.sub, torch.mul, torch.cat), _stays),
    # Where all is 0, no input is larger than the other, and the gradient goes to both.
    torch.maximum: _stays,
}
"""Class of a layer, or function, -> what stands in for one of them."""


def known(layer: Any) -> StandIn | None:
    """What :data:`STAND_INS` has for ``layer``, a module or a function; None where it has nothing.

    Of a parameter nothing is to be known: it reads nothing.

    A class with a forward of its own need not do what its base does.
    """
    if isinstance(layer, nn.Parameter):
        return StandIn()
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
