"""Joins that leave out paths in training, and the draw that they can share (Larsson et al. 2017, section 3)."""

from math import prod
from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import FLAT, Cost, Example, Family, Layer, Shape, positions
from netspec.ops.fields import Count, Fraction, Natural
from netspec.ops.join import Join
from netspec.ops.memory import MemoryOrder, Space, nothing_saved
from netspec.ops.operation import Operation, free, torch_layer


class DrawColumn(Operation):
    """One of ``columns`` for a whole forward pass: 1 for it and 0 for the others, the same for every image.

    Drawn with probability ``p`` in training; otherwise, and in eval mode, all are 1. Joins that read it keep to the
    drawn column: global drop-path.
    """

    word: ClassVar[str] = "draw_column"
    family: ClassVar[Family] = Family.REGULARISE
    example: ClassVar[Example] = Example(columns=4)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    cost = free
    layer = torch_layer("netspec.nn.layers.DrawColumn", "columns", "p")

    columns: Count
    p: Fraction = 0.5

    def shape(self, *inputs: Shape) -> Shape:
        """``(columns,)``, whatever it reads."""
        return (self.columns,)

    def differentiable_inputs(self, *inputs: Shape) -> int:
        """None: of its input only size and type are read."""
        return 0

    def label(self, *inputs: Shape) -> str:
        """``draw one of 3 columns``."""
        return f"draw one of {self.columns} columns"


class DropPathMean(Join):
    """Elementwise mean; in training, of the inputs that are left when each is dropped with probability ``p``.

    One input always stays, drawn at random where all would go: local drop-path. A last input that is flat is a
    ``draw_column``, of which the others are the columns ``first``, ``first`` + 1, ...: where one of them is drawn, it
    alone is left.
    """

    word: ClassVar[str] = "drop_path_mean"
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved

    p: Fraction = 0.15
    first: Natural = 0

    def shape(self, *inputs: Shape) -> Shape:
        """The one shape of all inputs but a draw."""
        paths = self.paths(*inputs)
        if len(paths) < len(inputs) and inputs[-1][0] < self.first + len(paths):
            message = f"drop_path_mean reads columns {self.first} to {self.first + len(paths) - 1} of {inputs[-1][0]}"
            raise Refusal("shape", message, "they are counted from 0, and 'draw_column' says how many there are")
        return super().shape(*paths)

    def paths(self, *inputs: Shape) -> tuple[Shape, ...]:
        """The inputs without the draw."""
        drawn = len(inputs) > 1 and len(inputs[-1]) == FLAT < len(inputs[0])
        return inputs[:-1] if drawn else inputs

    def differentiable_inputs(self, *inputs: Shape) -> int:
        """The paths: the draw chooses among them."""
        return len(self.paths(*inputs))

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add for each element and each input after the first, and one division: eval mode leaves nothing out."""
        elements = output[0] * positions(output)
        return Cost(adds=(len(self.paths(*inputs)) - 1) * elements, transcendentals=elements)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """In eval mode the sum so far, beside the next one or the mean."""
        return Space(values=prod(output)) if len(self.paths(*inputs)) > 1 else Space()

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours: torch has none."""
        drawn = self.paths(*inputs) != inputs
        return Layer("netspec.nn.layers.DropPathMean", {"p": self.p, "first": self.first if drawn else None})

    def label(self, *inputs: Shape) -> str:
        """``mean, drop path 0.15``."""
        return f"mean, drop path {self.p:g}"
