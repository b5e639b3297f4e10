"""Elementwise arithmetic without weights."""

from typing import ClassVar

from netspec.ops.facts import Cost, Example, Family, Shape, positions
from netspec.ops.fields import Number
from netspec.ops.memory import MemoryOrder, nothing_saved
from netspec.ops.operation import Operation, follows, torch_layer
from netspec.ops.rectifier import compared
from netspec.ops.signal import Bend, SignalRule, Times


class Scale(Operation):
    """x times the constant ``factor``, such as 0.17 on residual branches of Inception-ResNet (Szegedy et al. 2016)."""

    word: ClassVar[str] = "scale"
    family: ClassVar[Family] = Family.ACTIVATION
    example: ClassVar[Example] = Example(factor=0.17)
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    saved_for_backward = nothing_saved
    layer = torch_layer("netspec.nn.layers.Scale", "factor")

    factor: Number

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiplication for each element."""
        return Cost(multiply_adds=output[0] * positions(output))

    def label(self, *inputs: Shape) -> str:
        """``scale by 0.17``."""
        return f"scale by {self.factor:g}"

    def signal(self, *inputs: Shape) -> SignalRule:
        """``factor``."""
        return Times(self.factor)


class Abs(Operation):
    """x without its sign."""

    word: ClassVar[str] = "abs"
    family: ClassVar[Family] = Family.ACTIVATION
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    signal = follows(Bend("abs"))
    layer = torch_layer("netspec.nn.layers.Abs")
