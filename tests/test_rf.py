"""Receptive fields through branches, held against networks whose inputs are spoilt, and what ``netspec rf`` shows."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import shipped
from click.testing import CliRunner, Result

import netspec
from netspec.analysis.effective_field import effective
from netspec.analysis.full_view import first_that_sees_all
from netspec.analysis.misalignment import misalignments
from netspec.analysis.position_field import position_field
from netspec.analysis.receptive_field import receptive_fields
from netspec.analysis.summary import summary
from netspec.cli import main
from netspec.drawing.picture import texts
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph, Node, Output, upstream
from netspec.report.columns import FIGURES, whole_of
from netspec.report.grouping import View, groups
from netspec.report.position_field import PositionReport, remarks
from netspec.report.receptive_field import footer, warnings

GraphOf = Callable[..., Graph]
Bounds = tuple[tuple[int, int], ...]
"""First and last row, first and last column."""

SHORTCUT_D = """
conv: {conv: {out: 8, kernel: 3, stride: 2, padding: 1}}
one: {conv: {out: 8, kernel: 3, stride: 2, padding: 1}, from: conv}
pool: {avg_pool: {kernel: 2}, from: conv}
two: {conv: {out: 8, kernel: 1}}
sum: {add: {}, from: [one, two]}
"""
"""The shortcut of ResNet-D (He et al. 2019, figure 2c) after a strided stem."""
GATED = """
conv: {conv: {out: 8, kernel: 3, padding: 1}}
pool: {adaptive_avg_pool: 1}
gate: sigmoid
scale: {multiply: {}, from: [conv, gate]}
last: {conv: {out: 8, kernel: 3, padding: 1}}
"""
BRANCHED = """
stem: {conv: {out: 4, kernel: 3, stride: 2, padding: 1}}
a: {conv: {out: 4, kernel: [1, 7], padding: [0, 3]}, from: stem}
b: {max_pool: {kernel: 3, stride: 1, padding: 1}, from: stem}
c: {conv: {out: 4, kernel: 3, dilation: 2, padding: 2}, from: stem}
joined: {concat: {}, from: [a, b, c]}
"""
UNEVEN = """
a: {conv: {out: 4, kernel: 3, stride: 2, padding: 1}, from: input}
b: {conv: {out: 4, kernel: 17}, from: input}
joined: {concat: {}, from: [a, b]}
"""
DRIFTING = """
a: {conv: {out: 4, kernel: 3, stride: 2, padding: 1}, from: input}
b: {conv: {out: 4, kernel: 23, padding: 1}, from: input}
d: {concat: {}, from: [a, b]}
"""


def run(*words: str) -> Result:
    """What ``netspec rf`` does with ``words``."""
    return CliRunner().invoke(main, ["rf", *words])


def spoilt(torch: ModuleType, graph: Graph, node: Node, at: tuple[int, int]) -> Bounds:
    """The first and last row, and column, of the input that make position ``at`` of ``node`` no number."""
    return all_spoilt(torch, graph, {node: at})[node]


def all_spoilt(torch: ModuleType, graph: Graph, places: dict[Node, tuple[int, int]]) -> dict[Node, Bounds]:
    """As :func:`spoilt`, of a position of each of several nodes: one pass for all rows, and one for all columns."""
    from netspec.nn.build import module

    torch.manual_seed(0)
    outputs = [Output(node.name, node) for node in places]
    outputs += [Output(f"declared {output.name}", output.node, training=True) for output in graph.outputs]
    network = module(Graph(graph.name, graph.nodes, graph.root, graph.entries, tuple(outputs))).double().eval()
    channels, *sides = graph.input.shape
    found: dict[Node, list[tuple[int, int]]] = {node: [] for node in places}
    for axis, length in enumerate(sides):
        images = torch.ones(length, channels, *sides, dtype=torch.float64)
        for place in range(length):
            images[place].select(1 + axis, place).fill_(float("nan"))
        with torch.inference_mode():
            result = network(images)
        for node, at in places.items():
            value = result[node.name] if isinstance(result, dict) else result
            seen = value if value.dim() == 2 else value[:, :, at[0], at[1]]
            lost = seen.isnan().any(dim=1).nonzero().flatten().tolist()
            found[node].append((min(lost), max(lost)))
    return {node: tuple(bounds) for node, bounds in found.items()}


@pytest.mark.parametrize(
    ("word", "size"),
    [("resnet18", (3, 48, 64)), ("googlenet", (3, 48, 40)), ("densenet121", (3, 40, 40)), ("lenet5", (1, 32, 32))],
)
def test_a_spoilt_pixel_spoils_what_sees_it(torch: ModuleType, word: str, size: tuple[int, int, int]) -> None:
    """A pixel that is no number reaches a position exactly if it lies in the interval, for joins all over a network."""
    graph = netspec.read(word, input=size).graph
    fields = receptive_fields(graph)
    nodes = [node for node in graph.operations if len(node.shape) == 3 and not fields[node].whole]
    views = {node: position_field(graph, node.name) for node in nodes[:: max(1, len(nodes) // 3)]}
    found = all_spoilt(torch, graph, {node: view.at for node, view in views.items()})

    assert found == {node: view.clipped for node, view in views.items()}


@pytest.mark.parametrize("layers", [SHORTCUT_D, BRANCHED])
def test_every_position_of_a_join_sees_its_interval(torch: ModuleType, graph_of: GraphOf, layers: str) -> None:
    """The union of several paths is right at every position, also of paths that are not aligned."""
    graph = graph_of(layers, size=(3, 16, 16))
    node = graph.nodes[-1]
    for at in [(0, 0), (1, 2), (node.shape[1] - 1, node.shape[2] - 1)]:
        assert spoilt(torch, graph, node, at) == position_field(graph, node.name, at).clipped


def test_the_oracle_objects_to_a_wrong_field(torch: ModuleType, graph_of: GraphOf) -> None:
    """A field that forgets the dilation is refuted by the spoilt pixels."""
    graph = graph_of("c: {conv: {out: 4, kernel: 3, dilation: 2, padding: 2}}", size=(3, 16, 16))
    view = position_field(graph, "c")
    wrong = view._replace(seen=view.field._replace(size=(3, 3)).seen(view.at))

    assert spoilt(torch, graph, graph.nodes[-1], view.at) == view.clipped != wrong.clipped


def test_paths_that_step_differently_are_inside_the_union(torch: ModuleType, graph_of: GraphOf) -> None:
    """Where jumps differ no interval moves along: each position's own lies in one that has room for all of them."""
    graph = graph_of(UNEVEN, size=(3, 32, 32))
    node = graph.nodes[-1]
    for at in [(0, 0), (8, 8), (15, 15)]:
        view = position_field(graph, "joined", at)
        assert spoilt(torch, graph, node, at) == view.clipped
        assert all(a[0] >= b[0] and a[1] <= b[1] for a, b in zip(view.seen, view.field.seen(at), strict=True))
    (found,) = misalignments(graph)
    assert found.jumps == ((2, 2), (1, 1))
    assert "they step differently" in warnings([found])[-1]


