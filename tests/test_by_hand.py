"""Networks that no library has, against modules written by hand in torch: equal outputs, equal figures."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from by_hand import HAND
from oracle import randomised

import netspec
from netspec import catalogue

pytestmark = pytest.mark.usefixtures("one_thread")
FOLDER = Path(__file__).parent / "examples"


def network(name: str) -> netspec.Network:
    """The network at a size that is quick."""
    path, sizes = str(FOLDER / name) if ".yaml" in name else name, HAND[name].sizes
    names = [node.name for node in netspec.read(path).graph.inputs]
    return netspec.read(path, input=dict(zip(names, sizes, strict=True)), **HAND[name].params)


def values(result: Any) -> list[Any]:
    """The outputs of a module that has one or several."""
    return list(result.values()) if isinstance(result, dict) else [result]


@pytest.mark.parametrize("name", HAND)
def test_outputs_are_those_of_the_module_written_by_hand(name: str, torch: ModuleType) -> None:
    """With its weights, loaded strictly by name, the outputs in eval mode are equal to the last bit."""
    with torch.device("meta"):
        built = HAND[name].build()
    theirs, ours = randomised(built.to_empty(device="cpu"), torch), network(name).compile(device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    generator = torch.Generator().manual_seed(7)
    images = [torch.randn(2, *size, generator=generator) for size in HAND[name].sizes]
    with torch.inference_mode():
        pairs = [*zip(values(ours(*images)), values(theirs(*images)), strict=True)]

    for found, expected in pairs:
        assert torch.equal(found, expected)
        assert found.isfinite().all()
        assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize("name", HAND)
def test_figures_are_those_of_the_module_written_by_hand(name: str, torch: ModuleType) -> None:
    """Parameters, buffers, multiply-adds, and the work of a training step."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        module = HAND[name].build()
        images = [torch.zeros(2, *size) for size in HAND[name].sizes]
    totals = network(name).stats().totals
    with FlopCounterMode(display=False) as inference, torch.no_grad():
        module.eval()(*images)
    with FlopCounterMode(display=False) as training:
        torch.stack([one.sum() for one in values(module.train()(*images))]).sum().backward()

    assert totals.params == sum(weight.numel() for weight in module.parameters())
    assert totals.buffers == sum(buffer.numel() for buffer in module.buffers())
    assert totals.macs == inference.get_total_flops() // 4
    assert totals.training_flops == training.get_total_flops() // 2


def test_another_order_of_ways_is_seen(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of the two ways in the other order are not what the module written by hand gives."""
    from netspec.nn.recurrent import Lstm

    forward: Any = Lstm.forward
    monkeypatch.setattr(Lstm, "forward", lambda self, x: forward(self, x).roll(self.hidden_size, 1))

    with pytest.raises(AssertionError):
        test_outputs_are_those_of_the_module_written_by_hand("crnn.yaml", torch)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("autoencoder.yaml", "output_padding: 1}\n    - sigmoid", "output_padding: 1}\n    - tanh"),
        ("dcgan_discriminator", "leaky_relu: 0.2]", "leaky_relu: 0.1]"),
        ("hrnet_stage.yaml", "{resize: , from:", "{resize: {mode: linear}, from:"),
        ("siamese.yaml", "{subtract: [encoder, right]}", "{max: [encoder, right]}"),
        ("unet_bn", "{concat: [kept, up]}", "{concat: [up, kept]}"),
    ],
)
def test_a_spec_that_says_otherwise_is_seen(
    name: str, right: str, wrong: str, torch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec that differs in one word takes the same weights, and the comparison fails."""
    path, variant = (FOLDER / name, None) if ".yaml" in name else catalogue.reference(name)
    text = path.read_text(encoding="utf-8")
    assert right in text
    changed = f"{path.name}@{variant}" if variant else path.name
    (tmp_path / path.name).write_text(text.replace(right, wrong), encoding="utf-8")
    monkeypatch.setitem(globals(), "FOLDER", tmp_path)
    monkeypatch.setitem(HAND, changed, HAND[name])

    with pytest.raises(AssertionError):
        test_outputs_are_those_of_the_module_written_by_hand(changed, torch)
