"""Facts of every operation, worked by hand in one table and held against torch."""

from __future__ import annotations

import math
from itertools import product
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from oracle import called
from pydantic import ValidationError

import netspec
from netspec.errors.codes import Refusal
from netspec.ops import OPERATIONS, Operation
from netspec.ops.conv import Conv
from netspec.ops.facts import Cost, Layer, PerAxis, Shape, Tensor, Window, point, shape_text
from netspec.ops.norm import BatchNorm
from netspec.ops.pool import MaxPool

Parameters = dict[str, Any]


class Row(NamedTuple):
    """An operation with parameters, what goes in, and the facts that must follow."""

    word: str
    parameters: Parameters
    inputs: tuple[Shape, ...]
    output: Shape
    params: int = 0
    buffers: int = 0
    cost: Cost = Cost()
    window: Window | None = None
    """None is the window of a point."""
    pool: tuple[Parameters, Shape] | None = None
    """A max pool whose places are read, and what that reads."""

    @property
    def operation(self) -> Operation:
        """The operation itself."""
        operation = OPERATIONS[self.word](**self.parameters)
        return operation.undoing(MaxPool(**self.pool[0]), self.pool[1]) if self.pool else operation


def plane(
    kernel: PerAxis = (1, 1), stride: PerAxis = (1, 1), dilation: PerAxis = (1, 1), padding: PerAxis = (0, 0)
) -> Window:
    """A window on two axes."""
    return Window(kernel, stride, dilation, padding)


LINE, MAP, VOLUME, FEATURES = (3, 8), (3, 4, 5), (2, 3, 4, 5), (7,)

