"""Random specs against torch: shapes, parameters, buffers, multiply-adds, keys and values of what is compiled."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from oracle import values
from strategies import every_elementwise_layer, specs

import netspec
from netspec.analysis.liveness import Liveness
from netspec.blocks import BLOCKS
from netspec.facts import Cost, Shape, Tensor
from netspec.graph import Graph, Node
from netspec.ops import OPERATIONS
from netspec.ops.conv import Conv
from netspec.ops.join import Concat
from netspec.ops.linear import Linear
from netspec.ops.norm import BatchNorm
from netspec.ops.operation import Operation
from netspec.ops.pool import MaxPool

if TYPE_CHECKING:
    import torch

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
    pytest.mark.usefixtures("one_thread"),
]
TRACED = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
BATCH = 2


def drawn(examples: int) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Runs a check on random specs, the same ones each time."""
    phases = (Phase.generate, Phase.shrink)
    setting = settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    return lambda check: setting(given(specs())(check))


# -- the oracles ------------------------------------------------------------------------------------------------------


def figures_agree(network: netspec.Network) -> None:
    """Assert that every figure of ``network`` is what torch counts in the compiled module on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module = network.compile(device="meta", outputs="all").eval()
    seen: dict[str, tuple[Shape, list[Shape]]] = {}
    layers = {node: node.operation.layer(*node.input_shapes) for node in network.graph.nodes[1:]}
    called = [node for node, layer in layers.items() if layer.call == "module"]
    for node in called:
        module.get_submodule(node.name).register_forward_hook(watcher(seen, node.name))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        result = module(torch.zeros(BATCH, *network.graph.input.shape, device="meta"))
    outputs = result if isinstance(result, dict) else {"output": result}
    stats = network.stats()

    assert {name: (BATCH, *given) for name, given in declared(network.graph).items()} == {
        name: tuple(tensor.shape) for name, tensor in outputs.items()
    }
    assert seen == {node.name: (node.shape, list(node.input_shapes)) for node in called}
    assert stats.totals.params == sum(parameter.numel() for parameter in module.parameters())
    assert stats.totals.buffers == sum(buffer.numel() for buffer in module.buffers())
    assert stated_tensors(network.graph) == {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    assert 2 * BATCH * stats.totals.macs == counter.get_total_flops()
    counts = counter.get_flop_counts()
    kind = type(module).__name__
    for row in stats.rows:
        assert 2 * BATCH * row.macs == sum(counts.get(f"{kind}.{row.name}", {}).values()), row.name


def watcher(seen: dict[str, tuple[Shape, list[Shape]]], name: str) -> Callable[..., None]:
    """A hook that notes the shapes of one image that go into and come out of the layer ``name``."""

    def hook(_: object, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        seen[name] = (tuple(output.shape[1:]), [tuple(value.shape[1:]) for value in inputs])

    return hook


def declared(graph: Graph) -> dict[str, Shape]:
    """Shapes of the outputs by name."""
    return {output.name: output.node.shape for output in graph.outputs}


def stated_tensors(graph: Graph) -> dict[str, Shape]:
    """Keys and shapes of the state_dict that the operations promise."""
    return {
        f"{node.name}.{tensor.name}": tensor.shape
        for node in graph.nodes
        for tensor in node.operation.tensors(*node.input_shapes)
    }


def values_agree(network: netspec.Network) -> None:
    """Assert that the module computes, forwards and backwards, what its layers give when they are run one by one."""
    import torch

    torch.manual_seed(0)
    module = network.compile(outputs="all").double().eval()
    images = torch.randn(BATCH, *network.graph.input.shape, dtype=torch.double)
    results, gradients = [], []
    for whole in (True, False):
        x = images.clone().requires_grad_()
        outputs = module(x) if whole else values(network.graph, x, module)
        if not whole:
            outputs = {output.name: outputs[output.node] for output in network.graph.outputs}
        outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
        torch.stack([output.square().sum() for output in outputs.values()]).sum().backward()
        results.append(outputs)
        gradients.append(x.grad)

    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def fvcore_agrees(network: netspec.Network) -> None:
    """Assert that fvcore's trace on the CPU has the multiply-adds of ``network``."""
    import torch
    from fvcore.nn import FlopCountAnalysis

    module = network.compile(outputs="all").eval()
    counted = FlopCountAnalysis(module, torch.zeros(1, *network.graph.input.shape))
    counted.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    by_operator = counted.by_operator()
    assert by_operator["conv"] + by_operator["linear"] == network.stats().totals.macs


def known_to_fvcore(node: Node) -> bool:
    """Whether fvcore counts ``node``: it passes over convolutions with more zeros after than before."""
    return node.operation.layer(*node.input_shapes).arguments.get("padding") != "same"


# -- the properties ---------------------------------------------------------------------------------------------------


def test_figures_of_any_network_are_those_of_torch() -> None:
    """Shapes of every node, parameters, buffers, keys and multiply-adds agree; every operation and block is drawn."""
    words: set[str] = set()

    def seen(text: str) -> None:
        network = netspec.read(text)
        words.update(node.operation.word for node in network.graph.nodes)
        words.update(scope.block for row in network.stats().rows for scope in row.parts)
        figures_agree(network)

    @drawn(150)
    def check(text: str) -> None:
        seen(text)

    check()
    seen(every_elementwise_layer())

    assert {*OPERATIONS, *BLOCKS} <= words
    assert {"unit", "skip", "wired", "flat", "pieces", "repeat", "branches", "chain", "path"} <= words