def test_a_field_has_room_for_the_drift_of_every_position(torch: ModuleType, graph_of: GraphOf) -> None:
    """Where jumps differ most positions see less than the field has room for, which ``rf`` says of them."""
    graph = graph_of(UNEVEN, size=(3, 32, 32))
    view = position_field(graph, "joined", (8, 8))

    assert (view.field.size, view.field.seen(view.at)) == ((32, 32), ((1, 32), (1, 32)))
    assert spoilt(torch, graph, view.node, view.at) == view.seen == ((8, 24), (8, 24))
    assert "with room for how far they drift apart" in " ".join(remarks(view))


def test_what_is_not_sure_is_not_claimed(torch: ModuleType, graph_of: GraphOf) -> None:
    """A field with room for the drift of two paths covers the input, which no position sees: none is said to."""
    graph = graph_of(DRIFTING, size=(3, 40, 40))
    view = position_field(graph, "d", (10, 10))

    assert all(size >= 40 for size in view.field.size)
    assert spoilt(torch, graph, view.node, view.at) == view.clipped == ((9, 31), (9, 31))
    assert (view.sees_all, view.first) == (False, None)
    assert "no position of d is known to see the whole input, nor any of another operation" in " ".join(remarks(view))
    assert footer(graph, receptive_fields(graph))[0] == "no operation is known to see the whole input"
    small = graph_of(SHORTCUT_D, size=(3, 64, 64))
    assert footer(small, receptive_fields(small))[0] == "no operation sees the whole input"
    assert "with room" not in " ".join(remarks(position_field(small)))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lyer4", "did you mean 'layer4'?"),
        ("layr4.1", "did you mean 'layer4.1'?"),
        ("layer4.1.rel", "did you mean 'layer4.1.relu'?"),
        ("stages", "known: avgpool, bn1, conv1, fc, input, layer1, layer2, layer3, layer4, maxpool, relu"),
    ],
)
def test_blocks_and_operations_are_suggested(name: str, hint: str) -> None:
    """Of a name that nothing has, what a slip of the keys made of it, or what there is at the depth where it stands."""
    with pytest.raises(SpecError) as caught:
        position_field(shipped.graph("resnet.yaml@resnet18"), name)

    assert caught.value.problems[0].hint == hint


