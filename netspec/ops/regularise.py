"""What acts in training only."""

from math import prod
from typing import ClassVar

from netspec.ops.facts import Example, Family, Layer, Shape
from netspec.ops.fields import Fraction
from netspec.ops.memory import MemoryOrder, Saved, Space
from netspec.ops.operation import Operation, free, map_only, torch_layer
from netspec.ops.signal import Drop, SignalRule


class Dropout(Operation):
    """In training, zeroes each element with probability ``p`` and scales the rest (Srivastava et al. 2014).

    With ``channels`` it is each channel that is zeroed or not, the whole map of it (Tompson et al. 2015).
    """

    word: ClassVar[str] = "dropout"
    family: ClassVar[Family] = Family.REGULARISE
    example: ClassVar[Example] = Example(p=0.5)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = free

    p: Fraction = 0.5
    channels: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """Unchanged; whole channels are those of a map."""
        if self.channels:
            map_only(self, inputs[0])
        return inputs[0]

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The mask, as numbers of the values' type; of single elements CUDA has a byte for each instead."""
        return Saved(beside=Space(values=prod(output[:1] if self.channels else output) if 0 < self.p < 1 else 0))

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """In eval mode, and where nothing is dropped."""
        return not training or self.p == 0

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Dropout``; of whole channels ``torch.nn.Dropout2d`` on two axes."""
        whole = f"{len(inputs[0]) - 1}d" if self.channels else ""
        return Layer(f"torch.nn.Dropout{whole}", {"p": self.p})

    def signal(self, *inputs: Shape) -> SignalRule:
        """``p``."""
        return Drop(self.p, whole=self.channels)

    def label(self, *inputs: Shape) -> str:
        """``dropout 0.5``, ``dropout 0.5 of channels``."""
        return f"dropout {self.p:g}" + (" of channels" if self.channels else "")


class DropPath(Operation):
    """In training, zeroes whole images with probability ``p`` and scales the rest.

    Stochastic depth (Huang et al. 2016): at the end of a residual branch, it leaves the branch out for some images of
    a batch.
    """

    word: ClassVar[str] = "drop_path"
    family: ClassVar[Family] = Family.REGULARISE
    example: ClassVar[Example] = Example(p=0.1)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = free
    layer = torch_layer("netspec.nn.layers.DropPath", "p")

    p: Fraction

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """A factor for each image."""
        return Saved(beside=Space(values=1 if self.p else 0))

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """In eval mode, and where nothing is dropped."""
        return not training or self.p == 0

    def signal(self, *inputs: Shape) -> SignalRule:
        """``p``."""
        return Drop(self.p, whole=True)

    def label(self, *inputs: Shape) -> str:
        """``drop path 0.2``."""
        return f"drop path {self.p:g}"
