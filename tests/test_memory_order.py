"""In which order maps lie in memory: what is stated of copies holds, and every operation is right on either order."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import yaml
from conftest import sample
from test_memory import BATCH, BY_STEPS, EXPANDED, READING, builder, owned, peak, saved
from test_operations import Row

import netspec
from netspec.analysis.memory import memory
from netspec.analysis.memory_order import memory_orders
from netspec.ops.linear import Flatten
from netspec.ops.memory import MemoryOrder, Space
from netspec.ops.operation import Operation
from netspec.ops.pointwise import Pointwise
from netspec.ops.rectifier import Relu
from netspec.ops.softmax import Softmax

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]
MAPS = [row for row in READING if any(len(shape) > 1 for shape in row.inputs) and row.word != "max_unpool"]
"""What reads maps, and can be written alone."""


def between(row: Row) -> netspec.Network:
    """The operation of ``row`` on maps whose channels a layer leaves last, and behind it one that would copy others."""
    inputs = {f"in{at}": list(shape) for at, shape in enumerate(row.inputs)}
    layers: dict[str, Any] = {f"x{at}": {"layer_norm": {}, "from": name} for at, name in enumerate(inputs)}
    reads = [*layers]
    layers["it"] = {row.word: row.parameters, "from": reads[0] if len(reads) == 1 else reads}
    if len(row.output) > 1:
        layers["last"] = {"pointwise": 2}
    document = {"netspec": 1, "name": "one", "inputs": inputs, "stages": layers}
    return netspec.read(yaml.safe_dump(document, sort_keys=False))


def kept_and_alive(network: netspec.Network, torch: ModuleType, device: str = "cpu") -> tuple[int, int]:
    """The bytes that torch keeps for the gradient, and the most that are alive in inference."""
    module = network.compile(device=device, outputs="all").train()
    images = [torch.rand(BATCH, *node.shape, device=device) for node in network.graph.inputs]
    kept = saved(lambda: module(*images), owned(module))
    module.eval()
    with torch.no_grad():
        alive = peak(lambda: module(*images), owned(module), images)
    return kept, max(alive, sum(image.nbytes for image in images))


def stated(network: netspec.Network) -> tuple[int, int]:
    """The same as netspec has them."""
    held = memory(network.graph, batch=BATCH)
    return held.saved_for_backward, held.inference_peak.bytes


@pytest.mark.parametrize("row", sample(MAPS), ids=lambda row: f"{row.word} {row.parameters} {row.inputs}")
def test_copies_for_another_order_are_those_of_torch(row: Row, torch: ModuleType) -> None:
    """Every operation between layers that leave the channels last and one that copies maps of the usual order."""
    network = between(row)
    kept, most = stated(network)
    found, alive = kept_and_alive(network, torch, "meta" if row.word in BY_STEPS else "cpu")

    assert kept == found == kept_and_alive(network, torch, "meta")[0]
    assert most == alive or (row.word in EXPANDED and most > alive)


@pytest.mark.parametrize("row", sample(MAPS), ids=lambda row: f"{row.word} {row.parameters} {row.inputs}")
def test_operations_are_right_on_either_order(row: Row, torch: ModuleType) -> None:
    """Of maps that a caller gives with the channels last, the same numbers come out, to rounding."""
    layer, shapes = row.operation.layer(*row.inputs), row.inputs
    torch.manual_seed(0)
    run, _ = builder(layer)
    if hasattr(run, "eval"):
        run.eval()
    usual = [torch.rand(BATCH, *shape) for shape in shapes]
    last = [x.movedim(1, -1).contiguous().movedim(-1, 1) if x.dim() > 2 else x for x in usual]

    with torch.no_grad():
        torch.testing.assert_close(run(*last), run(*usual))


def graph_and_orders(layers: str, size: str = "[3, 8, 8]") -> tuple[netspec.Network, set[str], set[str]]:
    """The network of ``layers``, whose channels are last in it, and which layers bring theirs first again."""
    network = netspec.read(f"netspec: 1\nname: net\ninput: {size}\nstages: {{{layers}}}\n")
    orders = memory_orders(network.graph)
    return network, {node.name for node in orders.last}, {node.name for node in orders.brought_back}


CASES = {
    "convnext's block": (
        "a: layer_norm, dw: {conv: {out: 3, kernel: 3, padding: 1, groups: 3}}, n: layer_norm, up: {pointwise: 8}, "  # noqa: ISC004
        "act: gelu, down: {pointwise: 3}, s: {parameter: {shape: [3, 1, 1]}}, scaled: {multiply: [s, down]}, "
        "sum: {add: [scaled, a]}, pool: {adaptive_avg_pool: 1}, f: flatten",
        {"a", "n", "up", "act", "down", "scaled", "sum"},
        set[str](),
    ),
    "features of all positions, which are a view of maps in the usual order alone": (
        "a: layer_norm, b: relu, c: flatten",
        set[str](),
        {"a"},
    ),
    "a convolution, whose order a device decides, before what copies another": (
        "a: layer_norm, b: {conv: {out: 4, kernel: 3}}, c: {pointwise: 2}",
        {"c"},
        {"a"},
    ),
    "a norm between them knows none": (
        "a: layer_norm, b: {conv: {out: 4, kernel: 3}}, n: layer_norm, c: {pointwise: 2}",
        {"a", "n", "c"},
        set[str](),
    ),
    "a sum of maps in both orders": (
        "conv: {conv: {out: 3, kernel: 1}}, a: layer_norm, sum: {add: [a, conv]}, c: {pointwise: 2}",
        {"c"},
        {"a"},
    ),
    "a gate of one position": (
        "a: layer_norm, g: {adaptive_avg_pool: 1}, m: {multiply: [g, a]}, c: {pointwise: 2}",
        {"a", "m", "c"},
        set[str](),
    ),
    "one of two uses of a module needs the usual order": (
        "a: {pointwise: 3}, b: {conv: {out: 3, kernel: 3}}, again: {shared: a}, f: flatten",
        set[str](),
        {"a", "again"},
    ),
    "one position grows to a map": (
        "pool: {adaptive_avg_pool: 1}, a: layer_norm, up: {resize: {size: 4}}, f: flatten",
        set[str](),
        {"a"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_channels_stay_last_where_no_figure_depends_on_it(case: str, torch: ModuleType) -> None:
    """Which maps have the channels last, which layers bring theirs first, and that torch copies what is stated."""
    layers, last, brought_back = CASES[case]
    network, *found = graph_and_orders(layers)

    assert found == [last, brought_back]
    assert stated(network) == kept_and_alive(network, torch)


def test_an_operation_of_others_reads_the_usual_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What says nothing of orders is given no map whose channels are last."""
    monkeypatch.delattr(Relu, "memory_order")

    assert graph_and_orders("a: layer_norm, b: relu")[1:] == (set(), {"a"})