def test_the_shortcut_of_resnet_d_is_named(graph_of: GraphOf) -> None:
    """Average pooling 2x2/2 beside a convolution 3x3/2 is half a position off; the warning names both paths."""
    graph = graph_of(SHORTCUT_D, size=(3, 16, 16))
    (found,) = misalignments(graph)

    assert found.node.name == "sum"
    assert (found.path_a.names(), found.path_b.names()) == (["one"], ["pool", "two"])
    assert (found.centers, found.jumps, found.offset) == (((0, 0), (1, 1)), ((4, 4), (4, 4)), (1, 1))
    assert warnings([found]) == [
        "warning: paths that are not aligned meet in sum",
        "   one           centre 0, stride 4",
        "   pool ... two  centre 1, stride 4",
        "   1 input pixel apart: 0.5 positions of conv, where they part",
    ]


BACK = "{pad: {pad: [[2, 0]]}, conv: {conv: {out: 3, kernel: 2, dilation: 2}}, sum: {add: [conv, input]}}"
AHEAD = BACK.replace("[2, 0]", "[0, 2]")
MOVED = "{c: {conv: {out: 3, kernel: 2}}, a: {pad: [[0, 1]]}, b: {pad: [[1, 0]], from: c}, sum: {add: [a, b]}}"


@pytest.mark.parametrize(("layers", "apart"), [(BACK, []), (AHEAD, ["sum"]), (MOVED, ["sum"])])
def test_paths_that_only_look_back_are_aligned(layers: str, apart: list[str], graph_of: GraphOf) -> None:
    """A causal convolution beside a shortcut ends where that does; what looks ahead, or is moved, is out of line."""
    assert [found.node.name for found in misalignments(graph_of(layers, size=(3, 16)))] == apart


def test_networks_that_ship_are_aligned_but_few() -> None:
    """BN-Inception pools without padding beside padded convolutions; grown maps lie between the positions of finer.

    A convolution with a stride and half its kernel as padding begins at the first pixel, and a map that is grown begins
    before it. The shortcuts of DLA pool 2x2 beside convolutions 3x3, as those of ResNet-D do.
    """
    words = [word for file, words in shipped.FILES.items() if file != "dla" for word in words]
    found = {word: [one.node.name for one in misalignments(shipped.graph(word))] for word in words}

    assert {word: nodes for word, nodes in found.items() if nodes} == {
        "bn-inception.yaml": ["inception3c.concat", "inception4e.concat"],
        "fpn.yaml@fpn_resnet50": ["sum2", "sum1", "sum0"],
        "fpn.yaml@fpn_resnet101": ["sum2", "sum1", "sum0"],
        "lraspp_mobilenet_v3_large.yaml": ["classifier.sum"],
    }
    assert "level2.tree1.add" in [one.node.name for one in misalignments(shipped.graph("dla.yaml@dla34"))]


