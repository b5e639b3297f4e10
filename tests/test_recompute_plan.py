"""Memory of a training step with blocks that are recomputed, and plans for it, beside what torch allocates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
import shipped
from click.testing import CliRunner
from test_memory import peak

import netspec
from netspec.analysis.liveness import training_order
from netspec.analysis.step_memory import StepMemory, StepModel
from netspec.cli import main
from netspec.graph.graph import Graph, Scope
from netspec.graph.runs import runs_named, with_runs
from netspec.graph.selection import matching, within

BATCH = 8
PATTERNS = {
    "densenet121": ["features.denseblock?", "features.denseblock?.denselayer*", "features.transition?"],
    "resnet50": ["layer?.*"],
    "resnet18": ["layer?"],
    "googlenet": ["inception??"],
    "resnet20": ["layer?.?"],
    "resnet34": ["layer?.*"],
    "vgg16": ["features.2:features.6", "features.7:features.16", "features.10:features.13"],
    "alexnet": ["features.1:features.9"],
}
"""Networks, and blocks of them or runs of layers that are recomputed, some in others."""


def blocks(graph: Graph, patterns: Sequence[str]) -> tuple[Graph, list[Scope]]:
    """The blocks and runs that ``patterns`` name, and the graph in which they are."""
    runs = [name for name in patterns if ":" in name]
    graph = with_runs(graph, runs_named(graph, runs)) if runs else graph
    _, life = training_order(graph, {scope for scope in within(graph.root) if scope.name in runs})
    return graph, matching([scope for scope in within(graph.root) if not life.is_open(scope)], patterns, "block")


def measured(module: Any, graph: Graph, torch: ModuleType) -> int:
    """The most bytes that forward and backward of a batch have above weights, buffers and input."""
    image = torch.empty(BATCH, *graph.input.shape, device="meta")
    own = {one.untyped_storage()._cdata for one in [*module.parameters(), *module.buffers(), image]}

    def step() -> None:
        result = module(image)
        sum(value.sum() for value in (result.values() if isinstance(result, dict) else [result])).backward()

    return peak(step, own)


def of_ours(word: str, names: Sequence[str], torch: ModuleType) -> int:
    """The same for one of our networks that recomputes blocks."""
    network = netspec.read(word)
    return measured(network.compile(device="meta", outputs="all", checkpoint=names).train(), network.graph, torch)


@pytest.mark.parametrize("word", PATTERNS)
def test_the_saving_that_is_told_is_what_torch_saves(word: str, torch: ModuleType) -> None:
    """The peak of a step is told to 3 %, without and with blocks that are recomputed, and the difference to 5 %."""
    graph = shipped.graph(word)
    cut, chosen = blocks(graph, PATTERNS[word])
    names = [scope.name for scope in chosen]
    recomputing = StepModel(cut, batch=BATCH, called={scope for scope in chosen if scope.flat})
    told = [StepModel(graph, batch=BATCH).taken().peak, recomputing.taken(chosen).peak]
    found = [of_ours(word, (), torch), of_ours(word, names, torch)]

    assert told == pytest.approx(found, rel=0.03)
    assert told[0] - told[1] == pytest.approx(found[0] - found[1], rel=0.05)


SCALED = """netspec: 1
name: scaled
input: [8, 16, 16]
blocks:
  unit:
    body:
      gamma: {parameter: {shape: [8, 1, 1], init: {constant: 0.5}}}
      conv: {conv: {out: 8, kernel: 3, padding: 1}, from: input}
      norm: batch_norm
      scale: {multiply: [norm, gamma]}
      sum: {add: [scale, input]}
stages: {unit: {unit: , repeat: 6}}
head:
  last: [{conv: {out: 8, kernel: 1}}, relu, {conv: {out: 8, kernel: 1}}, tanh, {conv: {out: 8, kernel: 1}}]
  pool: global_avg_pool
  fc: {linear: 3}
