"""The work of a training step, held against what torch counts over forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import conftest
import pytest
import shipped

import netspec
from netspec.analysis import training
from netspec.analysis.summary import summary
from netspec.analysis.training import TrainingMacs, training_macs
from netspec.graph.graph import Graph
from netspec.ops.drop_path import DrawColumn, DropPathMean
from netspec.ops.facts import key
from netspec.ops.operation import Operation

MANY = 800
"""Operations of the largest network that torch counts quickly."""
LARGEST = "resnet-cifar.yaml@resnet1202"
BATCH = 2
LOST = """
a: {conv: {out: 2, kernel: 3, padding: 1}}
b: {conv: {out: 2, kernel: 3, padding: 1}}
before: {conv: {out: 2, kernel: 1, from: a}}
lost: {conv: {out: 4, kernel: 3}}
draw: {draw_column: 2}
fc: {linear: 3}
first: {drop_path_mean: {from: [a, b, draw]}}
pool: {global_avg_pool: {from: b}}
draw2: {linear: 4}
second: {drop_path_mean: {from: [first, b, draw2]}}
"""
OUTPUTS = "{main: second, drawn: fc}"
"""Two layers that only a draw reads, and features that stand where a draw should: which they choose has no slope."""


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


@pytest.mark.parametrize("file", conftest.sample(list(shipped.FILES)))
def test_training_flops_are_those_of_torch(file: str) -> None:
    """To the last one, but for torch's view of groups, for the largest network of each file that is not too large."""
    graph = shipped.graph(shipped.largest(file, MANY))

    assert summary(graph).totals.training_flops + surplus(graph) == counted(graph)


def test_training_flops_grow_by_the_block() -> None:
    """ResNet-1202 has as many blocks more than ResNet-110 as that has more than ResNet-20, 182 to 15."""
    small, large, largest = (
        summary(shipped.graph(word)).totals.training_flops
        for word in ("resnet20.yaml", "resnet-cifar.yaml@resnet110", LARGEST)
    )

    assert (largest - large) * 15 == (large - small) * 182


def test_groups_are_as_many_convolutions() -> None:
    """A convolution in 2 groups takes what torch counts for two convolutions on half the channels, which it is."""
    layer = "conv: {{out: {out}, kernel: 3, groups: {groups}}}"
    first = "conv: {{out: {out}, kernel: 1}}"

    def of(out: int, groups: int) -> Graph:
        text = "\n".join(f"  - {line.format(out=out, groups=groups)}" for line in (first, layer))
        return netspec.read(f"netspec: 1\nname: net\ninput: [{out}, 9, 9]\nstages:\n{text}\n").graph

    grouped, half = of(8, 2), of(4, 1)
    conv, part = grouped.nodes[-1], half.nodes[-1]

    assert summary(half).totals.training_flops == counted(half)
    assert training_macs(grouped)[conv].total == 2 * training_macs(half)[part].total


def test_torch_objects_to_an_input_gradient_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a gradient of the image counted in, the figure is no longer torch's."""
    graph = netspec.read("resnet18").graph
    monkeypatch.setattr(training, "trained", lambda graph: frozenset(graph.nodes))

    assert summary(graph).totals.training_flops != counted(graph)


def test_resnet18_by_hand() -> None:
    """Three times the forward pass but for the first convolution: 3 x 3,628,146,688 - 236,027,904 FLOPs."""
    assert summary(netspec.read("resnet18").graph).totals.training_flops == 10_648_412_160


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
    assert summary(graph).totals.training_flops == 2 * (16 + 72)


def test_no_gradient_flows_through_a_draw(graph_of: Callable[..., Graph]) -> None:
    """A layer whose output only a draw reads learns nothing, nor does what lies before it: torch counts no gradient."""
    graph = graph_of(LOST, size=(3, 8, 8), outputs=OUTPUTS)
    found = {node.name: one for node, one in training_macs(graph).items()}

    assert summary(graph).totals.training_flops == counted(graph)
    assert (found["lost"].weight_gradient, found["lost"].input_gradient, found["before"].total) == (0, 0, 2 * 2 * 64)
    assert found["draw2"] == TrainingMacs(8, 0, 0)
    assert found["a"] == TrainingMacs(3456, 3456, 0)
    assert found["b"] == TrainingMacs(2304, 2304, 2304)


def test_what_is_trained_has_a_gradient(graph_of: Callable[..., Graph]) -> None:
    """After a backward pass the weights of trained operations have a gradient, those of all others none."""
    import torch

    from netspec.nn.build import module

    graph = graph_of(LOST, size=(3, 8, 8), outputs=OUTPUTS)
    built = module(graph, outputs="all").train()
    sum(value.sum() for value in built(torch.rand(BATCH, 3, 8, 8)).values()).backward()
    learned = {key(node.name, tensor.name) for node in training.trained(graph) for tensor in node.tensors}

    assert {name for name, weight in built.named_parameters() if weight.grad is not None} == learned
    assert {node.name for node in graph.nodes if node.params and node not in training.trained(graph)} == {
        "before",
        "lost",
        "draw2",
    }


def test_torch_objects_to_a_gradient_through_a_draw(
    graph_of: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a draw that passes its gradient on, as other operations do, the figure is no longer torch's."""
    graph = graph_of(LOST, size=(3, 8, 8), outputs=OUTPUTS)
    for operation in (DrawColumn, DropPathMean):
        with monkeypatch.context() as patch:
            patch.setattr(operation, "differentiable_inputs", Operation.differentiable_inputs)

            assert summary(graph).totals.training_flops > counted(graph), operation


def test_heads_for_training_count() -> None:
    """GoogLeNet's step includes both of its heads, which inference leaves out."""
    whole, bare = (
        summary(netspec.read(name).graph).totals.training_flops for name in ("googlenet", "googlenet-without-aux")
    )

    assert whole > bare
