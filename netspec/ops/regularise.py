"""What acts in training only."""

from math import prod
from typing import ClassVar

from netspec.ops.facts import Family, Shape
from netspec.ops.fields import Fraction
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Operation, free, torch_layer


class Dropout(Operation):
    """In training, zeroes each element with probability ``p`` and scales the rest (Srivastava et al. 2014)."""

    word: ClassVar[str] = "dropout"
    family: ClassVar[Family] = Family.REGULARISE
    cost = free
    layer = torch_layer("torch.nn.Dropout", "p")

    p: Fraction = 0.5

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The mask, as numbers of the values' type; CUDA has a byte for each element instead."""
        return Saved(beside=Space(values=prod(output) if 0 < self.p < 1 else 0))

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """In eval mode, and where nothing is dropped."""
        return not training or self.p == 0

    def label(self, *inputs: Shape) -> str:
        """``dropout 0.5``."""
        return f"dropout {self.p:g}"
