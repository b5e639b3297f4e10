"""Networks that timm has too: its weights load strictly, and its outputs are ours to the last bit."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from oracle import randomised

import netspec
from netspec import catalogue
from netspec.cli import main
from netspec.weights.pairing import pair
from netspec.weights.wanted import wanted

pytestmark = pytest.mark.usefixtures("one_thread")


class Case(NamedTuple):
    """A network of timm's, the word for ours, and a height and width at which every window still sees a map."""

    theirs: str
    ours: str
    side: int


CASES = (
    Case("inception_v4", "inception-v4", 160),
    Case("inception_v3", "inception-v3-without-aux", 160),
    Case("resnet18", "resnet18", 64),
    Case("resnet34", "resnet34", 64),
    Case("resnet50", "resnet50", 64),
    Case("resnext50_32x4d", "resnext50_32x4d", 64),
    Case("densenet121", "densenet121", 64),
    Case("inception_resnet_v2", "inception_resnet_v2", 96),
    Case("legacy_senet154", "senet154", 64),
    Case("legacy_xception", "xception", 96),
    Case("repvgg_a0", "repvgg_a0", 64),
    Case("seresnet50", "seresnet50", 64),
    Case("seresnext50_32x4d", "seresnext50_32x4d", 64),
    Case("dla102", "dla102", 64),
    Case("ghostnet_100", "ghostnet", 64),
    Case("res2net50_26w_4s", "res2net50_26w_4s", 64),
    Case("skresnext50_32x4d", "skresnext50_32x4d", 64),
)
INCEPTION = CASES[0]


@pytest.fixture(scope="module")
def timm(torchvision: ModuleType) -> ModuleType:
    """Timm, which needs a torchvision that can be imported."""
    if find_spec("timm") is None:
        pytest.skip(f"timm is not installed beside {torchvision.__name__}")
    return importlib.import_module("timm")


def built(name: str, timm: ModuleType, torch: ModuleType) -> Any:
    """Timm's network with random weights."""
    with torch.device("meta"):
        module = timm.create_model(name, pretrained=False)
    return randomised(module.to_empty(device="cpu"), torch)


def with_weights_of(theirs: Any, source: str, side: int) -> Any:
    """Ours in eval mode, with the weights of ``theirs`` under their own names, none missing and none left."""
    ours = netspec.compile(source, input=(3, side, side), device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    return ours


def outputs(theirs: Any, ours: Any, side: int, torch: ModuleType) -> tuple[Any, Any]:
    """What both make of a random batch."""
    batch = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        return theirs(batch), ours(batch)


@pytest.mark.parametrize("case", CASES, ids=[case.theirs for case in CASES])
def test_timms_weights_give_timms_outputs(case: Case, timm: ModuleType, torch: ModuleType) -> None:
    """With timm's weights, loaded strictly by name, the outputs in eval mode are equal to the last bit."""
    network = built(case.theirs, timm, torch)
    theirs, ours = outputs(network, with_weights_of(network, case.ours, case.side), case.side, torch)

    assert ours.shape == (2, 1000)
    assert ours.isfinite().all()
    assert not torch.equal(ours[0], ours[1])
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("case", CASES, ids=[case.theirs for case in CASES])
def test_timm_counts_the_same(case: Case, timm: ModuleType, torch: ModuleType) -> None:
    """Timm's network has as many parameters as the spec's figures say, under the same names."""
    with torch.device("meta"):
        theirs = timm.create_model(case.theirs, pretrained=False)
    shapes = {name: tensor.shape for name, tensor in theirs.state_dict().items()}
    ours = netspec.compile(case.ours, device="meta").state_dict()

    assert sum(parameter.numel() for parameter in theirs.parameters()) == netspec.read(case.ours).stats().totals.params
    assert {name: tensor.shape for name, tensor in ours.items()} == shapes


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param("count_include_pad: false", "count_include_pad: true", id="padding-counts"),
        pytest.param("batch_norm: {eps: 0.001}", "batch_norm", id="usual-eps"),
        pytest.param("relu: relu", "relu: relu6", id="other-activation"),
    ],
)
def test_a_spec_that_says_otherwise_is_seen(right: str, wrong: str, timm: ModuleType, torch: ModuleType) -> None:
    """A spec whose text differs in one setting takes the same weights, and the comparison fails."""
    text = Path(catalogue.shipped()[INCEPTION.ours]).read_text(encoding="utf-8")
    assert right in text
    network = built(INCEPTION.theirs, timm, torch)
    changed = with_weights_of(network, text.replace(right, wrong), INCEPTION.side)

    assert not torch.equal(*outputs(network, changed, INCEPTION.side, torch))


