"""Looking into networks: what comes back to an image, held against a transposition by hand, and ``netspec see``."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import shipped
import torch
from click.testing import CliRunner, Result
from conftest import spec_of, thorough
from PIL import Image
from seen_networks import CLOSE, IMAGES, METHODS, looks, prepared
from torch.nn import functional
from transposed import RECTIFIERS, SLOPES, looked_back

import netspec
from netspec.analysis.seen import Method
from netspec.analysis.units import field_of, framed, judged_by, seen_at, seen_node, sheet_nodes
from netspec.cli import main
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph, Node, upstream
from netspec.nn.seeing.looking_back import Cut
from netspec.nn.seeing.strongest import Images, Looking
from netspec.ops import OPERATIONS
from netspec.ops.facts import key
from netspec.ops.join import Add
from netspec.report.seen import SeenReport

pytestmark = pytest.mark.usefixtures("one_thread")
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
QUICK = (
    ("lenet5-1998.yaml", 1),
    ("resnet-cifar.yaml@resnet20", 3),
    ("squeezenet.yaml@squeezenet1_1", 1),
    ("unet.yaml@unet_bn", 1),
    ("fractalnet.yaml@fractalnet-c3", 4),
    ("mobilenet_v3.yaml@mobilenet_v3_small", 4),
    ("sknet.yaml@skresnext50_32x4d", 8),
    ("densenet.yaml@densenet121", 4),
)
"""Networks that are quick, and of how many operations one is looked at."""
FEW = IMAGES if thorough else [case for case in IMAGES if case.file in ("lenet5-1998", "resnet-cifar", "shufflenet_v2")]
"""All of them, or some that are quick."""


def case_of(word: str) -> netspec.Network:
    """A network of the table, at its small size."""
    return shipped.network(next(case for case in shipped.CASES if case.word == word))


def difference(network: netspec.Network, node: Node, methods: Sequence[Method]) -> float:
    """By how much of the largest magnitude what comes back from noise at ``node`` differs from the oracle's."""
    graph, worst = network.graph, 0.0
    state = prepared(upstream(node))
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


@pytest.mark.parametrize(
    ("word", "every"), QUICK if thorough else QUICK[:2], ids=lambda value: value if isinstance(value, str) else None
)
def test_networks_can_be_seen_into_at_any_operation(word: str, every: int) -> None:
    """By every method, and Grad-CAM by any map, it is what the transposition says; `tools/seeing.py` tries all."""
    graph = case_of(word).graph
    found = [*looks(graph, graph.operations[::every])]

    assert {look.method for look in found} == {*METHODS, "gradcam"}
    assert [look for look in found if not look.apart < CLOSE] == []
    assert sum(look.dark for look in found) < len(found) / 10


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.word)
def test_what_comes_back_stays_where_a_unit_sees(case: shipped.Case) -> None:
    """From the strongest unit in noise something finite comes back to its receptive field, and nothing beside it."""
    network = shipped.network(case)
    torch.manual_seed(0)
    state = network.compile().state_dict()
    noise = torch.randn(1, *network.graph.input.shape)
    nodes = [node for node in network.graph.operations if node.has_batch]
    for node in {node.operation.word: node for node in reversed(nodes)}.values():
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
    state = prepared(upstream(node))
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
    return Cut(graph, node, prepared(upstream(node))), node


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
    state = prepared(upstream(node))
    torch.manual_seed(3)
    image, seed = 3 * torch.randn(2, 3, 6, 6).double(), torch.randn(2, 4, 4, 4).double()

    assert node.operation.rectifies is (word in RECTIFIERS)
    for method in METHODS:
        expected = looked_back(graph, node, state, image, seed, method)
        found = Cut(graph, node, state).looked_back(image, seed, method)
        assert float((found - expected).abs().max()) <= CLOSE * float(expected.abs().max())


