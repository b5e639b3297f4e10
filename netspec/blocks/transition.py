"""The transition between dense stages (Huang et al. 2017, section 3, "Pooling layers" and "Compression")."""

import math
from typing import Annotated, ClassVar

from pydantic import Field

from netspec.blocks.block import Appender, Block, Chosen, follow
from netspec.graph.graph import Node
from netspec.ops.conv import Conv
from netspec.ops.fields import Fraction
from netspec.ops.norm import BatchNorm
from netspec.ops.pool import AvgPool
from netspec.ops.rectifier import Relu
from netspec.ops.regularise import Dropout


class Transition(Block):
    """Norm, activation, 1x1 convolution to ``compression`` of the channels, rounded down, 2x2 average pooling.

    ``dropout`` follows the convolution.
    """

    word: ClassVar[str] = "transition"

    compression: Annotated[float, Field(gt=0, le=1)] = 0.5
    dropout: Fraction = 0.0
    norm: Chosen = BatchNorm()
    activation: Chosen = Relu()

    def expand(self, graph: Appender, x: Node) -> Node:
        """``norm`` - ``relu`` - conv - pool."""
        out = max(1, math.floor(x.shape[0] * self.compression))
        x = follow(graph, "norm", self.norm, x)
        x = follow(graph, "relu", self.activation, x)
        x = graph.add("conv", Conv(out=out, kernel=1, bias=False), x)
        x = graph.add("dropout", Dropout(p=self.dropout), x) if self.dropout else x
        return graph.add("pool", AvgPool(kernel=2), x)
