"""What other frameworks call the words, parameters and sections of a spec, so that their names lead to ours.

Each table is from a name of netspec to the names that PyTorch, Keras, TensorFlow, ONNX, Caffe and Darknet have for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


class OtherNames(NamedTuple):
    """Names of one kind: those that mean one of ours, and those that mean something which a spec says elsewhere."""

    ours: Mapping[str, tuple[str, ...]]
    """Name in a spec -> its names elsewhere."""
    remarks: Mapping[str, tuple[str, ...]]
    """Sentence -> the names that it answers."""


WORDS = OtherNames(
    {
        "conv": ("Conv2d", "Conv2D", "Convolution", "Convolutional"),
        "linear": ("Linear", "Dense", "Gemm", "InnerProduct", "fully_connected", "fc"),
        "batch_norm": ("BatchNorm2d", "BatchNormalization", "bn"),
        "group_norm": ("GroupNorm", "GroupNormalization", "gn"),
        "instance_norm": ("InstanceNorm2d", "InstanceNormalization"),
        "layer_norm": ("LayerNorm2d", "LayerNormalization", "ln"),
        "max_pool": ("MaxPool2d", "MaxPooling2D"),
        "avg_pool": ("AvgPool2d", "AveragePooling2D", "AveragePool"),
        "global_avg_pool": ("GlobalAveragePooling2D", "GlobalAveragePool", "gap"),
        "adaptive_avg_pool": ("AdaptiveAvgPool2d", "AdaptiveAveragePooling2D"),
        "adaptive_max_pool": ("AdaptiveMaxPool2d",),
        "pad": ("ZeroPad2d", "ReflectionPad2d", "ReplicationPad2d", "ZeroPadding2D", "Padding"),
        "dropout": ("Dropout2d", "SpatialDropout2D"),
        "local_response_norm": ("LocalResponseNorm", "LRN"),
        "leaky_relu": ("LeakyReLU", "lrelu", "leaky"),
        "silu": ("SiLU", "swish"),
        "hardswish": ("Hardswish", "h_swish"),
        "hardsigmoid": ("Hardsigmoid", "h_sigmoid"),
        "scale": ("Rescaling",),
        "abs": ("absolute", "AbsVal"),
        "drop_path": ("DropPath", "StochasticDepth"),
        "lstm": ("LSTM", "CuDNNLSTM"),
        "gru": ("GRU", "CuDNNGRU"),
        "unflatten": ("Unflatten", "Reshape", "view"),
        "flatten": ("Flatten",),
        "add": ("Add", "sum", "plus", "elementwise_add"),
        "concat": ("Concatenate", "Concat", "cat"),
        "subtract": ("sub", "minus"),
        "max": ("Maximum", "elementwise_max", "maxout"),
        "multiply": ("Multiply", "mul", "prod"),
        "mean": ("Average",),
        "conv_transpose": (
            *("ConvTranspose2d", "Conv2DTranspose", "ConvTranspose", "Deconvolution", "deconv", "up_conv"),
        ),
        "max_unpool": ("MaxUnpool2d", "MaxUnpool", "unpool", "unpooling"),
        "pixel_shuffle": ("PixelShuffle", "DepthToSpace", "depth_to_space", "subpixel"),
        "resize": ("Upsample", "UpSampling2D", "interpolate", "Upsampling", "resize_bilinear", "ResizeLayer"),
        "identity": ("Identity", "noop", "pass_through"),
        "slice": ("narrow", "split", "chunk"),
        "channel_shuffle": ("ChannelShuffle", "shuffle"),
        "conv_norm_act": ("Conv2dNormActivation", "ConvModule", "conv_bn_relu", "conv_bn_act", "conv_bn"),
        "residual": ("BasicBlock", "residual_block", "res_block"),
        "bottleneck": ("Bottleneck", "bottleneck_block"),
        "dense": ("dense_block", "DenseLayer"),
        "transition": ("transition_block", "transition_layer"),
        "inception": ("inception_block", "inception_module"),
        "squeeze_excite": ("SqueezeExcitation", "squeeze_and_excitation", "SEModule", "SELayer", "se_block", "se"),
    },
    {
        "layers that follow one another form a list, or {chain: {name: layer, ...}}": ("Sequential",),
        "an activation is a layer of its own: write its word, such as relu": ("Activation",),
        "netspec has no such activation; a --plugin can register one": ("RReLU", "CELU", "GLU", "GEGLU", "SwiGLU"),
    },
)
"""Operations and blocks."""

PARAMETERS = OtherNames(
    {
        "out": (
            *("out_channels", "out_features", "num_output", "output_size"),
            *("filters", "num_filters", "n_filters", "units", "features", "hidden_size"),
        ),
        "width": ("planes", "filters", "channels", "squeeze_channels", "rd_channels"),
        "gate": ("scale_activation", "gate_layer"),
        "factor": ("scale", "multiplier"),
        "scale": ("scale_factor", "upscale_factor", "block_size", "scales"),
        "start": ("begin", "from_channel"),
        "stop": ("end", "to_channel"),
        "kernel": ("kernel_size", "kernel_shape", "filter_size", "pool_size", "window", "ksize"),
        "stride": ("strides", "subsample"),
        "padding": ("pads", "pad", "border_mode"),
        "dilation": ("dilations", "dilation_rate", "atrous_rate"),
        "groups": ("group", "num_groups", "cardinality"),
        "bias": ("use_bias", "bias_term"),
        "ceil": ("ceil_mode",),
        "divisor": ("divisor_override",),
        "size": ("local_size",),
        "eps": ("epsilon",),
        "p": ("rate", "prob", "drop_prob", "drop_rate", "dropout_rate", "ratio"),
        "dropout": ("drop_rate", "dropout_rate", "rate"),
        "slope": ("negative_slope", "alpha"),
        "norm": ("norm_layer", "normalization"),
        "activation": ("act", "act_layer", "activation_fn", "nonlinearity"),
        "expansion": ("expansion_factor",),
        "layers": ("num_layers", "n_layers"),
        "bidirectional": ("both_ways", "bidir"),
        "growth_rate": ("growth", "k"),
        "bottleneck": ("bn_size",),
        "compression": ("reduction", "compression_factor", "theta"),
    },
    {
        "what a layer reads is inferred: leave it out": (
            *("in_channels", "in_features", "input_channels", "num_features", "num_channels", "normalized_shape"),
            *("in_planes", "inplanes", "input_dim", "input_shape"),
        ),
        "the width is a number of channels, such as $in.channels // 16": (
            *("rd_ratio", "se_ratio", "reduction_ratio", "squeeze_factor"),
        ),
        "an activation is a layer of its own; conv_norm_act has convolution, norm and activation": (
            *("activation", "act", "activation_fn", "nonlinearity"),
        ),
        "a norm is a layer of its own; conv_norm_act has convolution, norm and activation": (
            *("norm", "norm_layer", "batch_norm", "batch_normalize"),
        ),
        "how weights start stands in the section 'init'": (
            *("kernel_initializer", "bias_initializer", "weight_initializer", "weight_filler", "init"),
        ),
        "it belongs to the training, not to the network": (
            *("kernel_regularizer", "bias_regularizer", "weight_decay", "lr_mult"),
        ),
        "netspec finds out what can be overwritten: leave it out": ("inplace",),
        "images come first, and all positions are returned: leave it out": ("batch_first", "return_sequences"),
        "values are images x channels x height x width: leave it out": ("data_format", "axis"),
        "it stands beside the word, not among its parameters": ("repeat", "when", "name"),
    },
)
"""Parameters of operations and blocks."""

SECTIONS = OtherNames(
    {
        "stages": ("layers", "backbone", "body", "network", "features", "trunk"),
        "head": ("classifier", "top"),
        "params": ("parameters", "hyperparameters", "args", "variables"),
        "blocks": ("definitions", "templates"),
        "extends": ("parent", "inherits", "base"),
        "input": ("input_shape", "input_size"),
        "outputs": ("output",),
    },
    {},
)
"""Top-level keys."""

NONE = OtherNames({}, {})
"""For names that are the writer's own."""


