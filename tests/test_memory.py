"""Memory of operations and networks, held against the tensors that torch saves and allocates."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import product
from math import prod
from types import ModuleType
from typing import Any

import growth
import pytest
from click.testing import CliRunner
from strategies import drawn
from test_operations import ROWS, Row

import netspec
from netspec.analysis.liveness import Liveness
from netspec.analysis.memory import Memory, memory
from netspec.analysis.setup import Setup
from netspec.analysis.summary import summary
from netspec.cli import main
from netspec.graph.graph import Graph
from netspec.nn import smoke_test
from netspec.nn.build import module as module_of
from netspec.nn.start import named
from netspec.ops.conv import Conv
from netspec.ops.facts import Layer
from netspec.ops.memory import Saved, Space
from netspec.ops.norm import BatchNorm
from netspec.ops.operation import Operation
from netspec.ops.pool import MaxPool
from netspec.ops.rectifier import Relu

NETWORKS = ("alexnet", "vgg16", "resnet18", "resnet50", "googlenet", "densenet121")
MORE = (
    "alexnet-2012", "bn-inception", "densenet40-k12", "fractalnet-c3", "googlenet-paper", "inception-v3",
    "inception-v4", "lenet-caffe", "lenet5", "lenet5-1998", "nin", "nin-imagenet", "plain20", "resnet18-a", "resnet20",
    "resnet50-v1", "resnext50_32x4d", "vgg11-lrn", "vgg16_bn", "zfnet",
)  # fmt: skip
BATCH = 2

# -- what torch does --------------------------------------------------------------------------------------------------


def owned(module: Any) -> set[int]:
    """The storages of parameters and buffers."""
    return {tensor.untyped_storage()._cdata for tensor in [*module.parameters(), *module.buffers()]}


def saved(run: Callable[[], Any], own: set[int]) -> int:
    """Bytes of distinct storages that the result of ``run`` keeps for its gradient, but for ``own`` and single numbers.

    They are read off the steps of the backward pass, each of which names its own: no hook is told of them.
    """
    from torch.utils._pytree import tree_leaves

    waiting = [value.grad_fn for value in tree_leaves(run()) if value.grad_fn]
    steps = set(waiting)
    storages: dict[int, int] = {}
    while waiting:
        step = waiting.pop()
        before = {one for one, _ in step.next_functions if one} - steps
        steps |= before
        waiting += before
        kept = tree_leaves([getattr(step, name) for name in dir(step) if name.startswith("_saved_")])
        for storage in (value.untyped_storage() for value in kept if hasattr(value, "dim") and value.dim()):
            storages[storage._cdata] = storage.nbytes()
    return sum(size for key, size in storages.items() if key not in own)


def peak(run: Callable[[], Any], own: set[int], *there: Any) -> int:
    """The most bytes of distinct storages alive after any one kernel in ``run``, those of ``there`` from the start."""
    import torch
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    sizes: dict[int, tuple[StorageWeakRef, int]] = {}
    most = 0

    def see(values: Any) -> None:
        for tensor in tree_leaves(values):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in own:
                storage = tensor.untyped_storage()
                sizes[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal most
            result = func(*args, **(kwargs or {}))
            see((args, kwargs, result))
            for key in [key for key, (storage, _) in sizes.items() if storage.expired()]:
                del sizes[key]
            most = max(most, sum(size for _, size in sizes.values()))
            return result

    see(there)
    with Watch():
        run()
    return most


def network_saved(module: Any, graph: Graph, *, batch: int = BATCH, dtype: Any = None) -> int:
    """What a module saves of one batch in train mode."""
    import torch

    images = [torch.empty(batch, *node.shape, device="meta", dtype=dtype) for node in graph.inputs]
    module = module.to(device="meta", dtype=dtype).train()
    return saved(lambda: module(*images), owned(module))


def network_peak(module: Any, graph: Graph, *, batch: int = BATCH) -> int:
    """The most that is alive while a module runs in eval mode without gradients, its input too."""
    import torch

    x = torch.empty(batch, *graph.input.shape, device="meta")
    module = module.to("meta").eval()
    with torch.no_grad():
        return peak(lambda: module(x), owned(module), x)


# -- operations -------------------------------------------------------------------------------------------------------

CORNERS = (
    Row("dropout", {"p": 0.0}, ((7,),), (7,)),
    Row("dropout", {"p": 1.0}, ((7,),), (7,)),
    Row("leaky_relu", {"slope": -0.5}, ((3, 4, 5),), (3, 4, 5)),
    Row("local_response_norm", {"size": 9}, ((3, 4, 5),), (3, 4, 5)),
    Row("avg_pool", {"kernel": 2, "ceil": True, "divisor": 3}, ((3, 5, 4),), (3, 3, 2)),
    Row(
        "avg_pool",
        {"kernel": [3, 1], "stride": 2, "padding": [1, 0], "ceil": True, "divisor": 3},
        ((3, 6, 5),),
        (3, 4, 3),
    ),
    Row("avg_pool", {"kernel": 1, "stride": 3, "ceil": True, "divisor": 2}, ((2, 6),), (2, 2)),
    Row("add", {}, ((7,),), (7,)),
    Row("add", {}, ((3, 4, 5),) * 4, (3, 4, 5)),
    Row("mean", {}, ((7,),), (7,)),
    Row("multiply", {}, ((7,),), (7,)),
    Row("multiply", {}, ((1, 4, 5), (3, 1, 1), (3, 4, 5), (3, 4, 5)), (3, 4, 5)),
    Row("multiply", {}, ((3,), (3, 4, 5), (1,)), (3, 4, 5)),
    Row("max", {}, ((7,),), (7,)),
    Row("max", {}, ((3, 4, 5),) * 4, (3, 4, 5)),
    Row("drop_path", {"p": 0.0}, ((3, 4, 5),), (3, 4, 5)),
    Row("drop_path", {"p": 1.0}, ((3, 4, 5),), (3, 4, 5)),
    # with one channel or one position nothing is moved
    Row("pointwise", {"out": 4}, ((1, 4, 5),), (4, 4, 5)),
    Row("pointwise", {"out": 1}, ((6, 4, 5),), (1, 4, 5)),
    Row("pointwise", {"out": 4}, ((3, 1, 1),), (4, 1, 1)),
    Row("layer_norm", {}, ((1, 4, 5),), (1, 4, 5)),
    Row("layer_norm", {}, ((3, 1, 1),), (3, 1, 1)),
    Row("group_norm", {"groups": 2}, ((4, 1, 1),), (4, 1, 1)),
    Row("instance_norm", {"affine": True}, ((1, 4, 5),), (1, 4, 5)),
    Row("channel_shuffle", {"groups": 1}, ((6, 4, 5),), (6, 4, 5)),
    Row("channel_shuffle", {"groups": 6}, ((6, 4, 5),), (6, 4, 5)),
    Row("slice", {}, ((3, 4, 5),), (3, 4, 5)),
    Row("avg_pool", {"kernel": 2, "padding": "same", "count_include_pad": False}, ((1, 7),), (1, 4)),
    Row("avg_pool", {"kernel": 2, "padding": "same"}, ((1, 7),), (1, 4)),
    Row("avg_pool", {"kernel": 2, "padding": "same", "count_include_pad": False}, ((3, 4, 6),), (3, 2, 3)),
    Row("max_pool", {"kernel": 2, "padding": "same"}, ((3, 4, 6),), (3, 2, 3)),
    Row("conv", {"out": 2, "kernel": 3, "stride": 4, "padding": "same"}, ((3, 7),), (2, 2)),
    *(
        Row("lstm", {"out": 2, "bidirectional": both}, ((3, n),), (2 + 2 * both, n))
        for both in (False, True)
        for n in (1, 2, 3)
    ),
    *(
        Row("gru", {"out": 2, "bidirectional": both}, ((3, n),), (2 + 2 * both, n))
        for both in (False, True)
        for n in (1, 2, 3)
    ),
    Row("lstm", {"out": 1, "layers": 9}, ((1, 1),), (1, 1)),
    Row("gru", {"out": 1, "layers": 9, "bidirectional": True}, ((1, 2),), (2, 2)),
)
"""What the table of operations leaves out, because its facts are no others there."""


READING = [row for row in (*ROWS, *CORNERS) if row.inputs]
"""All of these but parameters, which are weights and read nothing."""
EXPANDED = ("draw_column",)
"""Operations whose rows are one row in memory, which the model counts for each image: a few bytes too much."""
BY_STEPS = ("lstm", "gru")
"""Operations that the libraries of a device have a way of their own for; on the meta device torch has its steps."""


def builder(layer: Layer) -> tuple[Callable[..., Any], set[int]]:
    """A function of the inputs that does what ``layer`` says, and the storages that it owns."""
    target = named(layer.target)
    if layer.call == "module":
        module = target(**layer.arguments)
        return module, owned(module)
    if layer.call == "list":
        return lambda *inputs: target(inputs, **layer.arguments), set()

    def run(*inputs: Any) -> Any:
        axes = layer.axes or (0,) * len(inputs)
        found = [x[(..., *[None] * more)] for x, more in zip(inputs, axes, strict=True)]
        return reduce(lambda one, two: target(one, two, **layer.arguments), found)

    return run, set()


def memory_agrees(operation: Operation, row: Row, torch: ModuleType) -> None:
    """What ``operation`` keeps, allocates and passes on is what torch keeps, allocates and passes on."""
    run, own = builder(operation.layer(*row.inputs))
    tensors = [torch.rand(BATCH, *shape, requires_grad=True) * 1 for shape in row.inputs]
    inputs: list[Any] = [*tensors]
    if operation.reads_places:  # of the first element
        tensors[-1] = torch.zeros_like(tensors[-1], dtype=torch.long)
        inputs[-1] = tensors[-1], row.output[1:]
    sizes = [tensor.nbytes for tensor in tensors]
    places = [tensor.untyped_storage()._cdata for tensor in tensors]
    results = {True: run(*inputs)}
    kept = operation.saved_for_backward(row.output, *row.inputs)
    expected = kept.beside.size(BATCH, 4) + sum(sizes) * kept.inputs + 4 * BATCH * prod(row.output) * kept.output
    expected += sizes[-1] * kept.places + 4 * BATCH * sum(kept.partial)
    assert saved(lambda: run(*inputs), own) == expected
    if hasattr(run, "eval"):
        run.eval()
    with torch.no_grad():
        results[False] = run(*inputs)
        most = peak(lambda: run(*inputs), own, tensors)
    for training, result in results.items():
        passed = result.untyped_storage()._cdata in places
        assert operation.is_view(*row.inputs, training=training) == passed
    new = 0 if operation.is_view(*row.inputs, training=False) else 4 * BATCH * prod(row.output)
    workspace = operation.workspace(row.output, *row.inputs).size(BATCH, 4)
    workspace += operation.reordered(*row.inputs).size(BATCH, 4)  # the inputs lie in the usual order
    modelled = sum(sizes) + new + workspace
    spared = new - results[False].untyped_storage().nbytes() if row.word in EXPANDED else 0
    assert max(most, sum(sizes)) == modelled - spared


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("row", READING, ids=lambda row: f"{row.word} {row.parameters} {row.inputs}")
def test_operations_keep_and_allocate_what_torch_does(row: Row, torch: ModuleType) -> None:
    """For two images: bytes saved for the gradient, bytes beside input and output, and whether memory is shared."""
    with torch.device("meta" if row.word in BY_STEPS else "cpu"):
        memory_agrees(row.operation, row, torch)


class ForgetfulRelu(Relu):
    """Wrong: a slope needs a sign."""

    def saved_for_backward(self, *_: Any) -> Saved:
        """Nothing."""
        return Saved()


class BlindPool(MaxPool):
    """Wrong: the places of the largest values are not noted."""

    def workspace(self, *_: Any) -> Space:
        """Nothing."""
        return Space()


class StingyNorm(BatchNorm):
    """Wrong: the deviation is forgotten."""

    def saved_for_backward(self, *shapes: Any) -> Saved:
        """The input and the mean."""
        return Saved(inputs=True, beside=Space(statistics=shapes[0][0]))


class CopyingRelu(Relu):
    """Wrong: a new tensor is no view."""

    def is_view(self, *_: Any, training: bool) -> bool:  # noqa: ARG002 - wrong in both modes
        """Always."""
        return True


@pytest.mark.parametrize("wrong", [ForgetfulRelu(), BlindPool(kernel=2), StingyNorm(), CopyingRelu()], ids=repr)
def test_torch_objects_to_a_wrong_memory(wrong: Operation, torch: ModuleType) -> None:
    """The comparison fails for an operation that forgets a tensor, a copy, or whose memory the output is."""
    shape = (3, 4, 6)
    row = Row(wrong.word, {}, (shape,), wrong.shape(shape))

    with pytest.raises(AssertionError):
        memory_agrees(wrong, row, torch)


# -- networks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NETWORKS, *MORE])
def test_saved_tensors_are_those_of_torch(name: str) -> None:
    """To the byte, heads for training among them, and whoever else keeps a tensor counted once."""
    network = netspec.read(name)
    module = network.compile(device="meta", outputs="all")

    assert memory(network.graph, batch=BATCH).saved_for_backward == network_saved(module, network.graph)


@pytest.mark.parametrize("name", [*NETWORKS, *MORE])
def test_the_inference_peak_is_what_is_alive(name: str) -> None:
    """But for what meta tensors alone have: a mean and a deviation that a norm in eval mode does not compute."""
    network = netspec.read(name)
    alive = network_peak(network.compile(device="meta"), network.graph)

    assert memory(network.graph, batch=BATCH).inference_peak.bytes == pytest.approx(alive, rel=4e-4)


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "googlenet"])
def test_the_inference_peak_is_exact_where_memory_is_real(name: str, torch: ModuleType) -> None:
    """On a CPU the live storages of one image are those of the model, to the byte."""
    network = netspec.read(name)
    module = network.compile().eval()
    x = torch.zeros(1, *network.graph.input.shape)
    with torch.no_grad():
        alive = peak(lambda: module(x), owned(module), x)

    assert memory(network.graph).inference_peak.bytes == alive


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("word", ["multiply", "max", "mean"])
def test_joins_keep_what_gradients_of_their_inputs_need(word: str) -> None:
    """Of inputs joined one by one, some without a gradient, and of what comes out of the first ones."""
    for learned in product((False, True), repeat=3):
        if any(learned):
            layers = "".join(
                f"  x{at}: {{{'channel_scale' if one else 'relu'}: , from: in{at}}}\n" for at, one in enumerate(learned)
            )
            text = f"inputs: {{in0: [2, 3], in1: [2, 3], in2: [2, 3]}}\nstages:\n{layers}  j: {{{word}: [x0, x1, x2]}}"
            network = netspec.read(f"netspec: 1\nname: joined\n{text}\n")
            ours = memory(network.graph, batch=BATCH).saved_for_backward

            assert ours == network_saved(network.compile(device="meta"), network.graph), learned


@pytest.mark.parametrize("word", ["add", "max", "multiply", "mean"])
def test_a_join_of_hundreds_holds_what_is_stated(word: str, torch: ModuleType) -> None:
    """More inputs than Python reads brackets in brackets: the join of all of them, and what lives meanwhile."""
    network = netspec.read(growth.joined(300).replace("sum: {add", f"sum: {{{word}"))
    module = network.compile().eval()
    x = torch.rand(1, 3, 32, 32) / 10 + 0.95
    with torch.no_grad():
        alive = peak(lambda: module(x), owned(module), x)
        expected = {"add": 300 * x, "max": x, "mean": x, "multiply": x**300}[word]

        torch.testing.assert_close(module(x), expected, rtol=1e-3, atol=0)
    assert memory(network.graph).inference_peak.bytes == alive


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_random_networks_keep_and_hold_what_torch_does(torch: ModuleType) -> None:
    """To the byte: what is saved for the gradients, and what lives at once in inference."""

    @drawn(200)
    def agree(text: str) -> None:
        network = netspec.read(text)
        held = memory(network.graph, batch=BATCH)
        assert held.saved_for_backward == network_saved(network.compile(device="meta", outputs="all"), network.graph)
        if any(node.operation.word in BY_STEPS for node in network.graph.nodes):
            return  # a CPU runs all steps in one kernel of mkldnn, whose memory is its own
        module = network.compile().eval()
        x = torch.zeros(BATCH, *network.graph.input.shape)
        with torch.no_grad():
            alive = max(x.nbytes, peak(lambda: module(x), owned(module), x))
        expanded = any(node.operation.word in EXPANDED for node in network.graph.nodes)
        assert held.inference_peak.bytes == alive or (expanded and held.inference_peak.bytes > alive)

    agree()


@pytest.mark.parametrize("name", NETWORKS)
def test_torchvisions_models_save_as_much(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """Saved tensors within 3 %; live ones too, but for DenseNet: torchvision's dense block holds every layer's maps."""
    graph = netspec.read(name).graph
    held = memory(graph, batch=BATCH)
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(**({"init_weights": False} if name == "googlenet" else {}))

    assert held.saved_for_backward == pytest.approx(network_saved(model, graph), rel=0.03)
    alive = network_peak(model, graph)
    if name.startswith("densenet"):
        assert held.inference_peak.bytes < alive
    else:
        assert held.inference_peak.bytes == pytest.approx(alive, rel=0.03)


@pytest.mark.parametrize(("name", "images"), [*((name, 1) for name in NETWORKS), ("resnet18", 32), ("googlenet", 32)])
def test_a_step_peaks_near_the_total(name: str, images: int, torch: ModuleType) -> None:
    """Forward and backward without gradients at the start take 0.88 to 1.01 of the training total."""
    network = netspec.read(name)
    module = network.compile(device="meta", outputs="all").train()
    x = torch.empty(images, *network.graph.input.shape, device="meta")

    def step() -> None:
        result = module(x)
        sum(value.sum() for value in (result.values() if isinstance(result, dict) else [result])).backward()

    measured = peak(step, set(), x, [*module.parameters(), *module.buffers()])
    assert 0.88 < measured / memory(network.graph, batch=images).training_total < 1.01


@pytest.mark.parametrize(("dtype", "size"), [("bfloat16", 2), ("float16", 2), ("float64", 8)])
def test_saved_tensors_follow_the_dtype(dtype: str, size: int, torch: ModuleType) -> None:
    """Values have the network's type, places stay int64."""
    network = netspec.read("alexnet")
    module = network.compile(device="meta", outputs="all")
    expected = network_saved(module, network.graph, dtype=getattr(torch, dtype))

    assert memory(network.graph, batch=BATCH, bytes_per_element=size).saved_for_backward == expected