# fmt: off
ROWS = (
    # eight filters of 4 x 3 x 3 at 4 x 5 places
    Row("conv", {"out": 8, "kernel": 3}, ((4, 6, 7),), (8, 4, 5),
        params=288 + 8, cost=Cost(macs=288 * 20, adds=8 * 20), window=plane((3, 3))),
    # the last row of windows ends on the padding, the last column of them before it
    Row("conv", {"out": 8, "kernel": 3, "stride": 2, "padding": 1, "bias": False}, ((4, 7, 8),), (8, 4, 4),
        params=288, cost=Cost(macs=288 * 16), window=plane((3, 3), (2, 2), (1, 1), (1, 1))),
    Row("conv", {"out": 6, "kernel": [1, 7], "padding": [0, 3]}, ((4, 5, 9),), (6, 5, 9),
        params=168 + 6, cost=Cost(macs=168 * 45, adds=6 * 45), window=plane((1, 7), padding=(0, 3))),
    Row("conv", {"out": 2, "kernel": [3, 2], "stride": [2, 1]}, ((1, 7, 5),), (2, 3, 4),
        params=12 + 2, cost=Cost(macs=12 * 12, adds=2 * 12), window=plane((3, 2), (2, 1))),
    # an even kernel needs 3 zeros: one before, two after
    Row("conv", {"out": 3, "kernel": 4, "padding": "same"}, ((2, 5, 6),), (3, 5, 6),
        params=96 + 3, cost=Cost(macs=96 * 30, adds=3 * 30), window=plane((4, 4), padding=(1, 1))),
    # with a stride what is missing depends on the size: of 8 one row after, of 7 a column on either side
    Row("conv", {"out": 4, "kernel": 3, "stride": 2, "padding": "same"}, ((3, 8, 7),), (4, 4, 4),
        params=108 + 4, cost=Cost(macs=108 * 16, adds=64), window=plane((3, 3), (2, 2), (1, 1), (0, 1))),
    # torch has no stride beside a zero more after than before, also where they are on different axes
    Row("conv", {"out": 4, "kernel": [2, 1], "stride": [1, 2], "padding": "same"}, ((3, 8, 7),), (4, 8, 4),
        params=24 + 4, cost=Cost(macs=24 * 32, adds=128), window=plane((2, 1), (1, 2))),
    # the dilated kernel reaches over 4 x 5
    Row("conv", {"out": 3, "kernel": [2, 5], "dilation": [3, 1], "padding": "same"}, ((2, 5, 6),), (3, 5, 6),
        params=60 + 3, cost=Cost(macs=60 * 30, adds=3 * 30), window=plane((2, 5), (1, 1), (3, 1), (1, 2))),
    # each filter sees 2 of the 4 channels
    Row("conv", {"out": 6, "kernel": 3, "groups": 2}, ((4, 5, 5),), (6, 3, 3),
        params=108 + 6, cost=Cost(macs=108 * 9, adds=6 * 9), window=plane((3, 3))),
    # depthwise, two filters for each channel
    Row("conv", {"out": 8, "kernel": 3, "padding": 1, "groups": 4, "bias": False}, ((4, 5, 5),), (8, 5, 5),
        params=72, cost=Cost(macs=72 * 25), window=plane((3, 3), padding=(1, 1))),
    Row("conv", {"out": 1, "kernel": 3, "dilation": 2, "bias": False}, ((1, 9, 10),), (1, 5, 6),
        params=9, cost=Cost(macs=9 * 30), window=plane((3, 3), dilation=(2, 2))),
    Row("conv", {"out": 2, "kernel": 1, "stride": 3, "bias": False}, ((2, 5, 4),), (2, 2, 2),
        params=4, cost=Cost(macs=4 * 4), window=plane(stride=(3, 3))),
    # the first layer of ResNet
    Row("conv", {"out": 64, "kernel": 7, "stride": 2, "padding": 3, "bias": False}, ((3, 224, 224),), (64, 112, 112),
        params=9408, cost=Cost(macs=118_013_952), window=plane((7, 7), (2, 2), (1, 1), (3, 3))),
    Row("max_pool", {"kernel": 2}, ((4, 6, 8),), (4, 3, 4),
        cost=Cost(compares=3 * 48), window=plane((2, 2), (2, 2))),
    Row("max_pool", {"kernel": 3, "stride": 2, "padding": 1}, ((2, 7, 8),), (2, 4, 4),
        cost=Cost(compares=8 * 32), window=plane((3, 3), (2, 2), (1, 1), (1, 1))),
    Row("max_pool", {"kernel": 3, "stride": 2, "padding": "same"}, ((2, 7, 8),), (2, 4, 4),
        cost=Cost(compares=8 * 32), window=plane((3, 3), (2, 2), (1, 1), (1, 0))),
    Row("avg_pool", {"kernel": 3, "stride": 2, "padding": "same"}, ((2, 7, 8),), (2, 4, 4),
        cost=Cost(adds=8 * 32, transcendentals=32), window=plane((3, 3), (2, 2), (1, 1), (1, 0))),
    Row("avg_pool", {"kernel": 3, "stride": 2, "padding": "same", "count_include_pad": False}, ((2, 7, 8),), (2, 4, 4),
        cost=Cost(adds=8 * 32, transcendentals=32), window=plane((3, 3), (2, 2), (1, 1), (1, 0))),
    Row("max_pool", {"kernel": 3, "stride": 2}, ((2, 6, 8),), (2, 2, 3),
        cost=Cost(compares=8 * 12), window=plane((3, 3), (2, 2))),
    Row("max_pool", {"kernel": 3, "stride": 2, "ceil": True}, ((2, 6, 8),), (2, 3, 4),
        cost=Cost(compares=8 * 24), window=plane((3, 3), (2, 2))),
    # a third window would start in the padding behind the input: it is dropped
    Row("max_pool", {"kernel": 2, "padding": 1, "ceil": True}, ((1, 3, 3),), (1, 2, 2),
        cost=Cost(compares=3 * 4), window=plane((2, 2), (2, 2), (1, 1), (1, 1))),
    # the last window holds one element per axis
    Row("max_pool", {"kernel": 2, "stride": 3, "ceil": True}, ((1, 7, 7),), (1, 3, 3),
        cost=Cost(compares=3 * 9), window=plane((2, 2), (3, 3))),
    Row("max_pool", {"kernel": 3, "dilation": 2}, ((1, 7, 9),), (1, 1, 2),
        cost=Cost(compares=8 * 2), window=plane((3, 3), (3, 3), (2, 2))),
    Row("max_pool", {"kernel": [1, 3], "stride": [1, 2]}, ((2, 4, 5),), (2, 4, 2),
        cost=Cost(compares=2 * 16), window=plane((1, 3), (1, 2))),
    Row("avg_pool", {"kernel": 2}, ((4, 6, 8),), (4, 3, 4),
        cost=Cost(adds=3 * 48, transcendentals=48), window=plane((2, 2), (2, 2))),
    Row("avg_pool", {"kernel": 3, "stride": 2, "padding": 1, "count_include_pad": False}, ((2, 7, 8),), (2, 4, 4),
        cost=Cost(adds=8 * 32, transcendentals=32), window=plane((3, 3), (2, 2), (1, 1), (1, 1))),
    Row("avg_pool", {"kernel": 3, "stride": 2, "ceil": True}, ((2, 6, 8),), (2, 3, 4),
        cost=Cost(adds=8 * 24, transcendentals=24), window=plane((3, 3), (2, 2))),
    Row("avg_pool", {"kernel": [2, 1], "divisor": 3}, ((1, 5, 2),), (1, 2, 2),
        cost=Cost(adds=1 * 4, transcendentals=4), window=plane((2, 1), (2, 1))),
    Row("adaptive_avg_pool", {"out": 7}, ((2, 14, 14),), (2, 7, 7),
        cost=Cost(adds=3 * 98, transcendentals=98), window=plane((2, 2), (2, 2))),
    Row("adaptive_avg_pool", {"out": [2, 3]}, ((1, 4, 9),), (1, 2, 3),
        cost=Cost(adds=5 * 6, transcendentals=6), window=plane((2, 3), (2, 3))),
    # 7 elements for 3 windows: 0-2, 2-4, 4-6
    Row("adaptive_avg_pool", {"out": 3}, ((1, 7, 7),), (1, 3, 3),
        cost=Cost(adds=8 * 9, transcendentals=9), window=plane((3, 3), (2, 2))),
    Row("adaptive_avg_pool", {"out": 1}, ((2, 3, 4),), (2, 1, 1),
        cost=Cost(adds=11 * 2, transcendentals=2), window=plane((3, 4), (3, 4))),
    Row("adaptive_max_pool", {"out": [2, 3]}, ((1, 4, 9),), (1, 2, 3),
        cost=Cost(compares=5 * 6), window=plane((2, 3), (2, 3))),
    # 7 elements for 3 windows: 0-2, 2-4, 4-6
    Row("adaptive_max_pool", {"out": 3}, ((2, 7, 7),), (2, 3, 3),
        cost=Cost(compares=8 * 18), window=plane((3, 3), (2, 2))),
    Row("adaptive_max_pool", {"out": 1}, ((2, 3, 4),), (2, 1, 1),
        cost=Cost(compares=11 * 2), window=plane((3, 4), (3, 4))),
    Row("global_avg_pool", {}, ((5, 4, 6),), (5,),
        cost=Cost(adds=5 * 23, transcendentals=5), window=plane((4, 6), (4, 6))),
    Row("linear", {"out": 10}, (FEATURES,), (10,), params=70 + 10, cost=Cost(macs=70, adds=10)),
    Row("linear", {"out": 10, "bias": False}, (FEATURES,), (10,), params=70, cost=Cost(macs=70)),
    # a weight of 6 x 3 at 4 x 5 positions
    Row("pointwise", {"out": 6}, (MAP,), (6, 4, 5), params=18 + 6, cost=Cost(macs=18 * 20, adds=6 * 20)),
    Row("pointwise", {"out": 2}, (FEATURES,), (2,), params=14 + 2, cost=Cost(macs=14, adds=2)),
    Row("flatten", {}, (MAP,), (60,), window=plane((4, 5), (4, 5))),
    Row("flatten", {"keep": 1}, (MAP,), (12, 5), window=plane((4, 5), (4, 5))),
    Row("unflatten", {"size": [2, 3, 4]}, ((24,),), (2, 3, 4)),
    Row("unflatten", {"size": [7, 1]}, (FEATURES,), (7, 1)),
    # 4 x 2 rows for 3 features and 2 of the state; at each of 8 positions 2 features: 4 sums of gates and 8 biases
    Row("lstm", {"out": 2}, (LINE,), (2, 8), params=24 + 16 + 16,
        cost=Cost(macs=40 * 8, adds=12 * 16, multiply_adds=3 * 16, transcendentals=5 * 16),
        window=Window((8,), (8,), (1,), (0,))),
    # both ways, the second layer reads 4 features
    Row("lstm", {"out": 2, "layers": 2, "bidirectional": True, "bias": False}, (LINE,), (4, 8),
        params=2 * 40 + 2 * 48,
        cost=Cost(macs=176 * 8, adds=4 * 64, multiply_adds=3 * 64, transcendentals=5 * 64),
        window=Window((8,), (8,), (1,), (0,))),
    Row("lstm", {"out": 3}, ((2, 1),), (3, 1), params=24 + 36 + 24,
        cost=Cost(macs=60, adds=12 * 3, multiply_adds=3 * 3, transcendentals=5 * 3),
        window=Window((1,), (1,), (1,), (0,))),
    Row("gru", {"out": 2}, (LINE,), (2, 8), params=18 + 12 + 12,
        cost=Cost(macs=30 * 8, adds=9 * 16, multiply_adds=2 * 16, transcendentals=3 * 16),
        window=Window((8,), (8,), (1,), (0,))),
    Row("gru", {"out": 2, "bidirectional": True, "layers": 3}, (LINE,), (4, 8),
        params=2 * (30 + 12) + 4 * (36 + 12),
        cost=Cost(macs=(60 + 144) * 8, adds=9 * 96, multiply_adds=2 * 96, transcendentals=3 * 96),
        window=Window((8,), (8,), (1,), (0,))),
    Row("rbf", {"out": 10}, ((84,),), (10,), buffers=840, cost=Cost(adds=840, multiply_adds=840)),
    Row("rbf", {"out": 2, "trainable": True}, (FEATURES,), (2,), params=14, cost=Cost(adds=14, multiply_adds=14)),
    # running mean and variance of each channel, and the number of batches seen
    Row("batch_norm", {}, (MAP,), MAP, params=6, buffers=7, cost=Cost(multiply_adds=60)),
    Row("batch_norm", {"affine": False, "eps": 0.001}, (MAP,), MAP, buffers=7, cost=Cost(multiply_adds=60)),
    Row("batch_norm", {"momentum": 0.01}, (FEATURES,), FEATURES, params=14, buffers=15, cost=Cost(multiply_adds=7)),
    # of each group the sum, the sum of squares, mean, deviation and its inverse; then a scale and shift
    Row("group_norm", {"groups": 1}, (MAP,), MAP,
        params=6, cost=Cost(adds=59, multiply_adds=2 * 60, transcendentals=3)),
    Row("group_norm", {"groups": 3, "affine": False, "eps": 0.001}, (MAP,), MAP,
        cost=Cost(adds=57, multiply_adds=2 * 60, transcendentals=9)),
    Row("group_norm", {"groups": 1}, (FEATURES,), FEATURES,
        params=14, cost=Cost(adds=6, multiply_adds=2 * 7, transcendentals=3)),
    Row("instance_norm", {}, (MAP,), MAP, cost=Cost(adds=57, multiply_adds=2 * 60, transcendentals=9)),
    Row("instance_norm", {"affine": True}, (MAP,), MAP,
        params=6, cost=Cost(adds=57, multiply_adds=2 * 60, transcendentals=9)),
    # of each of 20 positions; then a scale and shift of the position, and one of the channel
    Row("layer_norm", {}, (MAP,), MAP, params=6, cost=Cost(adds=40, multiply_adds=3 * 60, transcendentals=60)),
    Row("layer_norm", {"eps": 1e-6}, (FEATURES,), FEATURES,
        params=14, cost=Cost(adds=6, multiply_adds=3 * 7, transcendentals=3)),
    Row("local_response_norm", {}, (MAP,), MAP, cost=Cost(multiply_adds=6 * 60, transcendentals=120)),
    Row("local_response_norm", {"size": 2}, (MAP,), MAP, cost=Cost(multiply_adds=3 * 60, transcendentals=120)),
    Row("channel_scale", {}, (MAP,), MAP, params=6, cost=Cost(multiply_adds=60)),
    Row("channel_scale", {"bias": False}, (FEATURES,), FEATURES, params=7, cost=Cost(multiply_adds=7)),
    Row("dropout", {}, (MAP,), MAP),
    Row("dropout", {"p": 0.2}, (FEATURES,), FEATURES),
    Row("dropout", {"p": 0.2, "channels": True}, (MAP,), MAP),
    Row("drop_path", {"p": 0.2}, (MAP,), MAP),
    # it reads nothing, and is its tensor
    Row("parameter", {"shape": [3, 1, 1]}, (), (3, 1, 1), params=3),
    Row("parameter", {"shape": [7], "init": {"normal": 0.1}}, (), FEATURES, params=7),
    Row("drop_path", {"p": 0.5}, (FEATURES,), FEATURES),
    Row("relu", {}, (MAP,), MAP, cost=Cost(compares=60)),
    Row("relu", {}, (FEATURES,), FEATURES, cost=Cost(compares=7)),
    Row("relu6", {}, (MAP,), MAP, cost=Cost(compares=60)),
    Row("leaky_relu", {"slope": 0.1}, (MAP,), MAP, cost=Cost(compares=60)),
    Row("prelu", {}, (MAP,), MAP, params=1, cost=Cost(compares=60)),
    Row("prelu", {"per_channel": True}, (MAP,), MAP, params=3, cost=Cost(compares=60)),
    Row("prelu", {"per_channel": True}, (FEATURES,), FEATURES, params=7, cost=Cost(compares=7)),
    Row("hardswish", {}, (MAP,), MAP, cost=Cost(compares=60)),
    Row("hardsigmoid", {}, (MAP,), MAP, cost=Cost(compares=60)),
    Row("elu", {"alpha": 0.5}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("selu", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("gelu", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("silu", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("mish", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("softplus", {"beta": 2}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("sigmoid", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("tanh", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("scaled_tanh", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("softmax", {}, (FEATURES,), FEATURES, cost=Cost(transcendentals=7)),
    Row("softmax", {}, (MAP,), MAP, cost=Cost(transcendentals=60)),
    Row("log_softmax", {}, (FEATURES,), FEATURES, cost=Cost(transcendentals=7)),
    Row("scale", {"factor": 0.17}, (MAP,), MAP, cost=Cost(multiply_adds=60)),
    Row("scale", {"factor": -2}, (FEATURES,), FEATURES, cost=Cost(multiply_adds=7)),
    Row("abs", {}, (MAP,), MAP, cost=Cost(compares=60)),
    Row("abs", {}, (FEATURES,), FEATURES, cost=Cost(compares=7)),
    Row("add", {}, (MAP, MAP), MAP, cost=Cost(adds=60)),
    Row("add", {}, (FEATURES, FEATURES, FEATURES), FEATURES, cost=Cost(adds=14)),
    Row("subtract", {}, (MAP, MAP), MAP, cost=Cost(adds=60)),
    Row("subtract", {}, (FEATURES, FEATURES), FEATURES, cost=Cost(adds=7)),
    Row("max", {}, (MAP, MAP), MAP, cost=Cost(compares=60)),
    Row("max", {}, (FEATURES, FEATURES, FEATURES), FEATURES, cost=Cost(compares=14)),
    Row("mean", {}, (MAP, MAP), MAP, cost=Cost(adds=60, transcendentals=60)),
    Row("mean", {}, (FEATURES, FEATURES, FEATURES), FEATURES, cost=Cost(adds=14, transcendentals=7)),
    # nothing is left out outside training
    Row("drop_path_mean", {"p": 0.5}, (MAP, MAP), MAP, cost=Cost(adds=60, transcendentals=60)),
    Row("drop_path_mean", {"first": 1}, (MAP, MAP, (3,)), MAP, cost=Cost(adds=60, transcendentals=60)),
    Row("draw_column", {"columns": 3}, (MAP,), (3,)),
    Row("multiply", {}, (MAP, MAP), MAP, cost=Cost(multiply_adds=60)),
    Row("multiply", {}, (MAP, (3, 1, 1)), MAP, cost=Cost(multiply_adds=60)),
    Row("multiply", {}, ((1, 4, 5), (3, 1, 1), MAP), MAP, cost=Cost(multiply_adds=120)),
    # features without axes scale every position
    Row("multiply", {}, (MAP, (3,)), MAP, cost=Cost(multiply_adds=60)),
    Row("multiply", {}, ((3,), LINE, (1,)), LINE, cost=Cost(multiply_adds=48)),
    Row("concat", {}, (MAP, (2, 4, 5)), (5, 4, 5)),
    Row("concat", {}, (FEATURES, (2,), (1,)), (10,)),
    Row("identity", {}, (MAP,), MAP),
    Row("pad", {"padding": 2}, (MAP,), (3, 8, 9), window=plane(padding=(2, 2))),
    # one column before, two after
    Row("pad", {"padding": [0, [1, 2]], "mode": "reflect"}, (MAP,), (3, 4, 8), window=plane(padding=(0, 1))),
    Row("pad", {"padding": [[3, 0], 7], "mode": "replicate"}, (MAP,), (3, 7, 19), window=plane(padding=(3, 7))),
    Row("pad_shortcut", {"out": 8, "stride": 2}, ((4, 7, 6),), (8, 4, 3), window=plane(stride=(2, 2))),
    Row("pad_shortcut", {"out": 6, "stride": [1, 3], "zeros": "around"}, (MAP,), (6, 4, 2),
        window=plane(stride=(1, 3))),
    Row("select", {"channels": [0, 2, 2, 1]}, (MAP,), (4, 4, 5)),
    Row("select", {"channels": [6]}, (FEATURES,), (1,)),
    Row("slice", {"start": 1}, (MAP,), (2, 4, 5)),
    Row("slice", {"stop": 2}, (MAP,), (2, 4, 5)),
    Row("slice", {"start": -5, "stop": -1}, (FEATURES,), (4,)),
    Row("channel_shuffle", {"groups": 2}, ((6, 4, 5),), (6, 4, 5)),
    # on one axis and on three, one number is that of each axis
    Row("conv", {"out": 4, "kernel": 3, "stride": 2, "padding": 1}, (LINE,), (4, 4),
        params=36 + 4, cost=Cost(macs=36 * 4, adds=16), window=Window((3,), (2,), (1,), (1,))),
    Row("conv", {"out": 4, "kernel": [2], "padding": "same", "bias": False}, (LINE,), (4, 8),
        params=24, cost=Cost(macs=24 * 8), window=Window((2,), (1,), (1,), (0,))),
    Row("conv", {"out": 4, "kernel": 3, "dilation": [1, 1, 2], "bias": False}, ((2, 3, 4, 5),), (4, 1, 2, 1),
        params=216, cost=Cost(macs=216 * 2), window=Window((3, 3, 3), (1, 1, 1), (1, 1, 2), (0, 0, 0))),
    Row("conv", {"out": 2, "kernel": [1, 3, 3], "padding": [0, 1, 1], "groups": 2, "bias": False}, (VOLUME,),
        VOLUME, params=18, cost=Cost(macs=18 * 60), window=Window((1, 3, 3), (1, 1, 1), (1, 1, 1), (0, 1, 1))),
    # 8 positions are 3 windows of 2, one at every third
    Row("conv", {"out": 4, "kernel": 2, "stride": 3, "padding": "same"}, (LINE,), (4, 3),
        params=24 + 4, cost=Cost(macs=24 * 3, adds=12), window=Window((2,), (3,), (1,), (0,))),
    Row("conv", {"out": 2, "kernel": 3, "stride": [1, 2, 2], "padding": "same", "groups": 2, "bias": False}, (VOLUME,),
        (2, 3, 2, 3), params=54, cost=Cost(macs=54 * 18), window=Window((3,) * 3, (1, 2, 2), (1,) * 3, (1, 0, 1))),
    Row("max_pool", {"kernel": 2, "stride": 1, "padding": "same"}, (LINE,), LINE,
        cost=Cost(compares=24), window=Window((2,), (1,), (1,), (0,))),
    Row("avg_pool", {"kernel": 4, "padding": "same", "count_include_pad": False}, (LINE,), (3, 2),
        cost=Cost(adds=3 * 6, transcendentals=6), window=Window((4,), (4,), (1,), (0,))),
    Row("avg_pool", {"kernel": 2, "padding": "same", "count_include_pad": False}, (VOLUME,), (2, 2, 2, 3),
        cost=Cost(adds=7 * 24, transcendentals=24), window=Window((2,) * 3, (2,) * 3, (1,) * 3, (0,) * 3)),
    Row("max_pool", {"kernel": 3, "stride": 2}, (LINE,), (3, 3),
        cost=Cost(compares=2 * 9), window=Window((3,), (2,), (1,), (0,))),
    Row("max_pool", {"kernel": [1, 2, 2], "ceil": True}, (VOLUME,), (2, 3, 2, 3),
        cost=Cost(compares=3 * 36), window=Window((1, 2, 2), (1, 2, 2), (1, 1, 1), (0, 0, 0))),
    Row("avg_pool", {"kernel": 4}, (LINE,), (3, 2),
        cost=Cost(adds=3 * 6, transcendentals=6), window=Window((4,), (4,), (1,), (0,))),
    Row("avg_pool", {"kernel": 2, "stride": 1, "padding": 1}, (VOLUME,), (2, 4, 5, 6),
        cost=Cost(adds=7 * 240, transcendentals=240), window=Window((2, 2, 2), (1, 1, 1), (1, 1, 1), (1, 1, 1))),
    # 8 elements for 3 windows: 0-2, 2-5, 5-7
    Row("adaptive_avg_pool", {"out": 3}, (LINE,), (3, 3),
        cost=Cost(adds=3 * 10 - 9, transcendentals=9), window=Window((4,), (2,), (1,), (0,))),
    Row("adaptive_avg_pool", {"out": 1}, (VOLUME,), (2, 1, 1, 1),
        cost=Cost(adds=59 * 2, transcendentals=2), window=Window((3, 4, 5), (3, 4, 5), (1, 1, 1), (0, 0, 0))),
    # 8 elements for 3 windows: 0-2, 2-5, 5-7
    Row("adaptive_max_pool", {"out": 3}, (LINE,), (3, 3),
        cost=Cost(compares=3 * 10 - 9), window=Window((4,), (2,), (1,), (0,))),
    Row("adaptive_max_pool", {"out": 1}, (VOLUME,), (2, 1, 1, 1),
        cost=Cost(compares=59 * 2), window=Window((3, 4, 5), (3, 4, 5), (1, 1, 1), (0, 0, 0))),
    Row("global_avg_pool", {}, (LINE,), (3,),
        cost=Cost(adds=7 * 3, transcendentals=3), window=Window((8,), (8,), (1,), (0,))),
    Row("global_avg_pool", {}, (VOLUME,), (2,),
        cost=Cost(adds=59 * 2, transcendentals=2), window=Window((3, 4, 5), (3, 4, 5), (1, 1, 1), (0, 0, 0))),
    Row("flatten", {}, (LINE,), (24,), window=Window((8,), (8,), (1,), (0,))),
    Row("flatten", {}, (VOLUME,), (120,), window=Window((3, 4, 5), (3, 4, 5), (1, 1, 1), (0, 0, 0))),
    Row("flatten", {"keep": 1}, (VOLUME,), (24, 5), window=Window((3, 4, 5), (3, 4, 5), (1, 1, 1), (0, 0, 0))),
    Row("flatten", {"keep": 2}, (VOLUME,), (6, 4, 5), window=Window((3, 4, 5), (3, 4, 5), (1, 1, 1), (0, 0, 0))),
    Row("unflatten", {"size": [1, 2, 2, 3]}, ((12,),), (1, 2, 2, 3)),
    Row("batch_norm", {}, (LINE,), LINE, params=6, buffers=7, cost=Cost(multiply_adds=24)),
    Row("batch_norm", {}, (VOLUME,), VOLUME, params=4, buffers=5, cost=Cost(multiply_adds=120)),
    Row("local_response_norm", {}, (LINE,), LINE, cost=Cost(multiply_adds=6 * 24, transcendentals=48)),
    Row("local_response_norm", {}, (VOLUME,), VOLUME, cost=Cost(multiply_adds=6 * 120, transcendentals=240)),
    Row("channel_scale", {}, (VOLUME,), VOLUME, params=4, cost=Cost(multiply_adds=120)),
    Row("dropout", {}, (LINE,), LINE),
    Row("dropout", {"channels": True}, (LINE,), LINE),
    Row("dropout", {"channels": True}, (VOLUME,), VOLUME),
    Row("prelu", {"per_channel": True}, (LINE,), LINE, params=3, cost=Cost(compares=24)),
    Row("softmax", {}, (VOLUME,), VOLUME, cost=Cost(transcendentals=120)),
    Row("multiply", {}, (VOLUME, (2, 1, 1, 1)), VOLUME, cost=Cost(multiply_adds=120)),
    Row("add", {}, (LINE, LINE), LINE, cost=Cost(adds=24)),
    Row("concat", {}, (LINE, (2, 8)), (5, 8)),
    Row("drop_path_mean", {}, (LINE, LINE, (2,)), LINE, cost=Cost(adds=24, transcendentals=24)),
    Row("pad", {"padding": 7, "mode": "reflect"}, (LINE,), (3, 22), window=Window((1,), (1,), (1,), (7,))),
    Row("pad", {"padding": [[0, 1]], "mode": "replicate"}, (LINE,), (3, 9)),
    Row("pad", {"padding": [1, 0, [0, 3]]}, (VOLUME,), (2, 5, 4, 8),
        window=Window((1,) * 3, (1,) * 3, (1,) * 3, (1, 0, 0))),
    Row("pad", {"padding": 2, "mode": "reflect"}, (VOLUME,), (2, 7, 8, 9),
        window=Window((1,) * 3, (1,) * 3, (1,) * 3, (2, 2, 2))),
    Row("pad_shortcut", {"out": 4, "stride": 3}, (LINE,), (4, 3), window=Window((1,), (3,), (1,), (0,))),
    Row("pad_shortcut", {"out": 4, "stride": [1, 2, 2]}, (VOLUME,), (4, 3, 2, 3),
        window=Window((1, 1, 1), (1, 2, 2), (1, 1, 1), (0, 0, 0))),
    Row("select", {"channels": [1]}, (LINE,), (1, 8)),
    # each element spreads over 4 x 4 positions, 2 apart: 8 x 10 and 2 more, less 1 on both sides
    Row("conv_transpose", {"out": 6, "kernel": 4, "stride": 2, "padding": 1}, (MAP,), (6, 8, 10),
        params=288 + 6, cost=Cost(macs=288 * 20, adds=6 * 80), window=plane((4, 4), (2, 2), padding=(1, 1))),
    Row("conv_transpose", {"out": 3, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 3,
                           "bias": False}, (MAP,), (3, 8, 10),
        params=27, cost=Cost(macs=27 * 20), window=plane((3, 3), (2, 2), padding=(1, 1))),
    Row("conv_transpose", {"out": 2, "kernel": [2, 3], "dilation": [3, 1]}, ((4, 5, 6),), (2, 8, 8),
        params=48 + 2, cost=Cost(macs=48 * 30, adds=2 * 64), window=plane((2, 3), dilation=(3, 1))),
    Row("conv_transpose", {"out": 8, "kernel": 4, "bias": False}, ((5, 1, 1),), (8, 4, 4),
        params=640, cost=Cost(macs=640), window=plane((4, 4))),
    # on even steps nothing but every third position
    Row("conv_transpose", {"out": 2, "kernel": 1, "stride": 3}, (LINE,), (2, 22),
        params=6 + 2, cost=Cost(macs=6 * 8, adds=2 * 22), window=Window((1,), (3,), (1,), (0,))),
    Row("conv_transpose", {"out": 4, "kernel": 2, "stride": [1, 2, 2], "groups": 2}, (VOLUME,), (4, 4, 8, 10),
        params=32 + 4, cost=Cost(macs=32 * 60, adds=4 * 320),
        window=Window((2, 2, 2), (1, 2, 2), (1, 1, 1), (0, 0, 0))),
    Row("pixel_shuffle", {"scale": 2}, ((12, 4, 5),), (3, 8, 10)),
    # the last column of the pooled map is in no window
    Row("max_unpool", {}, ((3, 2, 2), (3, 2, 2)), MAP, window=plane((2, 2), (2, 2)), pool=({"kernel": 2}, MAP)),
    Row("max_unpool", {}, ((2, 4, 4), (2, 4, 4)), (2, 7, 8), window=plane((3, 3), (2, 2), padding=(1, 1)),
        pool=({"kernel": 3, "stride": 2, "padding": 1}, (2, 7, 8))),
    Row("max_unpool", {}, ((3, 3), (3, 3)), LINE, window=Window((3,), (2,), (1,), (0,)),
        pool=({"kernel": 3, "stride": 2}, LINE)),
    Row("max_unpool", {}, ((2, 2, 2, 3), (2, 2, 2, 3)), VOLUME,
        window=Window((2, 2, 2), (2, 2, 2), (1, 1, 1), (0, 0, 0)), pool=({"kernel": 2, "ceil": True}, VOLUME)),
    Row("pixel_shuffle", {"scale": 3}, ((9, 1, 2),), (1, 3, 6)),
    # positions lie between elements: 0 and 1 on the first one, 2 and 3 on the second
    Row("resize", {"scale": 2}, (MAP,), (3, 8, 10), window=plane()),
    Row("resize", {"size": [2, 5]}, (MAP,), (3, 2, 5), window=plane(stride=(2, 1))),
    # a sum of 2 x 2 elements, of which the first lies on the border
    Row("resize", {"scale": 2, "mode": "linear"}, (MAP,), (3, 8, 10),
        cost=Cost(multiply_adds=4 * 240), window=plane((2, 2), padding=(1, 1))),
    # in the middle between elements 0 and 1, between 2 and 3
    Row("resize", {"scale": [0.5, 1], "mode": "linear"}, (MAP,), (3, 2, 5),
        cost=Cost(multiply_adds=4 * 30), window=plane((2, 1), (2, 1))),
    Row("resize", {"size": [7, 9], "mode": "linear", "align_corners": True}, (MAP,), (3, 7, 9),
        cost=Cost(multiply_adds=4 * 189), window=plane((2, 2))),
    Row("resize", {"scale": 2, "mode": "cubic"}, (MAP,), (3, 8, 10),
        cost=Cost(multiply_adds=16 * 240), window=plane((4, 4), padding=(2, 2))),
    Row("resize", {"mode": "linear"}, (LINE, (5, 12)), (3, 12),
        cost=Cost(multiply_adds=2 * 36), window=Window((2,), (1,), (1,), (1,))),
    Row("resize", {}, (VOLUME, (1, 6, 8, 10)), (2, 6, 8, 10)),
    Row("resize", {"scale": 1.5, "mode": "linear"}, (VOLUME,), (2, 4, 6, 7),
        cost=Cost(multiply_adds=8 * 336), window=Window((2, 2, 2), (1, 1, 1), (1, 1, 1), (1, 1, 1))),
    # one position is repeated
    Row("resize", {"size": 3, "mode": "linear"}, ((2, 1, 1),), (2, 3, 3), cost=Cost(multiply_adds=4 * 18)),
    Row("pointwise", {"out": 4, "bias": False}, (LINE,), (4, 8), params=12, cost=Cost(macs=12 * 8)),
    Row("pointwise", {"out": 3}, (VOLUME,), (3, 3, 4, 5), params=6 + 3, cost=Cost(macs=6 * 60, adds=180)),
    Row("group_norm", {"groups": 3}, (LINE,), LINE,
        params=6, cost=Cost(adds=21, multiply_adds=2 * 24, transcendentals=9)),
    Row("group_norm", {"groups": 2}, (VOLUME,), VOLUME,
        params=4, cost=Cost(adds=118, multiply_adds=2 * 120, transcendentals=6)),
    Row("instance_norm", {"affine": True}, (LINE,), LINE,
        params=6, cost=Cost(adds=21, multiply_adds=2 * 24, transcendentals=9)),
    Row("instance_norm", {}, (VOLUME,), VOLUME, cost=Cost(adds=118, multiply_adds=2 * 120, transcendentals=6)),
    Row("layer_norm", {}, (LINE,), LINE, params=6, cost=Cost(adds=16, multiply_adds=3 * 24, transcendentals=24)),
    Row("layer_norm", {}, (VOLUME,), VOLUME, params=4, cost=Cost(adds=60, multiply_adds=3 * 120, transcendentals=180)),
    Row("drop_path", {"p": 0.2}, (LINE,), LINE),
    Row("drop_path", {"p": 0.2}, (VOLUME,), VOLUME),
    Row("scale", {"factor": 0.5}, (VOLUME,), VOLUME, cost=Cost(multiply_adds=120)),
    Row("abs", {}, (LINE,), LINE, cost=Cost(compares=24)),
    Row("subtract", {}, (LINE, LINE), LINE, cost=Cost(adds=24)),
    Row("max", {}, (VOLUME, VOLUME), VOLUME, cost=Cost(compares=120)),
    Row("slice", {"start": 1, "stop": 2}, (LINE,), (1, 8)),
    Row("slice", {"start": -1}, (VOLUME,), (1, 3, 4, 5)),
    Row("channel_shuffle", {"groups": 3}, (LINE,), LINE),
    Row("channel_shuffle", {"groups": 2}, (VOLUME,), VOLUME),
)


class Refused(NamedTuple):
    """Inputs that do not fit; ``torch_too`` says whether torch objects as well."""

    word: str
    parameters: Parameters
    inputs: tuple[Shape, ...]
    code: str
    message: str
    torch_too: bool = True


K9 = {"out": 8, "kernel": 9, "padding": 1}
REFUSED = (
    Refused("conv", {"out": 6, "kernel": 3, "groups": 3}, ((4, 5, 5),),
            "shape", "conv with 3 groups cannot split 4 input channels evenly"),
    Refused("conv", {"out": 4, "kernel": 3, "groups": 3}, ((6, 5, 5),),
            "shape", "conv with 3 groups cannot split 4 output channels evenly"),
    Refused("avg_pool", {"kernel": 2, "padding": "same", "divisor": 3}, (MAP,),
            "shape", "avg_pool with padding 'same' has no divisor", torch_too=False),
    Refused("conv", {"out": 4, "kernel": 3}, (FEATURES,), "shape", "conv needs a feature map, got 7"),
    Refused("conv", {"out": 4, "kernel": 7}, ((3, 5, 9),),
            "window", "conv window of 7x7 is larger than its input 3x5x9"),
    Refused("conv", K9, ((3, 9, 6),), "window", "conv window of 9x9 is larger than its input 3x9x6 with padding 1"),
    Refused("conv", {"out": 4, "kernel": 3, "dilation": 3}, ((3, 6, 9),),
            "window", "conv window of 7x7 is larger than its input 3x6x9"),
    Refused("max_pool", {"kernel": 3, "padding": 2}, (MAP,),
            "window", "max_pool padding 2 is more than half its kernel 3"),
    Refused("avg_pool", {"kernel": [4, 1], "padding": [2, 1]}, (MAP,),
            "window", "avg_pool padding 1 is more than half its kernel 1"),
    Refused("max_pool", {"kernel": 5}, (MAP,), "window", "max_pool window of 5x5 is larger than its input 3x4x5"),
    Refused("avg_pool", {"kernel": 2}, (FEATURES,), "shape", "avg_pool needs a feature map, got 7"),
    Refused("max_pool", {"kernel": 2}, (FEATURES,), "shape", "max_pool needs a feature map, got 7"),
    Refused("adaptive_avg_pool", {"out": 2}, (FEATURES,), "shape", "adaptive_avg_pool needs a feature map, got 7"),
    Refused("adaptive_max_pool", {"out": 2}, (FEATURES,), "shape", "adaptive_max_pool needs a feature map, got 7"),
    Refused("pad", {"padding": [4, 0], "mode": "reflect"}, (MAP,),
            "window", "pad cannot mirror 4 positions of 4, in 3x4x5"),
    Refused("pad", {"padding": 1}, (FEATURES,), "shape", "pad needs a feature map, got 7"),
    Refused("pad", {"padding": [1, 2]}, (LINE,), "shape", "pad reads 1 axis, padding has 2 numbers",
            torch_too=False),
    Refused("pad", {"padding": [[1, 2]]}, (MAP,), "shape", "pad reads 2 axes, padding has 1 number",
            torch_too=False),
    Refused("dropout", {"channels": True}, (FEATURES,), "shape", "dropout needs a feature map, got 7"),
    Refused("global_avg_pool", {}, (FEATURES,), "shape", "global_avg_pool needs a feature map, got 7"),
    Refused("linear", {"out": 4}, (MAP,), "shape", "linear needs flat features, got 3x4x5"),
    Refused("rbf", {"out": 4}, (MAP,), "shape", "rbf needs flat features, got 3x4x5"),
    Refused("flatten", {}, (FEATURES,), "shape", "flatten needs a feature map, got 7", torch_too=False),
    Refused("flatten", {"keep": 2}, (MAP,), "shape", "flatten cannot keep 2 axes of 3x4x5", torch_too=False),
    Refused("unflatten", {"size": [2, 4]}, (FEATURES,), "shape", "unflatten to 2x4 takes 8 features, got 7"),
    Refused("unflatten", {"size": [2, 4]}, (MAP,), "shape", "unflatten needs flat features, got 3x4x5"),
    Refused("lstm", {"out": 2}, (MAP,), "shape", "lstm needs a map of one axis, got 3x4x5"),
    Refused("gru", {"out": 2}, (FEATURES,), "shape", "gru needs a feature map, got 7"),
    Refused("local_response_norm", {}, (FEATURES,), "shape", "local_response_norm needs a feature map, got 7"),
    Refused("pad_shortcut", {"out": 2}, (MAP,), "shape", "pad_shortcut cannot pad 3 channels to 2", torch_too=False),
    Refused("pad_shortcut", {"out": 9}, (FEATURES,), "shape", "pad_shortcut needs a feature map, got 7",
            torch_too=False),
    Refused("select", {"channels": [0, 3]}, (MAP,), "shape", "select has no channel 3 in 3"),
    Refused("add", {}, (MAP, (3, 4, 4)), "shape", "add needs equal shapes"),
    Refused("add", {}, (MAP, (1, 4, 5)), "shape", "add needs equal shapes", torch_too=False),
    Refused("mean", {}, (MAP, MAP, (2, 4, 5)), "shape", "mean needs equal shapes"),
    Refused("drop_path_mean", {}, (MAP, (2, 4, 5)), "shape", "drop_path_mean needs equal shapes"),
    Refused(
        "drop_path_mean", {"first": 2}, (MAP, MAP, (3,)), "shape", "drop_path_mean reads columns 2 to 3 of 3",
        torch_too=False,
    ),
    Refused("multiply", {}, (MAP, (3, 2, 2)), "shape", "multiply cannot combine 3x4x5 and 3x2x2"),
    Refused("multiply", {}, (MAP, (5,)), "shape", "multiply cannot combine 3x4x5 and 5"),
    Refused("multiply", {}, (MAP, (3, 4)), "shape", "multiply cannot combine 3x4x5 and 3x4"),
    Refused("concat", {}, (MAP, (3, 4, 4)), "shape", "concat needs maps of equal height and width"),
    Refused("concat", {}, (MAP, FEATURES), "shape", "concat needs inputs with the same number of axes"),
    Refused("concat", {}, (LINE, (3, 7)), "shape", "concat needs maps of equal size"),
    Refused("group_norm", {"groups": 2}, (MAP,), "shape", "group_norm with 2 groups cannot split 3 channels evenly"),
    Refused("group_norm", {"groups": 7}, (FEATURES,),
            "shape", "group_norm with 7 groups of 7 has one element in each", torch_too=False),
    Refused("instance_norm", {}, (FEATURES,), "shape", "instance_norm needs a feature map, got 7"),
    Refused("instance_norm", {}, ((3, 1, 1),), "shape", "instance_norm needs more than one position, got 3x1x1"),
    Refused("subtract", {}, (MAP, (3, 4, 4)), "shape", "subtract needs equal shapes"),
    Refused("max", {}, (MAP, (3, 4, 4)), "shape", "max needs equal shapes"),
    Refused("slice", {"start": 2, "stop": 2}, (MAP,), "shape", "slice from 2 to 2 of 3 channels is empty",
            torch_too=False),
    Refused("slice", {"start": 3}, (MAP,), "shape", "slice from 3 to 3 of 3 channels is empty", torch_too=False),
    Refused("slice", {"stop": 4}, (MAP,), "shape", "slice from 0 to 4 of 3 channels reaches beyond them",
            torch_too=False),
    Refused("slice", {"start": -4}, (MAP,), "shape", "slice from -4 to 3 of 3 channels reaches beyond them",
            torch_too=False),
    Refused("channel_shuffle", {"groups": 2}, (MAP,),
            "shape", "channel_shuffle with 2 groups cannot split 3 channels evenly"),
    Refused("channel_shuffle", {"groups": 3}, (FEATURES,), "shape", "channel_shuffle needs a feature map, got 7"),
    Refused("conv", {"out": 4, "kernel": [3, 3]}, (LINE,), "shape", "conv reads 1 axis, kernel has 2 numbers"),
    Refused("conv", {"out": 4, "kernel": [3]}, (MAP,), "shape", "conv reads 2 axes, kernel has 1 number"),
    Refused("conv", {"out": 4, "kernel": 3, "stride": [1, 2, 2]}, (MAP,),
            "shape", "conv reads 2 axes, stride has 3 numbers"),
    Refused("max_pool", {"kernel": 2, "padding": [1, 1]}, (VOLUME,),
            "shape", "max_pool reads 3 axes, padding has 2 numbers"),
    Refused("adaptive_avg_pool", {"out": [2, 2]}, (VOLUME,),
            "shape", "adaptive_avg_pool reads 3 axes, out has 2 numbers"),
    Refused("pad_shortcut", {"out": 8, "stride": [2, 2]}, (LINE,),
            "shape", "pad_shortcut reads 1 axis, stride has 2 numbers"),
    Refused("conv", {"out": 4, "kernel": 3}, ((2, 3, 4, 5, 6),), "shape",
            "conv needs a map of at most 3 axes, got 2x3x4x5x6"),
    Refused("conv_transpose", {"out": 6, "kernel": 3, "groups": 3}, ((4, 5, 5),),
            "shape", "conv_transpose with 3 groups cannot split 4 input channels evenly"),
    Refused("conv_transpose", {"out": 4, "kernel": 3, "groups": 3}, ((6, 5, 5),),
            "shape", "conv_transpose with 3 groups cannot split 4 output channels evenly"),
    Refused("conv_transpose", {"out": 4, "kernel": 3, "output_padding": 1}, (MAP,),
            "window", "conv_transpose output_padding 1 is no less than its stride and its dilation"),
    Refused("conv_transpose", {"out": 4, "kernel": 1, "padding": 3}, (MAP,),
            "window", "conv_transpose leaves nothing of 3x4x5 with padding 3"),
    Refused("conv_transpose", {"out": 4, "kernel": 3}, (FEATURES,),
            "shape", "conv_transpose needs a feature map, got 7"),
    Refused("conv_transpose", {"out": 4, "kernel": [3, 3]}, (LINE,),
            "shape", "conv_transpose reads 1 axis, kernel has 2 numbers"),
    Refused("pixel_shuffle", {"scale": 2}, (MAP,), "shape", "pixel_shuffle by 2 cannot split 3 channels evenly"),
    Refused("pixel_shuffle", {"scale": 2}, ((4, 6),), "shape", "pixel_shuffle needs two axes, got 4x6"),
    Refused("pixel_shuffle", {"scale": 2}, ((4,),), "shape", "pixel_shuffle needs a feature map, got 4"),
    Refused("resize", {}, (MAP,), "wrong-value", "resize has no size"),
    Refused("resize", {"scale": 2, "size": 8}, (MAP,), "wrong-value", "resize has scale and size"),
    Refused("resize", {"scale": 2}, (MAP, MAP), "wrong-value", "resize has scale and a second input",
            torch_too=False),
    Refused("resize", {"scale": 2, "align_corners": True}, (MAP,),
            "wrong-value", "resize to the nearest element has no align_corners", torch_too=False),
    Refused("resize", {"scale": 2, "mode": "cubic"}, (LINE,),
            "shape", "resize with mode 'cubic' needs two axes, got 3x8"),
    Refused("resize", {"mode": "linear"}, (MAP, VOLUME),
            "shape", "resize cannot take the size of 2x3x4x5 for 3x4x5"),
    Refused("resize", {"scale": 2}, (FEATURES,), "shape", "resize needs a feature map, got 7"),
    Refused("resize", {"scale": 0.2}, (MAP,), "shape", "resize leaves nothing of 3x4x5"),
    Refused("resize", {"scale": [2, 2]}, (LINE,), "shape", "resize reads 1 axis, scale has 2 numbers"),
    Refused("conv", {"out": 4, "kernel": 5}, (VOLUME,),
            "window", "conv window of 5x5x5 is larger than its input 2x3x4x5"),
)

WRONG_VALUES = (
    ("conv", {"out": 0, "kernel": 3}), ("conv", {"out": 8, "kernel": 0}), ("conv", {"out": 8, "kernel": []}),
    ("conv", {"out": 8, "kernel": [3, 3, 3, 3]}), ("conv", {"out": 8, "kernel": [3, 0]}),
    ("conv", {"out": 8, "kernel": True}),
    ("conv", {"out": 8, "kernel": 3.0}), ("conv", {"out": 8, "kernel": "33"}),
    ("conv", {"out": 8, "kernel": 3, "stride": 0}),
    ("conv", {"out": 8, "kernel": 3, "padding": -1}), ("conv", {"out": 8, "kernel": 3, "padding": "valid"}),
    ("conv", {"out": 8, "kernel": 3, "groups": 0}), ("conv", {"out": 8, "kernel": 3, "bias": 1}),
    ("conv", {"out": 8.0, "kernel": 3}), ("conv", {"out": True, "kernel": 3}), ("conv", {"out": "8", "kernel": 3}),
    ("conv", {"out": 2**31, "kernel": 3}), ("conv", {"out": 8}), ("conv", {"out": 8, "kernel": 3, "strides": 2}),
    ("max_pool", {"kernel": 2, "padding": "full"}), ("avg_pool", {"kernel": 2, "padding": [1, "same"]}),
    ("max_pool", {"kernel": 2, "dilation": 0}), ("max_pool", {"kernel": 2, "ceil": "true"}),
    ("avg_pool", {"kernel": 2, "divisor": 0}), ("avg_pool", {"kernel": 2, "dilation": 2}),
    ("adaptive_avg_pool", {"out": [0, 3]}), ("linear", {"out": -1}), ("rbf", {}), ("dropout", {"p": 1.5}),
    ("dropout", {"p": math.nan}), ("drop_path_mean", {"p": 2}), ("batch_norm", {"eps": 0.0}),
    ("batch_norm", {"eps": math.inf}),
    ("batch_norm", {"momentum": -0.1}), ("local_response_norm", {"alpha": math.inf}),
    ("local_response_norm", {"size": 0}), ("leaky_relu", {"slope": math.nan}), ("softplus", {"beta": 0}),
    ("prelu", {"per_channel": 3}), ("pad_shortcut", {"out": 8, "zeros": "before"}), ("select", {"channels": []}),
    ("conv_transpose", {"out": 8, "kernel": 2, "output_padding": -1}), ("conv_transpose", {"out": 8}),
    ("conv_transpose", {"out": 8, "kernel": 2, "padding": "same"}), ("pixel_shuffle", {}),
    ("pixel_shuffle", {"scale": 0}), ("resize", {"scale": 0}),
    ("resize", {"scale": -1.5}), ("resize", {"scale": True}), ("resize", {"scale": []}),
    ("resize", {"scale": [2, 2, 2, 2]}), ("resize", {"scale": 2, "mode": "bilinear"}), ("resize", {"size": 1.5}),
    ("resize", {"scale": 2, "mode": "area"}), ("resize", {"scale": math.nan}), ("resize", {"scale": "2"}),
    ("select", {"channels": [-1]}), ("select", {"channels": 2}), ("relu", {"inplace": True}),
    ("pointwise", {"out": 0}), ("pointwise", {}), ("group_norm", {}), ("group_norm", {"groups": 0}),
    ("group_norm", {"groups": 2, "eps": 0}), ("instance_norm", {"affine": 1}), ("layer_norm", {"eps": -1e-5}),
    ("drop_path", {}), ("drop_path", {"p": 1.1}), ("scale", {}), ("scale", {"factor": math.inf}),
    ("scale", {"factor": "half"}), ("slice", {"start": 1.5}), ("slice", {"stop": 2**31}), ("slice", {"step": 2}),
    ("flatten", {"keep": -1}), ("unflatten", {}), ("unflatten", {"size": [3]}), ("unflatten", {"size": [0, 2]}),
    ("unflatten", {"size": 6}), ("lstm", {}), ("lstm", {"out": 0}), ("lstm", {"out": 2, "layers": 0}),
    ("gru", {"out": 2, "bidirectional": 1}), ("gru", {"out": 2, "bias": "no"}),
    ("pad", {}), ("pad", {"padding": -1}), ("pad", {"padding": [[1, 2, 3]]}), ("pad", {"padding": [[[1]]]}),
    ("pad", {"padding": []}), ("pad", {"padding": 1, "mode": "same"}), ("pad", {"padding": [1, 1, 1, 1]}),
    ("adaptive_max_pool", {}), ("adaptive_max_pool", {"out": 0}), ("dropout", {"channels": 2}),
    ("channel_shuffle", {}), ("channel_shuffle", {"groups": -2}), ("abs", {"p": 1}),
)

ONES = [[1.0, 1.0, 1.0]] * 3
SIGMOID_2 = 1 / (1 + math.exp(-2))
VALUES = (
    # zeros of an even 'same' kernel stand behind the input
    ("conv", {"out": 1, "kernel": [1, 2], "padding": "same", "bias": False},
     [[[[1.0, 2.0, 4.0]]]], [[[3.0, 6.0, 4.0]]]),
    ("avg_pool", {"kernel": 3, "stride": 2, "padding": 1}, [[ONES]], [[[4 / 9, 4 / 9], [4 / 9, 4 / 9]]]),
    ("avg_pool", {"kernel": 3, "stride": 2, "padding": 1, "count_include_pad": False},
     [[ONES]], [[[1.0, 1.0], [1.0, 1.0]]]),
    ("avg_pool", {"kernel": 3, "stride": 2, "padding": 1, "divisor": 1}, [[ONES]], [[[4.0, 4.0], [4.0, 4.0]]]),
    # TensorFlow's: of 4 positions one zero after, of 5 one on either side
    ("conv", {"out": 1, "kernel": 3, "stride": 2, "padding": "same", "bias": False}, [[[1.0, 2.0, 3.0, 4.0]]],
     [[6.0, 7.0]]),
    ("conv", {"out": 1, "kernel": 3, "stride": 2, "padding": "same", "bias": False}, [[[1.0, 2.0, 3.0, 4.0, 5.0]]],
     [[3.0, 9.0, 9.0]]),
    ("max_pool", {"kernel": 3, "stride": 2, "padding": "same"}, [[[-1.0, -2.0, -3.0, -4.0]]], [[-1.0, -3.0]]),
    ("avg_pool", {"kernel": 3, "stride": 2, "padding": "same"}, [[[3.0, 6.0, 9.0, 12.0]]], [[6.0, 7.0]]),
    ("avg_pool", {"kernel": 3, "stride": 2, "padding": "same", "count_include_pad": False},
     [[[3.0, 6.0, 9.0, 12.0]]], [[6.0, 10.5]]),
    # what hangs over the edge is not counted
    ("avg_pool", {"kernel": 2, "ceil": True}, [[ONES]], [[[1.0, 1.0], [1.0, 1.0]]]),
    ("max_pool", {"kernel": [1, 2], "dilation": [1, 2], "stride": 1}, [[[[5.0, 1.0, 2.0, 3.0]]]], [[[5.0, 3.0]]]),
    # windows 0-1, 1-3, 3-4 of five elements
    ("adaptive_avg_pool", {"out": [1, 3]}, [[[[1.0, 2.0, 3.0, 4.0, 8.0]]]], [[[1.5, 3.0, 6.0]]]),
    ("adaptive_max_pool", {"out": [1, 3]}, [[[[1.0, 2.0, 3.0, 4.0, -8.0]]]], [[[2.0, 4.0, 4.0]]]),
    ("global_avg_pool", {}, [[[[1.0, 2.0], [3.0, 6.0]]]], [3.0]),
    # the outer list is the axes: a row before, and two columns after
    ("pad", {"padding": [[1, 0], [0, 2]]}, [[[[1.0, 2.0]]]], [[[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0]]]),
    ("pad", {"padding": [0, [2, 1]], "mode": "reflect"}, [[[[1.0, 2.0, 4.0]]]], [[[4.0, 2.0, 1.0, 2.0, 4.0, 2.0]]]),
    ("pad", {"padding": [[2, 1]], "mode": "replicate"}, [[[1.0, 2.0, 4.0]]], [[1.0, 1.0, 1.0, 2.0, 4.0, 4.0]]),
    ("dropout", {"channels": True}, [[[1.0, -2.0]]], [[1.0, -2.0]]),
    ("pad_shortcut", {"out": 2, "stride": 2}, [[ONES]], [[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]),
    ("pad_shortcut", {"out": 4, "zeros": "around"}, [[[[5.0]]]], [[[0.0]], [[5.0]], [[0.0]], [[0.0]]]),
    ("select", {"channels": [2, 0]}, [[5.0, 6.0, 7.0]], [7.0, 5.0]),
    ("mean", {}, [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]], [3.0, 5.0]),
    ("drop_path_mean", {"p": 1}, [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]], [3.0, 5.0]),
    ("add", {}, [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]], [9.0, 15.0]),
    ("multiply", {}, [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]], [15.0, 72.0]),
    ("multiply", {}, [[[1.0, 2.0], [3.0, 4.0]], [10.0, 100.0]], [[10.0, 20.0], [300.0, 400.0]]),
    ("concat", {}, [[1.0, 2.0], [3.0], [5.0, 9.0]], [1.0, 2.0, 3.0, 5.0, 9.0]),
    ("subtract", {}, [[1.0, 2.0], [3.0, -4.0]], [-2.0, 6.0]),
    ("max", {}, [[1.0, 9.0], [3.0, 4.0], [2.0, 8.0]], [3.0, 9.0]),
    ("scale", {"factor": -0.5}, [[1.0, 2.0]], [-0.5, -1.0]),
    ("abs", {}, [[1.0, -2.0]], [1.0, 2.0]),
    ("drop_path", {"p": 0.5}, [[1.0, -2.0]], [1.0, -2.0]),
    ("slice", {"start": -2}, [[5.0, 6.0, 7.0]], [6.0, 7.0]),
    ("slice", {"start": 1, "stop": -1}, [[5.0, 6.0, 7.0]], [6.0]),
    ("channel_shuffle", {"groups": 2}, [[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]],
     [[1.0], [4.0], [2.0], [5.0], [3.0], [6.0]]),
    # at each position the sum of the channels, and the bias
    ("pointwise", {"out": 1}, [[[1.0, 2.0], [3.0, 6.0]]], [[5.0, 9.0]]),
    ("pointwise", {"out": 2}, [[1.0, 2.0]], [4.0, 4.0]),
    # mean 2 and deviation 1 at the first position, 4 and 2 at the second; then the bias is added
    ("layer_norm", {}, [[[1.0, 2.0], [3.0, 6.0]]], [[0.0, 0.0], [2.0, 2.0]]),
    ("layer_norm", {}, [[1.0, 3.0]], [0.0, 2.0]),
    ("group_norm", {"groups": 2}, [[[1.0], [3.0], [2.0], [6.0]]], [[0.0], [2.0], [0.0], [2.0]]),
    ("group_norm", {"groups": 1, "affine": False}, [[[1.0, 3.0], [1.0, 3.0]]], [[-1.0, 1.0], [-1.0, 1.0]]),
    ("instance_norm", {}, [[[1.0, 3.0], [2.0, 6.0]]], [[-1.0, 1.0], [-1.0, 1.0]]),
    ("flatten", {}, [[[[1.0, 2.0]], [[3.0, 4.0]]]], [1.0, 2.0, 3.0, 4.0]),
    # the rows of each channel in turn
    ("flatten", {"keep": 1}, [[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]],
     [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]),
    ("unflatten", {"size": [2, 1, 2]}, [[1.0, 2.0, 3.0, 4.0]], [[[1.0, 2.0]], [[3.0, 4.0]]]),
    # all gates read 2 at the first position: their two biases; at the second nothing passes
    ("lstm", {"out": 1}, [[[0.0, -90.0]]], [[SIGMOID_2 * math.tanh(SIGMOID_2 * math.tanh(2)), 0.0]]),
    ("lstm", {"out": 1, "bidirectional": True}, [[[0.0]]], [[SIGMOID_2 * math.tanh(SIGMOID_2 * math.tanh(2))]] * 2),
    # both gates read 2; the state is 0, and of it a bias of 1 comes
    ("gru", {"out": 1}, [[[0.0]]], [[(1 - SIGMOID_2) * math.tanh(1 + SIGMOID_2)]]),
    ("channel_scale", {}, [[[[2.0]], [[3.0]]]], [[[3.0]], [[4.0]]]),
    ("scaled_tanh", {}, [[1.0, -1.0, 0.0]], [1.0, -1.0, 0.0]),
    ("leaky_relu", {"slope": 0.25}, [[4.0, -4.0]], [4.0, -1.0]),
    ("softplus", {"beta": 2}, [[0.0]], [math.log(2) / 2]),
    ("elu", {"alpha": 2}, [[1.0, -1000.0]], [1.0, -2.0]),
    ("softmax", {}, [[0.0, 0.0, math.log(2)]], [0.25, 0.25, 0.5]),
    ("log_softmax", {}, [[[[0.0]], [[math.log(3)]]]], [[[-math.log(4)]], [[math.log(0.75)]]]),
    # 2 and 3 spread over three positions each, two apart, the first of which is cut off and one added behind
    ("conv_transpose", {"out": 1, "kernel": [1, 3], "stride": [1, 2], "padding": [0, 1], "output_padding": [0, 1],
                        "bias": False}, [[[[2.0, 3.0]]]], [[[2.0, 5.0, 3.0, 3.0]]]),
    ("pixel_shuffle", {"scale": 2}, [[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]], [[[1.0, 2.0], [3.0, 4.0]]]),
    ("resize", {"scale": [1, 2]}, [[[[1.0, 3.0]]]], [[[1.0, 1.0, 3.0, 3.0]]]),
    # positions at -1/4, 1/4, 3/4 and 5/4: what lies beyond an end is the end
    ("resize", {"scale": [1, 2], "mode": "linear"}, [[[[1.0, 3.0]]]], [[[1.0, 1.5, 2.5, 3.0]]]),
    # at 0, 1/3, 2/3 and 1
    ("resize", {"scale": [1, 2], "mode": "linear", "align_corners": True},
     [[[[1.0, 4.0]]]], [[[1.0, 2.0, 3.0, 4.0]]]),
    ("resize", {"size": [1, 2]}, [[[[1.0, 2.0, 3.0, 4.0, 5.0]]]], [[[1.0, 3.0]]]),
    ("resize", {}, [[[[5.0]]], [[[0.0, 0.0], [0.0, 0.0]]]], [[[5.0, 5.0], [5.0, 5.0]]]),
    # squared distance to the one centre (1, 1)
    ("rbf", {"out": 1}, [[3.0, -1.0]], [8.0]),
)
# fmt: on


def name_of(row: Any) -> str:
    """How a row is called in a report: the word, its parameters, its inputs."""
    given = (f"{key}={value}" for key, value in row[1].items())
    return "-".join([row[0], *given, *(shape_text(shape) for shape in row[2])])


def facts_in_torch(operation: Operation, inputs: tuple[Shape, ...]) -> tuple[Shape, tuple[Tensor, ...], int]:
    """Output shape, tensors in order and multiply-adds of the layer of ``operation``, on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from netspec.nn.start import named

    layer = operation.layer(*inputs)
    tensors: tuple[Tensor, ...] = ()
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        values: list[Any] = [torch.zeros(1, *shape) for shape in inputs]
        if operation.reads_places:
            values[-1] = values[-1].long(), operation.shape(*inputs)[1:]
        output = called(layer, values)
        if layer.call == "parameter":
            tensors = (Tensor("", tuple(torch.nn.Parameter(output[0]).shape)),)
        if layer.call == "module":
            module = named(layer.target)(**layer.arguments)
            trained = dict(module.named_parameters())
            tensors = tuple(
                Tensor(name, tuple(tensor.shape), name in trained) for name, tensor in module.state_dict().items()
            )
    return tuple(output.shape[1:]), tensors, counter.get_total_flops() // 2


def agree(operation: Operation, inputs: tuple[Shape, ...]) -> None:
    """Assert that ``operation`` says of itself what torch says of its layer."""
    shape = operation.shape(*inputs)
    stated = (shape, operation.tensors(*inputs), operation.cost(shape, *inputs).macs)
    assert stated == facts_in_torch(operation, inputs)


def test_every_operation_has_a_row() -> None:
    """No operation can be added without facts worked by hand."""
    assert {row.word for row in ROWS} == set(OPERATIONS)


def test_words_are_those_of_the_table() -> None:
    """An operation is known under its own word."""
    assert {word: operation.word for word, operation in OPERATIONS.items()} == {word: word for word in OPERATIONS}


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_facts_are_those_worked_by_hand(row: Row) -> None:
    """Shape, parameters, buffers, work and window follow from the parameters and input shapes."""
    operation = row.operation
    tensors = operation.tensors(*row.inputs)

    assert operation.shape(*row.inputs) == row.output
    assert sum(tensor.size for tensor in tensors if tensor.trainable) == row.params
    assert sum(tensor.size for tensor in tensors if not tensor.trainable) == row.buffers
    assert operation.cost(row.output, *row.inputs) == row.cost
    assert operation.window(*row.inputs) == (row.window or point(len(row.inputs[0]) - 1 if row.inputs else 0))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_facts_are_those_of_torch(row: Row) -> None:
    """The layer has the shape, the tensors by name and order, and the multiply-adds that the operation states."""
    agree(row.operation, row.inputs)


class TallerConv(Conv):
    """A convolution that is wrong by one row."""

    def shape(self, *inputs: Shape) -> Shape:
        """One row too many."""
        out, high, wide = super().shape(*inputs)
        return out, high + 1, wide


class CheaperConv(Conv):
    """A convolution that is wrong by one multiply-add."""

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One too few."""
        cost = super().cost(output, *inputs)
        return cost._replace(macs=cost.macs - 1)


class ReorderedConv(Conv):
    """A convolution that names its tensors in the wrong order."""

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """The bias first."""
        return super().tensors(*inputs)[::-1]


class TrainedNorm(BatchNorm):
    """A batch norm that takes its statistics for parameters."""

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """All of them trainable."""
        return tuple(tensor._replace(trainable=True) for tensor in super().tensors(*inputs))


class FloorPool(MaxPool):
    """A pooling that tells torch nothing of ``ceil``."""

    def layer(self, *inputs: Shape) -> Layer:
        """Without overhanging windows."""
        layer = super().layer(*inputs)
        return layer._replace(arguments={**layer.arguments, "ceil_mode": False})


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (TallerConv(out=8, kernel=3), Conv(out=8, kernel=3)),
        (CheaperConv(out=8, kernel=3), Conv(out=8, kernel=3)),
        (ReorderedConv(out=8, kernel=3), Conv(out=8, kernel=3)),
        (TrainedNorm(), BatchNorm()),
        (FloorPool(kernel=3, stride=2, ceil=True), MaxPool(kernel=3, stride=2, ceil=True)),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_torch_objects_to_a_wrong_rule(wrong: Operation, right: Operation) -> None:
    """The comparison with torch fails for a rule that is off by one, and only for that one."""
    inputs = ((4, 6, 8),)

    agree(right, inputs)
    with pytest.raises(AssertionError):
        agree(wrong, inputs)


@pytest.mark.parametrize("row", REFUSED, ids=name_of)
def test_inputs_that_do_not_fit_are_refused(row: Refused) -> None:
    """The refusal has a code and a sentence that names the numbers that clash."""
    with pytest.raises(Refusal) as caught:
        OPERATIONS[row.word](**row.parameters).shape(*row.inputs)

    assert (caught.value.code, caught.value.message) == (row.code, row.message)
    assert caught.value.hint


@pytest.mark.parametrize("row", REFUSED, ids=name_of)
def test_what_is_refused_is_refused_by_torch_or_known_to_be_stricter(row: Refused, torch: ModuleType) -> None:
    """Torch has no layer for what is refused or cannot run it, but for listed cases that it would broadcast or crop."""
    operation = OPERATIONS[row.word](**row.parameters)

    def run() -> None:
        called(operation.layer(*row.inputs), [torch.ones(2, *shape) for shape in row.inputs])

    if row.torch_too:
        with pytest.raises((RuntimeError, ValueError, LookupError, AttributeError)):
            run()
    else:
        run()


@pytest.mark.parametrize(("word", "parameters"), WRONG_VALUES, ids=str)
def test_wrong_values_are_refused(word: str, parameters: Parameters) -> None:
    """A parameter outside its range, of another type, missing or unknown makes no operation."""
    with pytest.raises(ValidationError):
        OPERATIONS[word](**parameters)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize(("word", "parameters", "inputs", "expected"), VALUES)
def test_layers_compute_what_was_worked_by_hand(
    word: str, parameters: Parameters, inputs: list[Any], expected: list[Any], torch: ModuleType
) -> None:
    """With all weights, biases and centres 1, a layer gives the values worked by hand."""
    tensors = [torch.tensor([value]) for value in inputs]
    layer = OPERATIONS[word](**parameters).layer(*(tuple(tensor.shape[1:]) for tensor in tensors))

    with torch.no_grad():
        result = called(layer, tensors, weights=1.0)

    torch.testing.assert_close(result[0], torch.tensor(expected), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("axes", "size"), [*((2, size) for size in (*range(1, 17), 31)), *product((1, 3), (1, 2, 7))])
@pytest.mark.parametrize("word", ["max_pool", "avg_pool"])
def test_pooling_has_the_size_that_torch_gives_it(word: str, axes: int, size: int, torch: ModuleType) -> None:
    """Odd sizes, padding, strides and overhanging windows: torch's sizes, and refusals where torch objects."""
    shape = (1, size, size + 3, size + 1)[: 1 + axes]
    given, stated = {}, {}
    for kernel, stride, overhang in product((1, 2, 3, 5), (1, 2, 3, 7), (False, True)):
        for padding in range(kernel // 2 + 2):
            case = (kernel, stride, padding, overhang)
            operation = OPERATIONS[word](kernel=kernel, stride=stride, padding=padding, ceil=overhang)
            try:
                stated[case] = operation.shape(shape)
            except Refusal:
                stated[case] = None
            try:
                output = called(operation.layer(shape), [torch.zeros(1, *shape, device="meta")])
            except RuntimeError:
                given[case] = None
            else:
                given[case] = tuple(output.shape[1:])

    assert stated == given
    assert None in stated.values()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_exporter_needs_to_know_a_divisor(torch: ModuleType) -> None:
    """What is traced of a network with divisors has none: exporters to ONNX would leave it out without a word."""
    ours = torch.jit.trace(netspec.compile("lenet5-1998").eval(), torch.zeros(1, 1, 32, 32)).inlined_graph
    plain = torch.jit.trace(torch.nn.AvgPool2d(2, divisor_override=1), torch.zeros(1, 1, 4, 4)).inlined_graph
    divisors = [
        [list(pool.inputs())[-1].toIValue() for pool in graph.findAllNodes("aten::avg_pool2d")]
        for graph in (ours, plain)
    ]

    assert divisors == [[None, None], [1]]


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("overhang", [False, True])
def test_pooling_with_a_divisor_is_what_torch_makes_of_one(
    axes: int,
    overhang: bool,  # noqa: FBT001 - a row
    torch: ModuleType,
) -> None:
    """The module of ours gives what ``divisor_override`` does, to the rounding, padding and overhang included."""
    generator, cases = torch.Generator().manual_seed(1), 0
    # torch's pooling on one axis has no divisor: that on two axes, one of them of size 1, does the same
    pool = torch.nn.functional.avg_pool3d if axes == 3 else torch.nn.functional.avg_pool2d
    for size, kernel, stride, padding in product((1, 3, 4, 6), (1, 2, 3), (1, 2, 4), (0, 1)):
        shape = (2, *range(size, size + axes))
        operation = OPERATIONS["avg_pool"](kernel=kernel, stride=stride, padding=padding, ceil=overhang, divisor=7)
        try:
            expected = operation.shape(shape)
        except Refusal:
            continue
        x = torch.randn(2, *shape, generator=generator, dtype=torch.double)
        found = called(operation.layer(shape), [x])
        sizes: list[Any] = [(kernel, 1), (stride, 1), (padding, 0)] if axes == 1 else [kernel, stride, padding]
        theirs = pool(x.unsqueeze(-1) if axes == 1 else x, *sizes, ceil_mode=overhang, divisor_override=7)
        cases += 1

        assert tuple(found.shape[1:]) == expected
        torch.testing.assert_close(found, theirs.squeeze(-1) if axes == 1 else theirs, rtol=1e-12, atol=1e-12)
    assert cases > 20


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 9])
def test_adaptive_pooling_gives_the_wanted_size(size: int) -> None:
    """Also where the wanted size does not divide the given one, or is larger."""
    for out in (1, 2, 3, 7, 10):
        agree(OPERATIONS["adaptive_avg_pool"](out=out), ((2, size, 6),))


@pytest.mark.parametrize("size", range(1, 25))
def test_the_window_of_adaptive_pooling_is_the_largest_of_torch(size: int, torch: ModuleType) -> None:
    """On each axis the kernel is the most elements that one output depends on, the stride that from first to second."""
    elements = torch.eye(size).view(size, 1, size, 1)  # in image i only element i is 1
    for out in range(1, size + 1):
        seen = torch.nn.functional.adaptive_avg_pool2d(elements, (out, 1)).view(size, out) > 0
        firsts = seen.int().argmax(dim=0).tolist()
        stride = firsts[1] - firsts[0] if out > 1 else size
        window = OPERATIONS["adaptive_avg_pool"](out=[out, 1]).window((1, size, 1))

        assert (window.kernel[0], window.stride[0]) == (seen.sum(dim=0).max().item(), stride), out


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("kernel", range(1, 8))
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_keeps_the_size(kernel: int, dilation: int) -> None:
    """Padding ``same`` keeps height and width for even and odd, plain and dilated kernels, small maps included."""
    operation = Conv(out=2, kernel=(kernel, 3), dilation=(dilation, 1), padding="same")
    for size in (1, 4, 9):
        assert operation.shape((3, size, 5)) == (2, size, 5)
        agree(operation, ((3, size, 5),))


@pytest.mark.parametrize(
    ("word", "theirs"), [("conv", "Conv2dSame"), ("max_pool", "MaxPool2dSame"), ("avg_pool", "AvgPool2dSame")]
)
@pytest.mark.parametrize("stride", [2, 3])
def test_same_with_strides_is_tensorflows(
    word: str, theirs: str, stride: int, torch: ModuleType, torchvision: ModuleType
) -> None:
    """At every size a window at each step, as timm, which has TensorFlow's weights, pads for them: equal bits."""
    layers = pytest.importorskip("timm.layers", reason=f"beside {torchvision.__name__}")
    kinds = {"Conv2dSame": layers.Conv2dSame, "MaxPool2dSame": layers.pool2d_same.MaxPool2dSame}
    kinds["AvgPool2dSame"] = layers.pool2d_same.AvgPool2dSame
    generator = torch.Generator().manual_seed(3)
    for kernel, size in product((1, 2, 3, 5), (4, 5, 6, 7, 9)):
        out = {"out": 4} if word == "conv" else {}
        operation = OPERATIONS[word](kernel=kernel, stride=stride, padding="same", **out)
        x = torch.randn(2, 3, size, size + 4, generator=generator)
        shape = tuple(x.shape[1:])
        other = kinds[theirs](3, 4, kernel, stride=stride) if word == "conv" else kinds[theirs](kernel, stride)
        weights = other.state_dict() if word == "conv" else None
        found = called(operation.layer(shape), [x], weights=weights)

        assert torch.equal(found, other(x)), (kernel, size)
        assert tuple(found.shape[1:]) == operation.shape(shape)


def test_same_follows_a_map_of_another_size(torch: ModuleType) -> None:
    """What is built for 8 positions pads 9 of them by the rule, and an odd window with no stride by none."""
    strided, plain = (Conv(out=1, kernel=3, stride=stride, padding="same").layer((1, 8)) for stride in (2, 1))
    lengths = [called(layer, [torch.zeros(1, 1, 9)]).shape[2] for layer in (strided, plain)]

    assert lengths == [5, 9]
    assert (strided.target, plain.target) == ("netspec.nn.same.SameConv1d", "torch.nn.Conv1d")
