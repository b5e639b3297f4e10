"""The words that operations speak in: shapes, windows, costs, tensors, and layers as data."""

from __future__ import annotations

from enum import Enum
from functools import cache
from math import prod
from typing import Any, Literal, NamedTuple

Shape = tuple[int, ...]
"""The shape of one image's features: ``(channels, *sizes)`` in torch's order, or ``(features,)`` once flat."""

PerAxis = tuple[int, ...]
"""One number for each axis of a map, in the order of its shape: height before width."""

FLAT = 1
"""Numbers in a shape without axes."""
MAP = 3
"""Numbers in the shape of an image: channels, height, width."""


def shape_text(shape: Shape) -> str:
    """``64x56x56``: a shape as people write it."""
    return "x".join(str(size) for size in shape)


def positions(shape: Shape) -> int:
    """How many positions a feature map has, height x width on two axes; 1 for flat features."""
    return prod(shape[1:])


def each(value: int | PerAxis, axes: int) -> PerAxis:
    """A parameter on each of ``axes``: one number is that of all."""
    return (value,) * axes if isinstance(value, int) else value


def brief(values: PerAxis) -> str:
    """``3`` or ``3x5``: one number where that is the one of all axes."""
    return "x".join([str(value) for value in (values[:1] if len(set(values)) == 1 else values)])


class Family(Enum):
    """What kind of thing an operation does; diagrams colour by it."""

    CONV = "conv"
    LINEAR = "linear"
    NORM = "norm"
    ACTIVATION = "activation"
    POOL = "pool"
    JOIN = "join"
    REGULARISE = "regularise"
    SHAPE = "shape"
    INPUT = "input"


class Window(NamedTuple):
    """What one output position sees of its input, per axis; padding is the one before the first element."""

    kernel: PerAxis
    stride: PerAxis
    dilation: PerAxis
    padding: PerAxis

    @classmethod
    def whole(cls, shape: Shape) -> Window:
        """A window over everything: what global pooling and flattening see."""
        return point(len(shape) - 1)._replace(kernel=shape[1:], stride=shape[1:])

    @property
    def is_point(self) -> bool:
        """Whether each position sees the same position: activations, norms, joins."""
        return self == point(len(self.kernel))


@cache
def point(axes: int) -> Window:
    """The window on so many ``axes`` through which each position sees the same position."""
    return Window(kernel=(1,) * axes, stride=(1,) * axes, dilation=(1,) * axes, padding=(0,) * axes)


class Cost(NamedTuple):
    """Work of one forward pass over one image in eval mode, each primitive counted apart.

    ``macs`` are the multiply-adds of convolutions and linear layers, nothing else; ``adds`` are bias adds, residual
    adds and the sums of average pooling; ``multiply_adds`` scale and shift (batch norm); ``compares`` are those of
    max pooling and of piecewise linear activations; ``transcendentals`` are divisions, powers and exponentials.
    """

    macs: int = 0
    adds: int = 0
    multiply_adds: int = 0
    compares: int = 0
    transcendentals: int = 0


class Tensor(NamedTuple):
    """A tensor that a layer owns, under the name it has in the layer's state_dict."""

    name: str
    shape: Shape
    trainable: bool = True

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


class Layer(NamedTuple):
    """What to build in torch, as data: a dotted name, keyword arguments, and how it takes its inputs.

    ``call`` is ``module`` (a constructor; the instance is called with the inputs), ``function`` (called with the
    inputs and the arguments), ``list`` (a function of one list of inputs) or ``pairwise`` (a function of two inputs,
    folded from the left over more). ``operator`` is the statement of Python that does the same as a pairwise function
    and writes the result over the first input, such as ``+=``.
    """

    target: str
    arguments: dict[str, Any]
    call: Literal["module", "function", "list", "pairwise"] = "module"
    operator: str = ""
