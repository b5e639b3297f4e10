"""Operations: one file each, or a family that differs in one word; this table gives each its name."""

from netspec.ops.lazy_table import LazyTable
from netspec.ops.operation import Operation

__all__ = ["OPERATIONS", "Operation"]

OPERATIONS: LazyTable[Operation] = LazyTable(
    {
        "conv": "netspec.ops.conv:Conv",
        "max_pool": "netspec.ops.pool:MaxPool",
        "avg_pool": "netspec.ops.pool:AvgPool",
        "adaptive_avg_pool": "netspec.ops.pool:AdaptiveAvgPool",
        "adaptive_max_pool": "netspec.ops.pool:AdaptiveMaxPool",
        "global_avg_pool": "netspec.ops.global_pool:GlobalAvgPool",
        "linear": "netspec.ops.linear:Linear",
        "pointwise": "netspec.ops.pointwise:Pointwise",
        "flatten": "netspec.ops.linear:Flatten",
        "rbf": "netspec.ops.rbf:Rbf",
        "batch_norm": "netspec.ops.norm:BatchNorm",
        "group_norm": "netspec.ops.image_norm:GroupNorm",
        "instance_norm": "netspec.ops.image_norm:InstanceNorm",
        "layer_norm": "netspec.ops.image_norm:LayerNorm",
        "local_response_norm": "netspec.ops.norm:LocalResponseNorm",
        "channel_scale": "netspec.ops.norm:ChannelScale",
        "dropout": "netspec.ops.regularise:Dropout",
        "drop_path": "netspec.ops.regularise:DropPath",
        "relu": "netspec.ops.rectifier:Relu",
        "relu6": "netspec.ops.rectifier:Relu6",
        "leaky_relu": "netspec.ops.rectifier:LeakyRelu",
        "prelu": "netspec.ops.rectifier:Prelu",
        "elu": "netspec.ops.activation:Elu",
        "selu": "netspec.ops.activation:Selu",
        "gelu": "netspec.ops.activation:Gelu",
        "silu": "netspec.ops.activation:Silu",
        "mish": "netspec.ops.activation:Mish",
        "softplus": "netspec.ops.activation:Softplus",
        "hardswish": "netspec.ops.activation:Hardswish",
        "hardsigmoid": "netspec.ops.activation:Hardsigmoid",
        "sigmoid": "netspec.ops.activation:Sigmoid",
        "tanh": "netspec.ops.activation:Tanh",
        "scaled_tanh": "netspec.ops.activation:ScaledTanh",
        "softmax": "netspec.ops.softmax:Softmax",
        "log_softmax": "netspec.ops.softmax:LogSoftmax",
        "scale": "netspec.ops.arithmetic:Scale",
        "abs": "netspec.ops.arithmetic:Abs",
        "add": "netspec.ops.join:Add",
        "subtract": "netspec.ops.join:Subtract",
        "max": "netspec.ops.join:Max",
        "mean": "netspec.ops.join:Mean",
        "drop_path_mean": "netspec.ops.drop_path:DropPathMean",
        "draw_column": "netspec.ops.drop_path:DrawColumn",
        "multiply": "netspec.ops.join:Multiply",
        "concat": "netspec.ops.join:Concat",
        "identity": "netspec.ops.shortcut:Identity",
        "pad": "netspec.ops.pad:Pad",
        "pad_shortcut": "netspec.ops.shortcut:PadShortcut",
        "select": "netspec.ops.shortcut:Select",
        "slice": "netspec.ops.channels:Slice",
        "channel_shuffle": "netspec.ops.channels:ChannelShuffle",
    }
)
"""Word in a spec -> operation class."""
