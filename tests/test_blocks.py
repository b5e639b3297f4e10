"""Built-in blocks: figures worked by hand, names as in torchvision, and torchvision's own blocks as the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

from netspec.analysis.summary import summary
from netspec.blocks import BLOCKS
from netspec.graph.builder import GraphBuilder, NodeRefused
from netspec.graph.graph import Graph, Output
from netspec.ops.facts import Shape, key

Parameters = dict[str, Any]


class Row(NamedTuple):
    """A block with parameters, what goes in, and what must follow; ``keys`` are layers and the tensors they own."""

    word: str
    parameters: Parameters
    input: Shape
    output: Shape
    params: int
    macs: int
    keys: str


BN = "weight bias running_mean running_var num_batches_tracked"
BASIC = f"conv1: weight; bn1: {BN}; conv2: weight; bn2: {BN}"
DOWN = f"; downsample.0: weight; downsample.1: {BN}"
DEEP = f"{BASIC}; conv3: weight; bn3: {BN}"
PRELU = {"activation": {"prelu": {"per_channel": True}}}
PAPER = {"conv1": 4, "conv3": [2, 4], "conv5": [2, 3], "pool": 5}
INCEPTION = "; ".join(
    f"{name}.conv: weight; {name}.bn: {BN}"
    for name in ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")
)

# fmt: off
ROWS = (
    # two convolutions of 16 x 16 x 9 and two norms
    Row("residual", {"width": 16}, (16, 8, 8), (16, 8, 8), 4608 + 64, 4608 * 64, BASIC),
    # 32 x 16 x 9, 32 x 32 x 9 and the projection's 32 x 16, three norms
    Row("residual", {"width": 32, "stride": 2}, (16, 8, 8), (32, 4, 4),
        4608 + 9216 + 512 + 192, 14336 * 16, BASIC + DOWN),
    Row("residual", {"width": 32, "stride": 2, "stride_on": "conv2"}, (16, 8, 8), (32, 4, 4),
        4608 + 9216 + 512 + 192, 4608 * 64 + 9728 * 16, BASIC + DOWN),
    Row("residual", {"width": 32}, (16, 7, 5), (32, 7, 5), 4608 + 9216 + 512 + 192, 14336 * 35, BASIC + DOWN),
    Row("residual", {"width": 16, "stride": [1, 2]}, (16, 4, 5), (16, 4, 3),
        4608 + 256 + 96, 4864 * 12, BASIC + DOWN),
    Row("residual", {"width": 16, "shortcut": "identity"}, (16, 8, 8), (16, 8, 8), 4608 + 64, 4608 * 64, BASIC),
    Row("residual", {"width": 32, "stride": 2, "shortcut": "pad"}, (16, 7, 8), (32, 4, 4),
        4608 + 9216 + 128, 13824 * 16, BASIC),
    Row("residual", {"width": 16, "shortcut": "pad"}, (16, 8, 8), (16, 8, 8), 4608 + 64, 4608 * 64, BASIC),
    Row("residual", {"width": 16, "shortcut": "projection_always"}, (16, 8, 8), (16, 8, 8),
        4608 + 256 + 96, 4864 * 64, BASIC + DOWN),
    Row("residual", {"width": 32, "stride": 2, "shortcut": "none"}, (16, 8, 8), (32, 4, 4),
        4608 + 9216 + 128, 13824 * 16, BASIC),
    Row("residual", {"width": 32, "stride": 2, "norm": "none"}, (16, 8, 8), (32, 4, 4),
        14336, 14336 * 16, "conv1: weight; conv2: weight; downsample.0: weight"),
    Row("residual", {"width": 16, **PRELU}, (16, 8, 8), (16, 8, 8), 4608 + 64 + 32, 4608 * 64,
        f"conv1: weight; bn1: {BN}; relu1: weight; conv2: weight; bn2: {BN}; relu: weight"),
    # 4 x 16, 4 x 4 x 9, 16 x 4; norms over 4, 4 and 16 channels
    Row("bottleneck", {"width": 4}, (16, 6, 6), (16, 6, 6), 64 + 144 + 64 + 48, 272 * 36, DEEP),
    Row("bottleneck", {"width": 8, "stride": 2}, (16, 6, 6), (32, 3, 3),
        128 + 576 + 256 + 512 + 160, 128 * 36 + 1344 * 9, DEEP + DOWN),
    Row("bottleneck", {"width": 8, "stride": 2, "stride_on": "conv1"}, (16, 6, 6), (32, 3, 3),
        128 + 576 + 256 + 512 + 160, 1472 * 9, DEEP + DOWN),
    # the 3x3 sees 4 of the 16 channels
    Row("bottleneck", {"width": 8, "inner": 16, "groups": 4}, (16, 6, 6), (32, 6, 6),
        256 + 576 + 512 + 512 + 192, 1856 * 36, DEEP + DOWN),
    Row("bottleneck", {"width": 16, "expansion": 1}, (16, 6, 6), (16, 6, 6), 256 + 2304 + 256 + 96, 2816 * 36, DEEP),
    Row("bottleneck", {"width": 4, "shortcut": "none", "norm": "none", "activation": "none"}, (16, 6, 6), (16, 6, 6),
        272, 272 * 36, "conv1: weight; conv2: weight; conv3: weight"),
    Row("conv_norm_act", {"out": 8, "kernel": 3, "padding": 1}, (4, 5, 5), (8, 5, 5),
        288 + 16, 288 * 25, f"conv: weight; bn: {BN}"),
    Row("conv_norm_act", {"out": 8, "bias": True, "norm": "none", "activation": "none"}, (4, 5, 5), (8, 5, 5),
        32 + 8, 32 * 25, "conv: weight bias"),
    Row("conv_norm_act", {"out": 4, "kernel": [3, 1], "padding": "same", "dilation": [2, 1], "groups": 4,
                          "norm": {"channel_scale": {"bias": False}}, "activation": {"leaky_relu": 0.1}},
        (4, 5, 5), (4, 5, 5), 12 + 4, 12 * 25, "conv: weight; bn: weight"),
    # 4 x 6 x 9, then 4 x 10 x 9; norms over 6 and 10 channels
    Row("dense", {"layers": 2, "growth_rate": 4}, (6, 5, 5), (14, 5, 5), 216 + 360 + 32, 576 * 25,
        "; ".join(f"denselayer{n}.norm1: {BN}; denselayer{n}.conv1: weight" for n in (1, 2))),
    # 8 x 6 and 2 x 8 x 9, then 8 x 8 and 2 x 8 x 9; norms over 6, 8, 8 and 8 channels
    Row("dense", {"layers": 2, "growth_rate": 2, "bottleneck": 4, "dropout": 0.2}, (6, 5, 5), (10, 5, 5),
        48 + 144 + 64 + 144 + 60, 400 * 25,
        "; ".join(f"denselayer{n}.norm{i}: {BN}; denselayer{n}.conv{i}: weight" for n in (1, 2) for i in (1, 2))),
    Row("dense", {"layers": 1, "growth_rate": 4, "norm": "none"}, (6, 5, 5), (10, 5, 5),
        216, 216 * 25, "denselayer1.conv1: weight"),
    Row("transition", {}, (6, 5, 5), (3, 2, 2), 12 + 18, 18 * 25, f"norm: {BN}; conv: weight"),
    # half of seven channels is three
    Row("transition", {"dropout": 0.1}, (7, 4, 4), (3, 2, 2), 14 + 21, 21 * 16, f"norm: {BN}; conv: weight"),
    Row("transition", {"compression": 1, "norm": "none"}, (6, 4, 4), (6, 2, 2), 36, 36 * 16, "conv: weight"),
    # 12 | 6 and 72 | 6 and 150 | 15
    Row("inception", PAPER, (3, 6, 6), (16, 6, 6), 261 + 40, 261 * 36, INCEPTION),
    Row("inception", {**PAPER, "kernel5": 3}, (3, 7, 5), (16, 7, 5), 165 + 40, 165 * 35, INCEPTION),
    Row("inception", {**PAPER, "bias": True, "norm": "none"}, (3, 6, 6), (16, 6, 6), 261 + 20, 261 * 36,
        INCEPTION.replace("conv: weight", "conv: weight bias").replace(BN, "")),
    # 6 x 2 and 2 x 6 at the one position that is left, and their biases
    Row("squeeze_excite", {"width": 2}, (6, 5, 5), (6, 5, 5), 12 + 2 + 12 + 6, 24,
        "fc1: weight bias; fc2: weight bias"),
    Row("squeeze_excite", {"width": 3, "activation": "prelu", "gate": "none"}, (4, 9), (4, 9),
        12 + 3 + 1 + 12 + 4, 24, "fc1: weight bias; activation: weight; fc2: weight bias"),
)
# fmt: on


def graph_of(word: str, parameters: Parameters, size: Shape) -> Graph:
    """The graph of one block over an input of ``size``."""
    builder = GraphBuilder(size)
    last = BLOCKS[word](**parameters).expand(builder, builder.input)
    return builder.graph("block", (), (Output("output", last),))


def keys_of(text: str) -> Iterator[str]:
    """``bn: weight bias`` as ``bn.weight``, ``bn.bias``."""
    for part in text.split("; "):
        layer, _, tensors = part.partition(": ")
        yield from (f"{layer}.{tensor}" for tensor in tensors.split())


def name_of(row: Any) -> str:
    """How a row is called in a report."""
    return "-".join([row[0], *(f"{key}={value}" for key, value in row[1].items()), "x".join(map(str, row[2]))])


def test_every_block_has_a_row() -> None:
    """No block can be added without figures worked by hand, but for what is another layer again."""
    assert {row.word for row in ROWS} == {word for word, block in BLOCKS.items() if not block.runs_again}


def test_words_are_those_of_the_table() -> None:
    """A block is known under its own word."""
    assert all(block.word == word for word, block in BLOCKS.items())


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_figures_are_those_worked_by_hand(row: Row) -> None:
    """Output shape, parameters, multiply-adds and the names of all tensors follow from the parameters."""
    graph = graph_of(row.word, row.parameters, row.input)
    totals = summary(graph).totals
    tensors = [key(node.name, tensor.name) for node in graph.nodes for tensor in node.tensors]

    assert graph.outputs[0].node.shape == row.output
    assert (totals.params, totals.macs) == (row.params, row.macs)
    assert tensors == list(keys_of(row.keys))


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_figures_are_those_of_torch(row: Row, torch: ModuleType) -> None:
    """The module of a block has that output shape and those parameters, multiply-adds and state_dict keys."""
    from torch.utils.flop_counter import FlopCounterMode

    from netspec.nn.build import module

    built = module(graph_of(row.word, row.parameters, row.input), device="meta")
    with FlopCounterMode(display=False) as counter:
        output = built(torch.zeros(2, *row.input, device="meta"))

    assert output.shape == (2, *row.output)
    assert sum(parameter.numel() for parameter in built.parameters()) == row.params
    assert counter.get_total_flops() == 2 * 2 * row.macs
    assert set(built.state_dict()) == set(keys_of(row.keys))


@pytest.mark.parametrize(
    ("word", "parameters", "size", "joins", "last"),
    [
        ("residual", {"width": 16}, (16, 8, 8), "bn2 input", "relu"),
        ("residual", {"width": 16, "shortcut": "projection_always"}, (16, 8, 8), "bn2 downsample.1", "relu"),
        ("residual", {"width": 32, "shortcut": "pad"}, (16, 8, 8), "bn2 downsample", "relu"),
        ("residual", {"width": 16, "shortcut": "none"}, (16, 8, 8), "", "relu"),
        ("residual", {"width": 32, "norm": "none", "activation": "none"}, (16, 8, 8), "conv2 downsample.0", "add"),
        ("bottleneck", {"width": 4, "shortcut": "identity"}, (16, 8, 8), "bn3 input", "relu"),
        ("bottleneck", {"width": 8}, (16, 8, 8), "bn3 downsample.1", "relu"),
    ],
)
def test_shortcuts_join_what_they_say(word: str, parameters: Parameters, size: Shape, joins: str, last: str) -> None:
    """The sum reads the last norm (or convolution) and the shortcut; ``none`` makes the block plain."""
    graph = graph_of(word, parameters, size)
    sums = [node for node in graph.nodes if node.operation.joins]

    assert [source.name for node in sums for source in node.inputs] == joins.split()
    assert graph.outputs[0].node.name == last


def test_parameters_of_norm_and_activation_reach_every_layer() -> None:
    """A norm or activation with parameters stands at each of its places in the block with these parameters."""
    parameters = {"width": 4, "norm": {"batch_norm": {"eps": 0.01}}, "activation": {"leaky_relu": 0.3}}
    layers = [node.operation for node in graph_of("bottleneck", parameters, (3, 8, 8)).nodes]

    assert [layer.eps for layer in layers if layer.word == "batch_norm"] == [0.01] * 4
    assert [layer.slope for layer in layers if layer.word == "leaky_relu"] == [0.3] * 3
    assert "relu" not in {layer.word for layer in layers}


Factory = Callable[[Any], Any]


def projected(torchvision: Any, block: str, given: int, out: int, stride: int, **more: int) -> Any:
    """A residual block of torchvision with the projection that its ResNet puts into it."""
    import torch

    down = torch.nn.Sequential(torch.nn.Conv2d(given, out, 1, stride, bias=False), torch.nn.BatchNorm2d(out))
    kind = getattr(torchvision.models.resnet, block)
    return kind(given, out // kind.expansion, stride=stride, downsample=down, **more)


def torch_class(name: str) -> Any:
    """A class of torch's modules."""
    return getattr(import_module("torch.nn"), name)