def test_a_gate_is_global_and_hides_nothing(torch: ModuleType, graph_of: GraphOf) -> None:
    """After a gate every position sees the whole map; size and stride stay those of the convolutions beside it."""
    graph = graph_of(GATED, size=(3, 16, 16))
    fields = {node.name: field for node, field in receptive_fields(graph).items()}

    assert (fields["last"].size, fields["last"].jump, fields["last"].whole) == ((5, 5), (1, 1), True)
    assert fields["last"].aligned
    assert misalignments(graph) == []
    assert (
        position_field(graph, "last", (0, 0)).clipped
        == ((0, 15), (0, 15))
        == spoilt(torch, graph, graph.nodes[-1], (0, 0))
    )


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("resnet50", "layer3.4.conv2"),
        ("googlenet", "inception4e.branch2.1.conv"),
        ("vgg16", "flatten"),
        ("lenet5-1998", "c5"),
    ],
)
def test_first_node_that_sees_the_whole_input(word: str, first: str) -> None:
    """No position of an earlier node sees all of the image, one of this node does."""
    graph = netspec.read(word).graph
    fields = receptive_fields(graph)
    found = first_that_sees_all(graph)
    assert found
    assert found.name == first
    assert footer(graph, fields)[0] == f"the whole input is first seen by {first}"
    assert all(
        field.size[0] < graph.input.shape[1] for node, field in fields.items() if node in upstream(found) - {found}
    )


def test_fields_are_global_after_pooling_and_linear_layers() -> None:
    """A table says so in place of a size."""
    graph = netspec.read("resnet50").graph
    rows = summary(graph).rows
    words = {one.name: FIGURES["receptive_field"].value(one, whole_of(rows)) for one in groups(rows, View(by="node"))}

    assert (words["layer4.2.relu"], words["avgpool"], words["fc"]) == ((427, 427), "global", "global")


def test_text_of_a_small_network() -> None:
    """Figures by axis, a remark, and the field drawn over its input."""
    result = run("lenet5", "--at", "0,1")

    assert result.exit_code == 0
    assert result.output == (Path(__file__).parent / "reference" / "rf-lenet5.txt").read_text(encoding="utf-8")


MET, NOT_EVEN = "paths that are not aligned have met", "windows of uneven size or distance"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("[adaptive_avg_pool: 5, relu]", {NOT_EVEN}),
        ("[adaptive_avg_pool: 8, relu]", set()),
        (f"{UNEVEN}\npool: {{adaptive_avg_pool: 4}}", {MET}),
        (f"{UNEVEN}\npool: {{adaptive_avg_pool: 6}}", {MET, NOT_EVEN}),
        (
            "{a: {adaptive_avg_pool: 5, from: input}, b: {adaptive_avg_pool: 5, from: input}, c: {add: [a, b]}}",
            {NOT_EVEN},
        ),
    ],
)
def test_why_a_field_is_larger_is_said(layers: str, said: set[str], graph_of: GraphOf) -> None:
    """Joined paths are named where some have met, uneven windows where there are some, both where both are true."""
    graph = graph_of(layers, size=(3, 32, 32))
    text = " ".join(remarks(position_field(graph)))

    assert {sentence for sentence in (MET, NOT_EVEN) if sentence in text} == said


def test_json_has_raw_numbers() -> None:
    """Height comes first; the interval is that of the middle position."""
    data = json.loads(run("resnet50", "--format", "json").output)

    assert (data["schema_version"], data["name"], data["node"], data["at"]) == (1, "resnet50", "layer4.2.relu", [3, 3])
    assert (data["center_at"], data["interval"], data["in_image"]) == ([96, 96], [[-117, 309]] * 2, [[0, 223]] * 2)
    assert data["first_that_sees_whole_input"] == "layer3.4.conv2"


