"""Networks over maps of one and three axes, and operations that change how many axes there are, in every analysis."""

from __future__ import annotations

import json
from itertools import product
from types import ModuleType
from typing import ClassVar

import pytest
from oracle import values
from test_memory import network_saved, owned, peak

from netspec.analysis.full_view import first_that_sees_all, seeing_position
from netspec.analysis.memory import memory
from netspec.analysis.misalignment import misalignments
from netspec.analysis.position_field import followed, position_field
from netspec.analysis.receptive_field import last_map, receptive_fields
from netspec.analysis.summary import summary
from netspec.analysis.warnings import advice
from netspec.blocks.bottleneck import Bottleneck
from netspec.blocks.residual import Residual
from netspec.diagram.drawing import scene
from netspec.diagram.writers.dot import dot_text
from netspec.graph.builder import GraphBuilder
from netspec.graph.graph import Entry, Graph, Node, Output
from netspec.ops.activation import Sigmoid
from netspec.ops.conv import Conv
from netspec.ops.facts import Cost, Family, Layer, PerAxis, Shape
from netspec.ops.global_pool import GlobalAvgPool
from netspec.ops.join import Multiply
from netspec.ops.linear import Flatten, Linear
from netspec.ops.operation import Operation
from netspec.ops.pool import AdaptiveAvgPool, AvgPool, MaxPool
from netspec.report.json_data import data
from netspec.report.network_stats import NetworkStats
from netspec.report.position_field import PositionReport

SIZES = {1: (19,), 2: (19, 11), 3: (9, 7, 7)}
"""Axes -> positions of the image on each."""


def network(axes: int, *, global_pool: bool = True) -> Graph:
    """Strides, residual blocks, a gate, two kinds of pooling and a head, with one number for all axes throughout."""
    graph = GraphBuilder((2, *SIZES[axes]))
    x = graph.add("conv", Conv(out=4, kernel=3, stride=2, padding=1), graph.input)
    x = graph.add("max_pool", MaxPool(kernel=2, stride=1), x)
    with graph.within("residual", "residual"):
        x = Residual(width=4).expand(graph, x)
    with graph.within("bottleneck", "bottleneck"):
        x = Bottleneck(width=2, stride=2).expand(graph, x)
    gate = graph.add("gate", Sigmoid(), graph.add("pool", AdaptiveAvgPool(out=1), x))
    x = graph.add("scaled", Multiply(), x, gate)
    x = graph.add("avg_pool", AvgPool(kernel=2, stride=1, padding=1, divisor=3), x)
    x = graph.add("flat", GlobalAvgPool() if global_pool else Flatten(), x)
    x = graph.add("linear", Linear(out=5), x)
    return closed(graph, f"on_{axes}_{x.inputs[0].operation.word}", x)


def closed(graph: GraphBuilder, name: str, last: Node) -> Graph:
    """What was built, each part that lies at the top a stage."""
    entries = tuple(Entry("stages", part.name, part) for part in graph.root.children)
    return graph.graph(name, entries, (Output("output", last),))


@pytest.mark.parametrize("axes", [1, 3])
def test_a_field_is_on_each_axis_what_it_is_on_two(axes: int) -> None:
    """Size, jump and start follow from windows axis by axis, so one number for all axes gives one field on all."""
    found, plane = (receptive_fields(network(one)) for one in (axes, 2))
    by_name = {node.name: field for node, field in plane.items() if not field.whole}

    for node, field in found.items():
        if node.name in by_name:
            other = by_name[node.name]
            assert (field.size, field.jump, field.start) == (
                other.size[:1] * axes,
                other.jump[:1] * axes,
                other.start[:1] * axes,
            )
    assert len(by_name) > 10
    assert last_map(network(axes)).name == "avg_pool"


@pytest.mark.parametrize("axes", [1, 3])
def test_positions_see_what_spoils_them(axes: int, torch: ModuleType) -> None:
    """A pixel that is no number reaches exactly the positions in whose interval it lies, at the ends at least."""
    graph = network(axes)
    size = graph.input.shape[1:]
    pixels = list(product(*map(range, size)))
    images = torch.zeros(len(pixels), *graph.input.shape)
    for image, pixel in zip(images, pixels, strict=True):
        image[(slice(None), *pixel)] = torch.nan
    fields = receptive_fields(graph)
    with torch.inference_mode():
        found = values(graph, images)
    for node, value in found.items():
        spoilt = value.isnan().flatten(2).any(dim=1) if value.dim() > 2 else value.isnan().any(dim=1, keepdim=True)
        for number, at in enumerate(product(*map(range, node.grid))):
            seen = [pixel for pixel, lost in zip(pixels, spoilt[:, number].tolist(), strict=True) if lost]
            region = tuple((min(places), max(places)) for places in zip(*seen, strict=True))
            stated = tuple(
                (max(0, a), min(side - 1, b)) for (a, b), side in zip(fields[node].seen(at), size, strict=True)
            )

            assert region == stated
            assert fields[node].seen(at) == followed(node, at)


