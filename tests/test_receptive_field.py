"""Receptive fields against what really depends on each input pixel, and against published figures.

The oracle poisons one pixel of each image with NaN and looks where it comes out: nothing can cancel, a maximum hides
nothing, and every position of every node is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import conftest
import pytest
from measured import spoiling, spoilt
from oracle import called_without_zeros, values
from strategies import drawn

import netspec
from netspec.analysis import full_view as coverage
from netspec.analysis import receptive_field
from netspec.analysis.full_view import seeing_position, seeing_positions
from netspec.analysis.misalignment import misalignments
from netspec.analysis.position_field import followed
from netspec.analysis.receptive_field import Field, Region, last_map, receptive_fields
from netspec.graph import paths
from netspec.graph.graph import Graph, Node, upstream
from netspec.graph.paths import placed
from netspec.ops.adaptive import AdaptiveWindows
from netspec.ops.conv import Conv
from netspec.ops.facts import FLAT, Layer, Shape, Window
from netspec.ops.operation import Operation
from netspec.ops.pool import AdaptiveAvgPool, AvgPool, MaxPool
from netspec.ops.shortcut import PadShortcut

if TYPE_CHECKING:
    import torch

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
    pytest.mark.usefixtures("one_thread"),
]


# -- the oracle -------------------------------------------------------------------------------------------------------


def told_by_place(layer: Layer) -> Layer:
    """``layer`` without what netspec leaves out of a field: statistics of a map, and what padding has of its values."""
    name = layer.target.removeprefix("torch.nn.")
    if name.startswith(("GroupNorm", "InstanceNorm")):
        return Layer("torch.nn.Identity", {})
    if name.startswith(("ReflectionPad", "ReplicationPad")):
        return layer._replace(target=f"torch.nn.ZeroPad{name[-2:]}")
    return layer


def reached(graph: Graph) -> dict[Node, torch.Tensor]:
    """For every node a table, input height x input width x height x width: whether the position sees the pixel."""
    import torch

    size = graph.input.shape
    with torch.inference_mode():
        found = values(graph, spoiling(size), instead=told_by_place, call=called_without_zeros)
        return {node: spoilt(value if node.has_places else value.flatten(1), size) for node, value in found.items()}


class Compared(NamedTuple):
    """How much of a field was there to compare: ends inside the image, and positions that see all of their interval."""

    ends: int = 0
    filled: int = 0


def fields_agree(graph: Graph) -> dict[Node, Compared]:
    """Assert that every position of every node sees what its field says; returns how much there was to compare.

    Never a pixel outside. At both ends a pixel, where they lie inside the image; and the whole interval, cut at the
    edges of the image, where the windows and paths on the way leave no holes.
    """
    fields = receptive_fields(graph)
    loose, holey = loosely_seen(graph, fields), with_holes(graph, fields)
    compared = {}
    for node, table in reached(graph).items():
        field, filled = fields[node], 0
        ends = sum(ends_agree(node, axis, table, field, exact=node not in loose) for axis in (0, 1))
        if node not in loose | holey:
            filled = filled_agree(node, table)
        compared[node] = Compared(ends, filled)
    return compared


def loosely_seen(graph: Graph, fields: dict[Node, Field]) -> set[Node]:
    """Nodes whose field is an interval with room: its ends need not be seen from every position.

    After paths of several jumps and windows at uneven distances, which no single interval that moves along describes;
    and where channels were selected that not all paths reach: a field is that of all channels.
    """
    found: set[Node] = set()
    mixed: set[Node] = set()
    for node in graph.operations:
        if node.operation.word in {"concat", "pad_shortcut"} or mixed.intersection(node.inputs):
            mixed.add(node)
        jumps = any(len({fields[one].jump[axis] for one in placed(node, axis)}) > 1 for axis in (0, 1))
        # where positions are cut off, those of padding behind lie inside the image
        uneven = not all(one.is_even and one.even.start <= 0 for one in node.uneven)
        selected = node.operation.selects_channels and node in mixed
        if jumps or uneven or selected or found.intersection(node.inputs):
            found.add(node)
    return found


def with_holes(graph: Graph, fields: dict[Node, Field]) -> set[Node]:
    """Nodes of which a position may miss pixels inside its interval.

    Where a window steps over more than its input's positions see, and where no path around a join sees all that the
    others see.
    """
    found: set[Node] = set()
    for node in graph.operations:
        steps = any(
            kernel > 1 and dilation * fields[source].jump[axis] > fields[source].size[axis]
            for source in node.inputs
            for axis, (kernel, dilation) in enumerate(zip(node.window.kernel, node.window.dilation, strict=True))
        )
        if steps or not one_sees_all(node, fields, graph.input.shape) or found.intersection(node.inputs):
            found.add(node)
    return found


def one_sees_all(node: Node, fields: dict[Node, Field], size: Shape) -> bool:
    """Whether at each position one of the inputs of ``node`` sees what any of them sees."""
    seen = [fields[source].seen() for source in node.inputs]
    image = ((0, size[1] - 1), (0, size[2] - 1))
    if len(seen) == 1 or any(
        holds(one, image) for one, source in zip(seen, node.inputs, strict=True) if repeated(source, node, fields)
    ):
        return True
    moving = not any(repeated(source, node, fields) for source in node.inputs)
    return moving and any(all(holds(one, other) for other in seen) for one in seen)


def repeated(source: Node, node: Node, fields: dict[Node, Field]) -> bool:
    """Whether positions of ``node`` see something of ``source`` that does not move with them."""
    return any(fields[source].shared) or not all(source in placed(node, axis) for axis in (0, 1))


def holds(one: Region, other: Region) -> bool:
    """Whether ``one`` has all of ``other`` in it."""
    return all(a[0] <= b[0] and b[1] <= a[1] for a, b in zip(one, other, strict=True))


def filled_agree(node: Node, table: torch.Tensor) -> int:
    """How many positions see every pixel between the outermost that they see."""
    filled = 0
    for at in product(*(range(count) for count in table.shape[2:])):
        seen = table[:, :, at[0], at[1]]
        if seen.any():
            rows, columns = (seen.any(dim=1 - axis).nonzero().flatten().tolist() for axis in (0, 1))
            area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
            assert int(seen.sum()) == area, f"{node.name}, position {at}: {int(seen.sum())} of {area} pixels"
            filled += area > 1
    return filled


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


def see_all(table: torch.Tensor) -> torch.Tensor:
    """Which positions see a pixel in the first and last row of the input, and in the first and last column."""
    rows, columns = table.any(dim=1), table.any(dim=0)
    return rows[0] & rows[-1] & columns[0] & columns[-1]


class Claims(NamedTuple):
    """How many nodes were rightly said to see the whole input, and how many do without being known to."""

    made: int = 0
    missed: int = 0


def claims_hold(graph: Graph) -> Claims:
    """Assert that each position that is said to see the whole input does, and that none before it does."""
    tables, made, missed = reached(graph), 0, 0
    for node, at in seeing_positions(graph):
        seeing = see_all(tables[node] if tables[node].dim() > 2 else tables[node][..., None, None])
        known = [before.operation for before in upstream(node)]
        if any(operation.word == "max_unpool" for operation in known):
            continue  # which positions it leaves empty, the values say
        # positions on padding alone are not followed through joins, nor channels that are picked
        unclear = any(operation.word == "pad" or operation.selects_channels for operation in known)
        missed += at is None and bool(seeing.any()) and not unclear
        if at is not None:
            made += 1
            assert seeing[at], f"{node.name}, position {at}"
            assert not seeing[: at[0]].any(), node.name
            assert not seeing[:, : at[1]].any(), node.name
    return Claims(made, missed)


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

    assert all(found.ends >= 2 for found in compared.values()), "no end inside the image: nothing was compared"


@pytest.mark.parametrize("head", ["global_avg_pool", "flatten", "adaptive_avg_pool: 1"])
def test_what_pools_globally_sees_everything(head: str, graph_of: Callable[..., Graph]) -> None:
    """After global pooling or flattening every position sees the whole map, and the last map is the one before."""
    graph = graph_of(f"[conv: {{out: 2, kernel: 3, padding: 1}}, relu, {head}]", size=(1, 9, 7))
    fields_agree(graph)
    table = reached(graph)[graph.nodes[-1]]

    assert table.all()
    assert last_map(graph).name == "stages.1"
    assert receptive_fields(graph)[last_map(graph)].size == (3, 3)


UNEVEN = "[conv: {out: 2, kernel: 3, stride: 2}, adaptive_avg_pool: [4, 5], conv: {out: 2, kernel: 2}, relu]"
REPEATED = {
    "rows and columns": "{branches: {x: identity, high: [adaptive_avg_pool: [20, 1], conv: {out: 2, kernel: [3, 1], "
    "padding: same}], wide: [adaptive_avg_pool: [1, 16], conv: {out: 1, kernel: 1}]}, join: multiply}",
    "a whole map": "{branches: {x: [conv: {out: 2, kernel: 3, padding: 1}], gate: [adaptive_avg_pool: 1]}, "
    "join: multiply}",
    "one pixel": "{branches: {x: identity, gate: [conv: {out: 2, kernel: 1, stride: 20}]}, join: multiply}",
}
"""Products in which what one position sees is repeated over others."""


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_repeated_is_seen_from_everywhere(
    name: str, graph_of: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A position sees what a product repeats over its row, its column or the map; without that rule torch objects."""
    graph = graph_of(f"[{REPEATED[name]}, conv: {{out: 2, kernel: 3, padding: 1}}]", size=(2, 20, 16))
    compared = fields_agree(graph)
    assert all(found.ends for node, found in compared.items() if not receptive_fields(graph)[node].whole)
    for module in (paths, receptive_field):
        monkeypatch.setattr(module, "placed", lambda node, _: node.inputs)
        monkeypatch.setattr(module, "is_repeated", lambda *_: False)

    if name != "a whole map":  # its field is shared from the pooling on
        with pytest.raises(AssertionError):
            fields_agree(graph)


