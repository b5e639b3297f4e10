"""Budgets: what is said of a network that exceeds one, and who looks at them."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import netspec
from netspec.analysis import budget
from netspec.cli import main
from netspec.commands import stats_verify
from netspec.errors.problem import SpecError
from netspec.language.budget import FIGURES

LAYERS = """\
stages:
  a: {conv: {out: 2, kernel: 3, padding: 1, bias: false}}
  b: batch_norm
  c: {conv: {out: 2, kernel: 1, bias: false}}
"""
FIGURES_OF_NET = {
    "params": "net has 44 parameters",  # 2 * 2 * 9 + 2 * 2 + 2 * 2
    "macs": "net has 2,560 MACs",  # 64 positions of 2 * 18 and of 2 * 2
    "flops": "net has 5,120 FLOPs",
    "depth": "net has a depth of 2",
    "buffers": "net has 5 elements in buffers",  # mean, variance and the number of batches
    "receptive_field": "net has a receptive field of 3 pixels",
    "activations": "net has 256 activations",  # 2 * 64 of each convolution
    "inference_memory": "net takes 1,736 bytes in inference",  # 176 of weights, 24 of buffers, three maps of 512
    "training_memory": "net takes 1,928 bytes in training",  # as many gradients more, and 16 that the norm keeps
}


def spec(**limits: str) -> str:
    """A network of three layers with these limits."""
    written = ", ".join(f"{name}: {limit}" for name, limit in limits.items())
    return f"netspec: 1\nname: net\ninput: [2, 8, 8]\nbudget: {{{written}}}\n{LAYERS}"


def figure(name: str) -> int:
    """The number in what is said of a figure."""
    return int("".join(filter(str.isdigit, FIGURES_OF_NET[name])))


@pytest.fixture
def over(tmp_path: Path) -> Path:
    """A file whose network has 44 parameters and a budget of 40."""
    path = tmp_path / "net.yaml"
    path.write_text(spec(params="40"))
    return path


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and messages of a command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_every_figure_of_the_language_has_a_value_and_words() -> None:
    """What a spec may bound is what an analysis can hold against it."""
    assert tuple(budget.FIGURES) == FIGURES == tuple(FIGURES_OF_NET)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_over_its_budget_is_told_in_its_own_words(name: str) -> None:
    """Every figure reads as a sentence with the network's own number, by how much it is over, and the limit."""
    amount = figure(name)
    with pytest.raises(SpecError) as caught:
        netspec.read(spec(**{name: str(amount - 1)}))
    (problem,) = caught.value.problems

    assert problem.message == f"{FIGURES_OF_NET[name]}, 1 more than its budget of {amount - 1:,}"
    assert problem.code == "over-budget"
    assert problem.span
    assert problem.span.line == 4


@pytest.mark.parametrize("name", FIGURES)
def test_a_limit_may_be_met(name: str) -> None:
    """A figure equal to its limit is within it."""
    assert netspec.read(spec(**{name: str(figure(name))})).over_budget() == []


def test_figures_are_those_of_the_summary() -> None:
    """What is bounded is what ``stats`` says, of one image in float32 and plain SGD."""
    network = netspec.read("densenet121")
    stats = network.stats()
    values = {name: bounded.value(stats) for name, bounded in budget.FIGURES.items()}

    assert values == {
        **{
            name: stats.totals.to_dict()[name]
            for name in ("params", "macs", "flops", "depth", "buffers", "activations")
        },
        "receptive_field": 2071,
        "inference_memory": stats.memory.inference_total,
        "training_memory": stats.memory.training_total,
    }


def test_the_longer_side_of_a_receptive_field_counts() -> None:
    """A field of 1 x 7 pixels is 7 large."""
    text = "netspec: 1\nname: net\ninput: [2, 8, 8]\nbudget: {receptive_field: 6}\n"
    text += "stem: {a: {conv: {out: 2, kernel: [1, 7]}}}\n"

    assert [problem.message for problem in netspec.read(text, budget=None).over_budget()] == [
        "net has a receptive field of 7 pixels, 1 more than its budget of 6"
    ]


