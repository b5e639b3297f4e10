"""A stage of dense layers (Huang et al. 2017, section 3 and table 1)."""

from typing import ClassVar

from netspec.blocks.block import Appender, Block, Chosen, follow
from netspec.graph.graph import Node
from netspec.ops.conv import Conv
from netspec.ops.facts import Example
from netspec.ops.fields import Count, Fraction, Natural
from netspec.ops.join import Concat
from netspec.ops.norm import BatchNorm
from netspec.ops.rectifier import Relu
from netspec.ops.regularise import Dropout


class Dense(Block):
    """``layers`` dense layers; each adds ``growth_rate`` channels to what it reads.

    With ``bottleneck`` a 1x1 convolution to ``bottleneck`` x ``growth_rate`` channels comes first (DenseNet-B); 0 is
    without. ``dropout`` follows each convolution that adds channels.
    """

    word: ClassVar[str] = "dense"
    example: ClassVar[Example] = Example(growth_rate=32, layers=6)

    layers: Count
    growth_rate: Count
    bottleneck: Natural = 0
    dropout: Fraction = 0.0
    norm: Chosen = BatchNorm()
    activation: Chosen = Relu()

    def expand(self, graph: Appender, x: Node) -> Node:
        """denselayer1, denselayer2, ... each norm - relu - conv once or twice, concatenated to its input."""
        for index in range(self.layers):
            name = f"denselayer{index + 1}"
            with graph.within(name, "dense layer", index=index, count=self.layers):
                y = self._convolved(graph, x, "1", 1, self.bottleneck * self.growth_rate) if self.bottleneck else x
                y = self._convolved(graph, y, "2" if self.bottleneck else "1", 3, self.growth_rate)
                y = graph.add("dropout", Dropout(p=self.dropout), y) if self.dropout else y
                x = graph.add("concat", Concat(), x, y)
        return x

    def _convolved(self, graph: Appender, x: Node, number: str, kernel: int, out: int) -> Node:
        x = follow(graph, f"norm{number}", self.norm, x)
        x = follow(graph, f"relu{number}", self.activation, x)
        conv = Conv(out=out, kernel=kernel, padding=kernel // 2, bias=False)
        return graph.add(f"conv{number}", conv, x)
