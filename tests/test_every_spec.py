"""Every shipped spec file: what it makes compiles, trains in every parameter, and exports with equal outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import netspec
from netspec import catalogue
from netspec.facts import Shape

pytestmark = pytest.mark.usefixtures("one_thread")

BATCH = 2
SIZES = {
    "alexnet": 96,
    "alexnet-2012": 107,
    "bn-inception": 64,
    "densenet": 64,
    "densenet121": 64,
    "googlenet": 64,
    "googlenet-paper": 96,
    "inception-v3": 267,
    "inception-v4": 128,
    "nin-imagenet": 96,
    "resnet": 64,
    "resnet50": 64,
    "resnext": 64,
    "vgg": 32,
    "vgg16": 32,
    "zfnet": 96,
}
"""File -> height and width where those of the spec would take long; the last maps before the end stay maps."""
FIXED: dict[str, dict[str, Any]] = {"fractalnet": {"drop_path": 0.0}}
"""File -> parameters without which chance decides what one step reaches: a path that is left out gets no gradient."""


class Member(NamedTuple):
    """A network of a shipped file: the file's name and the variant, if it has any."""

    file: str
    variant: str | None

    @property
    def word(self) -> str:
        """What netspec calls it."""
        return f"{self.file}.yaml@{self.variant}" if self.variant else f"{self.file}.yaml"


@cache
def members() -> tuple[Member, ...]:
    """Of every file the smallest member by parameters, and the smallest of every other set of operations in it."""
    chosen = []
    for file, path in catalogue.shipped().items():
        spec, _ = catalogue.spec(path)
        smallest: dict[frozenset[str], tuple[int, Member]] = {}
        for variant in spec.family():
            member = Member(file, variant)
            network = netspec.read(member.word)
            kinds = frozenset(f"{type(node.operation).__name__}" for node in network.graph.nodes)
            candidate = (network.stats().totals.params, member)
            smallest[kinds] = min(smallest.get(kinds, candidate), candidate, key=lambda found: found[0])
        chosen += [member for _, member in smallest.values()]
    return tuple(chosen)


def network(member: Member) -> netspec.Network:
    """The checked network at a size at which a step is quick."""
    own = netspec.read(member.word).graph.input.shape
    side = SIZES.get(member.file)
    size: Shape = (own[0], side, side) if side else own
    return netspec.read(member.word, input=size, **FIXED.get(member.file, {}))


def image(of: netspec.Network, torch: ModuleType) -> Any:
    """A random batch of the network's input size."""
    return torch.randn(BATCH, *of.graph.input.shape, generator=torch.Generator().manual_seed(1))


def tensors(output: Any) -> list[Any]:
    """The outputs of a network that has one or several."""
    return list(output.values()) if isinstance(output, dict) else [output]


def step(module: Any, batch: Any, torch: ModuleType, lr: float = 1.0) -> tuple[set[str], set[str], set[str]]:
    """One step of SGD on random classes; names of parameters without gradient, with a wrong one, and unchanged."""
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    optimiser = torch.optim.SGD(module.parameters(), lr=lr)
    outputs = tensors(module.train()(batch))
    sum(torch.nn.functional.cross_entropy(output, torch.tensor([1, 3])) for output in outputs).backward()
    optimiser.step()
    after = dict(module.named_parameters())
    untouched = {name for name, parameter in after.items() if parameter.grad is None}
    wrong = {name for name in after.keys() - untouched if not after[name].grad.isfinite().all()}
    same = {name for name, parameter in after.items() if torch.equal(parameter, before[name])}
    return untouched, wrong, same


def ids(found: Iterable[Member]) -> list[str]:
    """The words of networks."""
    return [member.word for member in found]


@pytest.mark.parametrize("member", members(), ids=ids(members()))
def test_it_trains_and_exports(member: Member, torch: ModuleType) -> None:
    """One step gives every parameter a finite gradient and changes it; the exported program's outputs are equal."""
    net = network(member)
    torch.manual_seed(2)
    module, batch = net.compile(outputs="all"), image(net, torch)

    assert sum(parameter.numel() for parameter in module.parameters()) == net.stats().totals.params
    assert step(module, batch, torch) == (set(), set(), set())
    module.zero_grad()
    module.eval()
    with torch.no_grad():
        program = torch.export.export(module, (batch,))
        ours, exported = tensors(module(batch)), tensors(program.module()(batch))
    assert all(output.isfinite().all() for output in ours)
    assert len(ours) == len(exported)
    assert all(torch.equal(*pair) for pair in zip(ours, exported, strict=True))
