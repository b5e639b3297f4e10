"""What acts in training only."""

from typing import ClassVar

from netspec.facts import Cost, Family, Layer, Shape
from netspec.ops.operation import Fraction, Operation


class Dropout(Operation):
    """In training, zeroes each element with probability ``p`` and scales the rest (Srivastava et al. 2014)."""

    word: ClassVar[str] = "dropout"
    family: ClassVar[Family] = Family.REGULARISE

    p: Fraction = 0.5

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Nothing is computed in eval mode."""
        return Cost()

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Dropout``."""
        return Layer("torch.nn.Dropout", {"p": self.p})

    def label(self) -> str:
        """``dropout 0.5``."""
        return f"dropout {self.p:g}"
