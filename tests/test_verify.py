"""What ``netspec stats --verify`` finds: shipped networks hold, and each oracle objects to a wrong figure."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import conftest
import pytest
from click.testing import CliRunner, Result
from shipped import CASES, Case, network

import netspec
from netspec.analysis import training
from netspec.analysis.rows import Row
from netspec.analysis.summary import summary
from netspec.cli import main
from netspec.graph import paths
from netspec.graph.builder import GraphBuilder
from netspec.graph.graph import Graph, Output
from netspec.ops.adaptive import AdaptiveWindows
from netspec.ops.conv import Conv
from netspec.ops.facts import Cost, Extent, Shape, Tensor, Window
from netspec.ops.global_pool import GlobalAvgPool
from netspec.ops.join import Add, Concat, Multiply
from netspec.ops.linear import Linear
from netspec.ops.memory import Saved
from netspec.ops.norm import BatchNorm, LocalResponseNorm
from netspec.ops.operation import Operation
from netspec.ops.pool import AdaptiveAvgPool, AvgPool, MaxPool
from netspec.verify import flop_counters, stand_ins
from netspec.verify.axis_fields import DIFFERENT, UNEVEN
from netspec.verify.fields import NO_RECTANGLE, PADDED, SKIPPED
from netspec.verify.result import Check, Verification
from netspec.verify.stand_ins import StandIn
from netspec.verify.verify import verify

pytestmark = pytest.mark.usefixtures("one_thread")

GraphOf = Callable[..., Graph]
FEW = 4
"""Fields that are found pixel by pixel of further variants of a file."""


def run(*words: str) -> Result:
    """What ``netspec stats --verify`` does with ``words``."""
    return CliRunner().invoke(main, ["stats", "--verify", *words])


def of(found: Verification, figure: str, name: str = "") -> list[Check]:
    """The checks of one figure of one thing."""
    return [check for check in found.checks if (check.figure, check.of) == (figure, name)]


# -- shipped networks -------------------------------------------------------------------------------------------------

CUT = {
    "deeplabv3.yaml@deeplabv3_resnet50",
    "fcn.yaml@fcn_resnet50",
    "fpn.yaml@fpn_resnet50",
    "inception_resnet_v2.yaml",
    "nin-imagenet.yaml",
    "inception-v3.yaml@inception-v3-without-aux",
    "inception-v4.yaml",
    "squeezenet.yaml@squeezenet1_1",
    "xception.yaml",
}
"""Networks that leave pixels out at the side at which they are run: by windows, between positions, or at the edge."""


@pytest.mark.parametrize("case", conftest.sample(CASES), ids=lambda case: case.word)
def test_shipped_networks_hold(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is an oracle's; torch counts groups otherwise, which is explained wherever there are any."""
    monkeypatch.setattr("netspec.verify.verify.PICTURES", FEW)
    graph = network(case).graph
    found = verify(graph)
    explained = {check.figure for check in found.explained}
    in_groups = any(getattr(node.operation, "groups", 1) > 1 for node in graph.nodes)

    assert found.differing == found.unchecked == ()
    assert_whole(found, graph)
    assert ("training FLOPs" in explained) is in_groups
    assert ("pixels in the field" in explained) is (case.word in CUT)
    assert explained <= {"training FLOPs", "pixels in the field"}


OF_GATES = {("first pixel of all positions", "NaN"), ("last pixel of all positions", "NaN")}
"""What is asked in place of a field's size where a gate has seen the whole image."""


def assert_whole(found: Verification, graph: Graph) -> None:
    """Assert that nothing was passed over: totals by every oracle, every operation, and the field of the network."""
    stats = summary(graph)
    totals = {(check.figure, check.oracle) for check in found.checks if not check.of}
    shapes = [check.of for check in found.checks if check.figure == "shape"]
    macs = {check.of for check in found.checks if check.figure == "MACs" and check.oracle == "fvcore"}

    assert totals - OF_GATES == {
        ("parameters", "torch"),
        ("buffer elements", "torch"),
        ("keys of the state_dict", "torch"),
        ("parameters for training only", "torch"),
        ("MACs", "fvcore"),
        ("MACs", "FlopCounterMode"),
        ("training FLOPs", "FlopCounterMode"),
        ("activations", "torch"),
        ("bytes of weights", "torch"),
        ("bytes of buffers", "torch"),
        ("bytes saved for backward, batch 2", "torch"),
        ("receptive field", "NaN"),
        ("effective stride", "NaN"),
        ("left padding", "NaN"),
    }
    assert shapes == [row.name for row in stats.rows]
    assert {row.name for row in stats.rows if row.cost.macs} <= macs
    assert of(found, "receptive field")[0].ours == stats.field.size
    first = ",".join("0" for _ in stats.field.size)
    assert len(of(found, "pixels in the field", f"{stats.field_node} at {first}")) == 1


