"""Networks with several inputs: in the language, in every analysis, as modules and as files."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from oracle import values

import netspec
from netspec.analysis.misalignment import misalignments
from netspec.analysis.position_field import followed, position_field
from netspec.analysis.receptive_field import receptive_fields
from netspec.cli import main
from netspec.diff.difference import difference
from netspec.graph.graph import Graph
from netspec.report.network_list import Listed, ListReport

PAIR = """
netspec: 1
name: pair
inputs: {image: [3, 20, 16], depth: [1, 40, 32]}
stages:
  left: {from: image, chain: [conv: {out: 4, kernel: 3, padding: 1}, relu]}
  right: {from: depth, chain: [conv: {out: 4, kernel: 5, stride: 2, padding: 2}, batch_norm, relu]}
  sum: {add: [left, right]}
  narrow: {conv: {out: 2, kernel: 3, stride: 2}}
head: {pool: global_avg_pool, fc: {linear: 3}}
"""
MIXED = """
netspec: 1
name: mixed
inputs: {features: [6], sound: [2, 12], image: [3, 9, 7], volume: [1, 6, 5, 4]}
stages:
  a: {linear: 4, from: features}
  b: [{conv: {out: 4, kernel: 3}, from: sound}, global_avg_pool]
  c: [{conv: {out: 4, kernel: 3, stride: 2}, from: image}, relu, global_avg_pool]
  d: [{conv: {out: 4, kernel: 2}, from: volume}, global_avg_pool]
  all: {concat: [a, b, c, d]}
  fc: {linear: 3}
