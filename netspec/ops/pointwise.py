"""A fully connected layer at each position of a map."""

from math import prod
from typing import ClassVar

from netspec.ops.facts import FLAT, Cost, Example, Layer, Shape, positions
from netspec.ops.linear import Linear
from netspec.ops.memory import Saved, Space


def copied(shape: Shape) -> int:
    """Elements of a copy with the channels last in memory; 0 where one channel or one position needs none."""
    return prod(shape) if min(shape[0], positions(shape)) > 1 else 0


class Pointwise(Linear):
    """Fully connected layer with ``out`` features at each position: a 1x1 convolution with the weight of ``linear``."""

    word: ClassVar[str] = "pointwise"
    example: ClassVar[Example] = Example(out=256)
    overwritable: ClassVar[bool] = False

    def shape(self, *inputs: Shape) -> Shape:
        """``out`` channels, at the same positions."""
        return (self.out, *inputs[0][1:])

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each weight at each position."""
        elements = self.out * positions(output)
        return Cost(macs=elements * inputs[0][0], adds=elements if self.bias else 0)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, or its copy with the channels last."""
        copy = copied(inputs[0])
        return Saved(inputs=not copy, beside=Space(values=copy))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The copy of the input, then the output before its channels come first again."""
        return Space(values=max(copied(inputs[0]), copied(output)))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Linear``; over maps a module of ours that moves the channels to the end for it, and back."""
        arguments = {"in_features": inputs[0][0], "out_features": self.out, "bias": self.bias}
        flat = len(inputs[0]) == FLAT
        return Layer("torch.nn.Linear" if flat else "netspec.nn.layers.Pointwise", arguments)