@pytest.mark.parametrize(("word", "node"), [("resnet50", "layer2.0.conv1"), ("bn-inception", "inception4e.concat")])
def test_json_has_the_keys_of_a_layer_of_stats(word: str, node: str) -> None:
    """A figure that ``stats`` has too is called the same, and is the same; no other key says it again."""
    data = json.loads(run(word, "--node", node, "--format", "json").output)
    stats = json.loads(CliRunner().invoke(main, ["stats", word, "--format", "json"]).output)
    layer = next(one for one in stats["layers"] if one["name"] == node)

    assert set(data) & set(layer) == {
        "name", "output_shape", "receptive_field", "stride", "left_padding", "center", "global",
    }  # fmt: skip
    assert {key: data[key] for key in set(data) & set(layer) - {"name"}} == {
        key: layer[key] for key in set(data) & set(layer) - {"name"}
    }
    assert not {"size", "padding", "pad", "start", "jump", "centre"} & set(data)
    for path in (path for finding in data["misaligned"] for path in finding["paths"]):
        assert set(path) == {"nodes", "center", "stride"}
    assert bool(data["misaligned"]) == (word == "bn-inception")


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (["lenet5", "--node", "conv9"], ["error[unknown-name]", "did you mean 'conv"]),
        (["lenet5", "--at", "5,0"], ["error[wrong-value]", "its map is 5x5", "from 0,0 to 4,4"]),
        (["lenet5", "--at", "5"], ["has no position 5"]),
        (["lenet5", "--at", "5,x"], ["is not row,column"]),
        (["lenet5", "-o", "field.bmp"], ["error[unknown-format]", "known: .svg"]),
        (["lenet5", "-o", "no/such/folder.svg"], ["error[unwritable]"]),
    ],
)
def test_mistakes_are_answered(words: list[str], sentences: list[str]) -> None:
    """A wrong name, position or file ends in exit code 2 and says what is known."""
    result = run(*words)

    assert result.exit_code == 2
    assert all(sentence in result.output for sentence in sentences), result.output


def test_a_block_is_its_last_operation() -> None:
    """``--node`` takes what a spec calls a layer, whatever is inside."""
    assert run("resnet50", "--node", "layer4").output == run("resnet50", "--node", "layer4.2.relu").output


def test_the_picture_is_well_formed_and_safe(tmp_path: Path, graph_of: GraphOf) -> None:
    """The SVG parses, refers to nothing outside, and a name cannot break out of its text."""
    from netspec.report.receptive_field_svg import svg

    path = tmp_path / "field.svg"
    assert run("bn-inception", "-o", str(path)).exit_code == 0
    assert [file.name for file in tmp_path.iterdir()] == ["field.svg"]
    text = path.read_text(encoding="utf-8")
    assert "inception3c.concat" in "".join(ET.fromstring(text).itertext())  # noqa: S314 - our own text
    assert text.count("http") == 1

    named = position_field(graph_of("relu: relu"))._replace(network='<script>"&\x00')
    drawn = "".join(ET.fromstring(svg(PositionReport(named))).itertext())  # noqa: S314 - our own text
    assert drawn.count('<script>"&\N{REPLACEMENT CHARACTER}') == 2


def test_the_picture_says_what_its_lines_are() -> None:
    """A key names the image, the padding and the field; one that is cut off says how far it goes around the image."""
    from netspec.report.receptive_field_svg import picture, svg

    whole = PositionReport(position_field(shipped.graph("resnet50.yaml")))
    deep = position_field(shipped.graph("densenet121.yaml"))
    words = [text.words for text in texts(picture(whole).shapes)]
    noted = [text.words for text in texts(picture(PositionReport(deep)).shapes) if "beyond" in text.words]

    assert {"the image", "outside of it: padding", "what the position can see"} <= {*words}
    assert "gradient, dark where it is strong" not in words
    assert b"prefers-color-scheme:dark" in svg(whole)
    assert len(noted) == 1
    assert f"{-deep.seen[0][0]} above" in noted[0]