"""


def printed(*words: str) -> str:
    """What the command says; it must end well."""
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.output


def pair(torch: ModuleType) -> Any:
    """The network ``PAIR`` by hand."""
    nn = torch.nn

    class Pair(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.left = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
            self.right = nn.Sequential(nn.Conv2d(1, 4, 5, stride=2, padding=2), nn.BatchNorm2d(4), nn.ReLU())
            self.narrow = nn.Conv2d(4, 2, 3, stride=2)
            self.fc = nn.Linear(2, 3)

        def forward(self, image: Any, depth: Any) -> Any:
            x = self.narrow(self.left(image) + self.right(depth))
            return self.fc(x.mean((2, 3)))

    return Pair()


def images(graph: Graph, torch: ModuleType) -> list[Any]:
    """Two images of noise for each input."""
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(2, *node.shape, generator=generator) for node in graph.inputs]


def test_the_forward_takes_the_inputs_in_order_and_by_name(torch: ModuleType) -> None:
    """Weights of a module that is written by hand load strictly, and outputs are equal to the last bit."""
    ours, theirs = netspec.compile(PAIR), pair(torch)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    ours, theirs = ours.eval(), theirs.eval()
    image, depth = images(netspec.read(PAIR).graph, torch)

    assert torch.equal(ours(image, depth), theirs(image, depth))
    assert torch.equal(ours(depth=depth, image=image), theirs(image, depth))
    assert ours.source.startswith("def forward(self, image, depth):")
    assert (
        "def forward(self, x):" in netspec.compile("netspec: 1\nname: a\ninput: [3]\nstem: {a: {linear: 2}}\n").source
    )


def test_one_named_input_is_an_input_like_any_other(torch: ModuleType) -> None:
    """``input: S`` is ``inputs: {input: S}``; another name is that of the argument alone."""
    text = PAIR.replace("image: [3, 20, 16], depth: [1, 40, 32]", "{}: [3, 8, 8]")
    text = text[: text.index("stages")] + "stem: {conv: {conv: {out: 2, kernel: 3}}, sum: {concat: [conv, conv]}}\n"
    one, other = (netspec.read(text.replace("{}", name)) for name in ("input", "photo"))
    short = netspec.read(text.replace("inputs: {{}: [3, 8, 8]}", "input: [3, 8, 8]"))

    assert one.stats() == short.stats()
    assert one.compile().source == short.compile().source
    assert other.stats().to_dict()["input"] == [3, 8, 8]
    assert "def forward(self, photo):" in other.compile().source
    assert other.compile()(torch.zeros(1, 3, 8, 8)).shape == (1, 4, 6, 6)
    assert netspec.read(text.replace("{}", "photo"), input=(3, 9, 9)).graph.input.shape == (3, 9, 9)


def test_names_that_the_forward_needs_get_a_sign(torch: ModuleType) -> None:
    """An input called ``torch`` or ``self`` does not hide what the text of the forward means by it."""
    text = "netspec: 1\nname: a\ninputs: {torch: [2], self: [2]}\nstem: {join: {concat: [torch, self]}}\n"
    module = netspec.compile(text.replace("join", "both"))

    assert module.source.startswith("def forward(self, torch_, self_):")
    assert module(torch.ones(1, 2), torch.zeros(1, 2)).tolist() == [[1, 1, 0, 0]]


def test_the_first_input_is_also_called_input() -> None:
    """``from: input`` at the top of a network is its first one, as it is the first of a block."""
    by_name, as_input = (netspec.read(PAIR.replace("from: image", f"from: {name}")) for name in ("image", "input"))

    assert by_name.stats() == as_input.stats()


def test_patches_reach_layers_over_any_input() -> None:
    """A layer that a patch brings in before another reads what that reads, whichever input it is."""
    patch = (
        "patch: {insert_before: {right.0: {smooth: {avg_pool: {kernel: 3, stride: 1, padding: 1}}}}, remove: left.1}\n"
    )
    graph = netspec.read(PAIR + patch).graph
    reads = {node.name: [source.name for source in node.inputs] for node in graph.operations}

    assert reads["right.smooth"] == ["depth"]
    assert reads["right.0"] == ["right.smooth"]


def test_sizes_of_inputs_can_be_given_by_name(tmp_path: Path) -> None:
    """Python takes a mapping and the command ``NAME=CxHxW+NAME=CxHxW``; others stay as the spec has them."""
    found = netspec.read(PAIR, input={"image": (3, 10, 8), "depth": (1, 20, 16)})
    odd = netspec.read(PAIR, input={"image": (3, 10, 8), "depth": (1, 19, 15)})
    again = netspec.read(odd, input={"depth": (1, 20, 16)})
    file = tmp_path / "pair.yaml"
    file.write_text(PAIR)
    data = json.loads(printed("stats", str(file), "--input", "image=3x10x8+depth=1x20x16", "--format", "json"))

    assert found.stats() == again.stats()
    assert [node.shape for node in found.graph.inputs] == [(3, 10, 8), (1, 20, 16)]
    assert data == json.loads(json.dumps(found.stats().to_dict()))
    assert repr(found) == "<Network pair: 9 operations, 307 parameters, input image 3x10x8, depth 1x20x16>"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((3, 8, 8), "pair has 2 inputs (image, depth), and a size is given without a name"),
        ({"imag": (3, 8, 8)}, "pair has no input 'imag'; it has image, depth"),
        ({"image": (3, 0, 8)}, "argument 'input' for 'image' has sides from 1 to 65,536, not [3, 0, 8]"),
    ],
)
def test_sizes_of_other_inputs_are_refused(given: Any, message: str) -> None:
    """A size without a name, of no input, or out of range is told as such."""
    with pytest.raises(netspec.SpecError) as caught:
        netspec.read(PAIR, input=given)

    assert [problem.message for problem in caught.value.problems] == [message]


def test_data_has_one_input_or_several() -> None:
    """With several inputs ``input`` is null and ``inputs`` has them by name, in each command alike."""
    stats = netspec.read(PAIR).stats()
    several = {"image": [3, 20, 16], "depth": [1, 40, 32]}
    (listed,) = ListReport((Listed("pair", "own", "pair", None, 1, 2, 3, stats.field.size, stats.inputs),)).data()
    compared = difference(netspec.read(PAIR).graph, netspec.read(PAIR).graph).to_dict()["old"]

    for data in (stats.to_dict(), listed, compared):
        assert (data["input"], data["inputs"]) == (None, several)
    assert "inputs" not in netspec.read("lenet5").stats().to_dict()


def test_a_field_is_told_in_the_first_input_that_a_layer_comes_from() -> None:
    """What comes from another input adds nothing to it, and is in line with nothing: by hand."""
    graph = netspec.read(PAIR).graph
    fields = {node.name: field for node, field in receptive_fields(graph).items()}

    assert [fields[name].size for name in ("left.0", "right.0", "sum", "narrow")] == [(3, 3), (5, 5), (3, 3), (5, 5)]
    assert [fields[name].jump for name in ("right.0", "sum", "narrow")] == [(2, 2), (1, 1), (2, 2)]
    assert misalignments(graph) == []
    assert position_field(graph, "right.2", (3, 3)).to_dict()["input_name"] == "depth"
    assert position_field(graph, "narrow", (0, 0)).seen == ((-1, 3), (-1, 3))
    turned = PAIR.replace("image: [3, 20, 16], depth: [1, 40, 32]", "depth: [1, 40, 32], image: [3, 20, 16]")
    assert netspec.read(turned).stats().field.jump == (4, 4)


def test_a_single_position_over_a_map_of_another_input_moves_nowhere() -> None:
    """A gate from the first input sees one interval from every position of a map of the second."""
    text = PAIR[: PAIR.index("stages")] + (
        "stages: {gate: [{avg_pool: 3, from: image}, {adaptive_avg_pool: 1}, {conv: {out: 1, kernel: 1}}],"
        " scaled: {multiply: [gate, depth]}, conv: {conv: {out: 2, kernel: 3}}}\n"
    )
    graph = netspec.read(text).graph
    by_name = {node.name: node for node in graph.nodes}
    field = receptive_fields(graph)[by_name["conv"]]

    assert field.jump == (0, 0)
    assert field.seen((0, 0)) == field.seen((37, 29)) == followed(by_name["conv"], (5, 5))


def test_a_single_position_over_a_map_of_another_input_is_verified() -> None:
    """The NaN takes the steps of what was pooled for none of the positions that repeat it."""
    from netspec.verify.verify import verify

    gate = "stages: {gate: [{adaptive_avg_pool: 1, from: image}, {conv: {out: 1, kernel: 1}}],"
    gate += " scaled: {multiply: [gate, depth]}}"
    found = verify(netspec.read(PAIR[: PAIR.index("stages")] + gate + "\n").graph)

    assert not found.differing
    assert {check.figure for check in found.checks if check.of == "scaled"} >= {"last pixel of all positions"}


@pytest.mark.parametrize("text", [PAIR, MIXED], ids=["pair", "mixed"])
def test_every_figure_is_that_of_the_module(text: str) -> None:
    """``--verify`` finds no difference, over inputs of one number of axes and of all numbers."""
    from netspec.verify.verify import verify

    found = verify(netspec.read(text).graph)

    assert not found.failed
    assert not found.unchecked
    assert len(found.checks) > 50


def test_a_field_around_all_inputs_is_noticed() -> None:
    """Torch objects where a field holds what is seen of another input."""
    from netspec.verify.verify import verify

    graph = netspec.read(
        PAIR.replace("depth: [1, 40, 32]", "depth: [1, 20, 16]").replace("stride: 2, padding: 2", "padding: 2")
    ).graph
    assert not verify(graph).failed
    for node in graph.nodes:
        node.followed, node.origin = node.inputs, graph.input if node.inputs else node
        node.moves = tuple(count > 1 for count in node.grid)

    assert {check.figure for check in verify(graph).differing} >= {"receptive field", "left padding"}


def test_modules_compute_what_their_layers_do(torch: ModuleType) -> None:
    """Layer by layer the values are those of the module, also of inputs with any number of axes."""
    for text in (PAIR, MIXED):
        network = netspec.read(text)
        module = network.compile().double().eval()
        given = [one.double() for one in images(network.graph, torch)]
        found = values(network.graph, given, module)

        torch.testing.assert_close(module(*given), found[network.graph.outputs[0].node])


def test_inputs_that_are_not_saved_lie_beside() -> None:
    """A training step holds every input; those that autograd keeps are not counted twice: by hand."""
    pooled = PAIR.replace("conv: {out: 4, kernel: 5, stride: 2, padding: 2}, batch_norm, relu", "avg_pool: 2, pad")
    text = pooled.replace("pad]", "pad_shortcut: 4]").replace(
        "padding: 1}, relu", "padding: 1}, sigmoid, tanh, sigmoid"
    )
    memory = netspec.read(text).stats().memory

    assert memory.input == 4 * (3 * 20 * 16 + 40 * 32)
    assert memory.unsaved_input == 4 * 40 * 32
    held = memory.weights + memory.gradients + memory.saved_for_backward + memory.unsaved_input
    assert memory.training_total == held


def test_an_artefact_has_all_inputs(tmp_path: Path, torch: ModuleType) -> None:
    """What is built, written and loaded again takes the same inputs and gives the same outputs."""
    file = tmp_path / "pair.yaml"
    file.write_text(PAIR)
    said = printed(
        "build", str(file), "-o", str(tmp_path / "pair.safetensors"), "--input", "image=3x10x8+depth=1x20x16"
    )
    module = netspec.load(tmp_path / "pair.safetensors")

    assert "  image       1x3x10x8\n  depth       1x1x20x16\n" in said
    assert module(torch.zeros(1, 3, 10, 8), torch.zeros(1, 1, 20, 16)).shape == (1, 3)


@pytest.mark.parametrize(("parent", "child"), [("input", "inputs"), ("inputs", "input")])
def test_of_parent_and_child_the_childs_inputs_count(parent: str, child: str, tmp_path: Path) -> None:
    """One section takes the place of the other, where it stood."""
    sections = {"input": "input: [3, 8, 8]\n", "inputs": "inputs: {image: [1, 9, 9]}\n"}
    head = "netspec: 1\nname: net\n"
    (tmp_path / "parent.yaml").write_text(f"{head}{sections[parent]}stem: {{conv: {{conv: {{out: 2, kernel: 3}}}}}}\n")
    (tmp_path / "child.yaml").write_text(f"{head}extends: parent.yaml\n{sections[child]}")
    network = netspec.read(tmp_path / "child.yaml")

    assert network.graph.input.shape == ((1, 9, 9) if child == "inputs" else (3, 8, 8))
    assert netspec.read(network.to_yaml()).stats() == network.stats()
    assert f"\n{parent}:" not in network.to_yaml()


def test_a_parent_under_a_name_reads_its_inputs_all_the_same(tmp_path: Path) -> None:
    """Names of inputs mean the network's from any chain."""
    (tmp_path / "parent.yaml").write_text(PAIR)
    text = "netspec: 1\nname: net\nextends: parent.yaml\nunder: both\nhead: {fc: {linear: 2, from: both.head.pool}}\n"
    (tmp_path / "child.yaml").write_text(
        text.replace("both.head.pool", "pool").replace("fc:", "pool: global_avg_pool, fc:")
    )
    found = {node.name: node for node in netspec.read(tmp_path / "child.yaml").graph.nodes}

    assert found["both.right.0"].inputs == (found["depth"],)


