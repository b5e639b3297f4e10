"""Convolution, normalisation, activation."""

from typing import ClassVar

from netspec.blocks.block import Appender, Block, Chosen, follow
from netspec.graph.graph import Node
from netspec.ops.conv import Conv
from netspec.ops.facts import Example
from netspec.ops.fields import Count, Padding, Size
from netspec.ops.norm import BatchNorm
from netspec.ops.rectifier import Relu


class ConvNormAct(Block):
    """A convolution without bias, its normalisation and activation; names as in torchvision: ``conv``, ``bn``."""

    word: ClassVar[str] = "conv_norm_act"
    example: ClassVar[Example] = Example(out=64, kernel=3, padding=1)

    out: Count
    kernel: Size = 1
    stride: Size = 1
    padding: Padding = 0
    dilation: Size = 1
    groups: Count = 1
    bias: bool = False
    norm: Chosen = BatchNorm()
    activation: Chosen = Relu()

    def expand(self, graph: Appender, x: Node) -> Node:
        """``conv`` - norm - activation."""
        conv = Conv(
            out=self.out,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
        )
        x = graph.add("conv", conv, x)
        x = follow(graph, "bn", self.norm, x)
        return follow(graph, "act", self.activation, x)