SMALL_CONVNEXT = {"depths": [1, 2, 3, 1], "widths": [8, 16, 24, 32]}


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_timms_convnext_comes_in_by_pairs(ending: str, timm: ModuleType, torch: ModuleType, tmp_path: Path) -> None:
    """Its names are others, its scales have one axis: paired by structure and reshaped, its outputs are ours.

    Without ``adapt`` what is said is which tensors have another shape, and what allows that.
    """
    from safetensors.torch import save_file

    depths, dims = SMALL_CONVNEXT.values()
    theirs = randomised(timm.create_model("convnext_tiny", pretrained=False, depths=depths, dims=dims), torch)
    file, pairs = tmp_path / f"timm.{ending}", tmp_path / "pairs.yaml"
    (torch.save if ending == "pth" else save_file)(theirs.state_dict(), file)
    given = [f"--set={name}={value}" for name, value in SMALL_CONVNEXT.items()]
    refused = CliRunner().invoke(main, ["weights", "convnext_tiny", str(file), f"--map={pairs}", *given])
    ours = netspec.compile("convnext_tiny", input=(3, 64, 64), **SMALL_CONVNEXT).eval()
    report = netspec.load_weights(ours, file, pairs=pairs, adapt="shape")
    scales = {
        name: f"reshaped from {tensor.numel()} to {tensor.numel()}x1x1" for name, tensor in ours.named_parameters()
    }

    assert refused.exit_code == 2
    assert "7 of another shape" in refused.stderr
    assert "allow adaptation: --adapt shape" in refused.stderr
    assert {name: one.how for name, one in report.adapted.items()} == {
        name: how for name, how in scales.items() if name.endswith("layer_scale")
    }
    assert not report.fresh
    assert not report.unused
    assert torch.equal(*outputs(theirs, ours, 64, torch))


@pytest.mark.parametrize("ordered", [True, False])
def test_every_layer_of_timms_convnext_is_paired(ordered: bool, timm: ModuleType, torch: ModuleType) -> None:  # noqa: FBT001 - a case
    """Of ConvNeXt-T as it is: in the order of its definition, or sorted by name."""
    with torch.device("meta"):
        shapes = {name: tuple(x.shape) for name, x in timm.create_model("convnext_tiny").state_dict().items()}
    graph = netspec.read("convnext_tiny").graph
    found = pair(graph, wanted(graph), shapes, ordered=ordered)

    assert not found.open
    assert not found.theirs
    assert found.pairs["features.5.7.layer_scale"] == "stages.2.blocks.7.gamma"
    assert found.pairs["features.5.7.block.5"] == "stages.2.blocks.7.mlp.fc2"
    assert found.pairs["classifier.0"] == "head.norm"


def test_one_changed_weight_is_seen(timm: ModuleType, torch: ModuleType) -> None:
    """The comparison fails when one number among Inception-v4's statistics differs in its last bits."""
    network = built(INCEPTION.theirs, timm, torch)
    ours = netspec.compile(INCEPTION.ours, input=(3, INCEPTION.side, INCEPTION.side))
    ours.load_state_dict(network.state_dict(), strict=True)
    next(tensor for name, tensor in ours.named_buffers() if name.endswith("running_mean"))[7] *= 1.0001

    assert not torch.equal(*outputs(network, ours.eval(), INCEPTION.side, torch))
