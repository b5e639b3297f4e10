"""Blocks: recipes of operations, one file each; this table gives each its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.ops.lazy_table import LazyTable

if TYPE_CHECKING:
    from netspec.blocks.block import Block

BLOCKS: LazyTable[Block] = LazyTable(
    {
        "conv_norm_act": "netspec.blocks.conv_norm_act:ConvNormAct",
        "residual": "netspec.blocks.residual:Residual",
        "bottleneck": "netspec.blocks.bottleneck:Bottleneck",
        "dense": "netspec.blocks.dense:Dense",
        "transition": "netspec.blocks.transition:Transition",
        "inception": "netspec.blocks.inception:Inception",
        "shared": "netspec.blocks.shared:Shared",
        "squeeze_excite": "netspec.blocks.squeeze_excite:SqueezeExcite",
    }
)
"""Word in a spec -> block class."""