"""


def test_networks_with_tensors_of_their_own_have_a_plan(torch: ModuleType) -> None:
    """A parameter is a weight that stays, where chains are cut into runs too; what is told to be saved is saved."""
    network = netspec.read(SCALED)
    usual = network.checkpoint_plan(2**40, batch=BATCH)
    plan = network.checkpoint_plan(usual.held + int(0.7 * usual.after.peak), batch=BATCH)
    found = [
        measured(network.compile(device="meta", checkpoint=names).train(), network.graph, torch)
        for names in ((), plan.blocks)
    ]

    assert plan.fits
    assert plan.blocks
    assert usual.after.peak - plan.after.peak == pytest.approx(found[0] - found[1], rel=0.05)


JOINED = {
    "features": "multiply: [norm, gamma]",
    "a map": "multiply: [norm, place]",
    "a map added": "add: [norm, place]",
    "a map subtracted": "subtract: [norm, place]",
    "subtracted": "subtract: [norm, input]",
    "subtracted twice": "subtract: [input, norm]",
    "the larger": "max: [norm, input]",
}


@pytest.mark.parametrize("name", JOINED)
def test_gradients_of_joins_take_what_torch_takes(name: str, torch: ModuleType) -> None:
    """A sum over positions or images, another sign, a choice of two: the peak of a step is told to 2 %."""
    lines = [line for line in SCALED.splitlines() if not line.startswith("  last:")]
    used = "place" if "place" in JOINED[name] else "gamma" if "gamma" in JOINED[name] else ""
    text = "\n".join(line for line in lines if "gamma:" not in line or used)
    text = (
        text.replace("gamma: {parameter: {shape: [8, 1, 1]", "place: {parameter: {shape: [8, 16, 16]")
        if used == "place"
        else text
    )
    network = netspec.read(text.replace("multiply: [norm, gamma]", JOINED[name]))
    told = StepModel(network.graph, batch=BATCH).taken().peak

    assert told == pytest.approx(measured(network.compile(device="meta").train(), network.graph, torch), rel=0.02)


def test_a_plan_for_densenet_takes_less_than_torchvisions(torch: ModuleType, torchvision: ModuleType) -> None:
    """A planned step of DenseNet-121 takes at most 0.6 of torchvision's, and no more than its memory-efficient one."""
    graph = shipped.graph("densenet121")
    with torch.device("meta"):
        theirs = [torchvision.models.densenet121(memory_efficient=value).train() for value in (False, True)]
    usual, efficient = (measured(module, graph, torch) for module in theirs)
    network = netspec.read("densenet121")
    held = network.checkpoint_plan(2**40, batch=BATCH).held
    plan = network.checkpoint_plan(held + int(0.99 * min(0.6 * usual, efficient)), batch=BATCH)
    found = of_ours("densenet121", plan.blocks, torch)

    assert plan.fits
    assert found <= 0.6 * usual
    assert found <= efficient
    assert plan.after.peak == pytest.approx(found, rel=0.03)
    assert plan.extra_macs < plan.macs / 2


def test_a_plan_is_no_more_than_is_needed() -> None:
    """Nothing is recomputed where a step fits without, and where none fits the plan says so."""
    network = netspec.read("resnet20")
    roomy, tight = network.checkpoint_plan(2**30, batch=BATCH), network.checkpoint_plan(2**20, batch=BATCH)

    assert (roomy.blocks, roomy.fits, roomy.extra_macs, roomy.saved) == ((), True, 0, 0)
    assert not tight.fits
    assert tight.saved > 0
    assert set(network.checkpoint_plan(roomy.held + tight.after.peak, batch=BATCH).blocks) <= set(tight.blocks)
    middle = network.checkpoint_plan(roomy.held + (roomy.before.peak + tight.after.peak) // 2, batch=BATCH)
    assert middle.fits
    assert 0 < middle.extra_macs < tight.extra_macs
    assert StepModel(network.graph, batch=BATCH).taken() == StepMemory(roomy.before.peak, roomy.before.kept)


@pytest.mark.parametrize("word", ["vgg16", "vgg.yaml@vgg11_bn", "alexnet"])
def test_a_chain_of_layers_is_cut_between_them(word: str, torch: ModuleType) -> None:
    """What has no blocks has runs of layers in its plan, which take what is told; what does not save is not named."""
    network = netspec.read(word, input=(3, 64, 64)) if word != "alexnet" else netspec.read(word)
    lowest = network.checkpoint_plan(1, batch=BATCH)
    found = measured(network.compile(device="meta", checkpoint=lowest.blocks).train(), network.graph, torch)

    assert any(":" in name for name in lowest.blocks) == (lowest.saved > 0)
    assert word == "alexnet" or lowest.saved > 0
    assert lowest.after.peak == pytest.approx(found, rel=0.03)


def test_the_command_tells_the_plan() -> None:
    """``stats --checkpoint`` names the blocks, their saving and their cost; options of the table do not go with it."""
    given = ["stats", "resnet20", "--batch", "8", "--checkpoint"]
    text = CliRunner().invoke(main, [*given, "12MiB"]).stdout
    data = json.loads(CliRunner().invoke(main, [*given, "12MiB", "--format", "json"]).stdout)
    plan = netspec.read("resnet20").checkpoint_plan(12 * 2**20, batch=8)

    assert text.startswith("resnet20, batch 8, float32, sgd\n")
    assert all(f"\n{name}\n" in text for name in plan.blocks)
    assert f"{plan.extra_macs:,} multiply-adds an image" in text
    assert data["blocks"] == [*plan.blocks]
    assert data["peak_after"] == plan.after.peak
    for wrong in (["12 pounds"], ["1GiB", "--all"], ["1GiB", "--verify"], ["1GiB", "--format", "csv"]):
        assert CliRunner().invoke(main, [*given, *wrong]).exit_code == 2
    assert CliRunner().invoke(main, [*given, "1GiB", "resnet18"]).exit_code == 2
