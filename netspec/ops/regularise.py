"""What acts in training only."""

from math import prod
from typing import ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Fraction, Operation


class Dropout(Operation):
    """In training, zeroes each element with probability ``p`` and scales the rest (Srivastava et al. 2014)."""

    word: ClassVar[str] = "dropout"
    family: ClassVar[Family] = Family.REGULARISE

    p: Fraction = 0.5

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Nothing is computed in eval mode."""
        return Cost()

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The mask, as numbers of the values' type; CUDA has a byte for each element instead."""
        return Saved(beside=Space(values=prod(output) if 0 < self.p < 1 else 0))

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """In eval mode, and where nothing is dropped."""
        return not training or self.p == 0

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Dropout``."""
        return Layer("torch.nn.Dropout", {"p": self.p})

    def label(self, *inputs: Shape) -> str:
        """``dropout 0.5``."""
        return f"dropout {self.p:g}"