def test_rf_does_not_import_torch() -> None:
    """Numbers and pictures need no torch; only the gradient does."""
    code = "import sys; from netspec.cli import main; main(['rf', 'lenet5'], standalone_mode=False); "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_effective_field_lies_inside_the_theoretical_one(torch: ModuleType) -> None:
    """All gradient is inside, most of it near the centre; the caller's random state is as it was."""
    from netspec.nn.gradient_mass import gradient_mass

    view = position_field(graph := netspec.read("resnet20").graph, "layer2.0.relu")
    state = torch.random.get_rng_state()
    mass = gradient_mass(graph, view.node, view.at, images=2, seeds=2)
    found = effective(mass, view.seen)

    assert torch.equal(state, torch.random.get_rng_state())
    assert found.inside == pytest.approx(1, abs=1e-9)
    sizes = [one.size[0] for one in found.holdings]
    assert sizes == sorted(sizes)
    assert sizes[0] < view.field.size[0] / 2
    (top, bottom), (left, right) = view.seen
    outside = [
        value
        for y, row in enumerate(mass)
        for x, value in enumerate(row)
        if not (top <= y <= bottom and left <= x <= right)
    ]
    assert outside
    assert max(outside) == 0


def test_effective_windows_by_hand() -> None:
    """Of nine equal pixels the middle one holds a ninth; a window of three by three holds all."""
    mass = [[0.0] * 5, *([[0.0, 1.0, 1.0, 1.0, 0.0]] * 3), [0.0] * 5]
    found = effective(mass, ((0, 4), (0, 4)))

    assert [one.size for one in found.holdings] == [(3, 3)] * 3
    assert found.inside == 1
    mass[2] = [0.0, 1.0, 100.0, 1.0, 0.0]
    assert [one.size for one in effective(mass, ((0, 4), (0, 4))).holdings] == [(1, 1), (1, 1), (3, 3)]


def test_effective_field_on_the_command_line(torch: ModuleType, tmp_path: Path) -> None:  # noqa: ARG001 - few threads
    """Sizes beside the theoretical one, in text, in JSON and over the picture."""
    path = tmp_path / "field.svg"
    text = run("lenet5", "--effective", "-o", str(path)).output
    assert "50 %  within" in text
    assert "(the theoretical receptive field)" in text
    assert "data:image/png;base64," in path.read_text(encoding="utf-8")
    data = json.loads(run("lenet5", "--effective", "--format", "json").output)["effective"]
    assert [one["percent"] for one in data["holds"]] == [50, 90, 99]
    assert data["inside_theoretical"] == pytest.approx(1)


def test_a_steep_network_needs_double_precision(torch: ModuleType, graph_of: GraphOf) -> None:  # noqa: ARG001 - few threads
    """Gradients that leave the range of single precision, as those of hundreds of blocks do, are found all the same."""
    from netspec.nn.gradient_mass import gradient_mass

    layers = "\n".join(f"conv{depth}: {{conv: {{out: 2, kernel: 1}}}}" for depth in range(12))
    graph = graph_of(layers, size=(3, 4, 4), init="conv.weight: {normal: 10000.0}")

    assert gradient_mass(graph, graph.nodes[-1], (1, 2), images=1, seeds=1)[1][2] == pytest.approx(1)


def test_no_gradient_is_an_error(torch: ModuleType, graph_of: GraphOf) -> None:  # noqa: ARG001 - few threads
    """Weights of zero let no gradient through; that is said, not drawn. A pixel of the input sees itself."""
    from netspec.nn.gradient_mass import gradient_mass

    graph = graph_of("conv: {conv: {out: 2, kernel: 3}}", size=(3, 8, 8), init="conv.weight: zeros")
    with pytest.raises(SpecError, match="no gradient of 'conv'"):
        gradient_mass(graph, graph.nodes[1], (0, 0), images=1, seeds=1)
    assert gradient_mass(graph, graph.input, (2, 3))[2][3] == 1


@pytest.mark.parametrize(("word", "axes"), [("m5", "1 axis"), ("c3d", "3 axes")])
def test_a_picture_has_two_axes(word: str, axes: str, tmp_path: Path) -> None:
    """Of sound and of videos there is no picture: that is said, nothing is written, and figures are told without."""
    out = tmp_path / "field.svg"
    refused, told = (CliRunner().invoke(main, ["rf", word, *more]) for more in (["-o", str(out)], []))

    assert refused.exit_code == 2
    assert f"has {axes}, and a picture two" in refused.output
    assert not out.exists()
    assert told.exit_code == 0
