"""Stochastic depth, joins that leave out paths in training, and FractalNet, which is made of them."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType
from typing import Any

import pytest

import netspec
from netspec.nn.layers import DrawColumn, DropPath, DropPathMean

NARROW = {"widths": [4, 6], "classes": 5}


def joined(p: float, inputs: int, torch: ModuleType) -> Any:
    """Many joins of the inputs 1, 2, 4, ... in training: one row of the inputs' weights for each."""
    join = DropPathMean(p).train()
    paths = torch.eye(inputs).unsqueeze(1)
    torch.manual_seed(3)
    return torch.cat([join(*paths) for _ in range(4000)])


@pytest.mark.parametrize(("p", "inputs"), [(0.15, 2), (0.15, 4), (0.5, 3)])
def test_each_input_is_dropped_as_often_as_said(p: float, inputs: int, torch: ModuleType) -> None:
    """An input is left out with probability ``p``, save where it is the one that is kept when all would go."""
    weights = joined(p, inputs, torch)
    expected = p - p**inputs / inputs

    assert torch.allclose((weights == 0).float().mean(0), torch.full((inputs,), expected), atol=0.03)


@pytest.mark.parametrize("p", [0.0, 0.15, 1.0])
def test_the_rest_are_averaged(p: float, torch: ModuleType) -> None:
    """What is left has equal weights that add up to one; something is always left."""
    weights = joined(p, 3, torch)
    left = (weights > 0).sum(1, keepdim=True)

    assert left.min() == (3 if p == 0 else 1)
    assert left.max() == (1 if p == 1 else 3)
    assert torch.allclose(weights, (weights > 0) / left)


def test_nothing_is_dropped_in_eval_mode(torch: ModuleType) -> None:
    """In eval mode the join is the mean of all its inputs."""
    join = DropPathMean(0.9).eval()

    assert join(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([6.0])).item() == 3


@pytest.mark.parametrize("training", [False, True])
def test_a_fractal_network_survives_the_tools(training: bool, torch: ModuleType) -> None:  # noqa: FBT001 - a mode
    """Export, copies and pickles work in both modes; in eval mode their output is the same to the last bit."""
    ours = netspec.compile("fractalnet-c3", input=(3, 8, 8), **NARROW).train(training)
    image = torch.randn(2, 3, 8, 8)
    exported = torch.export.export(ours, (image,)).module()
    pickled = pickle.loads(pickle.dumps(ours))  # noqa: S301 - our own bytes
    outputs = [module(image) for module in (ours, copy.deepcopy(ours), pickled, exported)]

    assert all(output.shape == (2, 5) for output in outputs)
    assert all(torch.equal(output, outputs[0]) for output in outputs) is not training


def test_a_fractal_network_is_traced_without_a_break(torch: ModuleType) -> None:
    """``torch.compile`` takes training with its random joins in one graph, and trains every weight in time."""
    ours = netspec.compile("fractalnet-c3", input=(3, 8, 8), drop_path=[0.3, 0.5], **NARROW).train()
    compiled = torch.compile(ours, fullgraph=True, backend="aot_eager")
    torch.manual_seed(4)
    for _ in range(8):
        compiled(torch.randn(4, 3, 8, 8)).square().sum().backward()

    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in ours.parameters())


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_the_deepest_column_is_part_of_the_whole(columns: int) -> None:
    """Alone it is a plain network of 2^(columns - 1) convolutions in each block, under the names of the whole."""
    whole = netspec.compile("fractalnet", columns=columns, device="meta").state_dict()
    network = netspec.read("fractalnet", columns=columns, deepest=True)
    alone = network.compile(device="meta").state_dict()

    assert network.stats().totals.depth == 5 * 2 ** (columns - 1) + 1
    assert {key: tensor.shape for key, tensor in alone.items()}.items() <= {
        key: tensor.shape for key, tensor in whole.items()
    }.items()
    assert (len(alone) < len(whole)) is (columns > 1)


def test_joins_are_not_nested() -> None:
    """The last join of a block with three columns joins all three, and no join joins what another has joined."""
    graph = netspec.read("fractalnet-c3").graph
    joins = [node for node in graph.nodes if node.operation.word == "drop_path_mean"]
    joined = [[source for source in node.inputs if len(source.shape) > 1] for node in joins]

    assert [len(sources) for sources in joined] == [2, 3] * 5
    assert not any(source.operation.word == "drop_path_mean" for sources in joined for source in sources)


def test_a_drawn_column_is_the_only_one_that_learns(torch: ModuleType) -> None:
    """Global drop-path leaves one column of the whole network, another one in other passes, the same in every block."""
    ours = netspec.compile("fractalnet-c3", input=(3, 8, 8), drop_path=[0.0, 1.0], **NARROW).train()
    torch.manual_seed(5)
    seen = set()
    for _ in range(30):
        ours.zero_grad()
        ours(torch.randn(2, 3, 8, 8)).square().sum().backward()
        seen.add(frozenset(name for name, weight in ours.named_parameters() if learns(name, weight)))

    inner = [("paths.unit1",), ("deep.0.paths.unit1", "paths.unit2")]
    inner.append(("deep.0.deep.0.paths.unit", "deep.0.paths.unit", "deep.1.paths.unit", "paths.unit"))
    assert seen == {
        frozenset(f"blocks.{block}.{unit}.0.weight" for block in (0, 1) for unit in column) for column in inner
    }


def learns(name: str, weight: Any) -> bool:
    """Whether ``weight`` is of a convolution that the last pass has given a gradient."""
    return name.endswith(".0.weight") and weight.grad is not None and bool(weight.grad.abs().sum() > 0)


@pytest.mark.parametrize("training", [False, True])
def test_a_draw_is_of_all_columns_or_of_one(training: bool, torch: ModuleType) -> None:  # noqa: FBT001 - a mode
    """In training one column is drawn with the given probability, each as often; in eval mode all are there."""
    draw = DrawColumn(4, p=0.4).train(training)
    torch.manual_seed(6)
    rows = torch.stack([draw(torch.zeros(3, 2)) for _ in range(3000)])
    chosen = rows[:, 0].sum(1) == 1

    assert (rows == rows[:, :1]).all()
    assert (chosen | (rows[:, 0] == 1).all(1)).all()
    assert abs(chosen.float().mean() - 0.4 * training) < 0.05
    if training:
        assert torch.allclose(rows[chosen, 0].mean(0), torch.full((4,), 0.25), atol=0.05)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(16, 5), (16, 2, 3), (16, 2, 3, 4), (16, 2, 1, 2, 3)])
def test_stochastic_depth_is_torchvisions(
    p: float, shape: tuple[int, ...], torch: ModuleType, torchvision: ModuleType
) -> None:
    """From the same random numbers, whole images are dropped and the others scaled as torchvision does it by rows."""
    images = torch.rand(shape) + 1
    found, expected = [], []
    for results, drop in (
        (found, DropPath(p).train()),
        (expected, torchvision.ops.StochasticDepth(p, "row").train()),
    ):
        torch.manual_seed(2)
        results.append(drop(images))
        assert torch.equal(drop.eval()(images), images)

    assert torch.equal(found[0], expected[0])
    assert (found[0].flatten(1) == 0).all(1).any() == (p > 0)
