"""The words that operations speak in: shapes, windows, costs, tensors, and layers as data."""

from __future__ import annotations

from enum import Enum
from math import prod
from typing import Any, Literal, NamedTuple

Shape = tuple[int, ...]
"""The shape of one image's features: ``(channels, height, width)``, or ``(features,)`` once flat."""

Pair = tuple[int, int]
"""One number for each axis: height first, then width."""


def square(size: int) -> Pair:
    """``size`` on both axes."""
    return (size, size)


FLAT, MAP = 1, 3  # how many numbers the two kinds of shape have


def shape_text(shape: Shape) -> str:
    """``64x56x56``: a shape as people write it."""
    return "x".join(str(size) for size in shape)


def positions(shape: Shape) -> int:
    """How many positions a feature map has (height x width); 1 for flat features."""
    return prod(shape[1:])


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

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Pair = (0, 0)

    @classmethod
    def whole(cls, shape: Shape) -> Window:
        """A window over everything: what global pooling, flattening and linear layers see."""
        size = (shape[1], shape[2]) if len(shape) == MAP else (1, 1)
        return cls(kernel=size, stride=size)


POINT = Window()
"""One position sees the same position: activations, norms, joins."""


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
    folded from the left over more).
    """

    target: str
    arguments: dict[str, Any]
    call: Literal["module", "function", "list", "pairwise"] = "module"