def test_volumes_may_be_smaller_than_padded_windows(graph_of: GraphOf) -> None:
    """A max pool over two frames has a window of three; torch's own mean over such windows is refused."""
    graph = graph_of("[conv: {out: 4, kernel: 1}, max_pool: {kernel: 3, stride: 1, padding: 1}]", size=(2, 2, 4, 4))
    found = verify(graph)

    assert found.differing == found.unchecked == found.explained == ()
    assert_whole(found, graph)


# -- what the convention explains -------------------------------------------------------------------------------------


def test_groups_are_explained(graph_of: GraphOf) -> None:
    """The weight gradient of two groups takes 8*9*9*3*3*4 MACs, and torch counts twice as many; the rest is equal."""
    found = verify(graph_of("[conv: {out: 8, kernel: 1}, conv: {out: 8, kernel: 3, groups: 2}]", size=(3, 11, 11)))
    first, second = 8 * 3 * 11 * 11, 8 * 4 * 9 * 9 * 9

    assert not found.failed
    (check,) = found.explained
    assert (check.ours, check.theirs) == (4 * first + 6 * second, 4 * first + 8 * second)
    assert check.note.endswith(f"{2 * second:,} more")


def test_uneven_padding_is_counted_by_fvcore(graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 4x4 window with ``same`` has 8*3*16*81 MACs; fvcore's own rules count none, which fails."""
    layers = "conv: {conv: {out: 8, kernel: 4, padding: same}}"
    (total, *_) = of(verify(graph_of(layers, size=(3, 9, 9))), "MACs")
    assert (total.oracle, total.ours, total.theirs) == ("fvcore", 8 * 3 * 16 * 81, 8 * 3 * 16 * 81)

    monkeypatch.setattr(flop_counters, "_with_padding_by_name", lambda inputs, outputs: 0)  # noqa: ARG005 - as fvcore calls it
    wrong = verify(graph_of(layers, size=(3, 9, 9)))
    assert {(check.of, check.oracle, check.theirs) for check in wrong.differing} == {
        ("", "fvcore", 0),
        ("conv", "fvcore", 0),
    }


def in_field(found: Verification, name: str) -> tuple[Any, Any, str]:
    """Pixels that the field of the position holds and that are seen, and why these are fewer."""
    (check,) = of(found, "pixels in the field", name)
    return check.ours, check.theirs, check.note.partition(": ")[2]


CROSS = """
a: {conv: {out: 2, kernel: [1, 7], padding: [0, 3]}, from: input}
b: {conv: {out: 2, kernel: [7, 1], padding: [3, 0]}, from: input}
last: {concat: {}, from: [a, b]}
"""
UNEVEN_STEPS = """
a: {conv: {out: 2, kernel: 3, stride: 2, padding: 1}, from: input}
b: {conv: {out: 2, kernel: 9}, from: input}
last: {concat: {}, from: [a, b]}
"""
CHOSEN = """
a: {conv: {out: 2, kernel: 1}, from: input}
b: {conv: {out: 2, kernel: 5, padding: 2}, from: input}
both: {concat: {}, from: [a, b]}
last: {select: [0]}
"""


@pytest.mark.parametrize(
    ("layers", "at", "held", "seen", "reason"),
    [
        (CROSS, (8, 8), 49, 13, NO_RECTANGLE),
        ("last: {conv: {out: 2, kernel: 3, dilation: 2}}", (6, 6), 25, 9, SKIPPED),
        ("last: {max_pool: {kernel: 2, dilation: 3, stride: 1}}", (12, 12), 16, 4, SKIPPED),
        ("last: {conv: {out: 2, kernel: 3, dilation: 3, padding: 2}}", (0, 0), 25, 4, PADDED),
        ("[max_pool: {kernel: 3, stride: 2}, max_pool: {kernel: 2, stride: 2, ceil: true}]", (3, 3), 16, 9, PADDED),
        (UNEVEN_STEPS, (4, 4), 225, 81, DIFFERENT),
        ("last: {adaptive_avg_pool: 7}", (0, 0), 16, 9, UNEVEN),
    ],
    ids=["union", "dilated", "dilated pool", "padded", "ceil", "steps", "adaptive"],
)
def test_what_a_field_need_not_see(
    graph_of: GraphOf, layers: str, at: tuple[int, int], held: int, seen: int, reason: str
) -> None:
    """Windows with gaps, unions that are no rectangle, edges inside: pixels that are missing have a reason."""
    graph = graph_of(layers, size=(2, 16, 16))
    found = verify(graph)

    assert found.differing == ()
    assert in_field(found, f"{graph.nodes[-1].name} at {at[0]},{at[1]}") == (held, seen, reason)


@pytest.mark.parametrize(
    "layers",
    [
        "[conv: {out: 2, kernel: 3, padding: 1}, relu, max_pool: {kernel: 3, stride: 2, ceil: true}, sigmoid]",
        "[conv: {out: 2, kernel: 4, padding: same}, relu6, prelu, conv: {out: 4, kernel: [1, 3], groups: 2}]",
        "[local_response_norm, conv: {out: 4, kernel: 2, stride: 2}, hardswish, softmax, global_avg_pool, linear: 3]",
        "[conv: {out: 2, kernel: 3}, adaptive_avg_pool: 7, avg_pool: {kernel: 3, stride: 1, padding: 1}, flatten]",
        "[residual: {width: 4, stride: 2, shortcut: pad}, residual: {width: 4}]",
    ],
)
def test_nothing_hides_a_pixel(layers: str, graph_of: GraphOf) -> None:
    """Rectifiers, maxima, saturation and norms let every pixel through, and fields are full to their edges."""
    found = verify(graph_of(layers, size=(2, 16, 16)))

    assert found.differing == ()
    assert not [check for check in found.explained if check.oracle == "NaN"]


def slid(size: Shape) -> Graph:
    """A network over maps of any number of axes: windows that overlap, hang over and skip, a join, a gate, a head."""
    builder = GraphBuilder(size)
    x = builder.add("conv", Conv(out=4, kernel=5, stride=2, padding=2, groups=2), builder.input)
    x = builder.add("norm", BatchNorm(), x)
    x = builder.add("pool", MaxPool(kernel=3, stride=2, ceil=True), x)
    y = builder.add("dilated", Conv(out=4, kernel=3, padding=2, dilation=2), x)
    x = builder.add("sum", Add(), y, x)
    x = builder.add("gate", Multiply(), x, builder.add("squeeze", AdaptiveAvgPool(out=1), x))
    x = builder.add("total", AvgPool(kernel=2, stride=1, divisor=1, ceil=True), x)
    x = builder.add("uneven", AdaptiveAvgPool(out=3), x)
    x = builder.add("neighbours", LocalResponseNorm(size=3), x)
    x = builder.add("fc", Linear(out=3), builder.add("global", GlobalAvgPool(), x))
    return builder.graph("net", (), (Output("output", x),))


@pytest.mark.parametrize("size", [(2, 64), (2, 24, 30), (2, 20, 17, 23)], ids=str)
def test_any_number_of_axes(size: Shape) -> None:
    """On one, two and three axes every figure is held, and a window that is wrong on the last axis alone is found."""
    graph = slid(size)
    axes = len(size) - 1
    found = verify(graph)
    fields = [check.of for check in found.checks if check.figure == "receptive field" and check.of]
    node = next(node for node in graph.nodes if node.name == "dilated")
    node.window = node.window._replace(kernel=(3,) * (axes - 1) + (4,))

    assert found.differing == found.unchecked == ()
    assert fields == [node.name for node in graph.operations[:-2]]
    assert {check.figure for check in found.explained} <= {"training FLOPs", "pixels in the field"}
    assert [check.of for check in verify(graph).differing if check.figure == "receptive field"][:2] == ["", "dilated"]


def test_features_without_axes() -> None:
    """A network of flat features alone has no fields; all else is held."""
    builder = GraphBuilder((8,))
    found = verify(builder.graph("net", (), (Output("output", builder.add("fc", Linear(out=3), builder.input)),)))

    assert found.differing == found.unchecked == found.explained == ()
    assert of(found, "MACs", "fc")


def test_heads_for_training_are_apart() -> None:
    """GoogLeNet's heads are counted by what inference does not call; their MACs are held all the same."""
    found = verify(netspec.read("googlenet", input=(3, 64, 64)).graph)
    (unused,) = of(found, "parameters for training only")
    heads = [check for check in found.checks if check.figure == "MACs in training"]

    assert unused.ours == unused.theirs == 6_379_984
    assert {check.of.partition(".")[0] for check in heads} == {"aux1", "aux2"}
    assert all(check.agrees for check in heads)
    assert sum(check.theirs > 0 for check in heads if isinstance(check.theirs, int)) == 6


# -- the oracles object -----------------------------------------------------------------------------------------------

SOUND = """
conv1: {conv: {out: 8, kernel: 3, stride: 2, padding: 1, dilation: 2, bias: false}}
bn: batch_norm
relu: relu
pool: {max_pool: {kernel: 3, stride: 1, padding: 1}}
left: {conv: {out: 8, kernel: [1, 3], padding: [0, 1]}}
right: {conv: {out: 8, kernel: [3, 1], padding: [1, 0]}, from: pool}
cat: {concat: {}, from: [left, right]}
last: {conv: {out: 4, kernel: 3}}
"""


def sound(graph_of: GraphOf) -> Verification:
    """The network that the following tests break, verified."""
    return verify(graph_of(SOUND, size=(3, 41, 37), head="[global_avg_pool, linear: 5]"))


def cheaper(self: Operation, output: Shape, *inputs: Shape) -> Cost:
    """One multiply-add too few."""
    cost = RULES[type(self), "cost"](self, output, *inputs)
    return cost._replace(macs=cost.macs - 1)


def taller(self: Operation, *inputs: Shape) -> Shape:
    """One row too many, where there is a stride."""
    out, high, wide = RULES[type(self), "shape"](self, *inputs)
    return out, high + (self.window(*inputs).stride[0] > 1), wide


def wider(self: Operation, *inputs: Shape) -> Shape:
    """One channel too many."""
    channels, *rest = RULES[type(self), "shape"](self, *inputs)
    return (channels + 1, *rest)


def shorter(self: Operation, *inputs: Shape) -> tuple[Tensor, ...]:
    """All tensors but the last."""
    return RULES[type(self), "tensors"](self, *inputs)[:-1]


def renamed(self: Operation, *inputs: Shape) -> tuple[Tensor, ...]:
    """The first tensor under another name."""
    first, *rest = RULES[type(self), "tensors"](self, *inputs)
    return (Tensor("kernel", first.shape, first.trainable), *rest)


def window(**changes: tuple[int, int]) -> Callable[..., Window]:
    """A rule that states another window than the true one."""

    def wrong(self: Operation, *inputs: Shape) -> Window:
        return RULES[type(self), "window"](self, *inputs)._replace(**changes)

    return wrong


RULES: dict[tuple[type[Operation], str], Callable[..., Any]] = {
    (kind, rule): getattr(kind, rule)
    for kind in (Conv, Linear, BatchNorm, MaxPool, Concat)
    for rule in ("cost", "shape", "tensors", "window")
}


class SoundPool(MaxPool):
    """Pooling whose layer is not built from a window that a test has spoilt."""

    window = MaxPool.window


POOL_LAYER = MaxPool.layer


def test_a_sound_network_holds(graph_of: GraphOf) -> None:
    """The network that is broken below agrees in every figure but the cross of its two branches."""
    found = sound(graph_of)

    assert found.differing == ()
    assert {check.figure for check in found.explained} == {"pixels in the field"}


@pytest.mark.parametrize(
    ("operation", "rule", "wrong", "figures"),
    [
        (Conv, "cost", cheaper, {"MACs", "training FLOPs"}),
        (Linear, "cost", cheaper, {"MACs", "training FLOPs"}),
        (Conv, "shape", taller, {"shape"}),
        (Concat, "shape", wider, {"output"}),
        (Linear, "tensors", shorter, {"parameters"}),
        (Linear, "tensors", renamed, {"keys of the state_dict"}),
        (BatchNorm, "tensors", shorter, {"buffer elements"}),
        (MaxPool, "window", window(kernel=(2, 3)), {"receptive field", "pixels outside the field"}),
        (MaxPool, "window", window(kernel=(3, 4)), {"receptive field"}),
        (BatchNorm, "window", window(kernel=(1, 2)), {"receptive field"}),
        (Conv, "window", window(dilation=(1, 1)), {"receptive field", "pixels outside the field"}),
        (Conv, "window", window(padding=(0, 0)), {"left padding", "pixels outside the field"}),
        (Conv, "window", window(stride=(1, 1)), {"effective stride", "pixels outside the field"}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_wrong_rule_fails(
    operation: type[Operation],
    rule: str,
    wrong: Callable[..., Any],
    figures: set[str],
    graph_of: GraphOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fact that is off by one is told by the figure that it spoils."""
    monkeypatch.setattr(operation, rule, wrong)
    monkeypatch.setattr(MaxPool, "layer", lambda pool, *inputs: POOL_LAYER(SoundPool(**dict(pool)), *inputs))
    found = sound(graph_of)

    assert found.failed
    assert figures <= {check.figure for check in found.differing}


SELECTING = "[conv: {out: 4, kernel: 1}, select: [0], conv: {out: 2, kernel: 3}, relu]"
POOLING = "[adaptive_avg_pool: 17, conv: {out: 2, kernel: 3}, relu]"
POOLING_BEFORE_A_HEAD = "[adaptive_avg_pool: 17, conv: {out: 2, kernel: 3}, flatten]"
POOLING_EVENLY = "[adaptive_avg_pool: 13, conv: {out: 2, kernel: 3}, relu]"
STEPPING = """
a: {conv: {out: 2, kernel: 5, stride: 2, padding: 1}, from: input}
b: {conv: {out: 2, kernel: 22}, from: input}
both: {concat: {}, from: [a, b]}
last: {conv: {out: 2, kernel: 3}}
end: relu
"""
ROOMY = {
    "select": SELECTING,
    "uneven": POOLING,
    "uneven, flat": POOLING_BEFORE_A_HEAD,
    "even": POOLING_EVENLY,
    "steps": STEPPING,
}
"""Networks in which a field may have room for more than what one position sees."""
WRONG = {"kernel": "receptive field", "padding": "left padding", "stride": "effective stride"}
"""What a convolution's window says, and the figure that it spoils."""


@pytest.mark.parametrize("by", [-1, 1, 40])
@pytest.mark.parametrize("part", WRONG)
@pytest.mark.parametrize("layers", ROOMY.values(), ids=ROOMY)
def test_a_wrong_window_fails_where_fields_have_room(
    layers: str, part: str, by: int, graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a selection, uneven pooling and different steps figures are exact: no excuse covers an error."""
    sound = graph_of(layers, size=(2, 40, 40))
    node = next(node for node in sound.nodes if getattr(node.operation, "kernel", 0) == 3)
    assert not verify(sound).failed

    def wrong(self: Operation, *inputs: Shape) -> Window:
        right = RULES[Conv, "window"](self, *inputs)
        if self != node.operation:
            return right
        first, second = getattr(right, part)
        return right._replace(**{part: (first + by, second + by)})

    monkeypatch.setattr(Conv, "window", wrong)
    found = verify(graph_of(layers, size=(2, 40, 40)))

    assert WRONG[part] in {check.figure for check in found.differing if check.of == node.name}


@pytest.mark.parametrize("more", [-1, 1, 40])
def test_room_for_uneven_windows_is_the_smallest(more: int, graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """An even window that is too small, or larger than it must be, fails at the pooling and behind it."""
    right = AdaptiveWindows.even.fget
    assert right

    def wrong(windows: AdaptiveWindows) -> Extent:
        even: Extent = right(windows)
        return even._replace(size=even.size + more)

    monkeypatch.setattr(AdaptiveWindows, "even", property(wrong))
    graph = graph_of(POOLING, size=(2, 40, 40))
    found = verify(graph)
    failed = [check.of for check in found.differing if check.figure == "receptive field" and check.of]

    assert failed == [node.name for node in graph.operations]


@pytest.mark.parametrize("more", [-1, 1, 40])
def test_room_for_different_steps_is_the_smallest(
    more: int, graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does an interval around paths that has more room than their positions need, or less."""
    right = paths.around

    def wrong(extents: Sequence[Extent], count: int) -> Extent:
        found = right(extents, count)
        return found._replace(size=found.size + more)

    monkeypatch.setattr(paths, "around", wrong)
    found = verify(graph_of(STEPPING, size=(2, 40, 40)))
    failed = {check.of for check in found.differing if check.figure == "receptive field" and check.of}

    assert failed == {"both", "last", "end"}


def test_deep_networks_begin_anew(graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a line that begins anew after every third layer all figures are those of one that never does."""
    graph = graph_of(SOUND, size=(3, 41, 37), head="[global_avg_pool, linear: 5]")
    whole = verify(graph)
    monkeypatch.setattr("netspec.verify.axis_fields.DEEPEST", 2)

    assert verify(graph) == whole


@pytest.mark.parametrize(
    ("operation", "rule", "wrong", "figure"),
    [
        (Conv, "saved_for_backward", lambda *_: Saved(), "bytes saved for backward, batch 2"),
        (MaxPool, "saved_for_backward", lambda *_: Saved(inputs=True), "bytes saved for backward, batch 2"),
    ],
)
def test_wrong_bytes_fail(
    operation: type[Operation], rule: str, wrong: Any, figure: str, graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an operation forgets that it keeps is missed, and nothing else is."""
    monkeypatch.setattr(operation, rule, wrong)

    assert {check.figure for check in sound(graph_of).differing} == {figure}


def test_wrong_activations_fail(graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one too many in each layer all layers fail, those without any too, and the total."""
    right = Row.activations.fget
    monkeypatch.setattr(Row, "activations", property(lambda row: right(row) + 1))
    found = sound(graph_of)

    assert {check.figure for check in found.differing} == {"activations"}
    assert len(found.differing) == 1 + len(summary(graph_of(SOUND, head="[global_avg_pool, linear: 5]")).rows)


def test_what_only_a_draw_reads_is_explained(graph_of: GraphOf) -> None:
    """A trace leaves out a convolution that no output takes a value of: 3*2*8*8 multiply-adds."""
    found = verify(
        graph_of(
            """
            a: {conv: {out: 3, kernel: 1, from: input}}
            lost: {conv: {out: 2, kernel: 1, from: a}}
            column: {draw_column: 2}
            joined: {drop_path_mean: {from: [a, a, column]}}
            """,
            size=(3, 8, 8),
        )
    )

    assert not found.failed
    assert {(check.of, check.ours, check.theirs) for check in found.explained} == {
        ("", 3 * 3 * 64 + 3 * 2 * 64, 3 * 3 * 64),
        ("lost", 3 * 2 * 64, 0),
    }


def test_a_gradient_of_the_image_fails(graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a gradient of the image counted in, the FLOPs of training are no longer torch's, and all else is."""
    monkeypatch.setattr(training, "trained", lambda graph: frozenset(graph.nodes))

    assert {check.figure for check in sound(graph_of).differing} == {"training FLOPs"}


def test_a_maximum_would_hide_pixels(torch: ModuleType, graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its stand-in the gradient of a maximum reaches one pixel, and a field that is right would fail."""
    summed = stand_ins.STAND_INS[torch.nn.MaxPool2d]

    def hiding(layer: Any) -> StandIn:
        return StandIn(lambda x, axes: layer(x) if len(axes) > 1 else summed(layer).slide(x, axes))

    monkeypatch.setitem(stand_ins.STAND_INS, torch.nn.MaxPool2d, hiding)
    found = verify(graph_of("pool: {max_pool: 2}", size=(1, 8, 8)))

    assert {(check.figure, check.ours, check.theirs) for check in found.differing} == {("pixels in the field", 4, 1)}


# -- the command ------------------------------------------------------------------------------------------------------


def test_text() -> None:
    """Totals beside those of the oracles, a line for each figure of the operations, and the outcome."""
    result = run("lenet5")

    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert ["figure", "netspec", "torch", "fvcore", "FlopCounterMode", "NaN", "verdict"] in lines
    assert ["MACs", "416,520", "416,520", "416,520", "equal"] in lines
    assert ["receptive", "field", "16", "16", "equal"] in lines
    assert ["shape", "torch", "12"] in lines
    assert lines[-1] == ["verified:", lines[-1][1], "figures,", "all", "equal"]


def test_failure_is_told_and_ends_in_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is printed, what differs is listed, and a second network is verified all the same."""
    monkeypatch.setattr(Linear, "cost", cheaper)
    result = run("lenet5", "plain20")

    assert result.exit_code == 1
    lines = [line.split() for line in result.output.splitlines()]
    assert ["MACs", "fc1", "47,999", "48,000", "fvcore"] in lines
    assert sum(line[:2] == ["not", "verified:"] for line in lines) == 2


def test_json() -> None:
    """Raw integers of every check; sizes and parameters are those that are asked for; families are lists."""
    data = json.loads(run("lenet5", "--input", "1x36x32", "--set", "classes=7", "--format", "json").output)
    checks = {(check["of"], check["figure"], check["oracle"]): check for check in data["checks"]}

    assert (data["schema_version"], data["network"], data["input"], data["failed"]) == (1, "lenet5", [1, 36, 32], False)
    assert checks["fc3", "MACs", "fvcore"] == {
        "figure": "MACs",
        "of": "fc3",
        "oracle": "fvcore",
        "netspec": 588,
        "other": 588,
        "verdict": "equal",
        "note": "",
    }
    assert checks["conv1", "shape", "torch"]["other"] == [6, 32, 28]
    family = json.loads(run("fractalnet@fractalnet-c1", "lenet5", "--format", "json").output)
    assert [one["network"] for one in family] == ["fractalnet-c1", "lenet5"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "csv"], "--verify prints text or json, not csv"),
        (["--format", "latex"], "--verify prints text or json, not latex"),
        (["--by", "op"], "--verify is of all operations"),
        (["--columns", "name,macs"], "--verify is of all operations"),
        (["--batch", "1"], "--batch does not go with --verify"),
        (["--dtype", "float32"], "--dtype does not go with --verify"),
        (["--optimizer", "adam"], "--optimizer does not go with --verify"),
        (["--width", "80"], "--width does not go with --verify"),
    ],
)
def test_what_does_not_go_together(words: list[str], sentence: str) -> None:
    """Options that are for tables or bytes are refused before anything is built, also with the value that they have."""
    result = run("lenet5", *words)

    assert result.exit_code == 2
    assert sentence in result.output


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("stats", "--verify", "lenet5"), "torch"),
        (("stats", "--verify", "lenet5"), "fvcore"),
        (("rf", "--effective", "lenet5"), "torch"),
    ],
)
def test_a_package_that_is_missing_is_named(words: tuple[str, ...], missing: str) -> None:
    """Exit code 2, and what to install; in a process of its own, where nothing is imported yet."""
    start = f"import sys; sys.modules[{missing!r}] = None; from netspec.cli import main; main({list(words)!r})"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert f"this needs the package '{missing}', which is not installed" in done.stderr
    assert "Traceback" not in done.stderr


def test_bytes_of_what_no_gradient_needs_are_none() -> None:
    """Of a pool only places are read, so nothing before it is kept: the hooks do not keep outputs with their steps."""
    text = """
    netspec: 1
    name: places
    input: [3, 6, 6]
    stages:
      conv: {conv: {out: 4, kernel: 1}}
      act: sigmoid
      pool: {max_pool: 2}
      other: {conv: {out: 4, kernel: 2, stride: 2}, from: input}
      unpool: {max_unpool: , from: [other, pool]}
    """
    found = verify(netspec.read(textwrap.dedent(text)).graph)

    assert found.differing == ()
