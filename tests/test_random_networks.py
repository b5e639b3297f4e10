"""Networks of every word, on any number of axes, over several inputs, in which layers run again: torch agrees."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from types import ModuleType

import conftest
import pytest
from oracle import values
from random_networks import BY_WORD, WORDS, RandomNetwork

import netspec
from netspec.blocks import BLOCKS
from netspec.ops import OPERATIONS
from netspec.verify.verify import verify

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]
SEEDS = range(2 * len(WORDS))
FEW = conftest.sample(SEEDS, len(SEEDS) // 4)
TOGETHER = {
    "recurrent": ("lstm", "gru"),
    "again": ("shared",),
    "several inputs": ("several inputs",),
    "upsampling": ("conv_transpose", "resize", "pixel_shuffle", "max_unpool"),
    "gate": ("gate",),
    "features over a map": ("features over a map",),
    "parameter": ("parameter",),
    "block": ("block",),
    **{f"{axes} axes": (f"{axes} axes",) for axes in range(4)},
}
"""What must be in one network: any two of these."""
drawn = cache(RandomNetwork)


def test_every_word_is_reached() -> None:
    """Each operation and each block is in some network that is verified, and runs again there if it has weights."""
    found = set().union(*(drawn(seed).kinds for seed in SEEDS))
    reading = {word: rows[0] for word, rows in BY_WORD.items() if OPERATIONS[word].takes != (0, 0)}
    weighted = {word for word, row in reading.items() if row.params or row.buffers}
    blocks = {word for word, block in BLOCKS.items() if not block.runs_again}

    assert {*OPERATIONS, *BLOCKS} - found - {"input"} == set()
    assert {f"{word} again" for word in (*weighted, *blocks, "parameter")} - found == set()
    assert len(weighted) >= 12


def test_any_two_kinds_are_reached_together() -> None:
    """Recurrent layers, layers that run again, several inputs, upsampling, gates, blocks, each number of axes."""
    kinds = [drawn(seed).kinds for seed in SEEDS]
    of = {name: [bool(one.intersection(words)) for one in kinds] for name, words in TOGETHER.items()}

    assert [pair for pair in combinations(of, 2) if not any(map(all, zip(of[pair[0]], of[pair[1]], strict=True)))] == []


def test_recurrent_layers_run_again_over_another_input() -> None:
    """Of both kinds, in networks of several inputs, more than once."""
    for word in ("lstm", "gru"):
        assert sum({f"{word} again", "several inputs"} <= drawn(seed).kinds for seed in SEEDS) > 1


@pytest.mark.parametrize("seed", FEW)
def test_every_figure_is_verified(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes, weights, multiply-adds, training FLOPs, saved bytes and receptive fields are those of torch."""
    monkeypatch.setattr("netspec.verify.verify.PICTURES", 6)
    network = netspec.read(drawn(seed).text)

    assert verify(network.graph).differing == ()


@pytest.mark.parametrize("seed", FEW)
def test_the_module_computes_what_its_layers_do(seed: int, torch: ModuleType) -> None:
    """Order, wiring, values written over and modules that run again change no value."""
    graph = netspec.read(drawn(seed).text).graph
    torch.manual_seed(0)
    module = netspec.compile(drawn(seed).text).double().eval()
    given = [torch.randn(2, *node.shape, dtype=torch.double) for node in graph.inputs]
    with torch.no_grad():
        expected = values(graph, given, module)[graph.outputs[0].node]

        assert torch.allclose(module(*given), expected)
