"""What initialisation does to a signal: rules held against draws, and against the compiled module."""

from __future__ import annotations

import inspect
import json
import re
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from conftest import sample
from signals import share_near

import netspec
from netspec.cli import main
from netspec.ops import OPERATIONS
from netspec.ops.initialisation import SCHEMES, Scheme, scheme_of
from netspec.ops.signal import Unknown
from netspec.signal import gaussian, masses
from netspec.signal.advice import advice, changes
from netspec.signal.predict import predict
from netspec.signal.result import Measured
from netspec.signal.rules import BACKWARD as BACK
from netspec.signal.rules import FORWARD as RULES

HEAD = "netspec: 1\nname: net\ninput: [3, 12, 12]\n"
PLAIN = f"{HEAD}init: {{conv.weight: kaiming_normal}}\nstages:\n"
DRAWS = 20_000


def cli(*arguments: str) -> Result:
    """The command line, run in this process."""
    return CliRunner().invoke(main, ["signal", *arguments])


def normals(random: Random, shared: float) -> tuple[float, float]:
    """Two standard normal values whose correlation is ``shared``."""
    common = random.gauss(0, sqrt(shared))
    return common + random.gauss(0, sqrt(1 - shared)), common + random.gauss(0, sqrt(1 - shared))


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_products_of_rectified_values_are_those_of_draws(shared: float) -> None:
    """The arc-cosine kernels of first and second order and Sheppard's formula are what draws of two values give."""
    random = Random(1)  # noqa: S311 - to be repeated
    pairs = [normals(random, shared) for _ in range(DRAWS)]
    product = sum(max(x, 0) * max(y, 0) for x, y in pairs) / DRAWS
    both = sum(x > 0 and y > 0 for x, y in pairs) / DRAWS
    squares = sum(max(x, 0) ** 2 * max(y, 0) ** 2 for x, y in pairs) / DRAWS

    assert gaussian.rectified_products([shared])[0] == pytest.approx(product, rel=0.05)
    assert gaussian.both_positive(shared) == pytest.approx(both, rel=0.05)
    assert gaussian.rectified_spread(shared) == pytest.approx(4 * squares - 1, abs=0.2)


