"""Fully connected layers, and the flattening before them."""

from math import prod
from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import Cost, Example, Family, Layer, Shape, Tensor, Window, shape_text
from netspec.ops.fields import Count, MapSize, Natural
from netspec.ops.memory import always, nothing_saved
from netspec.ops.operation import Operation, flat_only, follows, free, map_only
from netspec.ops.signal import Mix, Same


class Linear(Operation):
    """Fully connected layer with ``out`` features."""

    word: ClassVar[str] = "linear"
    family: ClassVar[Family] = Family.LINEAR
    example: ClassVar[Example] = Example(out=1000)
    overwritable: ClassVar[bool] = True
    signal = follows(Mix())

    out: Count
    bias: bool = True

    @property
    def adds_bias(self) -> bool:
        """``bias``."""
        return self.bias

    def shape(self, *inputs: Shape) -> Shape:
        """``(out,)``."""
        flat_only(self, inputs[0])
        return (self.out,)

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` of out x in, and ``bias``."""
        weight = Tensor("weight", (self.out, inputs[0][0]))
        return (weight, Tensor("bias", (self.out,))) if self.bias else (weight,)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each weight."""
        return Cost(macs=output[0] * inputs[0][0], adds=self.out if self.bias else 0)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Linear``."""
        arguments = {"in_features": inputs[0][0], "out_features": self.out, "bias": self.bias}
        return Layer("torch.nn.Linear", arguments)

    def label(self, *inputs: Shape) -> str:
        """``linear 1000``."""
        return f"{self.word} {self.out}"


class Flatten(Operation):
    """A feature map as one row of features, channel by channel.

    The last ``keep`` axes stay, and the others join the channels: a map of 512 x 2 x 30 becomes one of 1024 x 30.
    """

    word: ClassVar[str] = "flatten"
    family: ClassVar[Family] = Family.SHAPE
    saved_for_backward = nothing_saved
    is_view = always
    cost = free
    signal = follows(Same())

    keep: Natural = 0

    def shape(self, *inputs: Shape) -> Shape:
        """All elements, ``(channels x height x width,)`` on two axes, or all but for the axes that stay."""
        joined = map_only(self, inputs[0]) - self.keep
        if joined < 1:
            message = f"flatten cannot keep {self.keep} axes of {shape_text(inputs[0])}"
            raise Refusal("shape", message, "one axis at least joins the channels")
        return (prod(inputs[0][: 1 + joined]), *inputs[0][1 + joined :])

    def window(self, *inputs: Shape) -> Window:
        """The whole map: what reads flat features reads every position."""
        return Window.whole(inputs[0])

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Flatten``."""
        return Layer("torch.nn.Flatten", {"end_dim": -1 - self.keep} if self.keep else {})

    def label(self, *inputs: Shape) -> str:
        """``flatten``, ``flatten but 1``."""
        return "flatten" + (f" but {self.keep}" if self.keep else "")


class Unflatten(Operation):
    """Flat features as a map of the given ``size``, its channels and the positions on each axis: flatten undone."""

    word: ClassVar[str] = "unflatten"
    family: ClassVar[Family] = Family.SHAPE
    example: ClassVar[Example] = Example(size=[2, 2, 2])
    saved_for_backward = nothing_saved
    is_view = always
    cost = free

    size: MapSize

    def shape(self, *inputs: Shape) -> Shape:
        """``size``, which has as many elements as there are features."""
        features = flat_only(self, inputs[0])
        if prod(self.size) != features:
            message = f"unflatten to {shape_text(self.size)} takes {prod(self.size)} features, got {features}"
            raise Refusal("shape", message, "channels times positions must be the features")
        return self.size

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Unflatten``."""
        return Layer("torch.nn.Unflatten", {"dim": 1, "unflattened_size": self.size})

    def label(self, *inputs: Shape) -> str:
        """``unflatten to 128x7x7``."""
        return f"unflatten to {shape_text(self.size)}"