def ours(name: str, names: OtherNames) -> tuple[str, ...]:
    """What a spec calls ``name``; several where that depends on the layer."""
    return _index(_rows(names.ours)).get(plain(name), ())


def remark(name: str, names: OtherNames) -> str:
    """The sentence that answers ``name``, or nothing."""
    return next(iter(_index(_rows(names.remarks)).get(plain(name), ())), "")


AXES = ("1d", "2d", "3d")
"""How others say for how many axes a layer is; ours take any number."""


def plain(name: str) -> str:
    """``nn.Conv2d``, ``Conv2D`` and ``conv_2d`` alike: lower case, without module, ``_`` and the number of axes."""
    word = name.rpartition(".")[2].lower().replace("_", "").replace("-", "")
    return word[: -len("2d")] if word.endswith(AXES) else word


Rows = tuple[tuple[str, tuple[str, ...]], ...]


def _rows(table: Mapping[str, tuple[str, ...]]) -> Rows:
    return tuple(table.items())


@cache
def _index(rows: Rows) -> dict[str, tuple[str, ...]]:
    """The other way round: name elsewhere, made plain -> what it leads to, in the order of the table."""
    found: dict[str, tuple[str, ...]] = {}
    for here, elsewhere in rows:
        for name in dict.fromkeys(map(plain, elsewhere)):
            found[name] = (*found.get(name, ()), here)
    return found