@pytest.mark.parametrize("name", ["a whole map", "rows and columns"])
def test_the_first_position_behind_a_gate_sees_all(name: str, graph_of: Callable[..., Graph]) -> None:
    """What is repeated over each position covers the map, so that no later one has to be asked."""
    graph = graph_of(REPEATED[name], size=(2, 20, 16))
    node = graph.nodes[-1]

    assert seeing_position(graph, node) == (0, 0)


def test_a_gate_of_one_pixel_is_the_interval_up_to_it(graph_of: Callable[..., Graph], torch: ModuleType) -> None:
    """A position behind a product with one far pixel sees both ends; the interval has what lies between them too."""
    gate = "{a: identity, b: [conv: {out: 2, kernel: 1, stride: 8}]}"
    graph = graph_of(f"- {{branches: {gate}, join: multiply}}", size=(2, 8, 8))
    node = graph.nodes[-1]
    field = receptive_fields(graph)[node]
    seen = reached(graph)[node][:, :, 7, 7]

    assert torch.equal(seen.nonzero(), torch.tensor([[0, 0], [7, 7]]))
    assert field.seen((7, 7)) == ((0, 7), (0, 7))
    assert seeing_position(graph, node) == (7, 7)


DRIFTING = """
a: {conv: {out: 2, kernel: 3, stride: 2, padding: 1}, from: input}
b: {conv: {out: 2, kernel: 11, padding: 1}, from: input}
c: {conv: {out: 2, kernel: 1}, from: b}
d: {add: {}, from: [a, c]}
"""
"""Paths of jumps 2 and 1 from 16 pixels to 8 positions."""
SEEING = {
    "drifting": (DRIFTING, "d", None),
    "drifting, then wide": (f"{DRIFTING}e: {{conv: {{out: 2, kernel: 9, padding: 4}}}}", "e", (2, 2)),
    "drifting, then global": (f"{DRIFTING}e: global_avg_pool", "e", (0, 0)),
    "uneven": ("[conv: {out: 1, kernel: 15, padding: 7}, adaptive_avg_pool: 11]", "stages.1", (5, 5)),
    "uneven, too narrow": ("[conv: {out: 1, kernel: 13, padding: 6}, adaptive_avg_pool: 9]", "stages.1", None),
    "one position shared out": ("[adaptive_avg_pool: 1, adaptive_avg_pool: 3]", "stages.1", (0, 0)),
    "pixels left out": (
        "[conv: {out: 1, kernel: 1, stride: 2}, conv: {out: 1, kernel: 15, padding: 7}]",
        "stages.1",
        None,
    ),
    "dilated": (
        "[conv: {out: 1, kernel: 5, padding: 2}, conv: {out: 1, kernel: 7, dilation: 3, padding: 9}]",
        "stages.1",
        (4, 4),
    ),
    # in column 0 one path would see every row, but has nothing but padding there
    "padding alone": (
        """
        a: {conv: {out: 1, kernel: [17, 1], padding: [8, 1]}, from: input}
        b: {conv: {out: 1, kernel: [1, 33], padding: [0, 17]}, from: input}
        c: {add: [a, b]}
        """,
        "c",
        None,
    ),
    "channels picked": (
        """
        a: {conv: {out: 1, kernel: 1}, from: input}
        b: {conv: {out: 1, kernel: 31, padding: 15}, from: input}
        c: {concat: [a, b]}
        d: {select: [0], from: c}
        """,
        "d",
        None,
    ),
}
"""Layers, one of them, and its first position that sees the whole of 16x16 pixels."""