def googlenet() -> Any:
    """Torchvision's module of that name, which its function of that name hides."""
    return import_module("torchvision.models.googlenet")


# fmt: off
TWINS: tuple[tuple[str, Parameters, Shape, Factory], ...] = (
    ("residual", {"width": 8}, (8, 6, 6), lambda tv: tv.models.resnet.BasicBlock(8, 8)),
    ("residual", {"width": 8, "stride": 2}, (4, 7, 6), lambda tv: projected(tv, "BasicBlock", 4, 8, 2)),
    ("bottleneck", {"width": 2}, (8, 6, 6), lambda tv: tv.models.resnet.Bottleneck(8, 2)),
    ("bottleneck", {"width": 4, "stride": 2}, (8, 7, 6), lambda tv: projected(tv, "Bottleneck", 8, 16, 2)),
    # ResNeXt: 4 groups of width 4 x 32 / 64
    ("bottleneck", {"width": 4, "inner": 8, "groups": 4}, (8, 7, 6),
     lambda tv: projected(tv, "Bottleneck", 8, 16, 1, groups=4, base_width=32)),
    ("dense", {"layers": 3, "growth_rate": 4, "bottleneck": 2}, (6, 5, 7),
     lambda tv: tv.models.densenet._DenseBlock(3, 6, 2, 4, 0.0)),
    ("transition", {}, (8, 5, 7), lambda tv: tv.models.densenet._Transition(8, 4)),
    ("inception", {**PAPER, "kernel5": 3, "norm": {"batch_norm": {"eps": 0.001}}}, (3, 6, 7),
     lambda _: googlenet().Inception(3, 4, 2, 4, 2, 3, 5)),
    ("conv_norm_act", {"out": 8, "kernel": 3, "stride": 2, "padding": 1, "norm": {"batch_norm": {"eps": 0.001}}},
     (4, 7, 6), lambda _: googlenet().BasicConv2d(4, 8, kernel_size=3, stride=2, padding=1)),
    ("squeeze_excite", {"width": 2}, (6, 5, 7), lambda tv: tv.ops.SqueezeExcitation(6, 2)),
    ("squeeze_excite", {"width": 2, "activation": "silu", "gate": "hardsigmoid"}, (6, 5, 7),
     lambda tv: tv.ops.SqueezeExcitation(6, 2, torch_class("SiLU"), torch_class("Hardsigmoid"))),
)
# fmt: on


