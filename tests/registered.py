"""Operations as a user registers them, with layers of their own: a plug-in, and what its tests sabotage."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

import torch
from torch import Tensor as Value
from torch import nn
from torch.nn import functional

import netspec
from netspec import Operation
from netspec.ops.facts import Cost, Family, Layer, Shape, Tensor, Window
from netspec.ops.join import Join
from netspec.ops.memory import Saved, Space, nothing_saved

HERE = __name__


class AffineLayer(nn.Module):
    """A factor and a shift for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Value) -> Value:
        """Same shape out as in."""
        return x * self.factor + self.shift


class Affine(Operation):
    """A pointwise operation with weights."""

    word: ClassVar[str] = "affine"
    family: ClassVar[Family] = Family.NORM

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """Both weights."""
        return tuple(Tensor(name, (inputs[0][0], 1, 1)) for name in ("factor", "shift"))

    def cost(self, output: Shape, *_: Shape) -> Cost:
        """A multiply-add for each element."""
        return Cost(multiply_adds=prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.AffineLayer", {"channels": inputs[0][0]})


class FiltersLayer(nn.Module):
    """A convolution whose weight has another name."""

    def __init__(self, filters: tuple[int, ...], **window: Any) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.zeros(filters))
        self.window = window

    def forward(self, x: Value) -> Value:
        """What a convolution makes of it."""
        return functional.conv2d(x, self.filters, **self.window)


