"""Every shipped spec file: what it makes compiles, trains in every parameter, and exports with equal outputs."""

from __future__ import annotations

from functools import partial
from math import prod
from types import ModuleType
from typing import Any

import conftest
import pytest
import shipped
from shipped import CASES, Case, network

import netspec
from netspec.graph.graph import Graph

pytestmark = pytest.mark.usefixtures("one_thread")

BATCH = 2


def made_of(graph: Graph) -> tuple[frozenset[str], int]:
    """The kinds of operations in a network, and how many outputs it has."""
    return frozenset(type(node.operation).__name__ for node in graph.nodes), len(graph.outputs)


def image(of: netspec.Network, torch: ModuleType) -> Any:
    """A random batch of the network's input size."""
    return torch.randn(BATCH, *of.graph.input.shape, generator=torch.Generator().manual_seed(1))


def tensors(output: Any) -> list[Any]:
    """The outputs of a network that has one or several."""
    return list(output.values()) if isinstance(output, dict) else [output]


def loss(output: Any, torch: ModuleType) -> Any:
    """Cross entropy with other classes for each image and position, or, where there is one class, the output itself."""
    batch, classes, *sides = output.shape
    if classes == 1:
        return output.mean()
    wanted = torch.arange(1, batch * prod(sides) + 1).reshape(batch, *sides) * 2 - 1
    return torch.nn.functional.cross_entropy(output, wanted % classes)


def step(module: Any, batch: Any, torch: ModuleType, lr: float = 0.05) -> tuple[set[str], set[str], set[str]]:
    """One step of SGD on some classes; names of parameters without gradient, with a wrong one, and unchanged.

    Each parameter takes its step when its gradient is there, and leaves it: those of a VGG are never held together.
    """
    parameters = dict(module.named_parameters())
    untouched, wrong, same = set(parameters), set(), set(parameters)

    def learn(name: str, parameter: Any) -> None:
        untouched.discard(name)
        gradient, parameter.grad = parameter.grad, None
        if not gradient.sum().isfinite():
            wrong.add(name)
        learned = torch.sub(parameter.detach(), gradient, alpha=lr, out=gradient)
        if not torch.equal(learned, parameter):
            same.discard(name)
        parameter.data = learned

    hooks = [one.register_post_accumulate_grad_hook(partial(learn, name)) for name, one in parameters.items()]
    sum(loss(output, torch) for output in tensors(module.train()(batch))).backward()
    for hook in hooks:
        hook.remove()
    return untouched, wrong, same


def settle(module: Any, batch: Any, torch: ModuleType) -> None:
    """Eval mode, with the statistics of ``batch``: those after one step still let a deep network's outputs overflow."""
    for norm in module.modules():
        if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
            norm.momentum = 1.0
    with torch.no_grad():
        module.train()(batch)
    module.eval()


@pytest.mark.parametrize("file", shipped.FILES)
def test_every_file_is_here(file: str) -> None:
    """Of every shipped file the smallest network is tried, and one with each set of operations and heads in it."""
    family = {word: shipped.graph(word) for word in shipped.FILES[file]}
    sizes = {word: sum(node.params for node in graph.nodes) for word, graph in family.items()}
    cases = {shipped.originals()[case.word] for case in CASES}
    tried = [word for word in family if shipped.originals()[word] in cases]

    assert min(sizes.values()) in [sizes[word] for word in tried]
    assert {made_of(graph) for graph in family.values()} == {made_of(family[word]) for word in tried}


@pytest.mark.parametrize("case", conftest.sample(CASES), ids=lambda case: case.word)
def test_it_trains_and_exports(case: Case, torch: ModuleType) -> None:
    """One step gives every parameter a finite gradient and changes it; the exported program's outputs are equal.

    Scales that start near 0 are 1 for that: behind them a step is less than the last bit of a weight.
    """
    net = network(case)
    torch.manual_seed(2)
    module, batch = net.compile(outputs="all"), image(net, torch)
    for scale in net.graph.parameters:
        module.get_parameter(scale.name).data.fill_(1)

    assert sum(parameter.numel() for parameter in module.parameters()) == net.stats().totals.params
    assert step(module, batch, torch) == (set(), set(), set())
    settle(module, batch, torch)
    with torch.no_grad():
        program = torch.export.export(module, (batch,))
        ours, exported = tensors(module(batch)), tensors(program.module()(batch))
    assert all(output.isfinite().all() for output in ours)
    assert len(ours) == len(exported)
    assert all(torch.equal(*pair) for pair in zip(ours, exported, strict=True))


def test_a_head_outside_the_loss_is_seen(torch: ModuleType) -> None:
    """Without ``outputs="all"`` the heads for training get no gradient, and stay as they were."""
    net = network(Case("googlenet.yaml", 64))
    untouched, wrong, same = step(net.compile(), image(net, torch), torch)

    assert untouched == same
    assert not wrong
    assert {name.partition(".")[0] for name in untouched} == {"aux1", "aux2"}


def test_a_parameter_that_stays_is_seen(torch: ModuleType) -> None:
    """A step of length zero leaves every parameter as it was, and all of them are named."""
    net = network(Case("lenet5.yaml"))
    module = net.compile()
    untouched, wrong, same = step(module, image(net, torch), torch, lr=0)

    assert not untouched | wrong
    assert same == {name for name, _ in module.named_parameters()}