def twins_agree(word: str, parameters: Parameters, size: Shape, twin: Any) -> None:
    """Assert that a block takes the weights of ``twin`` and computes what it computes."""
    import torch

    from netspec.nn.build import module

    torch.manual_seed(0)
    for tensor in twin.state_dict().values():  # norms that start as 1 and 0 would hide a wrong one
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    built = module(graph_of(word, parameters, size))
    built.load_state_dict(twin.state_dict())
    images = torch.randn(2, *size)
    with torch.inference_mode():
        torch.testing.assert_close(built.eval()(images), twin.eval()(images))


@pytest.mark.parametrize(("word", "parameters", "size", "factory"), TWINS)
def test_blocks_compute_what_torchvision_computes(
    word: str, parameters: Parameters, size: Shape, factory: Factory, torchvision: ModuleType
) -> None:
    """A block takes the weights of torchvision's block by name and gives its values."""
    twins_agree(word, parameters, size, factory(torchvision))


@pytest.mark.parametrize(
    ("word", "parameters"),
    [
        ("bottleneck", {"width": 4, "stride": 2, "stride_on": "conv1"}),
        ("bottleneck", {"width": 4, "stride": 2, "activation": "relu6"}),
        ("bottleneck", {"width": 4, "stride": 2, "norm": {"batch_norm": {"eps": 0.1}}}),
    ],
)
def test_torchvision_objects_to_another_block(word: str, parameters: Parameters, torchvision: ModuleType) -> None:
    """The comparison fails where only the place of the stride, the activation or an eps differs."""
    with pytest.raises(AssertionError):
        twins_agree(word, parameters, (8, 7, 6), projected(torchvision, "Bottleneck", 8, 16, 2))


