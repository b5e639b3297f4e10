"""Networks as specs of the tests: torchvision's weights load by name, and its outputs are ours to the last bit."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from oracle import randomised

import netspec
from netspec.formatter.files import canonical

pytestmark = pytest.mark.usefixtures("one_thread")

FOLDER = Path(__file__).parent / "examples"
SIDE = 64
"""Pixels of an image's height and width: enough for every window, and quick."""


class Example(NamedTuple):
    """A file of the examples, and torchvision's name for one of its variants."""

    file: str
    name: str

    @property
    def spec(self) -> str:
        """What netspec calls it."""
        return f"{FOLDER / self.file}@{self.name}"


EXAMPLES = (
    Example("mobilenet_v3.yaml", "mobilenet_v3_large"),
    Example("mobilenet_v3.yaml", "mobilenet_v3_small"),
    Example("shufflenet_v2.yaml", "shufflenet_v2_x0_5"),
    Example("shufflenet_v2.yaml", "shufflenet_v2_x1_0"),
    Example("regnet.yaml", "regnet_x_400mf"),
    Example("regnet.yaml", "regnet_y_400mf"),
)


def built(name: str, torch: ModuleType, torchvision: ModuleType) -> Any:
    """Torchvision's network with random weights, in eval mode."""
    return randomised(getattr(torchvision.models, name)(weights=None), torch)


def outputs(theirs: Any, spec: str, torch: ModuleType) -> tuple[Any, Any]:
    """What ``theirs`` and the network of ``spec``, with the same weights, make of two random images."""
    ours = netspec.compile(spec, input=(3, SIDE, SIDE), device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        return theirs(images), ours(images)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_torchvisions_weights_give_torchvisions_outputs(
    example: Example, torch: ModuleType, torchvision: ModuleType
) -> None:
    """With torchvision's weights, loaded strictly by name, the outputs in eval mode are equal to the last bit."""
    theirs, ours = outputs(built(example.name, torch, torchvision), example.spec, torch)

    assert ours.isfinite().all()
    assert not torch.equal(ours[0], ours[1])
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("example", "right", "wrong"),
    [
        pytest.param(EXAMPLES[1], "gate: hardsigmoid", "gate: sigmoid", id="other-gate"),
        pytest.param(EXAMPLES[2], "channel_shuffle: 2", "channel_shuffle: 1", id="no-shuffle"),
        pytest.param(EXAMPLES[2], "slice: {start: $half}", "slice: {stop: -$half}", id="other-half"),
    ],
)
def test_a_spec_that_says_otherwise_is_seen(
    example: Example, right: str, wrong: str, torch: ModuleType, torchvision: ModuleType, tmp_path: Path
) -> None:
    """A spec whose text differs in one setting takes the same weights, and the comparison fails."""
    text = (FOLDER / example.file).read_text(encoding="utf-8")
    assert right in text
    changed = tmp_path / example.file
    changed.write_text(text.replace(right, wrong), encoding="utf-8")

    assert not torch.equal(*outputs(built(example.name, torch, torchvision), f"{changed}@{example.name}", torch))


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_figures_are_those_of_the_original(example: Example, torch: ModuleType, torchvision: ModuleType) -> None:
    """Torchvision's network has as many parameters, and takes as many multiply-adds for an image of the spec's size."""
    from torch.utils.flop_counter import FlopCounterMode

    network = netspec.read(example.spec)
    theirs = built(example.name, torch, torchvision).to("meta")
    with FlopCounterMode(display=False) as counter:
        theirs(torch.zeros(1, *network.graph.input.shape, device="meta"))

    assert network.stats().totals.params == sum(weight.numel() for weight in theirs.parameters())
    assert network.stats().totals.macs == counter.get_total_flops() // 2


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_in_form(path: Path) -> None:
    """The formatter leaves an example as it is."""
    assert not canonical(str(path)).changes
