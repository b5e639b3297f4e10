"""Receptive fields against what really depends on each input pixel, and against published figures.

The oracle poisons one pixel of each image with NaN and looks where it comes out: nothing can cancel, a maximum hides
nothing, and every position of every node is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from oracle import values
from strategies import specs

import netspec
from netspec.analysis.receptive_field import Field, last_map, receptive_fields
from netspec.facts import FLAT, Shape, Window
from netspec.graph import Graph, Node
from netspec.ops.conv import Conv
from netspec.ops.operation import Operation
from netspec.ops.pool import AvgPool, MaxPool
from netspec.ops.shortcut import PadShortcut

if TYPE_CHECKING:
    import torch

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
    pytest.mark.usefixtures("one_thread"),
]


# -- the oracle -------------------------------------------------------------------------------------------------------


def reached(graph: Graph) -> dict[Node, torch.Tensor]:
    """For every node a table, input height x input width x height x width: whether the position sees the pixel."""
    import torch

    channels, high, wide = graph.input.shape
    # double: the fast kernels for single precision may spread NaN over a tile
    images = torch.rand(high * wide, channels, high * wide, dtype=torch.double) + 0.5
    pixels = torch.arange(high * wide)
    images[pixels, :, pixels] = torch.nan
    with torch.inference_mode():
        found = values(graph, images.view(-1, channels, high, wide))
    return {node: seen(value, high, wide) for node, value in found.items()}


def seen(value: torch.Tensor, high: int, wide: int) -> torch.Tensor:
    """Where NaN came out, in any channel."""
    poisoned = value.isnan()
    if poisoned.dim() == 2:
        return poisoned.any(1).view(high, wide, 1, 1)
    return poisoned.any(1).view(high, wide, *value.shape[2:])


def fields_agree(graph: Graph) -> dict[Node, int]:
    """Assert that no position sees a pixel outside its field, and that ends inside the image are seen.

    Returns for every node how many ends were there to compare.
    """
    fields = receptive_fields(graph)
    compared = {}
    for node, table in reached(graph).items():
        exact = can_compare(node, fields)
        compared[node] = sum(ends_agree(node, axis, table, fields[node], exact=exact) for axis in (0, 1))
    return compared


def can_compare(node: Node, fields: dict[Node, Field]) -> bool:
    """Whether the ends of the field of ``node`` must be seen.

    Not after paths of several jumps, not where every position sees a whole map, and not where the channels of one path
    were selected from a concatenation: a field is that of all channels.
    """
    before, waiting = {node}, [node]
    while waiting:
        sources = set(waiting.pop().inputs) - before
        before |= sources
        waiting += sources
    jumps = all(len({fields[source].jump for source in inner.inputs}) <= 1 for inner in before)
    selected = {"select", "concat"} <= {inner.operation.word for inner in before}
    return jumps and not selected and not any(fields[inner].whole for inner in before)


def ends_agree(node: Node, axis: int, table: torch.Tensor, field: Field, *, exact: bool) -> int:
    """How many ends of fields on one axis lie inside the image and were seen to be the true ones."""
    lines = table.any(dim=(1 - axis, 3 - axis))
    size, count = lines.shape
    compared = 0
    for at in range(count):
        first, last = field.seen((at, at))[axis]
        positions = lines[:, at].nonzero().flatten().tolist()
        where = f"{node.name}, axis {axis}, position {at}: field {first} to {last}, sees {positions}"
        assert all(first <= position <= last for position in positions), where
        if not exact or not positions:  # a position may see nothing but padding
            continue
        if first >= 0:
            assert min(positions) == first, where
        if last < size:
            assert max(positions) == last, where
        compared += (first >= 0) + (last < size)
    return compared


# -- small networks ---------------------------------------------------------------------------------------------------

NETS = {
    "plain": "[conv: {out: 2, kernel: 3}, relu, conv: {out: 2, kernel: 3}, batch_norm, conv: {out: 2, kernel: 5}]",
    "padded": "[conv: {out: 2, kernel: 3, padding: 1}, conv: {out: 2, kernel: 5, padding: 2}]",
    "strided": "[conv: {out: 2, kernel: 3, stride: 2, padding: 1}, conv: {out: 2, kernel: 3, stride: 2, padding: 1}]",
    "asymmetric": "[conv: {out: 2, kernel: [1, 7], padding: [0, 3]}, conv: {out: 2, kernel: [3, 1], stride: [1, 2]}]",
    "even": "[conv: {out: 2, kernel: 4, padding: same}, conv: {out: 2, kernel: [2, 1], padding: 1}, max_pool: 2]",
    "dilated": "[conv: {out: 2, kernel: 3, dilation: 2, padding: 2}, conv: {out: 2, kernel: 3, dilation: [1, 3]}]",
    "dilated same": "[conv: {out: 2, kernel: [2, 3], dilation: 3, padding: same}, relu]",
    "pools": "[max_pool: 2, conv: {out: 2, kernel: 3, padding: 1}, avg_pool: {kernel: 3, stride: 2, padding: 1}]",
    "ceil": "[max_pool: {kernel: 3, stride: 2, ceil: true}, conv: {out: 2, kernel: 3, padding: 1}, "
    "avg_pool: {kernel: 2, stride: 2, ceil: true}]",
    "dilated pool": "[max_pool: {kernel: 2, stride: 1, dilation: 3}, conv: {out: 2, kernel: 2}]",
    "gaps": "[conv: {out: 2, kernel: 2, stride: 3}, conv: {out: 2, kernel: 2, stride: 1}]",
    "groups": "[conv: {out: 4, kernel: 3, groups: 2}, select: [3, 0], conv: {out: 2, kernel: 3, groups: 2}]",
    "adaptive": "[conv: {out: 2, kernel: 3, padding: 1}, adaptive_avg_pool: [5, 4], conv: {out: 2, kernel: 2}]",
    "normalised": "[local_response_norm, channel_scale, prelu, dropout, softmax, conv: {out: 2, kernel: 3}]",
    "residual": "[residual: {width: 2}, residual: {width: 4, stride: 2}, residual: {width: 4}]",
    "bottleneck": "[bottleneck: {width: 2, stride: 2, stride_on: conv1}, bottleneck: {width: 2}]",
    "pad": "[residual: {width: 4, stride: 2, shortcut: pad}]",
    "dense": "[dense: {layers: 3, growth_rate: 2}, transition: {}]",
    "inception": "[inception: {conv1: 1, conv3: [1, 2], conv5: [1, 2], pool: 1}]",
    "branches": "[conv: {out: 2, kernel: 3, stride: 2}, {branches: {a: [conv: {out: 2, kernel: [7, 1], "
    "padding: [3, 0]}], b: [conv: {out: 2, kernel: [1, 3], padding: [0, 1]}], c: identity}, join: concat}]",
    # the interval holds rows that no path sees
    "holes": "{branches: {a: [conv: {out: 2, kernel: 3, dilation: 4, padding: 4}], b: identity}, join: add}",
    "out of line": "{branches: {a: [avg_pool: 2], b: [conv: {out: 2, kernel: 3, stride: 2, padding: 1}]}, join: add}",
    "shifted": "{branches: {a: [conv: {out: 2, kernel: 4, padding: same}], b: identity}, join: mean}",
}


@pytest.mark.parametrize("name", NETS)
def test_fields_are_what_torch_depends_on(name: str, graph_of: Callable[..., Graph], torch: ModuleType) -> None:
    """Every position of every node sees its field and nothing else, in networks of each kind of window."""
    torch.manual_seed(0)
    graph = graph_of(NETS[name], size=(2, 20, 16))
    compared = fields_agree(graph)

    assert min(compared.values()) >= 2, "no end inside the image: nothing was compared"


@pytest.mark.parametrize("head", ["global_avg_pool", "flatten", "adaptive_avg_pool: 1"])
def test_what_pools_globally_sees_everything(head: str, graph_of: Callable[..., Graph]) -> None:
    """After global pooling or flattening every position sees the whole map, and the last map is the one before."""
    graph = graph_of(f"[conv: {{out: 2, kernel: 3, padding: 1}}, relu, {head}]", size=(1, 9, 7))
    fields_agree(graph)
    table = reached(graph)[graph.nodes[-1]]

    assert table.all()
    assert last_map(graph).name == "stages.1"
    assert receptive_fields(graph)[last_map(graph)].size == (3, 3)


def test_fields_of_any_network_hold_what_torch_depends_on() -> None:
    """In random networks no position sees a pixel outside its field, and ends inside the image are true."""
    compared = 0

    @settings(
        max_examples=40,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(specs())
    def check(text: str) -> None:
        nonlocal compared
        graph = netspec.read(text).graph
        assume(all(divides(node) for node in graph.nodes))
        compared += sum(fields_agree(graph).values())

    check()

    assert compared > 2_000


def divides(node: Node) -> bool:
    """Whether ``node`` is no adaptive pooling with windows of several sizes."""
    if node.operation.word != "adaptive_avg_pool":
        return True
    return all(size % out == 0 for size, out in zip(node.inputs[0].shape[1:], node.shape[1:], strict=True))


def padless(self: Operation, *inputs: Shape) -> Window:
    """A window that forgets the padding."""
    return WINDOWS[type(self)](self, *inputs)._replace(padding=(0, 0))


def narrow(self: Operation, *inputs: Shape) -> Window:
    """A window that is one too narrow."""
    window = WINDOWS[type(self)](self, *inputs)
    return window._replace(kernel=(window.kernel[0], window.kernel[1] - 1))


def wide(self: Operation, *inputs: Shape) -> Window:
    """A window that is one too wide."""
    window = WINDOWS[type(self)](self, *inputs)
    return window._replace(kernel=(window.kernel[0], window.kernel[1] + 1))


def undilated(self: Operation, *inputs: Shape) -> Window:
    """A window that forgets its dilation."""
    return WINDOWS[type(self)](self, *inputs)._replace(dilation=(1, 1))


def unstrided(self: Operation, *inputs: Shape) -> Window:
    """A window that forgets its stride."""
    return WINDOWS[type(self)](self, *inputs)._replace(stride=(1, 1))


WINDOWS = {kind: kind.window for kind in (Conv, MaxPool, AvgPool, PadShortcut)}


@pytest.mark.parametrize(
    ("name", "operation", "wrong"),
    [
        ("plain", Conv, narrow),
        ("plain", Conv, wide),
        ("padded", Conv, padless),
        ("even", Conv, padless),
        ("dilated", Conv, undilated),
        ("strided", Conv, unstrided),
        ("dilated pool", MaxPool, undilated),
        ("pools", AvgPool, padless),
        ("ceil", MaxPool, wide),
        ("pad", PadShortcut, unstrided),
        ("residual", Conv, padless),
        ("branches", Conv, narrow),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_torch_objects_to_a_wrong_window(
    name: str,
    operation: type[Operation],
    wrong: Callable[..., Window],
    graph_of: Callable[..., Graph],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A window that is off by one, or forgets one of its parameters, does not pass."""
    graph = graph_of(NETS[name], size=(2, 20, 16))
    monkeypatch.setattr(operation, "window", wrong)

    with pytest.raises(AssertionError):
        fields_agree(graph)


