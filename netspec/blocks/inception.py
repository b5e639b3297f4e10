"""The inception module with four branches (Szegedy et al. 2015, fig. 2b and table 1)."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Discriminator, Tag

from netspec.blocks.block import Appender, Block, Chosen
from netspec.blocks.conv_norm_act import ConvNormAct
from netspec.graph.graph import Node
from netspec.ops.facts import Example, each
from netspec.ops.fields import Count, listed, one_or_each
from netspec.ops.join import Concat
from netspec.ops.norm import BatchNorm
from netspec.ops.pool import MaxPool
from netspec.ops.rectifier import Relu

_Both = Annotated[tuple[Count, Count], BeforeValidator(listed)]
Widths = Annotated[Annotated[Count, Tag("one")] | Annotated[_Both, Tag("each")], Discriminator(one_or_each)]
"""Channels after the reduction and after the convolution; one number is both."""


class Inception(Block):
    """1x1 | 1x1 - 3x3 | 1x1 - 5x5 | 3x3 max pooling - 1x1, concatenated; a row of the paper's table 1.

    ``conv1`` and ``pool`` are the widths of the first and the last branch.

    ``conv3`` and ``conv5`` are pairs: the reduction before the convolution, and its own width. ``kernel5: 3`` puts a
    3x3 in place of the 5x5, as the widely used TensorFlow and torchvision models do. Names as in torchvision.
    """

    word: ClassVar[str] = "inception"
    example: ClassVar[Example] = Example(conv1=64, conv3=[96, 128], conv5=[16, 32], pool=32)

    conv1: Count
    conv3: Widths
    conv5: Widths
    pool: Count
    kernel5: Count = 5
    bias: bool = False
    norm: Chosen = BatchNorm()
    activation: Chosen = Relu()

    def expand(self, graph: Appender, x: Node) -> Node:
        """branch1 to branch4, then concat."""
        branches = [self._conv(graph, "branch1", x, self.conv1, 1)]
        for name, widths, kernel in (("branch2", self.conv3, 3), ("branch3", self.conv5, self.kernel5)):
            reduce, out = each(widths, 2)
            with graph.within(name, "branch"):
                y = self._conv(graph, "0", x, reduce, 1)
                branches.append(self._conv(graph, "1", y, out, kernel))
        with graph.within("branch4", "branch"):
            y = graph.add("0", MaxPool(kernel=3, stride=1, padding=1, ceil=True), x)
            branches.append(self._conv(graph, "1", y, self.pool, 1))
        return graph.add("concat", Concat(), *branches)

    def _conv(self, graph: Appender, name: str, x: Node, out: int, kernel: int) -> Node:
        block = ConvNormAct(
            out=out,
            kernel=kernel,
            padding=kernel // 2,
            bias=self.bias,
            norm=self.norm,
            activation=self.activation,
        )
        with graph.within(name, block.word):
            return block.expand(graph, x)
