"""Looking into networks: what comes back to an image, held against a transposition by hand, and ``netspec see``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import shipped
import torch
from conftest import thorough
from torch import Tensor
from torch.nn import functional
from transposed import RECTIFIERS, SLOPES, looked_back

import netspec
from netspec.analysis.seen import Method
from netspec.analysis.units import field_of, seen_node
from netspec.graph.graph import Graph, Node, upstream
from netspec.nn.seeing.looking_back import Cut
from netspec.nn.seeing.strongest import Images, Looking
from netspec.ops import OPERATIONS
from netspec.ops.facts import key

pytestmark = pytest.mark.usefixtures("one_thread")
CLOSE = 1e-10
"""Of the largest magnitude, how much what comes back may differ from the oracle's in double precision."""
METHODS: tuple[Method, ...] = ("deconvnet", "guided", "gradient")
NAMED = {
    "vgg16.yaml": "features.9",
    "googlenet.yaml": "inception4a",
    "densenet.yaml@densenet121": "",
    "resnet.yaml@resnet18": "layer2",
    "alexnet-2012.yaml": "norm_pool2",
    "fractalnet.yaml@fractalnet-c3": "blocks.2",
    "mobilenet_v3.yaml@mobilenet_v3_small": "classifier",
}
"""Networks of different kinds, and where each is looked into."""
OTHER_INPUTS = ("c3d", "m5", "s3d", "video_resnet")
"""Files of networks that read volumes or sound."""
IMAGES = [case for case in shipped.CASES if case.file not in OTHER_INPUTS and case.word != "unet.yaml@unet3d"]

FEW = IMAGES if thorough else [case for case in IMAGES if case.file in ("lenet5-1998", "resnet-cifar", "shufflenet_v2")]
"""All of them, or some that are quick."""


