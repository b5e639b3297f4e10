"""The words that operations speak in: shapes, windows, costs, tensors, and layers as data."""

from __future__ import annotations

from enum import Enum
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

Shape = tuple[int, ...]
"""The shape of one image's features: ``(channels, *sizes)`` in torch's order, or ``(features,)`` once flat."""

PerAxis = tuple[int, ...]
"""One number for each axis of a map, in the order of its shape: height before width."""

Exact: TypeAlias = "int | Fraction"
"""A distance between places: a plain integer wherever it is whole, a fraction behind what upsamples."""
ExactPerAxis: TypeAlias = "tuple[Exact, ...]"
"""An exact number for each axis."""

FLAT = 1
"""Numbers in a shape without axes."""
MAP = 3
"""Numbers in the shape of an image: channels, height, width."""


def shape_text(shape: ExactPerAxis) -> str:
    """``64x56x56``: a shape as people write it."""
    return "x".join(str(size) for size in shape)


def positions(shape: Shape) -> int:
    """How many positions a feature map has, height x width on two axes; 1 for flat features."""
    return prod(shape[1:])


def each(value: int | PerAxis, axes: int) -> PerAxis:
    """A parameter on each of ``axes``: one number is that of all."""
    return (value,) * axes if isinstance(value, int) else value


def brief(values: ExactPerAxis) -> str:
    """``3``, ``3x5`` or ``1/2``: one number where that is the one of all axes."""
    return "x".join([str(value) for value in (values[:1] if len(set(values)) == 1 else values)])


class Example(dict[str, Any]):
    """Parameters of a typical use of a word, for the reference.

    A class of its own: pydantic works out each annotation again for every class below, and each part of a type.
    """


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
    PARAMETER = "parameter"
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


class Extent(NamedTuple):
    """What positions see on one axis: position ``u`` sees ``size`` elements from ``u * jump + start`` on.

    These need not be whole: ends between elements stand for the next element inside. With a ``jump`` of 0 every
    position sees the same.
    """

    size: Exact
    jump: Exact
    start: Exact

    def through(self, window: Window, axis: int) -> Extent:
        """What the positions of a window over these positions see."""
        jump = self.jump
        size = self.size + window.dilation[axis] * (window.kernel[axis] - 1) * jump
        found = Extent(size, jump * window.stride[axis], self.start - window.padding[axis] * jump)
        return found if type(jump) is int else found.in_lowest_terms()

    def behind(self, other: Extent) -> Extent:
        """What positions see of elements that themselves see what ``other`` says."""
        jump = other.jump
        size = (self.size - 1) * jump + other.size
        return Extent(size, self.jump * jump, self.start * jump + other.start).in_lowest_terms()

    def in_lowest_terms(self) -> Extent:
        """The same with plain integers wherever a number is whole."""
        return Extent(lowest(self.size), lowest(self.jump), lowest(self.start))


def lowest(value: Exact) -> Exact:
    """``value``, as a plain integer if it is whole."""
    return value.numerator if value.denominator == 1 else value


def amount(value: Exact) -> str:
    """``1,963`` or ``5/2``: thousands separated, exact where it is no whole number."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def plain(value: Exact | float) -> int | float:
    """``value`` for a program that reads decimals: whole if it is, else as near as a float can be."""
    return value if isinstance(value, int) else float(value)


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


def key(layer: str, tensor: str) -> str:
    """What a tensor is called in a state_dict: by its layer and its own name, or as the layer that it is itself."""
    return f"{layer}.{tensor}" if tensor else layer


class Tensor(NamedTuple):
    """A tensor that a layer owns, under the name it has in the layer's state_dict; empty where it is the layer."""

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
    inputs and the arguments), ``list`` (a function of one list of inputs), ``pairwise`` (a function of two inputs,
    folded from the left over more, that repeats one without a batch for each image) or ``parameter`` (a function that
    makes a tensor, which the module around it owns). ``operator`` is the statement of Python that does the same as a
    pairwise function and writes the result over the first input, such as ``+=``. ``axes`` says of each input how many
    axes of one position it gets behind its own; empty where none gets any.
    """

    target: str
    arguments: dict[str, Any]
    call: Literal["module", "function", "list", "pairwise", "parameter"] = "module"
    operator: str = ""
    axes: tuple[int, ...] = ()