def test_pictures_name_every_input() -> None:
    """The title of a diagram has the size of each input under its name."""
    text = str(netspec.read(PAIR).diagram())

    assert "input image 3\N{MULTIPLICATION SIGN}20" in text
    assert "depth 1\N{MULTIPLICATION SIGN}40" in text


def test_differences_tell_inputs_apart() -> None:
    """Another size, another name and another number of inputs are differences; inputs at one place are the same."""
    old = netspec.read(PAIR).graph
    sized = difference(old, netspec.read(PAIR, input={"image": (3, 40, 32), "depth": (1, 80, 64)}).graph)
    named = difference(old, netspec.read(PAIR.replace("depth", "range")).graph)

    assert [(one.what, one.old) for one in sized.declared] == [
        ("input image", [3, 20, 16]),
        ("input depth", [1, 40, 32]),
    ]
    assert [(one.what, one.old, one.new) for one in named.declared] == [("input", "depth", "range")]
    assert not named.changed
    assert not named.renamed


# -- what is seen of each input ---------------------------------------------------------------------------------------

SEEN = """
netspec: 1
name: seen
inputs: {left: [2, 17, 18], right: [1, 12, 14], aside: [1, 4, 4]}
stages:
  a: {conv: {out: 2, kernel: 3, stride: 2, padding: 1}, from: left}
  b: {conv: {out: 2, kernel: [4, 6]}, from: right}
  both: {add: [a, b]}
  c: {conv: {out: 2, kernel: 3}}
  d: {conv: {out: 1, kernel: 1}, from: aside}
  sized: {resize: , from: [d, c]}
  joined: {concat: [c, sized]}
"""


