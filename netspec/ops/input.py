"""The network's input, so that every pass finds it in the graph like any other node."""

from typing import ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape
from netspec.ops.memory import nothing_saved
from netspec.ops.operation import Operation


class Input(Operation):
    """One image; not a word of the language: every network begins with it."""

    word: ClassVar[str] = "input"
    family: ClassVar[Family] = Family.INPUT
    saved_for_backward = nothing_saved

    size: tuple[int, ...]

    def shape(self, *inputs: Shape) -> Shape:
        """``size``."""
        return self.size

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Nothing is computed."""
        return Cost()

    def layer(self, *inputs: Shape) -> Layer:
        """What is given to the module, unchanged."""
        return Layer("torch.nn.Identity", {})