class Filters(Operation):
    """A sliding operation."""

    word: ClassVar[str] = "filters"
    family: ClassVar[Family] = Family.CONV

    out: int
    size: int = 3
    step: int = 1
    margin: int = 0
    spread: int = 1
    groups: int = 1

    def shape(self, *inputs: Shape) -> Shape:
        """As many windows as fit."""
        reach = self.spread * (self.size - 1)
        return (self.out, *((size + 2 * self.margin - reach - 1) // self.step + 1 for size in inputs[0][1:]))

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """The filters."""
        return (Tensor("filters", (self.out, inputs[0][0] // self.groups, self.size, self.size)),)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Every tap of every output."""
        return Cost(macs=prod(output) * inputs[0][0] // self.groups * self.size**2)

    def window(self, *_: Shape) -> Window:
        """The filters' size."""
        size, step, spread, margin = ((one, one) for one in (self.size, self.step, self.spread, self.margin))
        return Window(size, step, spread, margin)

    def layer(self, *inputs: Shape) -> Layer:
        """Ours."""
        window = {"stride": self.step, "padding": self.margin, "dilation": self.spread, "groups": self.groups}
        filters = Filters.tensors(self, *inputs)[0].shape
        return Layer(f"{HERE}.FiltersLayer", {"filters": filters, **window})


class BlendLayer(nn.Module):
    """A weighted sum."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.shares = nn.Parameter(torch.zeros(inputs))

    def forward(self, *inputs: Value) -> Value:
        """Same shape out as each input."""
        return torch.stack([share * x for share, x in zip(self.shares, inputs, strict=True)]).sum(0)


class Blend(Join):
    """A join with a weight for each input."""

    word: ClassVar[str] = "blend"

    def shape(self, *inputs: Shape) -> Shape:
        """That of the first, without a look at the others."""
        return inputs[0]

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """The shares."""
        return (Tensor("shares", (len(inputs),)),)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """A multiply-add for each element of each input."""
        return Cost(multiply_adds=len(inputs) * prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.BlendLayer", {"inputs": len(inputs)})


class SpikesLayer(nn.Module):
    """The largest of a window where a value is above what is kept of earlier ones: a comparison has no gradient."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("level", torch.full((channels, 1, 1), 0.25))
        self.gain = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Value) -> Value:
        """Same shape out as in."""
        spikes = (x > self.level).to(x.dtype) * self.gain
        return functional.max_pool2d(spikes, (3, 1), 1, (1, 0))


class Spikes(Operation):
    """An operation with buffers and a part that cannot be differentiated."""

    word: ClassVar[str] = "spikes"
    family: ClassVar[Family] = Family.ACTIVATION

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """The levels are no parameters."""
        shape = (inputs[0][0], 1, 1)
        return Tensor("gain", shape), Tensor("level", shape, trainable=False)

    def cost(self, output: Shape, *_: Shape) -> Cost:
        """Two compares for the window and one before."""
        return Cost(compares=3 * prod(output), multiply_adds=prod(output))

    def window(self, *_: Shape) -> Window:
        """Three rows."""
        return Window(kernel=(3, 1), stride=(1, 1), dilation=(1, 1), padding=(1, 0))

    def differentiable_inputs(self, *_: Shape) -> int:
        """None."""
        return 0

    def saved_for_backward(self, output: Shape, *_: Shape) -> Saved:
        """The spikes before and after the gain, and which is the largest."""
        return Saved(beside=Space(values=2 * prod(output), indices=prod(output)))

    def layer(self, *inputs: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.SpikesLayer", {"channels": inputs[0][0]})


def largest(first: Value, second: Value) -> Value:
    """Elementwise maximum."""
    return torch.maximum(first, second)


class Largest(Join):
    """A join by a function that torch does not know."""

    word: ClassVar[str] = "largest"

    def cost(self, output: Shape, *_: Shape) -> Cost:
        """A compare for each element."""
        return Cost(compares=prod(output))

    def layer(self, *_: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.largest", {}, call="function")


class TokensLayer(nn.Module):
    """Rows behind one another."""

    def forward(self, x: Value) -> Value:
        """N x C x H x W to N x C x HW."""
        return x.flatten(2)


class Tokens(Operation):
    """An operation whose output has other axes than the image."""

    word: ClassVar[str] = "tokens"
    family: ClassVar[Family] = Family.SHAPE
    saved_for_backward = nothing_saved

    def shape(self, *inputs: Shape) -> Shape:
        """Channels x positions."""
        return (inputs[0][0], prod(inputs[0][1:]))

    def cost(self, *_: Shape) -> Cost:
        """Nothing is computed."""
        return Cost()

    def is_view(self, *_: Shape, training: bool) -> bool:  # noqa: ARG002 - in both modes
        """Always."""
        return True

    def layer(self, *_: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.TokensLayer", {})


class MixLayer(nn.Module):
    """Channels mixed by one product of matrices, with their sum added to it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(channels, channels))

    def forward(self, x: Value) -> Value:
        """Same shape out as in."""
        columns = x.flatten(2)
        return torch.baddbmm(columns, self.mix.expand(len(x), -1, -1), columns).view_as(x)


class Mix(Operation):
    """An operation whose multiply-adds fvcore does not count."""

    word: ClassVar[str] = "mix"
    family: ClassVar[Family] = Family.CONV

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """The matrix."""
        return (Tensor("mix", (inputs[0][0], inputs[0][0])),)

    def cost(self, output: Shape, *_: Shape) -> Cost:
        """A row of the matrix for each element."""
        return Cost(macs=prod(output) * output[0])

    def layer(self, *inputs: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.MixLayer", {"channels": inputs[0][0]})


class RoundedLayer(nn.Module):
    """As much of its input as it can hold, which is read off a value: there is none on the meta device."""

    def forward(self, x: Value) -> Value:
        """Same shape out as in."""
        return x * min(1.0, 1e9 / (1.0 + x.detach().abs().max().item()))


class Rounded(Operation):
    """An operation that does not run without values."""

    word: ClassVar[str] = "rounded"
    family: ClassVar[Family] = Family.ACTIVATION
    saved_for_backward = nothing_saved

    def cost(self, output: Shape, *_: Shape) -> Cost:
        """A multiplication for each element."""
        return Cost(multiply_adds=prod(output))

    def layer(self, *_: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.RoundedLayer", {})


class NoisyLayer(nn.Module):
    """Noise in eval mode."""

    def forward(self, x: Value) -> Value:
        """Same shape out as in."""
        return x + torch.rand_like(x)


class Noisy(Operation):
    """An operation that makes something else of one input each time."""

    word: ClassVar[str] = "noisy"
    family: ClassVar[Family] = Family.REGULARISE
    saved_for_backward = nothing_saved

    def cost(self, output: Shape, *_: Shape) -> Cost:
        """An add for each element."""
        return Cost(adds=prod(output))

    def layer(self, *_: Shape) -> Layer:
        """Ours."""
        return Layer(f"{HERE}.NoisyLayer", {})


class ShiftedConv(nn.Conv2d):
    """No mere convolution, though it is one by its class: its output is moved by a row."""

    def forward(self, x: Value) -> Value:
        """As that of a convolution."""
        return super().forward(x).roll(1, 2)


ALL = (Affine, Filters, Blend, Spikes, Largest, Tokens, Mix, Rounded, Noisy)
for kind in ALL:
    netspec.register(kind)
