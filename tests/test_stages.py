"""Networks split into stages: balanced as well as can be, and together the whole network."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import shipped

import netspec
from netspec.analysis.stages import Balance
from netspec.graph.graph import Graph
from netspec.graph.selection import selected

COUNTS = range(2, 9)


def in_inference(graph: Graph) -> Graph:
    """``graph`` without heads for training."""
    outputs = {output.name: output.node for output in graph.outputs if not output.training}
    return selected(graph, outputs) if len(outputs) < len(graph.outputs) else graph


def least(cost: np.ndarray, count: int) -> float:
    """What the dearest of ``count`` stages costs at least, by every split there is; ``cost`` is from cut to cut."""
    best = cost[0]
    for _ in range(count - 1):
        best = np.maximum(best[:, None], cost).min(axis=0)
    return float(best[-1])


@pytest.mark.parametrize("file", shipped.FILES)
def test_stages_are_balanced_as_well_as_can_be(file: str) -> None:
    """For each shipped network and 2 to 8 stages no split has a smaller largest stage: by work, then by memory."""
    for word in shipped.FILES[file]:
        if shipped.originals()[word] != word:
            continue
        balance = Balance(in_inference(shipped.graph(word)), batch=4)
        work = np.array([balance.work[place] for place in balance.places], dtype=float)
        held = np.array([balance.held[place] for place in balance.places], dtype=float)
        later = np.triu(np.ones((len(work), len(work))), 1) > 0
        macs = np.where(later, work[None, :] - work[:, None], np.inf)
        for count in COUNTS:
            if len(work) <= count:
                with pytest.raises(netspec.SpecError, match=f"cannot be split into {count} stages"):
                    balance.cut(count)
                continue
            cut = balance.cut(count)
            pairs = [*pairwise(cut)]
            most = least(macs, count)
            size = np.where(macs <= most, held[None, :] - held[:, None], np.inf)

            assert (cut[0], cut[-1], len(cut)) == (0, len(work) - 1, count + 1)
            assert max(balance.macs(*pair) for pair in pairs) == most, (word, count)
            assert max(balance.bytes(*pair) for pair in pairs) == least(size, count), (word, count)


@pytest.mark.parametrize(("word", "count"), [("resnet20", 3), ("lenet5", 2), ("densenet-cifar@densenet40-k12", 4)])
def test_stages_together_are_the_network(word: str, count: int, torch: ModuleType) -> None:
    """One after the other they compute the same to the last bit, with the network's own names of weights, each once."""
    network = netspec.read(word)
    torch.manual_seed(0)
    whole = network.compile().eval()
    stages = network.split(count)
    value = image = torch.randn(2, *network.graph.input.shape)
    names: list[str] = []
    for stage in stages:
        module = stage.compile().eval()
        names += module.state_dict()
        module.load_state_dict({name: whole.state_dict()[name] for name in module.state_dict()})
        value = module(value)

    assert torch.equal(value, whole(image))
    assert names == [*whole.state_dict()]
    assert [stage.graph.input.shape for stage in stages[1:]] == [stage.graph.nodes[-1].shape for stage in stages[:-1]]
    assert stages[0].first == network.graph.operations[0].name
    assert stages[-1].last == network.graph.operations[-1].name
