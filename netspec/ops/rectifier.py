"""Rectified linear units and what they count: a compare for each element."""

from typing import ClassVar

from netspec.ops.facts import Cost, Example, Family, Layer, Shape, Tensor, positions
from netspec.ops.fields import Number
from netspec.ops.memory import MemoryOrder, output_saved
from netspec.ops.operation import Operation, follows, torch_layer
from netspec.ops.signal import Bend, Rectify, RectifyBy, SignalRule


def compared(_: Operation, output: Shape, *inputs: Shape) -> Cost:
    """One compare for each element: piecewise linear functions."""
    return Cost(compares=output[0] * positions(output))


class Relu(Operation):
    """max(x, 0)."""

    word: ClassVar[str] = "relu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    signal = follows(Rectify())
    saved_for_backward = output_saved
    layer = torch_layer("torch.nn.ReLU")

    @property
    def in_place(self) -> bool:
        """Always."""
        return True

    def label(self, *inputs: Shape) -> str:
        """``ReLU``."""
        return "ReLU"


class Relu6(Operation):
    """min(max(x, 0), 6). Never in place: torch would keep a copy of the input for the gradient."""

    word: ClassVar[str] = "relu6"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    signal = follows(Bend("relu6"))
    layer = torch_layer("torch.nn.ReLU6")


class LeakyRelu(Operation):
    """x where positive, ``slope`` times x elsewhere."""

    word: ClassVar[str] = "leaky_relu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    example: ClassVar[Example] = Example(slope=0.1)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    layer = torch_layer("torch.nn.LeakyReLU", negative_slope="slope")

    slope: Number = 0.01

    @property
    def in_place(self) -> bool:
        """Not with a negative slope, whose gradient needs the input."""
        return self.slope >= 0

    def signal(self, *inputs: Shape) -> SignalRule:
        """``slope``."""
        return Rectify(self.slope)


class Prelu(Operation):
    """x where positive, a trainable slope times x elsewhere (He et al. 2015).

    ``per_channel``: whether each channel has a slope of its own.
    """

    word: ClassVar[str] = "prelu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    signal = follows(RectifyBy())

    per_channel: bool = False

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight``: the slopes."""
        return (Tensor("weight", (inputs[0][0] if self.per_channel else 1,)),)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.PReLU``."""
        return Layer("torch.nn.PReLU", {"num_parameters": inputs[0][0] if self.per_channel else 1})
