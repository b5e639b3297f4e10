"""The layers that torch lacks. Plain modules: they know nothing of specs or graphs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_AVERAGES = {
    1: functional.adaptive_avg_pool1d,
    2: functional.adaptive_avg_pool2d,
    3: functional.adaptive_avg_pool3d,
}


class GlobalAvgPool(nn.Module):
    """Mean over all positions of a map with so many ``axes``: N x C x H x W to N x C."""

    def __init__(self, axes: int = 2) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W to N x C."""
        return torch.flatten(_AVERAGES[self.axes](x, 1), 1)


class PadShortcut(nn.Module):
    """Every ``stride``-th position, with ``zeros`` channels before and after (He et al. 2015, option A)."""

    def __init__(self, stride: tuple[int, ...], zeros: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.zeros = zeros

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W to N x (C + zeros) x H/stride x W/stride."""
        every = tuple(slice(None, None, step) for step in self.stride)
        return functional.pad(x[(slice(None), slice(None), *every)], (0, 0) * len(self.stride) + self.zeros)

    def extra_repr(self) -> str:
        """Stride and zeros."""
        return f"stride={self.stride}, zeros={self.zeros}"


class ResizeLike(nn.Module):
    """The first input interpolated to the size of the second; ``mode`` and ``align_corners`` are torch's."""

    def __init__(self, mode: str, *, align_corners: bool | None = None) -> None:
        super().__init__()
        self.mode = mode
        self.align_corners = align_corners

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """N x C x h x w and N x D x H x W to N x C x H x W."""
        return functional.interpolate(x, like.shape[2:], mode=self.mode, align_corners=self.align_corners)

    def extra_repr(self) -> str:
        """How it interpolates."""
        return f"mode={self.mode!r}, align_corners={self.align_corners}"


class ChannelScale(nn.Module):
    """A trainable factor and bias for each channel."""

    bias: nn.Parameter | None

    def __init__(self, channels: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.register_parameter("bias", nn.Parameter(torch.zeros(channels)) if bias else None)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in; channels are dimension 1."""
        shape = (-1,) + (1,) * (x.dim() - 2)
        x = x * self.weight.view(shape)
        return x if self.bias is None else x + self.bias.view(shape)

    def extra_repr(self) -> str:
        """Channels and bias."""
        return f"{self.weight.numel()}, bias={self.bias is not None}"


class _OnRows(nn.Module):
    """A layer of rows of channels, run at each position of a map.

    Its output lies in memory as it comes, with the channels last, unless ``channels_first``, channel by channel.
    """

    def __init__(self, *args: Any, channels_first: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.channels_first = channels_first

    def map_of(self, rows: Tensor) -> Tensor:
        """N x H x W x C as N x C x H x W."""
        y = rows.movedim(-1, 1)
        return channels_first(y) if self.channels_first else y

    def extra_repr(self) -> str:
        """As that of the layer, and whether channels are brought first."""
        return super().extra_repr() + (", channels_first=True" if self.channels_first else "")


class Pointwise(_OnRows, nn.Linear):
    """A fully connected layer at each position of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """N x in x H x W to N x out x H x W."""
        return self.map_of(super().forward(x.movedim(1, -1).contiguous()))


class LayerNorm(_OnRows, nn.LayerNorm):
    """Normalisation over the channels at each position of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W, unchanged."""
        return self.map_of(super().forward(x.movedim(1, -1)))


def channels_first(x: Tensor) -> Tensor:
    """``x`` in torch's usual order, channel by channel, also by its strides alone where both orders are the same."""
    return x.flatten(1).view(x.shape)


class Gelu(nn.GELU):
    """GELU of what a linear layer leaves at each position of a map, rows of channels, as torch rounds it for these."""

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Scale(nn.Module):
    """Its input times ``factor``."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return x * self.factor

    def extra_repr(self) -> str:
        """The factor."""
        return f"{self.factor}"


class Abs(nn.Module):
    """Absolute values."""

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return x.abs()


class ScaledTanh(nn.Module):
    """``amplitude`` * tanh(``slope`` * x) (LeCun et al. 1998, appendix A)."""

    def __init__(self, amplitude: float, slope: float) -> None:
        super().__init__()
        self.amplitude = amplitude
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return self.amplitude * torch.tanh(self.slope * x)

    def extra_repr(self) -> str:
        """Amplitude and slope."""
        return f"amplitude={self.amplitude}, slope={self.slope:.6g}"


class Select(nn.Module):
    """The listed channels."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """N x C x ... to N x len(channels) x ..."""
        return x[:, self.channels]

    def extra_repr(self) -> str:
        """The channels."""
        return f"channels={self.channels}"


class Slice(nn.Module):
    """A copy of the channels from ``start`` up to, and without, ``stop``."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start = start
        self.stop = stop

    def forward(self, x: Tensor) -> Tensor:
        """N x C x ... to N x (stop - start) x ..."""
        return x[:, self.start : self.stop].clone()

    def extra_repr(self) -> str:
        """Start and stop."""
        return f"{self.start}, {self.stop}"


class DropPath(nn.Module):
    """In training, zeroes images with probability ``p`` and divides the others by 1 - ``p`` (Huang et al. 2016)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        if not self.training or self.p == 0:
            return x
        kept = x.new_empty(x.shape[0], *(1,) * (x.dim() - 1)).bernoulli_(1 - self.p)
        return x * (kept / (1 - self.p) if self.p < 1 else kept)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


class Mean(nn.Module):
    """Elementwise mean of its inputs."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """Same shape out as each input."""
        return mean(inputs)


class DrawColumn(nn.Module):
    """One column for a whole forward pass, drawn in training with probability ``p`` (Larsson et al. 2017, global)."""

    def __init__(self, columns: int, p: float) -> None:
        super().__init__()
        self.columns = columns
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """N x ... to N x columns, all rows alike: 1 for the drawn column and 0 for others, or 1 for all."""
        columns = torch.ones(self.columns, dtype=x.dtype, device=x.device)
        if self.training:
            one = torch.arange(self.columns, device=x.device) == torch.randint(self.columns, (), device=x.device)
            columns = torch.where(torch.rand((), device=x.device) < self.p, one.to(x.dtype), columns)
        return columns.expand(x.shape[0], -1)

    def extra_repr(self) -> str:
        """The columns and the probability."""
        return f"{self.columns}, p={self.p}"


class DropPathMean(nn.Module):
    """Elementwise mean; in training, of the inputs that are left (Larsson et al. 2017, local and global drop-path).

    Each forward pass drops each input with probability ``p``, and keeps one at random where it would drop all. With
    ``first`` the last input is a draw, of which the others are the columns ``first``, ``first`` + 1, ...: where it is
    of one column, and that is among them, it alone is left.
    """

    def __init__(self, p: float, first: int | None = None) -> None:
        super().__init__()
        self.p = p
        self.first = first

    def forward(self, *inputs: Tensor) -> Tensor:
        """Same shape out as each input but the draw."""
        paths = inputs if self.first is None else inputs[:-1]
        if not self.training:
            return mean(paths)
        kept = self._kept(len(paths), paths[0].device)
        if self.first is not None:
            drawn = inputs[-1][0] > 0
            own = drawn[self.first : self.first + len(paths)]
            kept = torch.where(own.any() & ~drawn.all(), own, kept)
        weights = kept.to(paths[0].dtype)
        weights = weights / weights.sum()
        total = paths[0] * weights[0]
        for index, x in enumerate(paths[1:], 1):
            total = total + x * weights[index]
        return total

    def _kept(self, paths: int, device: torch.device) -> Tensor:
        """Which of the paths stay: at least one."""
        kept = torch.rand(paths, device=device) >= self.p
        last = torch.arange(paths, device=device) == torch.randint(paths, (), device=device)
        return torch.where(kept.any(), kept, last)

    def extra_repr(self) -> str:
        """The probability, and the first column."""
        return f"p={self.p}" if self.first is None else f"p={self.p}, first={self.first}"


def mean(inputs: Sequence[Tensor]) -> Tensor:
    """The sum of ``inputs`` over their number."""
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total / len(inputs)


class Rbf(nn.Module):
    """Squared Euclidean distance to each of ``out`` centres (LeCun et al. 1998, section II.B, equation 7)."""

    def __init__(self, features: int, out: int, *, trainable: bool = False) -> None:
        super().__init__()
        centers = torch.randint(0, 2, (out, features)).to(torch.get_default_dtype()) * 2 - 1
        if trainable:
            self.centers = nn.Parameter(centers)
        else:
            self.register_buffer("centers", centers)

    def forward(self, x: Tensor) -> Tensor:
        """N x features to N x out."""
        return (x.unsqueeze(1) - self.centers).square().sum(dim=2)

    def extra_repr(self) -> str:
        """Features and centres."""
        return f"{self.centers.shape[1]}, {self.centers.shape[0]}"


class _DividedPool(nn.Module):
    """Average pooling that divides by a number of its own, not by the size of the window.

    It is the mean of whole windows, scaled: exporters to ONNX leave torch's ``divisor_override`` out without a word.
    Where windows may hang over the edge zeros are added there, since torch's mean is over the part that does not.
    """

    def __init__(self, *, divisor: int, **window: Any) -> None:
        super().__init__(**window)
        self.divisor = divisor

    def forward(self: Any, x: Tensor) -> Tensor:
        """The sum of each window over ``divisor``, to the rounding."""
        kernel, stride, padding = self.kernel_size, self.stride, self.padding
        average = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[len(kernel) - 1]
        scale: float = prod(kernel) / self.divisor
        if not self.ceil_mode:
            return average(x, kernel, stride, padding) * scale
        return average(functional.pad(x, _margins(x.shape[2:], kernel, stride, padding)), kernel, stride) * scale

    def extra_repr(self) -> str:
        """The window and the divisor."""
        return f"{super().extra_repr()}, divisor={self.divisor}"


class DividedPool1d(_DividedPool, nn.AvgPool1d):
    """On one axis."""


class DividedPool2d(_DividedPool, nn.AvgPool2d):
    """On two axes."""


class DividedPool3d(_DividedPool, nn.AvgPool3d):
    """On three axes."""


class _NotingMaxPool(nn.Module):
    """Max pooling that returns beside its values where they come from: indices, and the sizes of what it read."""

    def forward(self: Any, x: Tensor) -> tuple[Tensor, tuple[Tensor, Sequence[int]]]:
        """N x C x H x W to N x C x h x w, and the places of these."""
        pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[x.dim() - 3]
        values, indices = pool(
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=True,
        )
        return values, (indices, x.shape[2:])


class NotingMaxPool1d(_NotingMaxPool, nn.MaxPool1d):
    """On one axis."""


class NotingMaxPool2d(_NotingMaxPool, nn.MaxPool2d):
    """On two axes."""


class NotingMaxPool3d(_NotingMaxPool, nn.MaxPool3d):
    """On three axes."""


class _MaxUnpool(nn.Module):
    """The values of a map at the places that max pooling with such a window has noted, 0 elsewhere."""

    def __init__(
        self, kernel_size: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation

    def forward(self, x: Tensor, places: tuple[Tensor, Sequence[int]]) -> Tensor:
        """N x C x h x w and the places of as many values to N x C x H x W."""
        indices, sizes = places
        # As torch's max_unpool, which cannot be traced with a size and has no exporter.
        spread = x.new_zeros(*x.shape[:2], prod(sizes)).scatter_(2, indices.flatten(2), x.flatten(2))
        return spread.view(*x.shape[:2], *sizes)

    def extra_repr(self) -> str:
        """The window of the pooling."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}"


class MaxUnpool1d(_MaxUnpool):
    """On one axis."""


class MaxUnpool2d(_MaxUnpool):
    """On two axes."""


class MaxUnpool3d(_MaxUnpool):
    """On three axes."""


def _margins(
    sizes: Sequence[int], kernels: Sequence[int], strides: Sequence[int], paddings: Sequence[int]
) -> list[int]:
    """Zeros before and after each axis, the last axis first, so that windows which may hang over are whole.

    Fewer than none after an axis where windows leave its end out.
    """
    margins: list[int] = []
    for size, kernel, stride, padding in zip(sizes, kernels, strides, paddings, strict=True):
        steps = -(-(size + 2 * padding - kernel) // stride)
        if steps * stride >= size + padding:  # no window begins behind the input
            steps -= 1
        margins = [padding, steps * stride + kernel - padding - size, *margins]
    return margins
