"""Networks as specs of the tests: the weights of torchvision and timm load by name, and the outputs are equal."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from oracle import randomised

import netspec
from netspec.formatter.files import canonical
from netspec.ops.regularise import DropPath

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
    Example("efficientnet_v2.yaml", "efficientnet_v2_s"),
    Example("repvgg.yaml", "repvgg_a0", "timm"),
    Example("repvgg.yaml", "repvgg_b0", "timm"),
    Example("inception_resnet_v2.yaml", "inception_resnet_v2", "timm", 96),
    Example("seresnext50_32x4d.yaml", "seresnext50_32x4d", "timm"),
)
LARGER = ("800mf", "1_6gf", "3_2gf")
MORE = (
    *(Example("regnet.yaml", f"regnet_x_{size}") for size in LARGER),
    *(Example("regnet.yaml", f"regnet_y_{size}") for size in LARGER),
    *(Example("efficientnet.yaml", f"efficientnet_b{number}") for number in (1, 2, 3, 4, 6, 7)),
    *(Example("efficientnet_v2.yaml", f"efficientnet_v2_{size}") for size in ("m", "l")),
    *(Example("shufflenet_v2.yaml", f"shufflenet_v2_x{size}") for size in ("1_5", "2_0")),
    *(Example("repvgg.yaml", f"repvgg_{size}", "timm") for size in ("a1", "a2", "b1")),
)
"""Other variants, for names and shapes alone."""
OWN = tuple(f"layers_as_parameters.yaml@{name}" for name in ("plain", "grouped", "attentive", "depthwise"))
"""Networks that nobody else has."""
SMALL = tuple(example.spec for example in (EXAMPLES[1], EXAMPLES[2], EXAMPLES[5], EXAMPLES[6], EXAMPLES[8]))
"""Networks with few operations."""


def built(example: Example, torch: ModuleType) -> Any:
    """The network of the example's source with random weights, in eval mode."""
    return randomised(unfilled(example, torch), torch)


def unfilled(example: Example, torch: ModuleType, device: str = "cpu") -> Any:
    """The network of the example's source as it starts; torchvision works out the widths of RegNet on the CPU."""
    source = pytest.importorskip(example.source)
    with torch.device("cpu" if example.name.startswith("regnet") else device):
        if example.source == "timm":
            return source.create_model(example.name)
        return getattr(source.models, example.name)(weights=None).to(device)


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


@pytest.mark.parametrize("example", MORE, ids=[example.name for example in MORE])
def test_names_and_shapes_are_those_of_the_original(example: Example, torch: ModuleType) -> None:
    """The state_dict of every other variant has the original's keys, and tensors of its shapes."""
    theirs, ours = unfilled(example, torch, "meta"), netspec.compile(example.spec, device="meta")

    assert shapes(ours) == shapes(theirs)


def shapes(module: Any) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of a state_dict."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_b4", "efficientnet_v2_s"])
def test_rates_of_stochastic_depth_are_those_of_the_original(name: str, torch: ModuleType) -> None:
    """Each block that adds its input leaves its branch out as often as the original does."""
    example = next(one for one in (*EXAMPLES, *MORE) if one.name == name)
    modules = unfilled(example, torch, "meta").named_modules()
    theirs = {part: module.p for part, module in modules if hasattr(module, "mode")}
    nodes = netspec.read(example.spec).graph.operations
    ours = {node.name: node.operation.p for node in nodes if isinstance(node.operation, DropPath)}

    assert len(ours) > 8
    assert ours == pytest.approx({part: theirs[part] for part in ours})


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
    theirs = unfilled(example, torch, "meta").eval()
    with FlopCounterMode(display=False) as counter:
        theirs(torch.zeros(1, *network.graph.input.shape, device="meta"))

    assert network.stats().totals.params == sum(weight.numel() for weight in theirs.parameters())
    assert network.stats().totals.macs == counter.get_total_flops() // 2


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
