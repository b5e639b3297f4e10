"""The basic residual block (He et al. 2015, fig. 2 and 5 left)."""

from typing import ClassVar, Literal

from netspec.blocks.block import Appender, Block, Chosen, follow
from netspec.blocks.shortcut import Shortcut, shortcut
from netspec.graph.graph import Node
from netspec.ops.conv import Conv
from netspec.ops.facts import Example
from netspec.ops.fields import Count, Size
from netspec.ops.join import Add
from netspec.ops.norm import BatchNorm
from netspec.ops.rectifier import Relu


class Residual(Block):
    """Two 3x3 convolutions of ``width`` and a shortcut around them; ``stride_on`` places the stride in one of them."""

    word: ClassVar[str] = "residual"
    example: ClassVar[Example] = Example(width=64, stride=2)

    width: Count
    stride: Size = 1
    stride_on: Literal["conv1", "conv2"] = "conv1"
    shortcut: Shortcut = "projection"
    norm: Chosen = BatchNorm()
    activation: Chosen = Relu()

    def expand(self, graph: Appender, x: Node) -> Node:
        """conv1 - bn1 - relu1 - conv2 - bn2, plus the shortcut, then relu."""
        first, second = (self.stride, 1) if self.stride_on == "conv1" else (1, self.stride)
        y = graph.add("conv1", Conv(out=self.width, kernel=3, stride=first, padding=1, bias=False), x)
        y = follow(graph, "bn1", self.norm, y)
        y = follow(graph, "relu1", self.activation, y)
        y = graph.add("conv2", Conv(out=self.width, kernel=3, stride=second, padding=1, bias=False), y)
        y = follow(graph, "bn2", self.norm, y)
        if self.shortcut != "none":
            y = graph.add("add", Add(), y, shortcut(graph, x, self.shortcut, self.width, self.stride, self.norm))
        return follow(graph, "relu", self.activation, y)
