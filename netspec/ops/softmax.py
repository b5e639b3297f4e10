"""The softmaxes, along channels or features."""

from typing import ClassVar

from netspec.ops.activation import exponentiated
from netspec.ops.facts import Family, Layer, Shape
from netspec.ops.memory import MemoryOrder, output_saved
from netspec.ops.operation import Operation


class Softmax(Operation):
    """exp(x) over its sum, along the channels or features."""

    word: ClassVar[str] = "softmax"
    family: ClassVar[Family] = Family.ACTIVATION
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    cost = exponentiated
    saved_for_backward = output_saved

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Softmax`` over dimension 1."""
        return Layer("torch.nn.Softmax", {"dim": 1})


class LogSoftmax(Operation):
    """The logarithm of softmax, along the channels or features."""

    word: ClassVar[str] = "log_softmax"
    family: ClassVar[Family] = Family.ACTIVATION
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    cost = exponentiated
    saved_for_backward = output_saved

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.LogSoftmax`` over dimension 1."""
        return Layer("torch.nn.LogSoftmax", {"dim": 1})
