"""The shortcut of residual blocks: options A, B and C of He et al. 2015, section 4.1."""

from typing import Literal

from netspec.blocks.block import follow
from netspec.graph.builder import GraphBuilder
from netspec.graph.graph import Node
from netspec.ops.conv import Conv
from netspec.ops.facts import PerAxis, each
from netspec.ops.operation import Operation
from netspec.ops.shortcut import PadShortcut

Shortcut = Literal["identity", "pad", "projection", "projection_always", "none"]
"""``pad`` is option A, ``projection`` B, ``projection_always`` C; ``none`` makes the block plain."""


def shortcut(
    graph: GraphBuilder, x: Node, kind: Shortcut, out: int, stride: int | PerAxis, norm: Operation | None
) -> Node:
    """``x`` brought to ``out`` channels and through ``stride`` in the way ``kind`` says.

    A projection is called ``downsample.0`` and its normalisation ``downsample.1``, as in torchvision.
    """
    changes = x.shape[0] != out or any(step > 1 for step in each(stride, len(x.shape) - 1))
    if kind == "projection_always" or (kind == "projection" and changes):
        with graph.within("downsample", "projection"):
            x = graph.add("0", Conv(out=out, kernel=1, stride=stride, bias=False), x)
            return follow(graph, "1", norm, x)
    if kind == "pad" and changes:
        return graph.add("downsample", PadShortcut(out=out, stride=stride), x)
    return x