# -- by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "size", "jump", "start"),
    [
        ("identity", (1, 1), (1, 1), (0, 0)),
        ("conv: {out: 1, kernel: 3, padding: 1}", (3, 3), (1, 1), (-1, -1)),
        ("conv: {out: 1, kernel: [1, 7], stride: [1, 2], padding: [0, 3]}", (1, 7), (1, 2), (0, -3)),
        ("conv: {out: 1, kernel: 3, dilation: 4}", (9, 9), (1, 1), (0, 0)),
        ("conv: {out: 1, kernel: 4, padding: same}", (4, 4), (1, 1), (-1, -1)),
        # 7 + (3 - 1) * 2, and 3 + 1 * 2 before the image
        ("conv: {out: 1, kernel: 7, stride: 2, padding: 3}, max_pool: {kernel: 3, stride: 2, padding: 1}",
         (11, 11), (4, 4), (-5, -5)),
        ("max_pool: 2, max_pool: 2, max_pool: 2", (8, 8), (8, 8), (0, 0)),
        ("pad_shortcut: {out: 4, stride: 2}, conv: {out: 1, kernel: 3}", (5, 5), (2, 2), (0, 0)),
        # 5, then 2 more at jump 1 and 4 at jump 2
        ("residual: {width: 1}, residual: {width: 1, stride: 2}", (11, 11), (2, 2), (-5, -5)),
        ("inception: {conv1: 1, conv3: [1, 1], conv5: [1, 1], pool: 1}", (5, 5), (1, 1), (-2, -2)),
        ("dense: {layers: 3, growth_rate: 1}", (7, 7), (1, 1), (-3, -3)),
    ],
)  # fmt: skip
def test_fields_worked_by_hand(
    layers: str, size: tuple[int, int], jump: tuple[int, int], start: tuple[int, int], graph_of: Callable[..., Graph]
) -> None:
    """Size, jump and start of the last layer, height before width."""
    chain = "\n".join(f"- {layer}" for layer in split(layers))
    graph = graph_of(chain, size=(1, 32, 32))
    field = receptive_fields(graph)[graph.outputs[0].node]

    assert (field.size, field.jump, field.start) == (size, jump, start)


