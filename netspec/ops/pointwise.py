"""A fully connected layer at each position of a map."""

from typing import ClassVar

from netspec.ops.facts import FLAT, Cost, Example, Layer, Shape, positions
from netspec.ops.linear import Linear
from netspec.ops.memory import MemoryOrder, Saved, Space, reordered


class Pointwise(Linear):
    """Fully connected layer with ``out`` features at each position: a 1x1 convolution with the weight of ``linear``."""

    word: ClassVar[str] = "pointwise"
    example: ClassVar[Example] = Example(out=256)
    overwritable: ClassVar[bool] = False
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.LAST

    def shape(self, *inputs: Shape) -> Shape:
        """``out`` channels, at the same positions."""
        return (self.out, *inputs[0][1:])

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each weight at each position."""
        elements = self.out * positions(output)
        return Cost(macs=elements * inputs[0][0], adds=elements if self.bias else 0)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, or its copy with the channels last."""
        return Saved(inputs=True)

    def reordered(self, *inputs: Shape) -> Space:
        """The input: a matrix product needs the numbers of a position beside each other."""
        return Space(values=reordered(inputs[0]))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Linear``; over maps a module of ours that moves the channels to the end for it, and back."""
        arguments = {"in_features": inputs[0][0], "out_features": self.out, "bias": self.bias}
        flat = len(inputs[0]) == FLAT
        return Layer("torch.nn.Linear" if flat else "netspec.nn.layers.Pointwise", arguments)
