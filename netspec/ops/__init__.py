"""Operations: one file each, or a family that differs in one word; this table gives each its name."""

from netspec.ops.activation import (
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Relu6,
    ScaledTanh,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Softplus,
    Tanh,
)
from netspec.ops.conv import Conv
from netspec.ops.drop_path import DrawColumn, DropPathMean
from netspec.ops.join import Add, Concat, Mean, Multiply
from netspec.ops.linear import Flatten, Linear
from netspec.ops.norm import BatchNorm, ChannelScale, LocalResponseNorm
from netspec.ops.operation import Operation
from netspec.ops.pool import AdaptiveAvgPool, AvgPool, GlobalAvgPool, MaxPool
from netspec.ops.rbf import Rbf
from netspec.ops.regularise import Dropout
from netspec.ops.shortcut import Identity, PadShortcut, Select

__all__ = ["OPERATIONS", "Operation"]

OPERATIONS: dict[str, type[Operation]] = {
    "conv": Conv,
    "max_pool": MaxPool,
    "avg_pool": AvgPool,
    "adaptive_avg_pool": AdaptiveAvgPool,
    "global_avg_pool": GlobalAvgPool,
    "linear": Linear,
    "flatten": Flatten,
    "rbf": Rbf,
    "batch_norm": BatchNorm,
    "local_response_norm": LocalResponseNorm,
    "channel_scale": ChannelScale,
    "dropout": Dropout,
    "relu": Relu,
    "relu6": Relu6,
    "leaky_relu": LeakyRelu,
    "prelu": Prelu,
    "elu": Elu,
    "selu": Selu,
    "gelu": Gelu,
    "silu": Silu,
    "mish": Mish,
    "softplus": Softplus,
    "hardswish": Hardswish,
    "hardsigmoid": Hardsigmoid,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "scaled_tanh": ScaledTanh,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "add": Add,
    "mean": Mean,
    "drop_path_mean": DropPathMean,
    "draw_column": DrawColumn,
    "multiply": Multiply,
    "concat": Concat,
    "identity": Identity,
    "pad_shortcut": PadShortcut,
    "select": Select,
}
"""Word in a spec -> operation class."""
