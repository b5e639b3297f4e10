"""Layers of a file under other names, paired with those of a network by shapes, structure, and what names tell."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
import regnet
import shipped
from click.testing import CliRunner
from oracle import randomised

import netspec
from netspec.cli import main
from netspec.weights.order import Order, exchangeable
from netspec.weights.pairing import Pairing, pair
from netspec.weights.telling import decided, telling
from netspec.weights.wanted import layer_of, wanted

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def theirs(torch: ModuleType, torchvision: ModuleType) -> dict[str, Any]:
    """RegNetX-400MF as torchvision and timm have it, with random weights."""
    if find_spec("timm") is None:
        pytest.skip("timm is not installed")
    import timm

    with torch.device("meta"):
        found = {"timm": timm.create_model("regnetx_004_tv")}
    found["torchvision"] = torchvision.models.regnet_x_400mf()
    return {name: randomised(module.to_empty(device="cpu"), torch) for name, module in found.items()}


@pytest.mark.parametrize("form", ["pth", "safetensors"])
@pytest.mark.parametrize(("ours", "of"), [("torchvision", "timm"), ("timm", "torchvision")])
def test_torchvisions_and_timms_names_of_one_network(
    ours: str, of: str, form: str, theirs: dict[str, Any], torch: ModuleType, tmp_path: Path
) -> None:
    """A network under one library's names takes the other's weights, and computes the same to the last bit."""
    from safetensors.torch import save_file

    (tmp_path / "net.yaml").write_text(regnet.spec(getattr(regnet, ours.upper())), encoding="utf-8")
    file = tmp_path / f"w.{form}"
    save_file(theirs[of].state_dict(), file) if form == "safetensors" else torch.save(theirs[of].state_dict(), file)
    given = ["weights", str(tmp_path / "net.yaml"), str(file), "--map", str(tmp_path / "pairs.yaml")]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    module = netspec.compile(tmp_path / "net.yaml").eval()
    report = netspec.load_weights(module, file, pairs=tmp_path / "pairs.yaml")
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        assert torch.equal(module(image), theirs[of](image))

    assert len(report.loaded) == len(module.state_dict())
    assert not report.unused
    again = CliRunner().invoke(main, given)
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, f"regnet, from {file}")


SHORTCUT = """\
netspec: 1
name: block
input: [8, 8, 8]
stages:
  a: {conv: {out: 8, kernel: 1}}
  b: {conv: {out: 16, kernel: 1}}
  side: {conv: {out: 16, kernel: 1}, from: input}
  sum: {add: [b, side]}
"""


def paired(spec: str, names: dict[str, str], *, ordered: bool = True) -> Pairing:
    """What is paired where the file calls the layers ``names``, ours to the file's, in that order."""
    graph = netspec.read(spec).graph
    needed = wanted(graph)
    given = {}
    for ours, theirs in names.items():
        of = {name: one.shape for name, one in needed.items() if layer_of(name) == ours}
        given.update({f"{theirs}{name.removeprefix(ours)}": shape for name, shape in of.items()})
    return pair(graph, needed, given, ordered=ordered)


@pytest.mark.parametrize(
    ("names", "is_decided"),
    [
        ({"a": "0", "b": "1", "side": "2"}, False),
        ({"a": "0", "side": "1", "b": "2"}, False),
        ({"a": "0", "b": "main", "side": "side"}, True),
        ({"a": "0", "side": "block.side.conv", "b": "block.conv"}, True),
    ],
)
def test_layers_that_stand_side_by_side_are_told_by_name_alone(
    names: dict[str, str],
    is_decided: bool,  # noqa: FBT001 - drawn
) -> None:
    """Two layers of equal shapes, neither after the other, are paired where names tell them apart, else left open."""
    found = paired(SHORTCUT, names)

    assert found.pairs == (names if is_decided else {"a": "0"})
    assert {*found.open} == (set() if is_decided else {"b", "side"})
    assert all({*of} == {names["b"], names["side"]} for of in found.open.values())