@pytest.mark.parametrize("name", SEEING)
def test_what_is_said_to_see_the_whole_input_does(name: str, graph_of: Callable[..., Graph]) -> None:
    """The first position that sees every edge of the input is found, also where fields have room that none fills."""
    layers, which, at = SEEING[name]
    graph = graph_of(layers, size=(2, 16, 16))
    node = next(node for node in graph.nodes if node.name.endswith(which))

    claims_hold(graph)
    assert seeing_position(graph, node) == at


@pytest.mark.parametrize(
    ("name", "owner", "rule", "wrong"),
    [
        ("uneven, too narrow", AdaptiveWindows, "readers", lambda windows, _: (0, windows.out - 1)),
        ("padding alone", coverage, "_sees_padding_alone", lambda _: False),
        ("channels picked", coverage, "_channels_differ", lambda *_: False),
        (
            "drifting",
            coverage,
            "_around",
            lambda found: max(found, key=lambda edges: edges.last)._replace(first=(0, 7)),
        ),
    ],
)
def test_torch_objects_to_a_wrong_claim(
    name: str,
    owner: object,
    rule: str,
    wrong: Callable[..., object],
    graph_of: Callable[..., Graph],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without one of the rules a node is said to see what none of its positions sees."""
    graph = graph_of(SEEING[name][0], size=(2, 16, 16))
    monkeypatch.setattr(owner, rule, wrong)

    with pytest.raises(AssertionError):
        claims_hold(graph)


def test_claims_hold_in_any_network() -> None:
    """In 60 random networks what is said to see the whole input does, and of what does little is missed."""
    claims = []

    @drawn(60, whole=True)
    def check(text: str) -> None:
        claims.append(claims_hold(netspec.read(text).graph))

    check()
    made, missed = sum(one.made for one in claims), sum(one.missed for one in claims)

    assert made > 150
    assert missed < made / 20, (made, missed)


def test_windows_at_uneven_distances_are_held(
    graph_of: Callable[..., Graph], torch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The field holds each window of adaptive pooling and is not aligned; a regular one of the largest does not."""
    torch.manual_seed(0)
    graph = graph_of(UNEVEN, size=(2, 24, 19))
    fields = receptive_fields(graph)
    conv, pool, *after = graph.operations
    # 11 rows for 4 windows: 0-2, 2-5, 5-8, 8-10; at steps of 3 they lie in 4 rows from the one before on
    assert (pool.window.kernel, pool.window.stride) == ((4, 3), (2, 1))
    assert (fields[pool].size, fields[pool].jump, fields[pool].start) == ((9, 7), (6, 4), (-2, -2))
    assert [fields[node].aligned for node in (conv, pool, *after)] == [True, False, False, False]
    fields_agree(graph)
    monkeypatch.setattr(pool, "uneven", ())

    with pytest.raises(AssertionError):
        fields_agree(graph)


@pytest.mark.parametrize("size", range(1, 20))
def test_no_smaller_window_holds_those_of_adaptive_pooling(size: int, torch: ModuleType) -> None:
    """Of all steps the chosen one has the smallest window; the elements added are those that torch adds."""
    elements = torch.eye(size).view(size, 1, size, 1)  # in image i only element i is 1
    for out in range(1, 25):
        seen = torch.nn.functional.adaptive_avg_pool2d(elements, (out, 1)).view(size, out) > 0
        spans = [(min(line), max(line) + 1) for line in (seen[:, at].nonzero().flatten().tolist() for at in range(out))]
        operation = AdaptiveAvgPool(out=(out, 1))
        kernel, stride, start = AdaptiveWindows(size, out).even
        begins = [at * stride + start for at in range(out)]
        shortest = min(
            max(end - at * step for at, (_, end) in enumerate(spans))
            - min(a - at * step for at, (a, _) in enumerate(spans))
            for step in range(1, size + 2)
        )

        assert all(a <= b and c <= a + kernel for a, (b, c) in zip(begins, spans, strict=True)), out
        assert kernel == shortest, out
        assert operation.cost((1, out, 1), (1, size, 1)).adds == int(seen.sum()) - out


def test_a_draw_sees_nothing(graph_of: Callable[..., Graph]) -> None:
    """A drawn column reads no values: the join that follows it sees its paths and no more."""
    graph = graph_of(
        """
        a: {conv: {out: 2, kernel: 3, padding: 1}}
        column: {draw_column: 2}
        b: {conv: {out: 2, kernel: 1, from: a}}
        joined: {drop_path_mean: {from: [a, b, column]}}
        """,
        size=(2, 9, 8),
    )
    fields_agree(graph)
    field = receptive_fields(graph)[graph.nodes[-1]]

    assert (field.size, field.whole, field.aligned) == ((3, 3), False, True)


def test_torch_objects_to_holes(graph_of: Callable[..., Graph]) -> None:
    """A position that misses pixels between those it sees is told from one that sees them all."""
    graph = graph_of(NETS["holes"], size=(2, 20, 16))
    tables = reached(graph)
    joined, conv = graph.nodes[-1], graph.nodes[1]

    assert not filled_agree(graph.input, tables[graph.input])
    for node in (joined, conv):
        with pytest.raises(AssertionError, match="pixels"):
            filled_agree(node, tables[node])


def test_fields_of_any_network_are_what_torch_depends_on() -> None:
    """In 200 random networks no position sees a pixel outside its field, and sees all inside where it must."""
    compared = []

    @drawn(200)
    def check(text: str) -> None:
        compared.extend(fields_agree(netspec.read(text).graph).values())

    check()

    least = 20_000 if conftest.thorough else 4_000
    assert sum(found.ends for found in compared) > least
    assert sum(found.filled for found in compared) > least


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
    for node in graph.nodes:
        if isinstance(node.operation, operation):
            monkeypatch.setattr(node, "window", wrong(node.operation, *node.input_shapes))

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
GATES = (
    "{a: identity, b: [adaptive_avg_pool: 1]}",
    "{a: [adaptive_avg_pool: [16, 1]], b: [adaptive_avg_pool: [1, 16]]}",
    "{a: [adaptive_avg_pool: [1, 16], conv: {out: 2, kernel: [1, 3], padding: same}], b: identity}",
)
GATES_OUT_OF_LINE = (
    "{a: [adaptive_avg_pool: [1, 16], conv: {out: 2, kernel: [1, 4], padding: same}], b: identity}",
    "{a: identity, b: identity, c: [adaptive_avg_pool: [16, 1], conv: {out: 2, kernel: [2, 1], padding: same}]}",
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


@pytest.mark.parametrize("branches", [*GATES, *GATES_OUT_OF_LINE])
def test_gates_are_aligned_on_the_axes_where_they_have_positions(branches: str, graph_of: Callable[..., Graph]) -> None:
    """A gate for each row has one position in it, which cannot be out of line; along the column it can."""
    graph = graph_of(f"- {{branches: {branches}, join: multiply}}", size=(2, 16, 16))
    joined = graph.nodes[-1]
    in_line = branches in GATES

    assert receptive_fields(graph)[joined].aligned == in_line
    assert [found.node for found in misalignments(graph)] == ([] if in_line else [joined])


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
    for node in graph.operations:
        assert all(fields[node].size >= fields[source].size for source in node.inputs)
        assert fields[node].whole == (len(node.shape) == FLAT)


# -- gates, images of any size, axes of any number --------------------------------------------------------------------

GATED = """
netspec: 1
name: gated
extends: resnet50
blocks:
  gate:
    params: {width: $in.channels}
    body:
      pool: {adaptive_avg_pool: 1}
      reduce: {conv: {out: $width // 16, kernel: 1}}
      relu: relu
      expand: {conv: {out: $width, kernel: 1}}
      sigmoid: sigmoid
      scale: {multiply: [input, sigmoid]}
patch: {insert_after: {"layer*.*.bn3": {excited: {gate: }}}}
"""
SIZES = ((3, 224, 224), (3, 32, 32), (3, 64, 500), (3, 1, 1), (3, 1, 64))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gates_in_a_row_are_no_strides(size: Shape, tmp_path: Path) -> None:
    """Sixteen gates, each pooling to one position, leave size, jump and start of a network as they are."""
    spec = tmp_path / "gated.yaml"
    spec.write_text(GATED, encoding="utf-8")
    gated, plain = (netspec.read(word, input=size).stats().field for word in (spec, "resnet50"))

    assert (gated.size, gated.jump, gated.start) == (plain.size, plain.jump, plain.start)


def test_strides_in_a_row_are_still_limited(graph_of: Callable[..., Graph]) -> None:
    """What is joined with a path of as many positions carries its jump on: forty strides of 2 are the most."""
    chain = "\n".join("- conv: {out: 1, kernel: 1, stride: 2}" for _ in range(40))

    assert receptive_fields(graph_of(chain, size=(1, 9, 9)))
    with pytest.raises(netspec.SpecError, match="strides up to"):
        graph_of(chain + "\n- {add: [stages.0, stages.39]}\n- conv: {out: 1, kernel: 1, stride: 3}", size=(1, 1, 1))


SQUEEZED = "[conv: {out: 4, kernel: 3}, avg_pool: 8, adaptive_avg_pool: 1, conv: {out: 4, kernel: 1}, relu, flatten]"


@pytest.mark.parametrize("word", ["fractalnet-c1", "resnet18", "densenet40-k12", "squeezed"])
def test_the_field_of_a_network_does_not_depend_on_its_image(word: str, graph_of: Callable[..., Graph]) -> None:
    """Windows that cover a small map are windows; what pools globally does so at any size, and layers may follow it."""
    found = set()
    for size in (32, 48, 64, 160):
        if word == "squeezed":
            graph = graph_of(SQUEEZED, size=(3, size, size))
        else:
            graph = netspec.read(word, input=(3, size, size)).graph
        node = last_map(graph)
        field = receptive_fields(graph)[node]
        found.add((node.name, field.size, field.jump, field.start))

    assert len(found) == 1


UNEVEN_ROWS = "[conv: {{out: 2, kernel: 3, stride: 2}}, adaptive_avg_pool: {out}, conv: {{out: 1, kernel: 2}}]"


@pytest.mark.parametrize("out", [2, 3, 4, 5, 8, [3, 7]], ids=str)
def test_each_position_behind_uneven_windows_sees_its_own(out: int | list[int], graph_of: Callable[..., Graph]) -> None:
    """Followed back, a position sees the first to the last pixel that spoils it; the field has room for more."""
    graph = graph_of(UNEVEN_ROWS.format(out=out), size=(1, 23, 20))
    tables, fields, smaller = reached(graph), receptive_fields(graph), 0
    for node in graph.nodes[-2:]:
        for at in product(*map(range, node.shape[1:])):
            table = tables[node][..., at[0], at[1]]
            seen = [table.any(dim=1 - axis).nonzero().flatten().tolist() for axis in (0, 1)]
            region = followed(node, at)
            smaller += region != fields[node].seen(at)

            assert region == tuple((min(one), max(one)) for one in seen)
            assert holds(fields[node].seen(at), region)
    assert bool(smaller) != fields[graph.nodes[-1]].even


def test_a_position_is_followed_as_its_field_says_where_windows_are_even() -> None:
    """In 40 random networks every position of a field without room sees, followed back, what the field says of it.

    Behind gates, too, where part of a field is the same for all positions.
    """
    compared = 0

    @drawn(40)
    def check(text: str) -> None:
        nonlocal compared
        graph = netspec.read(text).graph
        fields = receptive_fields(graph)
        roomy = loosely_seen(graph, fields)
        for node in graph.nodes:
            last = tuple(count - 1 for count in node.grid)
            for at in {(0,) * len(last), last}:
                assert holds(fields[node].seen(at), followed(node, at))
                if node not in roomy:
                    compared += 1
                    assert fields[node].seen(at) == followed(node, at)

    check()
    assert compared > (1_000 if conftest.thorough else 360)