def prepared(graph: Graph, node: Node) -> dict[str, Tensor]:
    """Weights in double precision for what ``node`` needs; batch norm has statistics of its own."""
    torch.manual_seed(0)
    state = {}
    for one in graph.nodes:
        for tensor in one.tensors if one in upstream(node) else ():
            name = key(one.name, tensor.name)
            values = torch.randn(tensor.shape, dtype=torch.double)
            fan = max(tensor.size // tensor.shape[0], 1) if tensor.shape else 1
            state[name] = values * (2 / fan) ** 0.5 if len(tensor.shape) > 1 else 1 + 0.1 * values
            if tensor.name == "running_var":
                state[name] = state[name].abs()
            elif tensor.name in ("bias", "running_mean"):
                state[name] = 0.1 * values
    return state


def case_of(word: str) -> netspec.Network:
    """A network of the table, at its small size."""
    return shipped.network(next(case for case in shipped.CASES if case.word == word))


def difference(network: netspec.Network, node: Node, methods: Sequence[Method]) -> float:
    """By how much of the largest magnitude what comes back from noise at ``node`` differs from the oracle's."""
    graph, worst = network.graph, 0.0
    state = prepared(graph, node)
    torch.manual_seed(1)
    image = torch.randn(2, *node.origin.shape, dtype=torch.double)
    seed = torch.randn(2, *node.shape, dtype=torch.double)
    cut = Cut(graph, node, state)
    for method in methods:
        found = cut.looked_back(image, seed, method)
        expected = looked_back(graph, node, state, image, seed, method)
        assert expected.abs().max() > 0
        worst = max(worst, float((found - expected).abs().max() / expected.abs().max()))
    return worst


@pytest.mark.parametrize("word", NAMED)
def test_what_comes_back_is_what_a_transposition_by_hand_says(word: str) -> None:
    """Through convolutions, pools, norms, joins and gates, by each method, in double precision."""
    network = case_of(word)
    node = seen_node(network.graph, NAMED[word] or None)

    assert difference(network, node, METHODS) < CLOSE


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.word)
def test_so_it_does_in_every_network_that_ships(case: shipped.Case) -> None:
    """From its last map before global pooling, and from its output."""
    network = shipped.network(case)
    methods: tuple[Method, ...] = METHODS if thorough else ("deconvnet",)
    nodes = {seen_node(network.graph), network.graph.outputs[0].node} if thorough else {seen_node(network.graph)}

    assert all(difference(network, node, methods) < CLOSE for node in nodes)


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.word)
def test_networks_can_be_seen_into_at_any_operation(case: shipped.Case) -> None:
    """Each has a strongest unit in noise, from which something finite comes back to what it sees, or nothing does."""
    network = shipped.network(case)
    torch.manual_seed(0)
    state = network.compile().state_dict()
    noise = torch.randn(1, *network.graph.input.shape)
    nodes = [node for node in network.graph.operations if node.has_batch]
    for node in nodes if thorough else nodes[len(nodes) // 2 :: len(nodes)]:
        (panel,) = Looking(network.graph, state, Images(["noise"], noise, noise)).panels(node, channels=1, top=1)
        (patch,) = panel.patches
        found = patch.gradient.clone()
        assert found.isfinite().all()
        rows, columns = (slice(first, last + 1) for first, last in patch.region)
        found[:, rows, columns] = 0
        assert found.abs().max() == 0 or any(field_of(node, network.graph).shared)


@pytest.mark.parametrize("method", METHODS)
def test_the_oracle_objects_to_another_rule(method: Method, graph_of: Callable[..., Graph]) -> None:
    """The three methods differ, so none of them passes for another."""
    graph = graph_of("a: {conv: {out: 4, kernel: 3}}\nb: relu\nc: {conv: {out: 4, kernel: 3}}\nd: relu", size=(3, 9, 9))
    node = seen_node(graph)
    state = prepared(graph, node)
    image, seed = torch.randn(1, 3, 9, 9).double(), torch.randn(1, 4, 5, 5).double()
    found = Cut(graph, node, state).looked_back(image, seed, method)

    for other in METHODS:
        expected = looked_back(graph, node, state, image, seed, other)
        assert (float((found - expected).abs().max()) < 1e-12) is (other == method)


# -- operations -------------------------------------------------------------------------------------------------------

TWO = "a: {conv: {out: 4, kernel: 3, padding: 1}, from: input}\nb: {conv: {out: 4, kernel: 1}, from: input}\n"
LINEAR = {
    "conv": "x: {conv: {out: 6, kernel: 3, stride: 2, padding: same, groups: 2}}",
    "conv_transpose": "x: {conv_transpose: {out: 3, kernel: 3, stride: 2, padding: 1}}",
    "avg_pool": "x: {avg_pool: {kernel: 3, stride: 2, padding: 1, ceil: true, count_include_pad: false}}",
    "adaptive_avg_pool": "x: {adaptive_avg_pool: [3, 5]}",
    "global_avg_pool": "x: global_avg_pool",
    "linear": "f: flatten\nx: {linear: 5}",
    "pointwise": "x: {pointwise: 5}",
    "flatten": "x: flatten",
    "unflatten": "f: flatten\nx: {unflatten: [8, 8, 4]}",
    "batch_norm": "x: batch_norm",
    "channel_scale": "x: channel_scale",
    "dropout": "x: {dropout: 0.5}",
    "drop_path": "x: {drop_path: 0.5}",
    "identity": "x: identity",
    "scale": "x: {scale: -2.5}",
    "add": TWO + "x: {add: {}, from: [a, b, a]}",
    "subtract": TWO + "x: {subtract: {}, from: [a, b]}",
    "mean": TWO + "x: {mean: {}, from: [a, b]}",
    "drop_path_mean": TWO + "x: {drop_path_mean: {p: 0.2}, from: [a, b]}",
    "concat": TWO + "x: {concat: {}, from: [a, b, a]}",
    "pad": "x: {pad: 1}",
    "pad_shortcut": "x: {pad_shortcut: {out: 7, stride: 2}}",
    "select": "x: {select: [3, 0, 3]}",
    "slice": "x: {slice: {start: 1, stop: -1}}",
    "channel_shuffle": "x: {channel_shuffle: 2}",
    "pixel_shuffle": "x: {pixel_shuffle: 2}",
    "resize": "x: {resize: {scale: 2, mode: linear}}",
}
"""Every operation that is linear, but for a constant, as the last layer of a few."""
OTHERS = {
    *("max_pool", "adaptive_max_pool", "max", "max_unpool", "multiply", "rbf", "lstm", "gru", "draw_column"),
    *("parameter", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "softmax", "log_softmax"),
    *("sigmoid", "hardsigmoid", "tanh", "scaled_tanh", "abs", *RECTIFIERS),
}
"""All operations that are not, and those that give no value of an image."""


def cut_of(graph: Graph) -> tuple[Cut, Node]:
    """The last operation of ``graph`` with weights, in double precision."""
    node = graph.operations[-1]
    return Cut(graph, node, prepared(graph, node)), node


def test_every_operation_is_known_to_be_linear_or_not() -> None:
    """The two tables have all operations, and none twice."""
    assert {*LINEAR} | OTHERS == {*OPERATIONS}
    assert not {*LINEAR} & OTHERS


@pytest.mark.parametrize("word", LINEAR)
def test_what_comes_back_through_a_linear_operation_is_its_transpose(word: str, graph_of: Callable[..., Graph]) -> None:
    """<Ax, y> is <x, A'y>, whatever the method, where A is the operation less what it makes of nothing."""
    cut, node = cut_of(graph_of(LINEAR[word], size=(4, 8, 8)))
    assert node.operation.word == word
    torch.manual_seed(2)
    x, y = torch.randn(2, 4, 8, 8).double(), torch.randn(2, *node.shape).double()
    made = cut.values(x) - cut.values(torch.zeros_like(x))

    for method in METHODS:
        back = cut.looked_back(x, y, method)
        apart = abs(float((made * y).sum() - (x * back).sum()))
        assert apart <= 1e-6 * float(made.norm() * y.norm())
        assert apart <= 1e-12 * float(made.norm() * y.norm())


@pytest.mark.parametrize("word", sorted(OPERATIONS.keys() & SLOPES.keys()))
def test_every_activation_has_its_rule(word: str, graph_of: Callable[..., Graph]) -> None:
    """An operation that rectifies clears what comes back, another one has its derivative in every method."""
    graph = graph_of(
        f"a: {{conv: {{out: 4, kernel: 3}}}}\nb: {word if word != 'scale' else '{scale: 2.0}'}", size=(3, 6, 6)
    )
    node = graph.operations[-1]
    state = prepared(graph, node)
    torch.manual_seed(3)
    image, seed = 3 * torch.randn(2, 3, 6, 6).double(), torch.randn(2, 4, 4, 4).double()

    assert node.operation.rectifies is (word in RECTIFIERS)
    for method in METHODS:
        expected = looked_back(graph, node, state, image, seed, method)
        found = Cut(graph, node, state).looked_back(image, seed, method)
        assert float((found - expected).abs().max()) <= CLOSE * float(expected.abs().max())


def test_values_that_are_read_several_times_are_summed_before_they_are_cleared(graph_of: Callable[..., Graph]) -> None:
    """1 and -2 that come back to one rectifier are -1, of which nothing is left; each cleared alone would leave 1."""
    graph = graph_of("r: relu\nn: {scale: -2.0, from: r}\ns: {add: {}, from: [r, n]}", size=(1, 2, 2))
    cut, _ = cut_of(graph)
    ones = torch.ones(1, 1, 2, 2).double()

    assert cut.looked_back(ones, ones, "deconvnet").abs().max() == 0
    assert torch.equal(cut.looked_back(ones, -ones, "deconvnet"), ones)


def test_a_pool_whose_windows_lie_apart_is_unpooled(graph_of: Callable[..., Graph]) -> None:
    """What comes back through it is what torch's max_unpool2d makes of the switches."""
    cut, _ = cut_of(graph_of("p: {max_pool: {kernel: 2}}", size=(3, 8, 8)))
    x, y = torch.randn(2, 3, 8, 8).double(), torch.randn(2, 3, 4, 4).double()
    _, switches = functional.max_pool2d(x, 2, return_indices=True)

    assert torch.equal(cut.looked_back(x, y), functional.max_unpool2d(y, switches, 2))


def test_where_windows_overlap_what_comes_back_is_added_up(graph_of: Callable[..., Graph]) -> None:
    """One largest value in four windows 3x3/2 gets what comes back from each; max_unpool2d keeps that of one."""
    cut, _ = cut_of(graph_of("p: {max_pool: {kernel: 3, stride: 2}}", size=(1, 5, 5)))
    x = torch.zeros(1, 1, 5, 5).double()
    x[0, 0, 2, 2] = 1
    y = torch.tensor([[1.0, 2], [4, 8]]).double().view(1, 1, 2, 2)
    _, switches = functional.max_pool2d(x, 3, 2, return_indices=True)

    assert cut.looked_back(x, y)[0, 0, 2, 2] == 15
    assert functional.max_unpool2d(y, switches, 3, 2, output_size=(5, 5)).sum() < 15
