"""Fully connected layers, and the flattening before them."""

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape, Tensor, Window
from netspec.ops.fields import Count
from netspec.ops.memory import always, nothing_saved
from netspec.ops.operation import Operation, flat_only, free, map_only, torch_layer


class Linear(Operation):
    """Fully connected layer with ``out`` features."""

    word: ClassVar[str] = "linear"
    family: ClassVar[Family] = Family.LINEAR
    example: ClassVar[Mapping[str, Any]] = {"out": 1000}
    overwritable: ClassVar[bool] = True

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
        return f"linear {self.out}"


class Flatten(Operation):
    """A feature map as one row of features, channel by channel."""

    word: ClassVar[str] = "flatten"
    family: ClassVar[Family] = Family.SHAPE
    saved_for_backward = nothing_saved
    is_view = always
    cost = free
    layer = torch_layer("torch.nn.Flatten")

    def shape(self, *inputs: Shape) -> Shape:
        """All elements: ``(channels x height x width,)`` on two axes."""
        map_only(self, inputs[0])
        return (prod(inputs[0]),)

    def window(self, *inputs: Shape) -> Window:
        """The whole map: what reads flat features reads every position."""
        return Window.whole(inputs[0])