@pytest.mark.parametrize(("optimizer", "arguments"), [("sgd", {}), ("momentum", {"momentum": 0.9}), ("adam", {})])
def test_optimiser_state_is_that_of_torch(optimizer: Any, arguments: dict[str, float], torch: ModuleType) -> None:
    """After one step SGD has nothing, its momentum one number for each weight and Adam two, beside step counters."""
    network = netspec.read("lenet5")
    module = network.compile()
    chosen = (torch.optim.Adam if optimizer == "adam" else torch.optim.SGD)(module.parameters(), lr=0.1, **arguments)
    module(torch.zeros(1, 1, 32, 32)).sum().backward()
    chosen.step()
    states = [value for state in chosen.state.values() for value in state.values() if value is not None]
    held = memory(network.graph, optimizer=optimizer)

    assert held.optimizer_state == sum(value.nbytes for value in states if value.dim())
    assert held.gradients == sum(weight.grad.nbytes for weight in module.parameters())


@pytest.mark.parametrize("name", ["googlenet", "lenet5-1998", "alexnet"])
def test_weights_and_buffers_are_the_modules(name: str) -> None:
    """Counters of batches among the buffers, heads for training among the weights."""
    network = netspec.read(name)
    module = network.compile(device="meta")
    held = memory(network.graph)

    assert held.weights == sum(weight.nbytes for weight in module.parameters())
    assert held.buffers == sum(buffer.nbytes for buffer in module.buffers())


