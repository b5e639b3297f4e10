"""What acts in training only."""

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from netspec.ops.facts import Family, Shape
from netspec.ops.fields import Fraction
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Operation, free, torch_layer


class Dropout(Operation):
    """In training, zeroes each element with probability ``p`` and scales the rest (Srivastava et al. 2014)."""

    word: ClassVar[str] = "dropout"
    family: ClassVar[Family] = Family.REGULARISE
    example: ClassVar[Mapping[str, Any]] = {"p": 0.5}
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


class DropPath(Operation):
    """In training, zeroes whole images with probability ``p`` and scales the rest.

    Stochastic depth (Huang et al. 2016): at the end of a residual branch, it leaves the branch out for some images of
    a batch.
    """

    word: ClassVar[str] = "drop_path"
    family: ClassVar[Family] = Family.REGULARISE
    example: ClassVar[Mapping[str, Any]] = {"p": 0.1}
    cost = free
    layer = torch_layer("netspec.nn.layers.DropPath", "p")

    p: Fraction

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """A factor for each image."""
        return Saved(beside=Space(values=1 if self.p else 0))

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """In eval mode, and where nothing is dropped."""
        return not training or self.p == 0

    def label(self, *inputs: Shape) -> str:
        """``drop path 0.2``."""
        return f"drop path {self.p:g}"
