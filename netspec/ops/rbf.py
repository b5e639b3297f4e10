"""Radial basis function units."""

from typing import ClassVar

from netspec.ops.facts import Cost, Example, Family, Layer, Shape, Tensor
from netspec.ops.fields import Count
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Operation, flat_only


class Rbf(Operation):
    """Squared Euclidean distance to ``out`` centres, which are fixed unless ``trainable``.

    The output units of LeCun et al. 1998, section II.B; centres start as random -1 or +1, which that paper names
    beside its drawn bitmaps.
    """

    word: ClassVar[str] = "rbf"
    family: ClassVar[Family] = Family.LINEAR
    example: ClassVar[Example] = Example(out=10)

    out: Count
    trainable: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """``(out,)``."""
        flat_only(self, inputs[0])
        return (self.out,)

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``centers`` of out x in."""
        return (Tensor("centers", (self.out, inputs[0][0]), trainable=self.trainable),)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """A subtraction, and a square added, for each element of the centres; distances are no MACs."""
        elements = output[0] * inputs[0][0]
        return Cost(adds=elements, multiply_adds=elements)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """Every difference to a centre."""
        return Saved(beside=Space(values=output[0] * inputs[0][0]))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The differences and their squares, before there is an output."""
        return Space(values=2 * output[0] * inputs[0][0] - output[0])

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours: torch has none."""
        arguments = {"features": inputs[0][0], "out": self.out, "trainable": self.trainable}
        return Layer("netspec.nn.layers.Rbf", arguments)

    def label(self, *inputs: Shape) -> str:
        """``RBF 10``."""
        return f"RBF {self.out}"
