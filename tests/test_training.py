"""The work of a training step, held against what torch counts over forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import netspec
from netspec import catalogue
from netspec.analysis import training
from netspec.analysis.training import TrainingMacs, training_flops, training_macs
from netspec.graph import Graph

FAMILIES = {
    path.stem: [f"{path}@{variant}" if variant else str(path) for variant in catalogue.spec(path)[0].family({})]
    for path in catalogue.shipped().values()
}
BATCH = 2


def counted(graph: Graph) -> int:
    """FLOPs of forward and backward over one image by torch's counter, every output summed into the loss."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from netspec.nn.build import module

    built = module(graph, device="meta", outputs="all").train()
    with FlopCounterMode(display=False) as counter:
        result: Any = built(torch.empty(BATCH, *graph.input.shape, device="meta"))
        sum(value.sum() for value in (result.values() if isinstance(result, dict) else [result])).backward()
    return counter.get_total_flops() // BATCH


def surplus(graph: Graph) -> int:
    """What torch counts too much: it takes the weight gradient of a convolution in groups for one without."""
    macs = training_macs(graph)
    return sum(2 * (getattr(node.operation, "groups", 1) - 1) * macs[node].weight_gradient for node in graph.nodes)


@pytest.mark.parametrize("name", FAMILIES)
def test_training_flops_are_those_of_torch(name: str) -> None:
    """To the last one, for every shipped network and variant; in ResNeXt and AlexNet but for torch's view of groups."""
    for word in FAMILIES[name]:
        graph = netspec.read(word).graph

        assert training_flops(graph) + surplus(graph) == counted(graph), word


def test_only_groups_are_counted_otherwise() -> None:
    """AlexNet of 2012 and ResNeXt are the only shipped networks that differ from torch's counter."""
    assert {name for name, words in FAMILIES.items() if any(surplus(netspec.read(word).graph) for word in words)} == {
        "alexnet-2012",
        "resnext",
    }


def test_groups_are_as_many_convolutions() -> None:
    """A convolution in 2 groups takes what torch counts for two convolutions on half the channels, which it is."""
    layer = "conv: {{out: {out}, kernel: 3, groups: {groups}}}"
    first = "conv: {{out: {out}, kernel: 1}}"

    def of(out: int, groups: int) -> Graph:
        text = "\n".join(f"  - {line.format(out=out, groups=groups)}" for line in (first, layer))
        return netspec.read(f"netspec: 1\nname: net\ninput: [{out}, 9, 9]\nstages:\n{text}\n").graph

    grouped, half = of(8, 2), of(4, 1)
    conv, part = grouped.nodes[-1], half.nodes[-1]

    assert training_flops(half) == counted(half)
    assert training_macs(grouped)[conv].total == 2 * training_macs(half)[part].total


def test_torch_objects_to_an_input_gradient_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a gradient of the image counted in, the figure is no longer torch's."""
    graph = netspec.read("resnet18").graph
    monkeypatch.setattr(training, "trained", lambda graph: frozenset(graph.nodes))

    assert training_flops(graph) != counted(graph)


def test_resnet18_by_hand() -> None:
    """Three times the forward pass but for the first convolution: 3 x 3,628,146,688 - 236,027,904 FLOPs."""
    assert training_flops(netspec.read("resnet18").graph) == 10_648_412_160


def test_gradients_by_hand(graph_of: Callable[..., Graph]) -> None:
    """The first convolution has no input gradient, whatever lies before it without weights; a norm has no MACs."""
    graph = graph_of("[max_pool: 2, conv: {out: 2, kernel: 1}, batch_norm, flatten, linear: 3]", size=(1, 4, 4))
    macs = list(training_macs(graph).values())

    assert macs == [
        TrainingMacs(),
        TrainingMacs(),
        TrainingMacs(8, 8, 0),
        TrainingMacs(),
        TrainingMacs(),
        TrainingMacs(24, 24, 24),
    ]
    assert training_flops(graph) == 2 * (16 + 72)


def test_heads_for_training_count() -> None:
    """GoogLeNet's step includes both of its heads, which inference leaves out."""
    whole, bare = (training_flops(netspec.read(name).graph) for name in ("googlenet", "googlenet-without-aux"))

    assert whole > bare
