"""Blocks: recipes of operations, one file each; this table gives each its name."""

from netspec.blocks.block import Block
from netspec.blocks.bottleneck import Bottleneck
from netspec.blocks.conv_norm_act import ConvNormAct
from netspec.blocks.dense import Dense
from netspec.blocks.inception import Inception
from netspec.blocks.residual import Residual
from netspec.blocks.transition import Transition

__all__ = ["BLOCKS", "Block"]

BLOCKS: dict[str, type[Block]] = {
    "conv_norm_act": ConvNormAct,
    "residual": Residual,
    "bottleneck": Bottleneck,
    "dense": Dense,
    "transition": Transition,
    "inception": Inception,
}
"""Word in a spec -> block class."""
