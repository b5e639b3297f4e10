"""Joins that leave out paths in training."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from netspec.facts import Cost, Family, Layer, Shape, positions
from netspec.ops.join import equal
from netspec.ops.operation import Fraction, Operation
from netspec.ops.space import Space, nothing_kept


class DropPathMean(Operation):
    """Elementwise mean; in training, of the inputs that are left when each is dropped with probability ``p``.

    One input always stays, drawn at random where all would go: local drop-path of Larsson et al. 2017, section 3.
    """

    word: ClassVar[str] = "drop_path_mean"
    family: ClassVar[Family] = Family.JOIN
    joins: ClassVar[bool] = True
    overwritable: ClassVar[bool] = True
    shape = equal
    kept = nothing_kept

    p: Fraction = 0.15

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add for each element and each input after the first, and one division: eval mode leaves nothing out."""
        elements = output[0] * positions(output)
        return Cost(adds=(len(inputs) - 1) * elements, transcendentals=elements)

    def scratch(self, output: Shape, *inputs: Shape) -> Space:
        """In eval mode the sum so far, beside the next one or the mean."""
        return Space(values=prod(output)) if len(inputs) > 1 else Space()

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours: torch has none."""
        return Layer("netspec.nn.modules.DropPathMean", {"p": self.p})

    def label(self) -> str:
        """``mean, drop path 0.15``."""
        return f"mean, drop path {self.p:g}"