def test_layers_of_one_name_are_one_where_a_head_is_missing() -> None:
    """What only one side has takes no other layer of its shape with it; a number in a name says nothing then."""
    text = "netspec: 1\nname: c\ninput: [8, 4, 4]\nstages:\n"
    named = text + "".join(f"  {name}: {{conv: {{out: 8, kernel: 1}}}}\n" for name in ("a", "b", "c"))
    numbered = text + "".join(f"  l.{at}: {{conv: {{out: 8, kernel: 1}}}}\n" for at in range(3))

    found = paired(named, {"a": "a", "b": "b"})
    assert (found.pairs, found.ours, found.theirs) == ({"a": "a", "b": "b"}, ("c",), ())
    found = paired(named, {"a": "a", "b": "x"})
    assert (found.pairs, found.ours, found.theirs) == ({}, ("a", "b", "c"), ("a", "x"))
    found = paired(numbered, {"l.0": "l.0", "l.1": "l.1"})
    assert (found.pairs, found.ours, found.theirs) == ({}, ("l.0", "l.1", "l.2"), ("l.0", "l.1"))


def test_a_file_in_order_of_names_is_trusted_for_numbers_alone() -> None:
    """In a file that is sorted by name, numbers still say what comes first, and words do not."""
    chain = "netspec: 1\nname: c\ninput: [8, 4, 4]\nstages: [" + ", ".join(["{conv: {out: 8, kernel: 1}}"] * 11) + "]\n"
    numbered = {f"stages.{at}": f"l.{at}.c" for at in range(11)}
    worded = {f"stages.{at}": f"{'abcdefghijk'[at]}x" for at in range(11)}

    assert paired(chain, numbered, ordered=False).pairs == numbered
    assert paired(chain, worded).pairs == worded
    assert not paired(chain, worded, ordered=False).pairs


OPEN = {"resnet50": 4, "densenet121": 0, "vgg16": 0, "googlenet": 24, "inception-v3": 114}
"""Networks, and how many of their layers only names could tell."""


@pytest.mark.parametrize("word", OPEN)
def test_what_is_paired_without_any_help_of_names_is_right(word: str) -> None:
    """With every name replaced no pair is wrong, and what is left open has the right layer among those it could be."""
    graph = shipped.graph(word)
    layers = dict.fromkeys(map(layer_of, wanted(graph)))
    names = {name: f"q{number}" for number, name in enumerate(layers)}
    needed = wanted(graph)
    given = {f"{names[layer_of(name)]}.{name.rpartition('.')[2]}": one.shape for name, one in needed.items()}
    found = pair(graph, needed, given, ordered=True)

    assert all(names[ours] == theirs for ours, theirs in found.pairs.items())
    assert all(names[ours] in several for ours, several in found.open.items())
    assert {*found.pairs, *found.open} == {*layers}
    assert found.ours == found.theirs == ()
    assert len(found.open) == OPEN[word]


SCALED = """
netspec: 1
name: net
input: [3, 8, 8]
blocks:
  scaled:
    body:
      conv: {conv: {out: 3, kernel: 3, padding: 1}}
      gamma: {parameter: [3, 1, 1]}
      scale: {multiply: [conv, gamma]}
      sum: {add: [scale, input]}
stages: {a: scaled, b: scaled, c: scaled}
"""


@pytest.mark.parametrize("ordered", [True, False])
def test_parameters_have_the_order_of_what_they_scale(ordered: bool) -> None:  # noqa: FBT001 - a case
    """One reads nothing, but it is read where a block is: scales of blocks one after another are paired in order."""
    graph = netspec.read(SCALED).graph
    shapes = {
        key: shape
        for at in range(3)
        for key, shape in ((f"{at}.weight", (3, 3, 3, 3)), (f"{at}.bias", (3,)), (f"{at}.s", (3, 1, 1)))
    }
    found = pair(graph, wanted(graph), shapes, ordered=ordered)

    convolutions = {"a.conv": "0", "b.conv": "1", "c.conv": "2"}
    assert found.pairs == {**convolutions, "a.gamma": "0.s", "b.gamma": "1.s", "c.gamma": "2.s"}
    assert not found.open