@pytest.mark.parametrize(
    ("word", "parameters", "size", "name", "message"),
    [
        ("residual", {"width": 8, "shortcut": "identity"}, (4, 6, 6), "add", "add needs equal shapes"),
        ("residual", {"width": 8, "shortcut": "identity", "stride": 2}, (8, 6, 6), "add", "add needs equal shapes"),
        ("residual", {"width": 4, "shortcut": "pad"}, (8, 6, 6), "downsample",
         "pad_shortcut cannot pad 8 channels to 4"),
        ("residual", {"width": 4}, (8,), "conv1", "conv needs a feature map, got 8"),
        ("bottleneck", {"width": 6, "groups": 4}, (8, 6, 6), "conv2",
         "conv with 4 groups cannot split 6 input channels evenly"),
        ("transition", {}, (8, 1, 6), "pool", "avg_pool window of 2x2 is larger than its input 4x1x6"),
        ("squeeze_excite", {"width": 2}, (8,), "avgpool", "adaptive_avg_pool needs a feature map, got 8"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_refused(
    word: str, parameters: Parameters, size: Shape, name: str, message: str
) -> None:
    """A block refuses in the words of the operation that does not fit, and names it."""
    with pytest.raises(NodeRefused) as caught:
        graph_of(word, parameters, size)

    assert (caught.value.name, caught.value.refusal.message) == (name, message)


@pytest.mark.parametrize(
    ("word", "parameters"),
    [
        ("residual", {}),
        ("residual", {"width": 0}),
        ("residual", {"width": 8, "stride_on": "conv3"}),
        ("residual", {"width": 8, "shortcut": "project"}),
        ("residual", {"width": 8, "norm": "batchnorm"}),
        ("residual", {"width": 8, "norm": 3}),
        ("residual", {"width": 8, "norm": {"batch_norm": {"epsilon": 0.1}}}),
        ("residual", {"width": 8, "activation": {"leaky_relu": "steep"}}),
        ("bottleneck", {"width": 8, "expansion": 0}),
        ("bottleneck", {"width": 8, "expand": 4}),
        ("dense", {"layers": 0, "growth_rate": 4}),
        ("dense", {"layers": 2, "growth_rate": 4, "bottleneck": -1}),
        ("dense", {"layers": 2, "growth_rate": 4, "dropout": 2}),
        ("transition", {"compression": 0}),
        ("transition", {"compression": 1.5}),
        ("inception", {**PAPER, "conv3": 4.5}),
        ("inception", {"conv1": 4}),
        ("conv_norm_act", {"out": 8, "padding": "valid"}),
    ],
    ids=str,
)
def test_wrong_values_are_refused(word: str, parameters: Parameters) -> None:
    """A parameter outside its range, of another kind, missing or unknown makes no block."""
    with pytest.raises(ValidationError):
        BLOCKS[word](**parameters)