def test_a_function_that_says_it_rectifies_is_refused(
    graph_of: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No rule can be hooked on what is no module, so it is told instead of taken for another operation."""
    monkeypatch.setattr(Add, "rectifies", True)

    with pytest.raises(SpecError, match="'x' rectifies and is no module"):
        cut_of(graph_of(LINEAR["add"], size=(4, 8, 8)))


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


# -- what is seen -----------------------------------------------------------------------------------------------------


def test_the_strongest_patches_are_those_that_a_filter_is_laid_over(graph_of: Callable[..., Graph]) -> None:
    """Of two images with one bright pixel the brighter comes first, and the filter comes back around that pixel."""
    graph = graph_of("c: {conv: {out: 2, kernel: 3, stride: 2, bias: false}}\nr: relu", size=(1, 9, 9))
    weight = torch.zeros(2, 1, 3, 3)
    weight[1, 0] = torch.tensor([[0.1, 0.2, 0.3], [0.4, 1.0, 0.5], [0.6, 0.7, 0.8]])
    images = torch.zeros(2, 1, 9, 9)
    images[0, 0, 3, 5], images[1, 0, 7, 1] = 1, 2
    looking = Looking(graph, {"c.weight": weight}, Images(["dim", "bright"], images, images))

    (panel,) = looking.panels(graph.operations[-1], channels=[1], top=9)

    assert [(patch.image, patch.at, patch.value) for patch in panel.patches] == [
        ("bright", (3, 0), 2),
        ("dim", (1, 2), 1),
    ]
    assert panel.patches[1].region == ((2, 4), (4, 6))
    assert torch.equal(panel.patches[1].gradient[:, 2:5, 4:7], weight[1])
    assert panel.patches[1].gradient.count_nonzero() == 9
    assert panel.patches[1].original.content == bytes([0] * 4 + [255] + [0] * 4)
    assert panel.patches[0].reconstruction.content[4] == 255


def test_channels_that_nobody_names_are_the_strongest(graph_of: Callable[..., Graph]) -> None:
    """Of so many channels those with the largest value in any image; of a sheet each where it is so."""
    graph = graph_of("c: {conv: {out: 3, kernel: 1, bias: false}}", size=(1, 2, 2))
    images = torch.tensor([[1.0, 2], [3, 4]]).view(1, 1, 2, 2)
    state = {"c.weight": torch.tensor([1.0, 3, -2]).view(3, 1, 1, 1)}
    looking = Looking(graph, state, Images(["a"], images, images))
    node = graph.operations[-1]

    assert [panel.channel for panel in looking.panels(node, channels=2, top=1)] == [1, 0]
    (sheet,) = looking.sheet([node], 3)
    assert [(patch.channel, patch.at, patch.value) for patch in sheet.patches] == [
        (1, (1, 1), 12),
        (0, (1, 1), 4),
        (2, (0, 0), -2),
    ]
    (chosen,) = looking.panels(node, channels=[1], top=1, at=(0, 1))
    assert chosen.patches[0].value == 6


def test_grad_cam_is_the_class_activation_map_before_a_pooled_classifier(graph_of: Callable[..., Graph]) -> None:
    """There it is what is positive of the maps weighed by the classifier, over the positions (Zhou et al. 2016)."""
    graph = graph_of("c: {conv: {out: 4, kernel: 3}}\nr: relu\ng: global_avg_pool\nf: {linear: 5}", size=(3, 8, 8))
    state = prepared(upstream(graph.operations[-1]))
    node = graph.operations[1]
    cut = Cut(graph, node, state, graph.outputs[0])
    images = torch.randn(2, 3, 8, 8).double()
    maps = cut.values(images)

    found, scores = cut.weighed(images, torch.tensor([3, 1]))

    expected = torch.einsum("nc,nchw->nhw", state["f.weight"][[3, 1]], maps).clamp(min=0) / 36
    assert torch.allclose(found, expected, rtol=1e-12, atol=0)
    assert torch.equal(scores, cut.scores(images)[[0, 1], [3, 1]])


def test_grad_cam_of_a_map_explains_all_positions_of_it(graph_of: Callable[..., Graph]) -> None:
    """An output with positions, as of a segmentation, is added up over them; the strongest channel of each image."""
    graph = graph_of("c: {conv: {out: 4, kernel: 3}}\nr: relu\no: {conv: {out: 2, kernel: 1}}", size=(3, 8, 8))
    state = prepared(upstream(graph.operations[-1]))
    images = torch.randn(3, 3, 8, 8).double()
    looking = Looking(graph, state, Images("abc", images, images), "gradcam")
    node = graph.operations[1]

    (panel,) = looking.explained(node, channel=None, top=2)

    sums = Cut(graph, node, state, graph.outputs[0]).scores(images)
    assert sums.shape == (3, 2)
    best = sums.max(1).values.sort(descending=True).values[:2]
    assert [patch.value for patch in panel.patches] == pytest.approx(best.tolist())
    assert all(patch.gradient.shape == (8, 8) and patch.gradient.min() >= 0 for patch in panel.patches)


def test_operations_that_no_image_leads_to_cannot_be_seen() -> None:
    """What is a parameter, comes from two inputs, or has no output behind it for Grad-CAM, is told to be so."""
    text = """
netspec: 1
name: two
inputs: {left: [3, 8, 8], right: [3, 8, 8]}
stages:
  a: {conv: {out: 4, kernel: 3}, from: left}
  b: {conv: {out: 4, kernel: 3}, from: right}
  scale: {parameter: [4, 6, 6]}
  both: {add: [a, b]}
  scaled: {multiply: [both, scale]}
"""
    graph = netspec.read(text).graph
    state = prepared(upstream(graph.operations[-1]))
    images = torch.randn(1, 3, 8, 8).double()

    for name, said in (("scale", "a parameter"), ("both", r"comes from 2 inputs \(left, right\)"), ("left", "reads")):
        with pytest.raises(SpecError, match=said):
            seen_node(graph, name)
    with pytest.raises(SpecError, match="there is none behind it"):
        judged_by(graph, graph.operations[-1])
    with pytest.raises(SpecError, match=r"comes from one input, and 'output' comes from 2 inputs \(left, right\)"):
        judged_by(graph, seen_node(graph, "a"))
    (panel,) = Looking(graph, state, Images("a", images, images)).panels(seen_node(graph, "b"), channels=[2], top=1)
    assert panel.patches[0].gradient.abs().max() > 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_refused(value: float, graph_of: Callable[..., Graph]) -> None:
    """With the weights that are none; a channel that does not come from these has its value."""
    graph = graph_of("c: {conv: {out: 3, kernel: 1, bias: false}}\no: {conv: {out: 2, kernel: 1}}", size=(1, 2, 2))
    state = prepared(graph.nodes)
    state["c.weight"][1] = value
    state["c.weight"][0] = 0.5
    images = torch.tensor([0.0, 1, 2, 3]).double().view(1, 1, 2, 2)
    looking = Looking(graph, state, Images("a", images, images))
    node = graph.operations[0]

    said = "'c' is no finite number in 1 of 1 images; weights that are none: c.weight"
    with pytest.raises(SpecError, match=said):
        looking.panels(node, channels=2, top=1)
    with pytest.raises(SpecError, match=said):
        looking.panels(node, channels=[1, 0], top=1)
    with pytest.raises(SpecError, match="'output' is no finite number"):
        looking.explained(node, channel=None, top=1)
    assert looking.panels(node, channels=[0], top=1)[0].patches[0].value == 1.5
    large = state | {"c.weight": torch.full((3, 1, 1, 1), 1e308, dtype=torch.double)}
    with pytest.raises(SpecError, match="in 1 of 1 images; the weights are finite"):
        Looking(graph, large, Images("a", images * 9, images)).panels(node, channels=2, top=1)


def test_patches_are_cropped_beside_gates_and_at_the_edge() -> None:
    """A gate sees the whole image, its patch is that of the convolutions; what lies beyond the image is left out."""
    gated = (
        "c: {conv: {out: 4, kernel: 3, padding: 1}}\ng: global_avg_pool\ns: sigmoid\nm: {multiply: {}, from: [c, s]}"
    )
    graph = netspec.read(spec_of(gated, size=(3, 16, 16))).graph
    node = graph.operations[-1]

    assert seen_at(node, field_of(node, graph), (5, 0)) == (((4, 6), (0, 1)), ((4, 6), (-1, 1)))
    assert framed(((4, 6), (0, 1)), ((4, 6), (-1, 1)), (16, 16)) == ((4, 6), (-1, 1))
    assert framed(((0, 15), (0, 15)), ((-9, 30), (-9, 30)), (16, 16)) == ((0, 15), (0, 15))


def test_a_sheet_has_the_last_map_of_each_size() -> None:
    """Of ResNet-18 the stem before and behind its pool, and the stages."""
    graph = shipped.graph("resnet.yaml@resnet18")

    assert [node.name for node in sheet_nodes(graph, seen_node(graph))] == [
        *("relu", "layer1.1.relu", "layer2.1.relu", "layer3.1.relu", "layer4.1.relu"),
    ]


# -- the command ------------------------------------------------------------------------------------------------------

NETWORK = """
conv: {conv: {out: 4, kernel: 3, padding: 1}}
relu: relu
pool: {max_pool: {kernel: 3, stride: 2}}
gap: global_avg_pool
fc: {linear: 3}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with weights, those of another one, images of several kinds, and files that are none."""
    place = tmp_path_factory.mktemp("see")
    (place / "net.yaml").write_text(spec_of(NETWORK, size=(3, 12, 12)), encoding="utf-8")
    (place / "other.yaml").write_text(spec_of(NETWORK.replace("out: 4", "out: 5"), size=(3, 12, 12)), encoding="utf-8")
    for name in ("net", "other"):
        network = netspec.read(place / f"{name}.yaml")
        netspec.save(network.compile(), network, place / f"{name}.safetensors")
    (place / "images").mkdir()
    Image.effect_noise((12, 12), 90).convert("RGB").save(place / "images" / "a.png")
    Image.effect_noise((40, 20), 90).save(place / "images" / "grey.png")
    (place / "broken.png").write_bytes((place / "images" / "a.png").read_bytes()[:90])
    (place / "notes.txt").write_text("no image", encoding="utf-8")
    (place / "empty").mkdir()
    return place


def see(folder: Path, *words: str, weights: str = "net.safetensors") -> Result:
    """``netspec see`` of the small network."""
    before = {path.name for path in folder.iterdir()}
    line = [word.replace("@", f"{folder}/") for word in words]
    result = CliRunner().invoke(main, ["see", str(folder / "net.yaml"), "--weights", str(folder / weights), *line])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    if result.exit_code:
        assert {path.name for path in folder.iterdir()} == before, "something half-written is left"
    return result


def test_the_command_says_and_draws_what_is_seen(folder: Path) -> None:
    """A row for each patch, what was done to images, and a picture in which every patch is, beside its image."""
    result = see(folder, "--image", "@images", "--channel", "2", "-o", "@seen.svg")

    assert result.exit_code == 0, result.output
    assert "net, pool 4x5x5: deconvnet (Zeiler and Fergus 2014)" in result.output
    assert "1 of 2 images are of another shape, and were made to fit: grey.png 1x20x40 -> 3x12x12" in result.output
    assert "less 0.485, 0.456, 0.406, divided by 0.229, 0.224, 0.225" in result.output
    root = ET.parse(folder / "seen.svg").getroot()  # noqa: S314 - our own
    assert len(root.findall("{*}image")) == 4
    data = json.loads(see(folder, "--image", "@images", "--channel", "2", "--format", "json").output)
    (panel,) = data["panels"]
    values = [patch["value"] for patch in panel["patches"]]
    assert values == sorted(values, reverse=True)
    assert {Path(patch["image"]).name for patch in panel["patches"]} == {"a.png", "grey.png"}


@pytest.mark.parametrize(
    "words",
    [
        ("--image", "@images/a.png", "@images/grey.png", "--method", "gradcam", "--channel", "1"),
        ("--image", "@images", "--method", "gradcam", "--node", "relu"),
        ("--image", "@images", "--show", "layers", "--top", "3"),
        ("--show", "filters"),
        ("--image", "@images", "--node", "fc", "--method", "guided"),
        ("--image", "@images", "--at", "0,4", "--method", "gradient", "--mean", "0.5", "--std", "0.2,0.3,0.4"),
        ("--image", "@images", "@notes.txt", "--skip-unreadable"),
    ],
    ids=" ".join,
)
def test_everything_is_drawn_in_pixels(words: tuple[str, ...], folder: Path) -> None:
    """Each kind of picture is a PNG, too."""
    result = see(folder, *words, "-o", "@seen.png")

    assert result.exit_code == 0, result.output
    with Image.open(folder / "seen.png") as image:
        assert min(image.size) > 100
    assert ("left out: " in result.output) is ("--skip-unreadable" in words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--image", "@images", "@broken.png", "@notes.txt"),
            r"broken\.png.*\n\n.*notes\.txt: this file holds no image",
        ),
        (("--image", "@empty"), "the folder '.*empty' holds no images"),
        (("--image", "@absent.png"), "there is no file '.*absent.png'"),
        (("--image", "@notes.txt", "--skip-unreadable"), "notes.txt: this file holds no image that can be read"),
        ((), "--image names the images to look at"),
        (("--image", "@images", "--show", "filters"), "--show filters reads no images"),
        (("--image", "@images", "--node", "pol"), "net has no operation 'pol'\n   help: did you mean 'pool'"),
        (("--image", "@images", "--node", "input"), "'input' is what the network reads"),
        (("--image", "@images", "--channel", "4"), "'pool' has no channel 4: it has 4, counted from 0"),
        (("--image", "@images", "--node", "fc", "--channel", "3"), "'fc' has no feature 3: it has 3"),
        (("--image", "@images", "--at", "5,0"), "'pool' has no position 5,0: its map is 5x5, counted from 0"),
        (("--image", "@images", "--node", "fc", "--at", "0,0"), "'fc' has no position 0,0: its features are flat"),
        (("--image", "@images", "--method", "gradcam", "--node", "gap"), "Grad-CAM weighs the channels of a map"),
        (("--image", "@images", "--method", "gradcam", "--channel", "3"), "'fc' has no feature 3"),
        (("--image", "@images", "--method", "gradcam", "--at", "0,0"), "for whole images"),
        (("--image", "@images", "--show", "layers", "--channel", "0"), "a sheet of layers shows the strongest"),
        (("--image", "@images", "--mean", "1,2"), "--mean has one number for each of 3 channels, not 1, 2"),
        (
            ("--image", "@images", "--std", "0"),
            "--std has one number for each of 3 channels, each above 0, not 0, 0, 0",
        ),
        (("--image", "@images", "--std", "x"), "'x' is not numbers for channels"),
        (("--image", "@images", "-o", "@seen.gif"), "its ending says no format that is known"),
        (("--image", "@images/a.png", "-o", "@images/a.png"), "it is one of the files that are read"),
        (("--image", "@images", "-o", "@images/a.png"), "it is one of the files that are read"),
        (("--image", "@images", "--input", "2x12x12", "--partial"), "reads 2x12x12, which is no image of one or three"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_seen_is_told_in_a_sentence(words: tuple[str, ...], said: str, folder: Path) -> None:
    """Bad input ends in exit code 2 and a sentence with its name, and nothing is written."""
    result = see(folder, *words)

    assert result.exit_code == 2
    assert re.search(said, result.output), result.output
    assert "Traceback" not in result.output


def test_only_some_of_many_that_are_left_out_are_named(folder: Path, tmp_path: Path) -> None:
    """The rest is counted, in the picture too."""
    for number in range(30):
        (tmp_path / f"{number}.png").write_bytes(b"no image")
    result = see(folder, "--image", "@images", str(tmp_path), "--skip-unreadable", "--channel", "0", "-o", "@left.svg")

    assert result.exit_code == 0, result.output
    assert result.output.count("left out: ") == 11
    for said in (result.output, (folder / "left.svg").read_text(encoding="utf-8")):
        assert "left out: 20 more that cannot be read" in said


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    """They are named, as ``netspec build`` names them."""
    result = see(folder, "--image", "@images", weights="other.safetensors")

    assert result.exit_code == 2
    assert "other.safetensors" in result.output
    assert "conv.weight" in result.output


def test_images_are_read_as_in_the_training_beside_the_weights(folder: Path, tmp_path: Path) -> None:
    """Mean and deviation of ``run.json`` are taken, unless others are given; that of other networks says nothing."""
    shutil.copy(folder / "net.safetensors", tmp_path)
    words = (folder / "net.yaml", "--weights", tmp_path / "net.safetensors", "--image", folder / "images")
    line = ["see", *map(str, words)]
    images = {"shape": [3, 12, 12], "mean": [0.1, 0.2, 0.3], "std": [1, 1, 2]}

    for shape, more, expected in (
        ([3, 12, 12], [], "less 0.1, 0.2, 0.3, divided by 1, 1, 2"),
        ([3, 12, 12], ["--mean", "0.5", "--std", "1"], "less 0.5, 0.5, 0.5, divided by 1, 1, 1"),
        ([3, 14, 14], [], "less 0.485, 0.456, 0.406"),
    ):
        told = {"netspec_run": 1, "machine": {}, "data": {"read": [{**images, "shape": shape}]}}
        (tmp_path / "run.json").write_text(json.dumps(told), encoding="utf-8")
        output = CliRunner().invoke(main, [*line, *more]).output
        assert expected in output
        assert ("those of the training" in output) is ("less 0.1" in expected)
    network = netspec.read(folder / "net.yaml")
    (tmp_path / "run.json").write_text(json.dumps({**told, "data": {"read": [images]}}), encoding="utf-8")
    found = network.see(tmp_path / "net.safetensors", [folder / "images"], top=1)
    assert isinstance(found, SeenReport)
    assert "pixels are read from 0 to 1, less 0.1, 0.2, 0.3, divided by 1, 1, 2" in found.remarks


def test_more_images_than_memory_holds_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any is read."""
    monkeypatch.setattr("netspec.nn.images.MOST_BYTES", 2 * 3 * 12 * 12 - 1)
    result = see(folder, "--image", "@images")

    assert result.exit_code == 2
    assert "2 images of 3x12x12 take 864 bytes, the limit is 863" in result.output
    assert see(folder, "--image", "@images/a.png").exit_code == 0


def test_networks_of_volumes_are_refused() -> None:
    """What reads no image is told to be so, with what it reads."""
    network = netspec.read("c3d", input=(3, 16, 40, 48), features=64)
    state = {key(one.name, t.name): torch.zeros(()).expand(t.shape) for one in network.graph.nodes for t in one.tensors}

    with pytest.raises(SpecError, match="reads 3x16x40x48, which is no image"):
        network.see(state, ["absent.png"])


# -- in Python --------------------------------------------------------------------------------------------------------


def test_networks_are_seen_into_from_python(folder: Path) -> None:
    """A module, its state_dict and a file are the same weights; the module stays as it was, and tensors are images."""
    network = netspec.read(folder / "net.yaml")
    module = netspec.load(folder / "net.safetensors").train()
    images = torch.randn(3, 3, 12, 12)
    found = network.see(module, images, node="relu", channel=1, top=2)

    assert module.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in module.parameters())
    assert not any(one._forward_hooks for one in module.modules())
    assert isinstance(found, SeenReport)
    (panel,) = found.panels
    assert len(panel.patches) == 2
    assert panel.patches[0].gradient.shape == (3, 12, 12)
    assert "<svg" in found._repr_svg_()
    for weights in (module.state_dict(), folder / "net.safetensors"):
        (again,) = network.see(weights, images, node="relu", channel=1, top=2).panels  # type: ignore[union-attr]
        assert torch.equal(again.patches[0].gradient, panel.patches[0].gradient)
    found.save(folder / "python.svg")
    assert (folder / "python.svg").read_text(encoding="utf-8") == found._repr_svg_()


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"method": "magic"}, "method is one of deconvnet, guided, gradient, gradcam"),
        ({"show": "all"}, "show is one of patches, layers, filters"),
        ({"top": 0}, "top is a whole number from 1"),
        ({"images": torch.zeros(1, 1, 12, 12)}, "net reads N x 3x12x12, not 1x1x12x12"),
        ({"images": []}, "there is no image to look at"),
        ({"images": torch.zeros(0, 3, 12, 12)}, "there is no image to look at"),
        ({"images": torch.zeros(1, 3, 12, 12, dtype=torch.uint8)}, "net reads fractions, and the images are uint8"),
        ({"images": torch.full((1, 3, 12, 12), float("nan"))}, "in 1 of 1 images; the weights are finite"),
        ({"images": "absent.png"}, "there is no file 'absent.png'"),
        ({"images": ["absent.png", 3]}, "images are files or folders, or a tensor, not 3"),
        ({"images": None}, "images are files or folders, or a tensor, not "),
        ({"class_names": ["a"]}, "method is gradcam"),
        ({"method": "gradcam", "class_names": [1, 2, 3]}, "a class name is a text, or several, not 1"),
        ({"weights": {"conv.weight": torch.zeros(1)}}, "these are not the weights of net: 4 tensors differ"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_callers_are_told_what_is_wrong(how: dict[str, Any], error: str, folder: Path) -> None:
    """Words that are none, images of another shape, none at all, and weights of another network."""
    given = {"weights": folder / "net.safetensors", "images": torch.zeros(1, 3, 12, 12), **how}

    with pytest.raises((TypeError, ValueError, SpecError), match=error):
        netspec.read(folder / "net.yaml").see(given.pop("weights"), given.pop("images"), **given)


def test_grad_cam_names_classes(folder: Path) -> None:
    """Lines of a file name the outputs in table, data and picture; a long name is cut there, its value is not."""
    long = "a name that is far too long for any picture"
    (folder / "names.txt").write_text(f"{long}\n{long}\n{long}\n", encoding="utf-8")
    words = ("--image", "@images", "--method", "gradcam", "--class-names", "@names.txt")

    drawn = see(folder, *words, "-o", "@named.svg")
    one = see(folder, *words, "--channel", "1", "-o", "@one.svg")
    (panel,) = json.loads(see(folder, *words, "--format", "json").output)["panels"]

    assert re.search(rf"output +class +value .*\n *\d +{long} ", drawn.output)
    assert [patch["class"] for patch in panel["patches"]] == [long, long]
    assert re.search(r">a name that[\w ]*\.\.\.: -?[\d.e-]+<", (folder / "named.svg").read_text("utf-8"))
    assert f">output 1: {long}<" in (folder / "one.svg").read_text("utf-8")
    assert one.exit_code == 0


def test_classes_have_the_names_that_they_had_in_the_training(folder: Path, tmp_path: Path) -> None:
    """The record of the folder that the weights lie in has them; names that are given are taken instead."""
    images = [{"shape": [3, 12, 12], "mean": [0, 0, 0], "std": [1, 1, 1], "classes": ["ant", "bee", "cat"]}]
    record = {"netspec_run": 1, "machine": {}, "data": {"read": images}}
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    shutil.copy(folder / "net.safetensors", tmp_path)
    network, given = netspec.read(folder / "net.yaml"), [folder / "images" / "a.png"]

    def seen(**how: Any) -> SeenReport:
        found = network.see(tmp_path / "net.safetensors", given, method="gradcam", **how)
        assert isinstance(found, SeenReport)
        return found

    assert seen().classes == ("ant", "bee", "cat")
    assert any("the names that they had in the training" in remark for remark in seen().remarks)
    assert seen(class_names=["x", "y", "z"]).classes == ("x", "y", "z")
    images[0]["classes"] = ["one", "too", "many", "names"]
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert seen().classes == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "gradcam", "--class-names", "@notes.txt"), "there are 1 class names, and 'fc' has 3 outputs"),
        (("--method", "gradcam", "--class-names", "@absent.txt"), "absent.txt"),
        (("--class-names", "@notes.txt"), "--class-names are of the outputs that --method gradcam explains"),
        (
            ("--method", "gradcam", "--class-names", "@notes.txt", "-o", "@notes.txt"),
            "it is one of the files that are read",
        ),
    ],
)
def test_names_that_are_not_those_of_the_outputs_are_refused(words: tuple[str, ...], said: str, folder: Path) -> None:
    """As many as the network has outputs are needed, from a file that is there, and for the method that has classes."""
    result = see(folder, "--image", "@images", *words)

    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")


def test_the_page_names_every_operation_that_rectifies() -> None:
    """The row of ``docs/experiments.md`` has those operations that say so of themselves, in the order of the table."""
    page = (Path(__file__).parent.parent / "docs" / "experiments.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `relu`")]

    assert re.findall(r"`(\w+)`", row.split("|")[1]) == [word for word in OPERATIONS if OPERATIONS[word].rectifies]