def test_parameters_that_one_layer_reads_have_no_order() -> None:
    """Either of two factors could be the other: they are open where names do not tell."""
    text = "netspec: 1\nname: net\ninput: [3, 8, 8]\nstages: {a: {parameter: [3, 1, 1]}, b: {parameter: [3, 1, 1]}, "
    graph = netspec.read(text + "x: {relu: , from: input}, scale: {multiply: [x, a, b]}}").graph
    found = pair(graph, wanted(graph), {"p.u": (3, 1, 1), "p.v": (3, 1, 1)}, ordered=True)

    assert found.open == {"a": ("p.u", "p.v"), "b": ("p.u", "p.v")}


def test_a_norm_behind_a_sum_is_the_one_beside_its_convolution() -> None:
    """It reads no layer with weights alone; what reads it does, and a file that is sorted has both in one module."""
    text = """
netspec: 1
name: net
input: [3, 8, 8]
stages:
  stem: [conv: {out: 3, kernel: 1}, layer_norm]
  body: {conv: {out: 3, kernel: 3, padding: 1}}
  sum: {add: [body, stem]}
  down: [layer_norm, conv: {out: 5, kernel: 2}]
"""
    graph = netspec.read(text).graph
    sizes = {"first.c": (3, 3, 1, 1), "first.n": (3,), "m": (3, 3, 3, 3), "last.k": (5, 3, 2, 2), "last.b": (3,)}
    shapes = {f"{name}.weight": shape for name, shape in sizes.items()}
    shapes |= {f"{name}.bias": shape[:1] for name, shape in sizes.items()}
    found = pair(graph, wanted(graph), shapes, ordered=False)

    assert found.pairs["stem.1"] == "first.n"
    assert found.pairs["down.0"] == "last.b"


@pytest.mark.parametrize("word", ["resnet152", "inception-v3"])
def test_many_layers_that_could_be_exchanged_are_told_by_their_names(word: str) -> None:
    """In a file sorted by name, more layers than can be tried in every order are paired with those of their names."""
    graph = shipped.graph(word)
    needed = wanted(graph)
    found = pair(graph, needed, {name: needed[name].shape for name in sorted(needed)}, ordered=False)

    assert found.pairs == {layer: layer for layer in map(layer_of, needed)}
    assert not found.open


def test_of_many_layers_only_the_best_order_is_taken() -> None:
    """What names decide of six layers is the one order, of all there are, in which pairs share most words."""
    random = Random(3)  # noqa: S311 - to be repeated
    taken = 0
    for _ in range(40):
        words = [random.sample("abcdefghijklmn", 4) for _ in range(6)]
        mine = [".".join([*some, "x", str(at)]) for at, some in enumerate(words)]
        others = [".".join([*some[:3], "y", str(at)]) for at, some in enumerate(random.sample(words, 6))]
        order = Order(mine, others, {name: 1 << at for at, name in enumerate(mine)}, ordered=True)
        found = decided(mine, others, order)
        left, right = telling(mine), telling(others)
        scores = Counter(sum(len(a & b) for a, b in zip(left, chosen, strict=True)) for chosen in permutations(right))
        score = sum(len(left[mine.index(one)] & right[others.index(other)]) for one, other in found.items())
        taken += bool(found)

        assert not found or (score, scores[score]) == (max(scores), 1)
    assert 5 < taken < 40


@pytest.mark.parametrize("tells", [True, False])
def test_finding_what_could_be_exchanged_is_no_long_search(tells: bool) -> None:  # noqa: FBT001 - drawn
    """Whether all is known of the order or nothing, each layer is compared with one other."""
    asked = 0

    def is_known(_one: int, _later: int) -> bool:
        nonlocal asked
        asked += 1
        return tells

    groups = exchangeable(1000, is_known)

    assert groups == ([[at] for at in range(1000)] if tells else [[*range(1000)]])
    assert asked == 999


