"""Random specs against torch and fvcore: shapes, parameters, multiply-adds, training steps, values of what is compiled.

``test_receptive_field.py`` does the same for receptive fields.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import conftest
import measured
import pytest
from kinds import KINDS, for_draws
from measured import BATCH, HANDLERS, Measured, by_flop_counter, by_fvcore, shapes, training_step
from oracle import values
from strategies import drawn, every_elementwise_layer, rare_layers

import netspec
from netspec.analysis import training
from netspec.analysis.liveness import Liveness
from netspec.analysis.summary import summary
from netspec.analysis.training import training_macs
from netspec.blocks import BLOCKS
from netspec.graph.graph import Graph, Node
from netspec.ops import OPERATIONS
from netspec.ops.conv import Conv
from netspec.ops.facts import Cost, Shape, Tensor, key
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
NETWORKS, FEWER = 200, 80


# -- the oracles ------------------------------------------------------------------------------------------------------


def figures_agree(network: netspec.Network) -> None:
    """Assert that every figure of ``network`` is what torch counts in the compiled module on the meta device."""
    import torch

    module = network.compile(device="meta", outputs="all").eval()
    seen: dict[str, tuple[Shape, list[Shape]]] = {}
    layers = {node: node.operation.layer(*node.input_shapes) for node in network.graph.operations}
    called = [node for node, layer in layers.items() if layer.call == "module"]
    hooks = [module.get_submodule(node.name).register_forward_hook(watcher(seen, node.name)) for node in called]
    result = module(torch.zeros(BATCH, *network.graph.input.shape, device="meta"))
    outputs = result if isinstance(result, dict) else {"output": result}
    stats = network.stats()

    assert {name: (BATCH, *given) for name, given in declared(network.graph).items()} == {
        name: tuple(tensor.shape) for name, tensor in outputs.items()
    }
    assert seen == {node.name: (node.shape, list(node.input_shapes)) for node in called}
    assert shapes(network.graph) == {node: node.shape for node in network.graph.nodes}
    assert stats.totals.params == sum(parameter.numel() for parameter in module.parameters())
    assert stats.totals.buffers == sum(buffer.numel() for buffer in module.buffers())
    assert stated_tensors(network.graph) == {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    for row in stats.rows:
        own = [
            parameter for name, parameter in module.named_parameters() if row.name in (name, name.rpartition(".")[0])
        ]
        assert row.params == sum(parameter.numel() for parameter in own), row.name
    for hook in hooks:
        hook.remove()
    macs_agree(network, by_flop_counter, device="meta")


def macs_agree(
    network: netspec.Network,
    measure: Callable[[Any, Shape], Measured],
    device: str = "cpu",
    *,
    unseen: Collection[Node] = (),
) -> None:
    """Assert that the multiply-adds of ``network`` are the measured ones at every node but ``unseen``, and in total.

    Those of heads for training are measured where all outputs are asked for; rows and totals, which are of inference,
    leave them out.
    """
    stats, size = network.stats(), network.graph.input.shape
    whole, inference = (measure(network.compile(device=device, outputs=of), size) for of in ("all", "inference"))
    for row in stats.rows:
        seen = row.node not in unseen
        assert row.node.cost.macs * seen == whole.by_module.get(row.name, 0), row.name
        assert row.macs * seen == inference.by_module.get(row.name, 0), row.name
    aside = sum(node.cost.macs for node in unseen)
    assert sum(node.cost.macs for node in network.graph.nodes) == whole.total + aside
    assert stats.totals.macs == inference.total + aside


def watcher(seen: dict[str, tuple[Shape, list[Shape]]], name: str) -> Callable[..., None]:
    """A hook that notes the shapes of one image that go into and come out of the layer ``name``.

    A max pool whose places are read returns them beside its values, and what reads them is given them with a size.
    """

    def shape(value: torch.Tensor | tuple[torch.Tensor, object]) -> Shape:
        return tuple((value[0] if isinstance(value, tuple) else value).shape[1:])

    def hook(_: object, inputs: tuple[Any, ...], output: Any) -> None:
        seen[name] = (shape(output), [shape(value) for value in inputs])

    return hook


def declared(graph: Graph) -> dict[str, Shape]:
    """Shapes of the outputs by name."""
    return {output.name: output.node.shape for output in graph.outputs}


def stated_tensors(graph: Graph) -> dict[str, Shape]:
    """Keys and shapes of the state_dict that the operations promise."""
    return {key(node.name, tensor.name): tensor.shape for node in graph.nodes for tensor in node.tensors}


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
    """Assert that fvcore's trace on the CPU has the multiply-adds of ``network``, at every node.

    A trace leaves out what no output depends on, as a convolution that only a draw reads.
    """
    macs_agree(network, by_fvcore, unseen=for_draws(network.graph))


def step_agrees(network: netspec.Network) -> int:
    """Assert that a training step of ``network`` is the work that torch counts, forwards and backwards.

    Returns how much torch counts too much: it takes the weight gradient of a convolution in groups for that of one
    without, which is as many times larger as there are groups.
    """
    graph = network.graph
    macs = training_macs(graph)
    surplus = sum(2 * (getattr(node.operation, "groups", 1) - 1) * macs[node].weight_gradient for node in graph.nodes)
    step = training_step(network.compile(device="meta", outputs="all"), graph.input.shape)

    assert step.forward == 2 * sum(one.forward for one in macs.values())
    assert step.backward == 2 * sum(one.weight_gradient + one.input_gradient for one in macs.values()) + surplus
    assert summary(graph).totals.training_flops == step.forward + step.backward - surplus
    return surplus


# -- the properties ---------------------------------------------------------------------------------------------------


def test_figures_of_any_network_are_those_of_torch() -> None:
    """Shapes, parameters, buffers, keys and multiply-adds of every node agree, in 200 networks of every kind."""
    words: set[str] = set()
    found: set[str] = set()

    def seen(text: str) -> None:
        network = netspec.read(text)
        words.update(node.operation.word for node in network.graph.nodes)
        words.update(scope.block for row in network.stats().rows for scope in row.parts)
        found.update(kind for kind, is_of in KINDS.items() if is_of(network.graph))
        figures_agree(network)

    drawn(NETWORKS)(seen)()
    seen(every_elementwise_layer())
    seen(rare_layers())

    if not conftest.thorough:
        return
    assert {*OPERATIONS, *BLOCKS} - {"shared"} <= words  # that is no block of its own, but an earlier layer
    assert {"unit", "skip", "wired", "flat", "pieces", "repeat", "branches", "chain", "path"} <= words
    assert set(KINDS) - found <= {"a convolution for a draw"}  # once in some hundred networks


def test_any_network_computes_what_its_layers_compute_one_by_one() -> None:
    """Order, wiring, names reused by the forward and overwritten values change neither outputs nor gradients."""

    @drawn(FEWER)
    def check(text: str) -> None:
        values_agree(netspec.read(text))

    check()
    values_agree(netspec.read(every_elementwise_layer()))


@TRACED
def test_multiply_adds_of_any_network_are_those_of_fvcore() -> None:
    """Counted in a trace on the CPU, convolutions and linear layers take what every node states, in 200 networks."""

    @drawn(FEWER)
    def check(text: str) -> None:
        fvcore_agrees(netspec.read(text))

    check()


def test_training_step_of_any_network_is_that_of_torch() -> None:
    """Forwards and backwards, with every head, in 200 networks; groups are counted otherwise, by a known amount."""
    surplus = []

    @drawn(FEWER)
    def check(text: str) -> None:
        surplus.append(step_agrees(netspec.read(text)))

    check()
    assert 0 < sum(map(bool, surplus)) < len(surplus)


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


EVEN = textwrap.dedent("""
    netspec: 1
    name: even
    input: [3, 9, 8]
    stages:
      conv: {conv: {out: 4, kernel: 4, padding: same}}
