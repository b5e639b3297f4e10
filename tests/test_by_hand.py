"""Examples that no library has, against modules written by hand in torch: equal outputs, equal figures."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from by_hand import HAND
from measured import by_flop_counter, training_step
from oracle import randomised

import netspec
from netspec.verify.verify import verify

pytestmark = pytest.mark.usefixtures("one_thread")
FOLDER = Path(__file__).parent / "examples"


def network(name: str) -> netspec.Network:
    """The example at a size that is quick."""
    _, size, params = HAND[name]
    return netspec.read(str(FOLDER / f"{name}.yaml"), input=size, **params)


@pytest.mark.parametrize("name", HAND)
def test_outputs_are_those_of_the_module_written_by_hand(name: str, torch: ModuleType) -> None:
    """With its weights, loaded strictly by name, the outputs in eval mode are equal to the last bit."""
    build, size, _ = HAND[name]
    theirs, ours = randomised(build(), torch), network(name).compile(device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(2, *size, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        found = ours(images)

        assert torch.equal(found, theirs(images))
    assert found.isfinite().all()
    assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize("name", HAND)
def test_figures_are_those_of_the_module_written_by_hand(name: str) -> None:
    """Parameters, multiply-adds and the work of a training step."""
    build, size, _ = HAND[name]
    module, totals = build().to("meta"), network(name).stats().totals
    step = training_step(module, size)

    assert totals.params == sum(weight.numel() for weight in module.parameters())
    assert totals.macs == by_flop_counter(module, size).total
    assert totals.training_flops == step.forward + step.backward


@pytest.mark.parametrize("name", HAND)
def test_every_figure_is_verified(name: str) -> None:
    """Torch, fvcore and the NaN find what netspec states, and what they find otherwise is explained."""
    assert not verify(network(name).graph).failed


def test_another_order_of_ways_is_seen(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of the two ways in the other order are not what the module written by hand gives."""
    from netspec.nn.recurrent import Lstm

    forward: Any = Lstm.forward
    monkeypatch.setattr(Lstm, "forward", lambda self, x: forward(self, x).roll(self.hidden_size, 1))

    with pytest.raises(AssertionError):
        test_outputs_are_those_of_the_module_written_by_hand("crnn", torch)