def split(layers: str) -> list[str]:
    """Layers of a chain, at commas outside of brackets."""
    depth, found = 0, [""]
    for char in layers:
        depth += (char in "{[") - (char in "}]")
        if char == "," and not depth:
            found.append("")
        else:
            found[-1] += char
    return [layer.strip() for layer in found]


ALIGNED = (
    "{a: [conv: {out: 2, kernel: 3, stride: 2, padding: 1}], b: [conv: {out: 2, kernel: 1, stride: 2}]}",
    "{a: [conv: {out: 2, kernel: 5, padding: 2}], b: [max_pool: {kernel: 3, stride: 1, padding: 1}]}",
    "{a: [conv: {out: 2, kernel: 3, dilation: 2, padding: 2}], b: identity}",
    "{a: [conv: {out: 2, kernel: [1, 3], padding: same}], b: [conv: {out: 2, kernel: [3, 1], padding: same}]}",
)
OUT_OF_LINE = (
    # the pooling looks half a pixel lower and farther right
    "{a: [conv: {out: 2, kernel: 3, stride: 2, padding: 1}], b: [avg_pool: 2, conv: {out: 2, kernel: 1}]}",
    "{a: [conv: {out: 2, kernel: 4, padding: same}], b: identity}",
    "{a: [conv: {out: 2, kernel: [1, 4], padding: same}], b: [conv: {out: 2, kernel: 3, padding: 1}]}",
    # one strides, the other loses its margin
    "{a: [conv: {out: 2, kernel: 2, stride: 2}], b: [conv: {out: 2, kernel: 9}]}",
)


