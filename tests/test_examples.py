"""Networks as specs of the tests: the weights of torchvision and timm load by name, and the outputs are equal."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from oracle import randomised

import netspec
from netspec.formatter.files import canonical

pytestmark = pytest.mark.usefixtures("one_thread", "torchvision")

FOLDER = Path(__file__).parent / "examples"


class Example(NamedTuple):
    """A file of the examples, and what ``source`` calls the network: one of its variants, if it has any."""

    file: str
    name: str
    source: str = "torchvision"
    side: int = 64
    """Pixels of an image's height and width: enough for every window, and quick."""

    @property
    def spec(self) -> str:
        """What netspec calls it."""
        path = FOLDER / self.file
        return str(path) if path.stem == self.name else f"{path}@{self.name}"


EXAMPLES = (
    Example("mobilenet_v3.yaml", "mobilenet_v3_large"),
    Example("mobilenet_v3.yaml", "mobilenet_v3_small"),
    Example("shufflenet_v2.yaml", "shufflenet_v2_x0_5"),
    Example("shufflenet_v2.yaml", "shufflenet_v2_x1_0"),
    Example("regnet.yaml", "regnet_x_400mf"),
    Example("regnet.yaml", "regnet_y_400mf"),
    Example("efficientnet.yaml", "efficientnet_b0"),
    Example("efficientnet.yaml", "efficientnet_b5"),
    Example("repvgg.yaml", "repvgg_a0", "timm"),
    Example("repvgg.yaml", "repvgg_b0", "timm"),
    Example("inception_resnet_v2.yaml", "inception_resnet_v2", "timm", 96),
    Example("seresnext50_32x4d.yaml", "seresnext50_32x4d", "timm"),
)
OWN = tuple(f"layers_as_parameters.yaml@{name}" for name in ("plain", "grouped", "attentive", "depthwise"))
"""Networks that nobody else has."""
SMALL = tuple(example.spec for example in (EXAMPLES[1], EXAMPLES[2], EXAMPLES[5], EXAMPLES[6], EXAMPLES[8]))
"""Networks with few operations."""


def built(example: Example, torch: ModuleType) -> Any:
    """The network of the example's source with random weights, in eval mode."""
    source = pytest.importorskip(example.source)
    if example.source == "timm":
        return randomised(source.create_model(example.name), torch)
    return randomised(getattr(source.models, example.name)(weights=None), torch)


def outputs(theirs: Any, spec: str, side: int, torch: ModuleType) -> tuple[Any, Any]:
    """What ``theirs`` and the network of ``spec``, with the same weights, make of two random images."""
    ours = netspec.compile(spec, input=(3, side, side), device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        return theirs(images), ours(images)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_weights_of_the_original_give_its_outputs(example: Example, torch: ModuleType) -> None:
    """With the original's weights, loaded strictly by name, the outputs in eval mode are equal to the last bit."""
    theirs, ours = outputs(built(example, torch), example.spec, example.side, torch)

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
    example: Example, right: str, wrong: str, torch: ModuleType, tmp_path: Path
) -> None:
    """A spec whose text differs in one setting takes the same weights, and the comparison fails."""
    text = (FOLDER / example.file).read_text(encoding="utf-8")
    assert right in text
    changed = tmp_path / example.file
    changed.write_text(text.replace(right, wrong), encoding="utf-8")

    assert not torch.equal(*outputs(built(example, torch), f"{changed}@{example.name}", example.side, torch))


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_figures_are_those_of_the_original(example: Example, torch: ModuleType) -> None:
    """The original has as many parameters, and takes as many multiply-adds for an image of the spec's size."""
    from torch.utils.flop_counter import FlopCounterMode

    network = netspec.read(example.spec)
    theirs = built(example, torch).to("meta")
    with FlopCounterMode(display=False) as counter:
        theirs(torch.zeros(1, *network.graph.input.shape, device="meta"))

    assert network.stats().totals.params == sum(weight.numel() for weight in theirs.parameters())
    assert network.stats().totals.macs == counter.get_total_flops() // 2


def test_every_file_has_its_test() -> None:
    """No example is left out."""
    named = {*(name.partition("@")[0] for name in OWN), *(example.file for example in EXAMPLES)}
    assert named == {path.name for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_in_form(path: Path) -> None:
    """The formatter leaves an example as it is."""
    assert not canonical(str(path)).changes


@pytest.mark.parametrize("spec", [*SMALL, *(str(FOLDER / name) for name in OWN)], ids=lambda spec: Path(spec).name)
def test_every_figure_is_verified(spec: str, torch: ModuleType) -> None:  # noqa: ARG001 - skipped without torch
    """Torch, fvcore and the NaN find what netspec states, and what they find otherwise is explained."""
    from netspec.verify.verify import verify

    found = verify(netspec.read(spec, input=(3, 48, 48)).graph)

    assert not found.failed
    assert len(found.checks) > 100