# -- the comparisons can fail -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [Conv, Relu, MaxPool])
def test_a_tensor_that_is_forgotten_is_missed(operation: type[Operation], monkeypatch: pytest.MonkeyPatch) -> None:
    """With an operation that claims to keep nothing, AlexNet saves less than torch does."""
    network = netspec.read("alexnet")
    expected = network_saved(network.compile(device="meta", outputs="all"), network.graph)
    monkeypatch.setattr(operation, "saved_for_backward", lambda *_: Saved())

    assert memory(network.graph, batch=BATCH).saved_for_backward < expected


def test_lifetimes_that_ignore_callers_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If what a caller holds were dropped at its last reader, DenseNet's peak would be too low."""
    network = netspec.read("densenet121")
    alive = network_peak(network.compile(device="meta"), network.graph)
    monkeypatch.setattr("netspec.analysis.liveness.Liveness.is_open", lambda *_: True)

    assert memory(network.graph, batch=BATCH).inference_peak.bytes < alive * 0.97


def test_copies_instead_of_writing_in_place_are_missed(
    graph_of: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no activation wrote over its input, each leaky ReLU would keep a map of its own beside its result."""
    graph = graph_of(
        "[conv: {out: 4, kernel: 3}, leaky_relu, conv: {out: 4, kernel: 3}, leaky_relu, flatten, linear: 2]"
    )
    expected = network_saved(module_of(graph, device="meta"), graph)

    assert memory(graph, batch=BATCH).saved_for_backward == expected
    monkeypatch.setattr(Liveness, "overwrites", lambda *_: False)
    assert memory(graph, batch=BATCH).saved_for_backward > expected * 1.03


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_a_chain_by_hand(graph_of: Callable[..., Graph]) -> None:
    """The pool holds image, map, result and places; the map is the activation's, written over the convolution's."""
    graph = graph_of("[conv: {out: 4, kernel: 3, padding: 1}, relu, max_pool: 2, flatten, linear: 10]", size=(1, 8, 8))
    image, full, pooled = 4 * 64, 4 * 4 * 64, 4 * 4 * 16
    held = memory(graph)

    assert held.inference_peak.bytes == image + full + pooled + 2 * pooled
    assert (held.inference_peak.node, held.inference_peak.alive) == ("stages.2", ("input", "stages.1", "stages.2"))
    assert held.saved_for_backward == image + full + 2 * pooled + pooled
    weights = 4 * (36 + 4 + 640 + 10)
    assert (held.input, held.weights, held.buffers, held.gradients) == (image, weights, 0, weights)
    assert held.training_total == 2 * weights + held.saved_for_backward


def test_what_no_gradient_reaches_is_not_kept(graph_of: Callable[..., Graph]) -> None:
    """A convolution for a draw alone keeps nothing once the pass is over: the draw takes no value of it."""
    graph = graph_of(
        """
        a: {conv: {out: 2, kernel: 3, padding: 1}}
        act: tanh
        lost: {conv: {out: 8, kernel: 5, from: a}}
        column: {draw_column: 2}
        joined: {drop_path_mean: {from: [a, act, column]}}
        """,
        size=(3, 8, 8),
    )
    held = memory(graph, batch=BATCH).saved_for_backward

    assert held == BATCH * 4 * (3 + 2) * 64 == network_saved(module_of(graph, device="meta"), graph)


def test_a_maximum_keeps_what_it_compares(graph_of: Callable[..., Graph]) -> None:
    """Both inputs, also where one of them has no gradient; a product keeps that one alone."""
    layers = "{a: {conv: {out: 3, kernel: 1}}, b: {WORD: [input, a]}, c: {conv: {out: 2, kernel: 1}}}"
    one = BATCH * 4 * 3 * 64
    for word, values in (("max", 3), ("multiply", 2)):
        graph = graph_of(layers.replace("WORD", word), size=(3, 8, 8))
        held = memory(graph, batch=BATCH).saved_for_backward

        assert held == values * one == network_saved(module_of(graph, device="meta"), graph)


def test_an_input_without_gradient_is_held_all_the_same(graph_of: Callable[..., Graph]) -> None:
    """A network that pools first saves nothing of its image, but a step holds it."""
    held = memory(graph_of("[max_pool: 2, conv: {out: 9, kernel: 3}, relu]", size=(1, 8, 8)))

    assert held.saved_for_backward == 4 * (16 + 9 * 4)
    assert held.training_total == 2 * held.weights + held.saved_for_backward + held.input


def test_heads_for_training_count_in_training_alone() -> None:
    """GoogLeNet without them saves less and has fewer weights, and peaks the same in inference."""
    whole, bare = (memory(netspec.read(name).graph) for name in ("googlenet", "googlenet-without-aux"))

    assert whole.saved_for_backward > bare.saved_for_backward
    assert whole.weights > bare.weights
    assert whole.inference_peak == bare.inference_peak


def test_values_grow_with_the_batch_and_shrink_with_the_dtype() -> None:
    """Eight images take eight times the peak of one; weights take what their type takes."""
    graph = netspec.read("resnet18").graph
    one, many, half = memory(graph), memory(graph, batch=8), memory(graph, bytes_per_element=2)

    assert many.inference_peak.bytes == 8 * one.inference_peak.bytes
    assert (many.weights, half.weights) == (one.weights, one.weights // 2)
    assert many == memory(graph, batch=8, optimizer="adam")._replace(optimizer_state=0)


def test_figures_are_plain_data() -> None:
    """Bytes under stable names, and the totals that follow from them."""
    held: Memory = memory(netspec.read("lenet5").graph, optimizer="momentum")
    data = held.to_dict()

    assert data["inference_peak"] == {"bytes": 41728, "node": "tanh1", "alive": ["input", "conv1", "tanh1"]}
    assert data["inference_total"] == data["weights"] + data["buffers"] + data["inference_peak"]["bytes"]
    parts = ("weights", "buffers", "saved_for_backward", "gradients", "optimizer_state")
    assert data["training_total"] == sum(data[part] for part in parts)


# -- traffic ----------------------------------------------------------------------------------------------------------


def test_activations_are_regnets() -> None:
    """11.1 million in ResNet-50, as Radosavovic et al. 2020 have it; its linear layer has 1000 of them."""
    assert netspec.read("resnet50").stats().totals.activations == 11_113_984 + 1000


@pytest.mark.parametrize("name", NETWORKS)
def test_activations_are_those_of_fvcore(name: str, torch: ModuleType) -> None:
    """Heads for training left out."""
    from fvcore.nn import ActivationCountAnalysis

    network = netspec.read(name)
    count = ActivationCountAnalysis(network.compile().eval(), torch.zeros(1, *network.graph.input.shape))
    count.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)

    assert network.stats().totals.activations == count.total()


def test_intensity_by_hand(graph_of: Callable[..., Graph]) -> None:
    """A 3x3 convolution of 1 to 4 channels on 8x8: 72 FLOPs at each place, over image, maps and 40 weights."""
    graph = graph_of("[conv: {out: 4, kernel: 3, padding: 1}, relu, flatten]", size=(1, 8, 8))
    conv, relu, flat = (row.traffic for row in summary(graph, Setup(batch=2)).rows)

    assert (conv.flops, conv.weights, conv.inputs, conv.outputs) == (2 * 4608, 160, 512, 2048)
    assert conv.intensity == pytest.approx(9216 / 2720)
    assert (relu.flops, relu.bytes, relu.intensity) == (0, 4096, 0)
    assert (flat.bytes, flat.intensity) == (0, 0)


def test_an_input_is_moved_once(graph_of: Callable[..., Graph]) -> None:
    """However often an operation reads it."""
    rows = summary(graph_of("{a: relu, b: relu, c: {concat: {from: [a, b, a]}}}", size=(1, 8, 8))).rows
    assert rows[-1].traffic.inputs == 2 * 64 * 4
    assert rows[-1].traffic.outputs == 3 * 64 * 4


def test_training_takes_no_less_than_inference(graph_of: Callable[..., Graph]) -> None:
    """Also where few of many values are kept."""
    held = memory(graph_of("[conv: {out: 1, kernel: 1, bias: false}, avg_pool: 2]", size=(3, 64, 64)), optimizer="adam")
    assert held.saved_for_backward < held.inference_peak.bytes
    assert held.training_total >= held.inference_total + held.optimizer_state


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 86400000000 bytes"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_network_that_does_not_fit_is_said_not_to(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building ends in one sentence with the bytes it takes; another fault of torch stays what it is."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(smoke_test, "module", fails)
    result = CliRunner().invoke(main, ["build", "lenet5"])

    assert result.exit_code == 2
    assert "error[limit]: lenet5 does not fit in memory: 246,824 bytes of weights" in result.stderr
    error = RuntimeError("a fault")
    assert isinstance(CliRunner().invoke(main, ["build", "lenet5"]).exception, RuntimeError)
