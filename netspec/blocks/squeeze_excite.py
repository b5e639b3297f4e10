"""Squeeze-and-excitation (Hu et al. 2018, fig. 2 and 3)."""

from typing import ClassVar

from netspec.blocks.block import Appender, Block, Chosen, follow
from netspec.graph.graph import Node
from netspec.ops.activation import Sigmoid
from netspec.ops.conv import Conv
from netspec.ops.facts import Example
from netspec.ops.fields import Count
from netspec.ops.join import Multiply
from netspec.ops.pool import AdaptiveAvgPool
from netspec.ops.rectifier import Relu


class SqueezeExcite(Block):
    """Each channel times a number that ``gate`` makes of the means of all channels, by way of ``width`` channels.

    Names as in torchvision.
    """

    word: ClassVar[str] = "squeeze_excite"
    example: ClassVar[Example] = Example(width=16)

    width: Count
    activation: Chosen = Relu()
    gate: Chosen = Sigmoid()

    def expand(self, graph: Appender, x: Node) -> Node:
        """Avgpool - fc1 - activation - fc2 - scale_activation, and the product with ``x``."""
        y = graph.add("avgpool", AdaptiveAvgPool(out=1), x)
        y = graph.add("fc1", Conv(out=self.width, kernel=1), y)
        y = follow(graph, "activation", self.activation, y)
        y = graph.add("fc2", Conv(out=x.shape[0], kernel=1), y)
        y = follow(graph, "scale_activation", self.gate, y)
        return graph.add("multiply", Multiply(), x, y)