@pytest.mark.parametrize("of", ["left", "right"])
@pytest.mark.parametrize("at", [(0, 0), (3, 4), (6, 6)])
def test_a_position_sees_its_part_of_each_input(of: str, at: tuple[int, int], torch: ModuleType) -> None:
    """``rf --of`` says of each input what a gradient reaches there, and names the others that it comes from."""
    network = netspec.read(SEEN)
    found = position_field(network.graph, "c", at, of)
    module = netspec.compile(network, outputs=["c"]).double()
    images = [torch.randn(1, *node.shape, dtype=torch.double, requires_grad=True) for node in network.graph.inputs[:2]]
    (values,) = module(*images).values()
    values[0, :, at[0], at[1]].sum().backward()
    reached = images[[node.name for node in network.graph.inputs].index(of)].grad.abs().sum((0, 1)) > 0
    ends = [reached.any(dim=1 - axis).nonzero().flatten().tolist() for axis in (0, 1)]

    assert found.clipped == tuple((one[0], one[-1]) for one in ends)
    assert {of, *found.also_from} == {"left", "right"}
    assert position_field(network.graph, "joined").also_from == ("right", "aside")


@pytest.mark.parametrize(
    ("node", "of", "message", "hint"),
    [
        ("c", "rigth", "seen has no input 'rigth'", "did you mean 'right'?"),
        ("c", "aside", "'c' does not come from the input 'aside'", "it comes from left and right"),
        ("a", "b", "seen has no input 'b'", "known: aside, left, right"),
    ],
)
def test_what_is_not_seen_at_all_is_refused(node: str, of: str, message: str, hint: str) -> None:
    """Of what is no input, or of one that the operation does not come from, there is nothing to say."""
    with pytest.raises(netspec.SpecError) as raised:
        position_field(netspec.read(SEEN).graph, node, of=of)

    assert (raised.value.problems[0].message, raised.value.problems[0].hint) == (message, hint)


def test_the_gradient_of_another_input_is_drawn(torch: ModuleType) -> None:  # noqa: ARG001 - few threads
    """``rf --effective --of`` has as many rows as that input."""
    from netspec.nn.gradient_mass import gradient_mass

    graph = netspec.read(SEEN).graph
    node = next(one for one in graph.nodes if one.name == "c")

    assert [len(gradient_mass(graph, node, (1, 1), of=of, seeds=1, images=1)) for of in ("", "left", "right")] == [
        17,
        17,
        12,
    ]


def test_rf_names_the_other_inputs() -> None:
    """The text and the data say from which other inputs a position comes."""
    runner = CliRunner()
    found = runner.invoke(main, ["rf", "-", "--of", "right"], input=SEEN)

    assert "joined comes from left, aside, too: --of left says what is seen of that" in found.output
    data = json.loads(runner.invoke(main, ["rf", "-", "--format", "json"], input=SEEN).output)
    assert (data["input_name"], data["also_from"]) == ("left", ["right", "aside"])