@pytest.mark.parametrize(
    ("operation", "wrong", "layers"),
    [
        (Flatten, {"memory_order": MemoryOrder.EITHER}, "a: layer_norm, b: flatten"),
        (Softmax, {"memory_order": MemoryOrder.KEPT}, "a: layer_norm, b: softmax, c: {pointwise: 2}"),
        (Pointwise, {"reordered": lambda *_: Space()}, "a: {pointwise: 2}"),
    ],
    ids=lambda value: getattr(value, "word", None),
)
def test_torch_objects_to_a_wrong_order(
    operation: type[Operation],
    wrong: dict[str, Any],
    layers: str,
    torch: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The comparison fails for an operation that is said to take or to leave what it does not, or to copy nothing."""
    for name, value in wrong.items():
        monkeypatch.setattr(operation, name, value)
    network, *_ = graph_and_orders(layers)

    assert stated(network) != kept_and_alive(network, torch)


def test_gelu_of_rows_is_rounded_as_of_rows(torch: ModuleType) -> None:
    """Between layers at each position GELU is that of a linear layer's output, to the last bit; elsewhere torch's."""
    module = netspec.compile("netspec: 1\nname: net\ninput: [3, 8, 8]\nstages: {a: {pointwise: 5}, b: gelu, c: gelu}\n")
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    rows = torch.nn.functional.linear(x.movedim(1, -1), module.a.weight, module.a.bias)

    with torch.no_grad():
        expected = torch.nn.functional.gelu(torch.nn.functional.gelu(rows))
        assert torch.equal(module(x).movedim(1, -1), expected)
        assert not torch.equal(
            torch.nn.functional.gelu(rows.movedim(-1, 1)).movedim(1, -1), torch.nn.functional.gelu(rows)
        )