def test_reading_and_compiling_enforce_it(over: Path) -> None:
    """``read`` and ``compile`` raise with every limit that is exceeded, unless ``budget`` is None."""
    for function in (netspec.read, netspec.compile):
        with pytest.raises(SpecError, match="4 more than its budget of 40"):
            function(over)
    network = netspec.read(over, budget=None)
    with pytest.raises(SpecError) as caught:
        netspec.read(spec(params="1", macs="1k", depth="9"))

    assert [problem.code for problem in network.over_budget()] == ["over-budget"]
    assert netspec.read(network) is network
    assert [problem.span.column for problem in caught.value.problems if problem.span] == [18, 27]


def test_a_network_that_is_read_again_is_held_to_it_again() -> None:
    """Parameters that make a network larger are answered with its budget, also of a network that fits."""
    text = "netspec: 1\nname: net\ninput: [2, 8, 8]\nbudget: {params: 50}\nparams: {out: 2}\n"
    network = netspec.read(text + "stem: {a: {conv: {out: $out, kernel: 3}}}\n")
    with pytest.raises(SpecError, match="over-budget"):
        netspec.read(network, out=3)

    assert netspec.read(network, out=3, budget=None).stats().totals.params == 57


def test_a_budget_of_a_child_is_enforced_on_what_it_inherits(tmp_path: Path) -> None:
    """A file that extends a shipped network and bounds it is answered at its own line."""
    path = tmp_path / "small.yaml"
    path.write_text("netspec: 1\nname: small\nextends: resnet20\nbudget: {params: 200k}\n")
    with pytest.raises(SpecError) as caught:
        netspec.read(path)

    assert str(caught.value).startswith(f"{path}:4:18: error[over-budget]: small has ")


def test_check_and_build_fail(over: Path, tmp_path: Path) -> None:
    """They end with exit code 2 and the message, and nothing is written."""
    output = tmp_path / "net.safetensors"
    for arguments in (["check", over], ["build", over, "-o", output]):
        code, out, err = run(*arguments)

        assert (code, out) == (2, "")
        assert f"{over}:4:18: error[over-budget]: net has 44 parameters, 4 more than its budget of 40\n" in err
    assert not output.exists()


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown", "latex"])
def test_stats_prints_its_table_and_then_fails(form: str, over: Path) -> None:
    """The figures are printed as without a budget; the message and exit code 2 follow."""
    code, out, err = run("stats", over, "--format", form)
    over.write_text(over.read_text().replace("40", "44"))

    assert (code, "error[over-budget]" in err) == (2, True)
    assert run("stats", over, "--format", form) == (0, out, "")
    assert form != "json" or json.loads(out)["totals"]["params"] == 44


def test_figures_are_verified_before_the_budget_is_held_against_them(
    over: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``stats --verify`` says whether the figures are right, and then fails as without it."""
    monkeypatch.setattr(stats_verify, "verified", lambda *_: click.echo("as said"))
    code, out, err = run("stats", over, "--verify")

    assert (code, out) == (2, "as said\n")
    assert "error[over-budget]" in err


def test_stats_of_several_names_each_that_is_over(over: Path, tmp_path: Path) -> None:
    """All networks are in the table, and all that exceed their budget are told, beside other mistakes."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(spec().replace("batch_norm", "add"))
    code, out, err = run("stats", "lenet5", over, broken)

    assert code == 2
    assert [name for name in ("lenet5", "net") if name not in out] == []
    assert [word for word in ("over-budget", "arity") if f"error[{word}]" not in err] == []


@pytest.mark.parametrize(
    "arguments",
    [["show"], ["diagram", "-o", "-"], ["rf"], ["diff", "lenet5"], ["schema"]],
    ids=lambda arguments: arguments[0],
)
def test_commands_that_only_look_ignore_it(arguments: list[str], over: Path) -> None:
    """Who asks why a network is too large can look at it."""
    command, *rest = arguments
    code, out, err = run(command, over, *rest)

    assert (code, err) == (0, "")
    assert out


def test_what_was_built_is_loaded(over: Path, tmp_path: Path) -> None:
    """An artefact whose spec has a budget that it exceeds is loaded: it is there already."""
    network = netspec.read(over, budget=None)
    netspec.save(network.compile(), network, tmp_path / "net.safetensors")

    assert sum(weight.numel() for weight in netspec.load(tmp_path / "net.safetensors").parameters()) == 44
