"""Networks of every operation, on any number of axes, over several inputs, in which layers run again: torch agrees."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from types import ModuleType

import conftest
import pytest
from oracle import values
from random_networks import BY_WORD, RandomNetwork

import netspec
from netspec.ops import OPERATIONS
from netspec.verify.verify import verify

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]
SEEDS = 240
MEASURED = range(40)
TOGETHER = {
    "recurrent": ("lstm", "gru"),
    "again": ("shared",),
    "several inputs": ("several inputs",),
    "upsampling": ("conv_transpose", "resize", "pixel_shuffle", "max_unpool"),
    "gate": ("gate",),
    **{f"{axes} axes": (f"{axes} axes",) for axes in range(4)},
}
"""What must be in one network: any two of these."""
drawn = cache(RandomNetwork)


def test_every_operation_is_reached() -> None:
    """Each word of the language, and each that reads with weights a second time, is in some network of the seeds."""
    found = set().union(*(drawn(seed).kinds for seed in range(SEEDS)))
    reading = {word: rows[0] for word, rows in BY_WORD.items() if OPERATIONS[word].takes != (0, 0)}
    weighted = {word for word, row in reading.items() if row.params or row.buffers}

    assert set(OPERATIONS) - found - {"input"} == set()
    assert {f"{word} again" for word in weighted} - found == set()
    assert len(weighted) >= 12


def test_any_two_kinds_are_reached_together() -> None:
    """Recurrent layers, layers that run again, several inputs, upsampling, gates, each number of axes."""
    kinds = [drawn(seed).kinds for seed in range(SEEDS)]
    of = {name: [bool(one.intersection(words)) for one in kinds] for name, words in TOGETHER.items()}

    assert [pair for pair in combinations(of, 2) if not any(map(all, zip(of[pair[0]], of[pair[1]], strict=True)))] == []


@pytest.mark.parametrize("seed", conftest.sample(MEASURED))
def test_every_figure_is_verified(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes, weights, multiply-adds, training FLOPs, saved bytes and receptive fields are those of torch."""
    monkeypatch.setattr("netspec.verify.verify.PICTURES", 6)
    network = netspec.read(drawn(seed).text)

    assert verify(network.graph).differing == ()


@pytest.mark.parametrize("seed", conftest.sample(MEASURED))
def test_the_module_computes_what_its_layers_do(seed: int, torch: ModuleType) -> None:
    """Order, wiring, values written over and modules that run again change no value."""
    graph = netspec.read(drawn(seed).text).graph
    torch.manual_seed(0)
    module = netspec.compile(drawn(seed).text).double().eval()
    given = [torch.randn(2, *node.shape, dtype=torch.double) for node in graph.inputs]
    with torch.no_grad():
        expected = values(graph, given, module)[graph.outputs[0].node]

        assert torch.allclose(module(*given), expected)