def test_a_wrong_order_is_seen_by_the_shapes() -> None:
    """Layers of a file in any order are paired where their shapes are theirs alone."""
    graph = shipped.graph("lenet5")
    needed = wanted(graph)
    layers = [*dict.fromkeys(map(layer_of, needed))]
    Random(1).shuffle(layers)  # noqa: S311 - to be repeated
    names = {name: f"q{number}" for number, name in enumerate(layers)}
    given = {f"{names[layer]}.{t}": needed[f"{layer}.{t}"].shape for layer in layers for t in ("weight", "bias")}

    assert pair(graph, needed, given, ordered=True).pairs == names


def test_a_linear_layer_is_a_convolution_over_the_whole_map(torch: ModuleType, torchvision: ModuleType) -> None:
    """VGG-16 with batch norm of timm, whose linear layers are convolutions, is paired with torchvision's names."""
    if find_spec("timm") is None:
        pytest.skip(f"timm is not installed beside {torchvision.__name__}")
    import timm

    with torch.device("meta"):
        state = timm.create_model("vgg16_bn").state_dict()
    graph = shipped.graph("vgg.yaml@vgg16_bn")
    found = pair(graph, wanted(graph), {name: tuple(value.shape) for name, value in state.items()}, ordered=True)

    assert found.pairs["classifier.0"] == "pre_logits.fc1"
    assert found.pairs["classifier.3"] == "pre_logits.fc2"
    assert found.pairs["classifier.6"] == "head.fc"
    assert found.pairs["features.41"] == "features.41"
    assert not found.open
    assert found.ours == found.theirs == ()


# -- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def block(torch: ModuleType, tmp_path: Path) -> Path:
    """A folder with the spec of a block, and its weights under names that leave two layers open."""
    (tmp_path / "block.yaml").write_text(SHORTCUT, encoding="utf-8")
    state = netspec.compile(SHORTCUT).state_dict()
    renamed = {"a": "0", "b": "1", "side": "2"}
    content = {f"{renamed[layer_of(name)]}.{name.rpartition('.')[2]}": value for name, value in state.items()}
    torch.save({"model": content}, tmp_path / "w.pth")
    return tmp_path


def test_what_is_open_is_written_to_be_corrected(block: Path) -> None:
    """Open layers have a question mark and what they could be; the file is refused until somebody has decided."""
    given = ["weights", str(block / "block.yaml"), str(block / "w.pth"), "--map", str(block / "pairs.yaml")]
    done = CliRunner().invoke(main, given)
    lines = (block / "pairs.yaml").read_text(encoding="utf-8")

    assert done.exit_code == 2
    assert lines.splitlines()[1:] == ['a: "0"', "b: '?'  # 1 or 2", "side: '?'  # 1 or 2"]
    refused = CliRunner().invoke(main, given)
    assert refused.exit_code == 2
    assert "pairs.yaml:3:4: error[wrong-value]: which layer 'b' is has not been decided" in refused.stderr
    decided = re.sub(r"side: '\?'", 'side: "2"', re.sub(r"b: '\?'", 'b: "1"', lines))
    (block / "pairs.yaml").write_text(decided, encoding="utf-8")
    assert CliRunner().invoke(main, given).exit_code == 0
    built = ["build", str(block / "block.yaml"), "--weights", str(block / "w.pth"), "--map", str(block / "pairs.yaml")]
    assert CliRunner().invoke(main, [*built, "-o", str(block / "x.safetensors")]).exit_code == 0


def test_the_report_comes_without_building(block: Path) -> None:
    """Without a map the report says what fits by name: in text, and as data."""
    given = ["weights", str(block / "block.yaml"), str(block / "w.pth")]
    text = CliRunner().invoke(main, given)
    data = json.loads(CliRunner().invoke(main, [*given, "--format", "json"]).stdout)

    assert text.exit_code == 2
    assert "these weights are of another network: 6 missing, 6 unknown" in text.stderr
    assert "netspec weights SPEC FILE --map PAIRS" in text.stderr
    assert "0 loaded, 0 adapted, 6 fresh, 6 unused of 6 tensors" in text.stdout
    assert data["source"] == "under 'model'"
    assert data["fresh"]["a.bias"] == {"why": "not in the file", "place": f"{block / 'block.yaml'}:5"}