""")


def taller(self: Conv, *inputs: Shape) -> Shape:
    """One row too many, where there is a stride."""
    out, high, wide = SHAPE[Conv](self, *inputs)
    return out, high + (self.window(*inputs).stride[0] > 1), wide


def shifted(self: Conv, output: Shape, *inputs: Shape) -> Cost:
    """One multiply-add too few in a 1x1 convolution, and one too many in a 3x3 one of stride 1: the total is right."""
    cost = COST[Conv](self, output, *inputs)
    wrong = {(1, 1): -1, (3, 1): 1}
    return cost._replace(macs=cost.macs + wrong.get((self.kernel, self.stride), 0))


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
        (Conv, "cost", shifted),
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
@pytest.mark.parametrize(("operation", "wrong"), [(Conv, cheaper), (Conv, shifted), (Linear, cheaper)])
def test_fvcore_objects_to_a_wrong_count(
    operation: type[Operation], wrong: Callable[..., Cost], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that is off by one at a node does not pass the trace, be the total right or not; the right one does."""
    fvcore_agrees(netspec.read(SOUND))
    monkeypatch.setattr(operation, "cost", wrong)

    with pytest.raises(AssertionError):
        fvcore_agrees(netspec.read(SOUND))


@TRACED
def test_fvcore_needs_to_be_told_of_padding_as_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone it counts nothing for an even kernel with padding 'same', and the test would say so."""
    network = netspec.read(EVEN)
    fvcore_agrees(network)
    monkeypatch.setattr(measured, "HANDLERS", HANDLERS[2:])

    with pytest.raises(AssertionError):
        fvcore_agrees(network)


@pytest.mark.parametrize(
    "wrong", [lambda _: frozenset(), lambda graph: frozenset(graph.nodes)], ids=["no gradient", "all gradients"]
)
def test_torch_objects_to_wrong_gradients(
    wrong: Callable[[Graph], frozenset[Node]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step without the gradients of inputs, or with that of the image, is not the one that torch takes."""
    network = netspec.read(SOUND)
    step_agrees(network)
    monkeypatch.setattr(training, "trained", wrong)

    with pytest.raises(AssertionError):
        step_agrees(network)


def misplaced(_: Liveness, node: Node) -> bool:
    """Whether a value could be overwritten if nobody else needed it."""
    return node.operation.in_place


def test_values_object_to_overwriting_what_is_still_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that writes over a value that another layer reads later does not pass."""
    monkeypatch.setattr(Liveness, "overwrites", misplaced)

    with pytest.raises((AssertionError, RuntimeError)):
        values_agree(netspec.read(SOUND))