def alignments(branches: str, join: str, graph_of: Callable[..., Graph]) -> list[bool]:
    """Whether the paths to each layer are aligned: those of the branches, their join, a convolution after it."""
    graph = graph_of(f"- {{branches: {branches}, join: {join}}}\n- conv: {{out: 2, kernel: 3}}", size=(2, 16, 16))
    fields = receptive_fields(graph)
    return [fields[node].aligned for node in graph.nodes]


@pytest.mark.parametrize("branches", ALIGNED)
@pytest.mark.parametrize("join", ["add", "concat"])
def test_paths_of_equal_jump_and_centre_are_aligned(branches: str, join: str, graph_of: Callable[..., Graph]) -> None:
    """The sizes of their windows may differ."""
    assert all(alignments(branches, join, graph_of))


@pytest.mark.parametrize("branches", OUT_OF_LINE)
@pytest.mark.parametrize("join", ["add", "concat"])
def test_paths_out_of_line_are_told(branches: str, join: str, graph_of: Callable[..., Graph]) -> None:
    """Where jumps or centres differ the join is not aligned, nor is what comes after it; the branches are."""
    *before, joined, after = alignments(branches, join, graph_of)

    assert all(before)
    assert (joined, after) == (False, False)


# -- published figures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "jump", "start"),
    [
        ("alexnet", 195, 32, -66),
        ("vgg16", 212, 32, -90),
        ("googlenet", 379, 32, None),
        ("resnet50", 427, 32, -213),
        ("densenet121", 2071, 32, -1021),
    ],
)
def test_fields_of_known_networks(name: str, size: int, jump: int, start: int | None) -> None:
    """The last map of a known network sees so many pixels, on both axes."""
    field = netspec.read(name).stats().field

    assert (field.size, field.jump) == ((size, size), (jump, jump))
    assert start is None or field.start == (start, start)
    assert field.aligned


# End points of VGG-16 in Araujo, Norris and Sim 2019: layer, receptive field, effective stride, effective padding.
VGG16 = (
    ("features.0", 3, 1, 1),
    ("features.4", 6, 2, 2),
    ("features.5", 10, 2, 4),
    ("features.9", 16, 4, 6),
    ("features.10", 24, 4, 10),
    ("features.12", 32, 4, 14),
    ("features.16", 44, 8, 18),
    ("features.17", 60, 8, 26),
    ("features.19", 76, 8, 34),
    ("features.23", 100, 16, 42),
    ("features.24", 132, 16, 58),
    ("features.26", 164, 16, 74),
    ("features.30", 212, 32, 90),
)


def test_end_points_of_vgg16() -> None:
    """Size, jump and padding of each named end point are the published ones."""
    fields = {node.name: field for node, field in receptive_fields(netspec.read("vgg16").graph).items()}

    for name, size, jump, padding in VGG16:
        field = fields[name]
        assert (field.size, field.jump, field.start) == ((size,) * 2, (jump,) * 2, (-padding,) * 2), name


def test_flat_features_have_a_field() -> None:
    """Every node has a field, also behind the last map, and it is never smaller than that of what it reads."""
    graph = netspec.read("alexnet").graph
    fields = receptive_fields(graph)

    assert set(fields) == set(graph.nodes)
    for node in graph.nodes[1:]:
        assert all(fields[node].size >= fields[source].size for source in node.inputs)
        assert fields[node].whole == (len(node.shape) == FLAT)
