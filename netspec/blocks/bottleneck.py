"""The bottleneck block (He et al. 2015, fig. 5 right; with groups, Xie et al. 2017, fig. 3c)."""

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


class Bottleneck(Block):
    """1x1 to ``inner`` channels, 3x3, 1x1 to ``width`` x ``expansion``, and a shortcut around them.

    ``inner`` is ``width`` unless given. ``stride_on`` places the stride in the 3x3 (conv2, most implementations) or in
    the first 1x1 (conv1, the paper).
    """

    word: ClassVar[str] = "bottleneck"
    example: ClassVar[Example] = Example(width=64, stride=2)

    width: Count
    stride: Size = 1
    expansion: Count = 4
    inner: Count | None = None
    groups: Count = 1
    stride_on: Literal["conv1", "conv2"] = "conv2"
    shortcut: Shortcut = "projection"
    norm: Chosen = BatchNorm()
    activation: Chosen = Relu()

    def expand(self, graph: Appender, x: Node) -> Node:
        """Three convolutions with norms, plus the shortcut, then relu."""
        inner, out = self.inner or self.width, self.width * self.expansion
        first, second = (self.stride, 1) if self.stride_on == "conv1" else (1, self.stride)
        y = graph.add("conv1", Conv(out=inner, kernel=1, stride=first, bias=False), x)
        y = follow(graph, "bn1", self.norm, y)
        y = follow(graph, "relu1", self.activation, y)
        conv2 = Conv(out=inner, kernel=3, stride=second, padding=1, groups=self.groups, bias=False)
        y = graph.add("conv2", conv2, y)
        y = follow(graph, "bn2", self.norm, y)
        y = follow(graph, "relu2", self.activation, y)
        y = graph.add("conv3", Conv(out=out, kernel=1, bias=False), y)
        y = follow(graph, "bn3", self.norm, y)
        if self.shortcut != "none":
            y = graph.add("add", Add(), y, shortcut(graph, x, self.shortcut, out, self.stride, self.norm))
        return follow(graph, "relu", self.activation, y)