def test_any_network_computes_what_its_layers_compute_one_by_one() -> None:
    """Order, wiring, names reused by the forward and overwritten values change neither outputs nor gradients."""

    @drawn(60)
    def check(text: str) -> None:
        values_agree(netspec.read(text))

    check()
    values_agree(netspec.read(every_elementwise_layer()))


@TRACED
def test_multiply_adds_are_those_of_fvcore() -> None:
    """Counted by tracing on the CPU, convolutions and linear layers sum up to the same total."""

    @drawn(15)
    def check(text: str) -> None:
        network = netspec.read(text)
        assume(all(known_to_fvcore(node) for node in network.graph.nodes))
        fvcore_agrees(network)

    check()


def test_resolved_specs_make_the_same_network() -> None:
    """The text with every choice made reads back to equal rows and totals."""

    @drawn(60)
    def check(text: str) -> None:
        network = netspec.read(text)
        assert netspec.read(network.to_yaml()).stats().to_dict() == network.stats().to_dict()

    check()


# -- the oracles object -----------------------------------------------------------------------------------------------

SOUND = textwrap.dedent("""
    netspec: 1
    name: sound
    input: [3, 13, 12]
    stem:
      conv: {conv: {out: 8, kernel: 3, stride: 2, bias: false}}
      bn: batch_norm
      relu: relu
      pool: {max_pool: {kernel: 2, stride: 2, ceil: true}}
    stages:
      left: {conv: {out: 8, kernel: 3, padding: 1}}
      right: {conv: {out: 8, kernel: 1, from: pool}}
      both: {add: {from: [left, right]}}
      act: relu
      all: {concat: {from: [both, act, left]}}
    head: [global_avg_pool, linear: 5]
""")


def taller(self: Conv, *inputs: Shape) -> Shape:
    """One row too many, where there is a stride."""
    out, high, wide = SHAPE[Conv](self, *inputs)
    return out, high + (self.stride[0] > 1), wide


def cheaper(self: Operation, output: Shape, *inputs: Shape) -> Cost:
    """One multiply-add too few."""
    cost = COST[type(self)](self, output, *inputs)
    return cost._replace(macs=cost.macs - 1)


def floored(self: MaxPool, *inputs: Shape) -> Shape:
    """As if no window could overhang."""
    return SHAPE[MaxPool](self.model_copy(update={"ceil": False}), *inputs)


def always_biased(self: Conv, *inputs: Shape) -> tuple[Tensor, ...]:
    """A bias also where there is none."""
    return TENSORS[Conv](self.model_copy(update={"bias": True}), *inputs)


def untracked(self: BatchNorm, *inputs: Shape) -> tuple[Tensor, ...]:
    """Without the number of batches."""
    return TENSORS[BatchNorm](self, *inputs)[:-1]


def renamed(self: Linear, *inputs: Shape) -> tuple[Tensor, ...]:
    """The weight under another name."""
    first, *rest = TENSORS[Linear](self, *inputs)
    return (first._replace(name="kernel"), *rest)


def wider(_: Concat, *inputs: Shape) -> Shape:
    """One channel too many."""
    return (sum(shape[0] for shape in inputs) + 1, *inputs[0][1:])


SHAPE = {kind: kind.shape for kind in (Conv, MaxPool)}
COST = {kind: kind.cost for kind in (Conv, Linear)}
TENSORS = {kind: kind.tensors for kind in (Conv, BatchNorm, Linear)}


def test_a_sound_network_passes() -> None:
    """The network that the following tests break agrees with torch in every way."""
    network = netspec.read(SOUND)

    figures_agree(network)
    values_agree(network)


@pytest.mark.parametrize(
    ("operation", "rule", "wrong"),
    [
        (Conv, "shape", taller),
        (Conv, "cost", cheaper),
        (Conv, "tensors", always_biased),
        (Linear, "cost", cheaper),
        (Linear, "tensors", renamed),
        (MaxPool, "shape", floored),
        (BatchNorm, "tensors", untracked),
        (Concat, "shape", wider),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_torch_objects_to_a_wrong_rule(
    operation: type[Operation], rule: str, wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that is off by one, or names a tensor wrongly, does not pass."""
    monkeypatch.setattr(operation, rule, wrong)

    with pytest.raises((AssertionError, RuntimeError)):
        figures_agree(netspec.read(SOUND))


@TRACED
@pytest.mark.parametrize("operation", [Conv, Linear], ids=lambda operation: operation.__name__)
def test_fvcore_objects_to_a_wrong_count(operation: type[Operation], monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that is off by one does not pass the trace; the right one does."""
    fvcore_agrees(netspec.read(SOUND))
    monkeypatch.setattr(operation, "cost", cheaper)

    with pytest.raises(AssertionError):
        fvcore_agrees(netspec.read(SOUND))


def misplaced(_: Liveness, node: Node) -> bool:
    """Whether a value could be overwritten if nobody else needed it."""
    return node.operation.in_place


def test_values_object_to_overwriting_what_is_still_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that writes over a value that another layer reads later does not pass."""
    monkeypatch.setattr(Liveness, "overwrites", misplaced)

    with pytest.raises((AssertionError, RuntimeError)):
        values_agree(netspec.read(SOUND))