@pytest.mark.parametrize(("count", "shared", "rectified"), [(4, 0.0, True), (9, 0.4, True), (4, 0.3, False)])
def test_the_largest_of_a_window_is_that_of_draws(count: int, shared: float, *, rectified: bool) -> None:
    """Mean, mean square, product of two windows, and share above 0 of maxima are what draws give."""
    random = Random(2)  # noqa: S311 - to be repeated
    found = []
    for _ in range(DRAWS // 4):
        common = random.gauss(0, sqrt(shared))
        windows = [[common + random.gauss(0, sqrt(1 - shared)) for _ in range(count)] for _ in range(2)]
        found.append([max([*window, 0.0] if rectified else window) for window in windows])
    drawn = [
        sum(one for one, _ in found),
        sum(one * one for one, _ in found),
        sum(one * other for one, other in found),
        sum(one > 0 for one, _ in found),
    ]
    law = gaussian.largest(float(count), shared, rectified=rectified)

    assert list(law) == pytest.approx([one / len(found) for one in drawn], rel=0.05)


def test_a_sum_is_distributed_as_its_draws_are() -> None:
    """A rectified value and a normal one add up to masses with the mean and square of draws, rectified or not."""
    random = Random(3)  # noqa: S311 - to be repeated
    step = 1 / masses.FINENESS
    found = masses.largest(1, 1.0, step, rectified=True).plus(masses.normal(1.0, step))
    drawn = [max(random.gauss(0, 1), 0) + random.gauss(0, 1) for _ in range(DRAWS)]
    cut = [max(one, 0) for one in drawn]

    assert sum(found.parts) == pytest.approx(1, rel=1e-5)
    assert found.square == pytest.approx(sum(one * one for one in drawn) / DRAWS, rel=0.03)
    assert found.positive == pytest.approx(sum(one > 0 for one in drawn) / DRAWS, abs=0.02)
    assert found.rectified().mean == pytest.approx(sum(cut) / DRAWS, rel=0.03)
    assert found.rectified().square == pytest.approx(sum(one * one for one in cut) / DRAWS, rel=0.03)


EXAMPLES: dict[str, object] = {"constant": 0.5}


@pytest.mark.parametrize("word", SCHEMES)
def test_first_values_have_the_moments_that_schemes_state(word: str) -> None:
    """Mean and variance of a scheme are those of the tensor that torch draws with it."""
    torch = pytest.importorskip("torch")
    scheme = scheme_of({word: EXAMPLES[word]} if word in EXAMPLES else word)
    assert isinstance(scheme, Scheme)
    torch.manual_seed(4)
    tensor = torch.empty(64, 32, 3, 3)
    name = scheme.function.rpartition(".")[2]
    getattr(torch.nn.init, name)(tensor, **scheme.arguments())
    stated = scheme.moments(tuple(tensor.shape))

    assert tensor.mean().item() == pytest.approx(stated.mean, abs=0.02)
    assert tensor.var().item() == pytest.approx(stated.variance, rel=0.05, abs=1e-12)


def test_a_rule_that_an_operation_states_is_known_both_ways() -> None:
    """Each kind of rule but the one without has a line in both tables, so that no operation is met without one."""
    shapes = {"flat": ((6,),), "map": ((6, 8, 8),)}
    kinds = set()
    for word in OPERATIONS:
        operation = OPERATIONS[word](**OPERATIONS[word].example)
        for given in shapes.values():
            try:
                kinds.add(type(operation.signal(*given * operation.takes[0])))
            except (ValueError, IndexError, AttributeError):
                continue

    assert {*RULES} == {*BACK} >= kinds - {Unknown}
    assert len(kinds) > 8


def test_half_of_the_square_passes_a_rectifier() -> None:
    """He et al. 2015: with their weights the second moment before each rectifier is twice that after, and stays."""
    spec = PLAIN + "".join(
        f"  conv{at}: {{conv: {{out: 64, kernel: 1, bias: false}}}}\n  relu{at}: relu\n" for at in range(9)
    )
    signals = predict(netspec.read(spec).graph).signals

    assert [signals[f"conv{at}"].square for at in range(9)] == pytest.approx([2.0] * 9)
    assert [signals[f"relu{at}"].square for at in range(9)] == pytest.approx([1.0] * 9)
    assert signals["relu8"].factor == pytest.approx(0.5)


def test_zeros_around_a_map_make_its_border_weaker() -> None:
    """Of the nine positions that a 3x3 window reads, those on padding add nothing: (34/36)² on 12 positions an axis."""
    signal = predict(netspec.read(f"{PLAIN}  conv: {{conv: {{out: 8, kernel: 3, padding: 1}}}}\n").graph).signals[
        "conv"
    ]

    assert signal.square == pytest.approx(2 * (34 / 36) ** 2 + 1 / (3 * 27))


def test_what_no_rule_knows_is_not_said_but_normalisation_goes_on() -> None:
    """An operation without a rule has a reason in place of figures, and so has what reads it."""
    spec = f"{PLAIN}  a: {{conv: 8}}\n  b: softmax\n  c: relu\n".replace("{conv: 8}", "{conv: {out: 8, kernel: 1}}")
    signals = predict(netspec.read(spec).graph).signals

    assert (signals["b"].square, signals["b"].reason) == (None, "no rule says what softmax does")
    assert (signals["c"].square, signals["c"].reason) == (None, "it reads b")
    assert signals["a"].square == pytest.approx(2 + 1 / 9)
    assert signals["a"].gradient is None


def test_values_that_come_from_the_same_weights_are_not_added() -> None:
    """Second moments add up only where weights of their own lie between; else the reason is said."""
    spec = f"{PLAIN}  a: {{conv: {{out: 8, kernel: 1}}}}\n  b: relu\n  c: {{add: [a, b]}}\n"

    assert predict(netspec.read(spec).graph).signals["c"].reason == "what it joins comes from the same weights"


SMALL = {
    "residual": ("resnet-cifar@resnet20", {"n": 1}, (3, 12, 12)),
    "plain": ("resnet-cifar@plain20", {"n": 1}, (3, 12, 12)),
    "dense": ("densenet", {"layers": [2, 2, 2, 2], "growth_rate": 12}, (3, 32, 32)),
}


@pytest.mark.parametrize("name", sample([*SMALL]))
def test_the_compiled_module_has_what_is_predicted(name: str, torch: object) -> None:  # noqa: ARG001 - it is needed
    """Nine of ten second moments are within 10 % or 3 errors, and factors of the gradient within 15 %, of 4 draws."""
    spec, params, size = SMALL[name]
    assert share_near(netspec.read(spec, input=size, **params).graph, 4) > 0.9


def test_a_broken_rule_is_seen(monkeypatch: pytest.MonkeyPatch, torch: object) -> None:  # noqa: ARG001 - it is needed
    """Without the half that a rectifier lets through the prediction is far from what is measured."""
    from netspec.nn.signal import measured

    graph = netspec.read(f"{PLAIN}  conv: {{conv: {{out: 32, kernel: 1}}}}\n  relu: relu\n").graph
    spread = measured(graph, seeds=2, batch=4).spread("relu", "square")
    right = predict(graph).signals["relu"].square
    monkeypatch.setitem(RULES, type(graph.operations[1].operation.signal()), lambda _, __, given, ___: given[0])
    wrong = predict(graph).signals["relu"].square

    assert spread
    assert right == pytest.approx(spread.mean, rel=0.3)
    assert wrong == pytest.approx(2 * right)


def test_advice_says_how_the_gradient_grows() -> None:
    """Of plain networks with batch norm the gradient grows exponentially (Yang et al. 2019), of others hardly."""
    plain, residual = (netspec.read(f"resnet-cifar@{name}56").graph for name in ("plain", "resnet"))
    grown = {one.figure: one.times for one in changes(plain, predict(plain))}
    passed = {one.figure: one.times for one in changes(residual, predict(residual))}

    assert grown["gradient"] > 1e6
    assert passed["gradient"] < 1e3
    assert any("shortcuts around blocks" in line for line in advice(plain, predict(plain)))


def test_the_command_prints_and_draws(tmp_path: Path) -> None:
    """Several networks have a table and a curve each; JSON has every operation with its reason or figures."""
    picture = tmp_path / "signal.svg"
    drawn = cli("resnet20", "plain20", "-o", str(picture))
    data = json.loads(cli("resnet20", "--format", "json").output)

    assert drawn.exit_code == 0, drawn.output
    assert "resnet20: the gradient grows" in drawn.output
    assert picture.read_text("utf-8").count("<title>plain20: second moment of the") == 2
    assert len(data["networks"][0]["operations"]) == 70
    assert cli("resnet20", "plain20", "--all").output.count("layer3.2.conv2") == 2


def test_images_are_measured_with(tmp_path: Path) -> None:
    """Images of a folder are read as the network reads them, and have the mean and deviation of noise."""
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("torch")
    for at in range(2):
        image.effect_noise((20 + at, 24), 60).convert("RGB").save(tmp_path / f"{at}.png")
    arguments = ("resnet-cifar@plain20", "--set", "n=1", "--input", "3x12x12", "--measure", "--seeds", "1")
    said = cli(*arguments, "--data", str(tmp_path), "--format", "json")
    found = json.loads(said.output)["networks"][0]

    assert found["measured"] == {"images": f"2 images of {tmp_path}", "seeds": 1}
    assert found["operations"][0]["measured"]["square"]["mean"] > 0


def test_what_cannot_be_measured_is_a_sentence(tmp_path: Path, torch: object) -> None:  # noqa: ARG001 - it is needed
    """A folder without images, and images without --measure, are refused with what to do."""
    empty = cli("lenet5", "--measure", "--data", str(tmp_path))
    aside = cli("lenet5", "--data", str(tmp_path))

    assert (empty.exit_code, aside.exit_code) == (2, 2)
    assert "no images are there, and a batch has two at least" in str(empty.exception or empty.output) + empty.output
    assert "--data says what --measure measures with" in aside.output


def test_python_has_what_the_command_prints(tmp_path: Path) -> None:
    """The text, the data and the picture of :meth:`netspec.Network.signal` are those of the command line."""
    words = ("resnet20", "plain20", "-o", str(tmp_path / "command.svg"))
    report = netspec.read("resnet-cifar@resnet20").signal(netspec.read("resnet-cifar@plain20"))
    assert str(netspec.read("resnet20").signal("plain20")) == str(report)
    assert repr(report) == "<SignalReport of resnet20, plain20>"
    report.save(tmp_path / "python.svg")

    assert cli(*words).output.startswith(str(report))
    assert json.loads(cli(*words, "--format", "json").output) == report.to_dict()
    assert (tmp_path / "python.svg").read_bytes() == (tmp_path / "command.svg").read_bytes()
    assert report._repr_svg_().encode() == (tmp_path / "python.svg").read_bytes()
    assert (
        str(netspec.read("lenet5").signal(all=True)) == CliRunner().invoke(main, ["signal", "lenet5", "--all"]).output
    )


def test_python_has_every_figure_by_name() -> None:
    """Each operation has its prediction under its name, and what follows stands beside."""
    network = netspec.read("resnet-cifar@plain56")
    (one,) = network.signal(batch=8).networks

    assert [*one.signals] == [node.name for node in network.graph.nodes if node.has_batch]
    assert one.signals["layer1.0.conv1"] == predict(network.graph, batch=8).signals["layer1.0.conv1"]
    assert (one.prediction.batch, one.measured) == (8, None)
    assert [line for line in one.advice if line.startswith("the gradient grows")]


def test_python_and_the_command_have_equal_defaults() -> None:
    """What is not said is the same in both."""
    usual = {name: one.default for name, one in inspect.signature(netspec.Network.signal).parameters.items()}
    command = {str(one.name): one.default for one in main.get_command(click.Context(main), "signal").params}  # type: ignore[union-attr]

    assert {name: usual[name] for name in ("batch", "seeds", "theme")} == {
        name: command[name] for name in ("batch", "seeds", "theme")
    }


def test_python_measures_with_tensors_and_files(tmp_path: Path) -> None:
    """Images are a tensor, which is read as it is, or files, alone or in a folder; as many as a batch has."""
    torch = pytest.importorskip("torch")
    image = pytest.importorskip("PIL.Image")
    for at in range(3):
        image.effect_noise((12, 12), 40 + at).convert("RGB").save(tmp_path / f"{at}.png")
    network = netspec.read("resnet-cifar@plain20", n=1, input=(3, 12, 12))

    def measured(images: Any, **how: Any) -> Measured:
        (one,) = network.signal(measure=True, seeds=1, images=images, **how).networks
        assert one.measured
        return one.measured

    loud = measured(10 * torch.ones(3, 3, 12, 12), batch=2)
    folder, listed = measured(tmp_path), measured([tmp_path / f"{at}.png" for at in range(3)])

    assert loud.said == "2 images of a tensor"
    assert loud.draws[0]["input"].square == pytest.approx(100)
    assert folder.draws[0]["input"].square == pytest.approx(1, rel=1e-2)
    assert folder.draws == listed.draws
    assert folder.said == f"3 images of {tmp_path}"


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"batch": 1}, ValueError, "batch is a whole number from 2, not 1"),
        ({"seeds": 0}, ValueError, "seeds is a whole number from 1, not 0"),
        ({"theme": "blue"}, ValueError, "theme is one of auto, light, dark, print, not 'blue'"),
        ({"images": ["a.png"]}, ValueError, "measure=True says that it is"),
        ({"images": "absent.png", "measure": True}, netspec.SpecError, "absent.png"),
        ({"images": [], "measure": True}, netspec.SpecError, "no images are there"),
        ({"images": (1, 1, 32, 32), "measure": True}, netspec.SpecError, "one image is there"),
        ({"images": (float("nan"), 2, 1, 32, 32), "measure": True}, netspec.SpecError, "no finite numbers"),
        ({"images": (2, 3, 28, 28), "measure": True}, netspec.SpecError, "reads N x 1x32x32, not 2x3x28x28"),
    ],
    ids=str,
)
def test_python_is_told_what_cannot_be(given: dict[str, Any], kind: type[Exception], said: str) -> None:
    """Values that arguments cannot have are named with those that they can; images that cannot be read as such."""
    if given.get("measure"):
        pytest.importorskip("PIL.Image")
        torch = pytest.importorskip("torch")
        if isinstance(given["images"], tuple):
            value, *shape = given["images"] if len(given["images"]) > 4 else (0.0, *given["images"])
            given = {**given, "images": torch.full(shape, value)}

    with pytest.raises(kind, match=re.escape(said)):
        netspec.read("lenet5").signal(**given)