@pytest.mark.parametrize("axes", [1, 3])
def test_a_module_has_the_shapes_figures_and_memory_that_are_stated(axes: int, torch: ModuleType) -> None:
    """Torch's layers for one axis and three: outputs, parameters, bytes saved for the gradient and alive at once."""
    from netspec.nn.build import module

    graph = network(axes)
    built = module(graph, outputs="all")
    totals = summary(graph).totals

    assert tuple(built(torch.zeros(3, *graph.input.shape)).shape) == (3, 5)
    assert totals.params == sum(parameter.numel() for parameter in built.parameters())
    network_in_use, x = module(graph).eval(), torch.zeros(2, *graph.input.shape)
    with torch.no_grad():
        alive = peak(lambda: network_in_use(x), owned(network_in_use), x)
    held = memory(graph, batch=2)
    assert (held.saved_for_backward, held.inference_peak.bytes) == (network_saved(built, graph), alive)


class Rows(Operation):
    """The mean of each row: an axis less. What a plug-in may do."""

    word: ClassVar[str] = "rows"
    family: ClassVar[Family] = Family.SHAPE

    def shape(self, *inputs: Shape) -> Shape:
        """Without the last axis."""
        return inputs[0][:-1]

    def cost(self, output: Shape, *inputs: Shape) -> Cost:  # noqa: ARG002 - as the base has it
        """Not counted."""
        return Cost()

    def layer(self, *inputs: Shape) -> Layer:  # noqa: ARG002 - as the base has it
        """Of torch."""
        return Layer("torch.mean", {"dim": -1}, call="function")


def fewer(shape: Shape) -> Graph:
    """A convolution, an axis less, and a convolution and pooling over the axes that are left."""
    graph = GraphBuilder(shape)
    x = graph.add("conv", Conv(out=4, kernel=3, padding=1), graph.input)
    x = graph.add("rows", Rows(), x)
    x = graph.add("after", Conv(out=4, kernel=3, padding=1), x)
    x = graph.add("sum", Multiply(), x, graph.add("sigmoid", Sigmoid(), x))
    x = graph.add("pool", MaxPool(kernel=2), x)
    return closed(graph, "fewer", graph.add("flat", Flatten(), x))


@pytest.mark.parametrize("shape", [(3, 12, 8), (3, 6, 8, 4)], ids=str)
def test_behind_other_axes_each_position_sees_all(shape: Shape) -> None:
    """Where an operation changes the number of axes places end: what follows sees all, on each axis of the image."""
    graph = fewer(shape)
    fields = {node.name: field for node, field in receptive_fields(graph).items()}
    whole = tuple((-1, side) for side in shape[1:])

    assert not fields["conv"].whole
    assert {name for name, field in fields.items() if field.whole} == {
        "rows",
        "after",
        "sum",
        "sigmoid",
        "pool",
        "flat",
    }
    assert all(fields[name].seen() == whole for name in ("rows", "after", "pool", "flat"))
    assert last_map(graph).name == "conv"
    assert first_that_sees_all(graph) is graph.operations[1]
    assert misalignments(graph) == []


@pytest.mark.parametrize(
    "graph", [network(1), network(3), network(1, global_pool=False), fewer((3, 12, 8))], ids=lambda one: one.name
)
def test_reports_know_any_number_of_axes(graph: Graph) -> None:
    """Tables, JSON, diagrams, warnings and the figures of a position, each with a number for each axis of the image."""
    stats = NetworkStats.of(graph)
    axes = len(graph.input.shape) - 1
    layers = {layer["name"]: layer for layer in json.loads(json.dumps(data(summary(graph))))["layers"]}

    assert len(layers["conv"]["window"]["kernel"]) == len(layers["conv"]["receptive_field"]) == axes
    assert f"conv {'x'.join('3' * axes)}" in str(stats.to_dict()["layers"][0]["label"])
    assert graph.name in dot_text([scene(graph, "layer")])
    assert [problem.code for problem in advice(graph)] == []
    for node in graph.nodes:
        view = position_field(graph, node.name)
        assert len(view.seen) == len(view.center) == axes
        assert seeing_position(graph, node) is None or view.node is node
        assert PositionReport(view).pages(None)


@pytest.mark.parametrize(("at", "axes"), [((3, 4), 1), ((3,), 2), ((19,), 1), ((0, 0, -1), 3)])
def test_a_position_has_a_number_for_each_axis(at: PerAxis, axes: int) -> None:
    """Others are refused with the first and the last there is."""
    from netspec.errors.problem import SpecError

    with pytest.raises(SpecError, match="has no position"):
        position_field(network(axes), "input", at)
