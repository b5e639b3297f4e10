"""Networks that timm has too: its weights load strictly, and its outputs are ours to the last bit."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from oracle import randomised

import netspec
from netspec import catalogue

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


def test_one_changed_weight_is_seen(timm: ModuleType, torch: ModuleType) -> None:
    """The comparison fails when one number among Inception-v4's statistics differs in its last bits."""
    network = built(INCEPTION.theirs, timm, torch)
    ours = netspec.compile(INCEPTION.ours, input=(3, INCEPTION.side, INCEPTION.side))
    ours.load_state_dict(network.state_dict(), strict=True)
    next(tensor for name, tensor in ours.named_buffers() if name.endswith("running_mean"))[7] *= 1.0001

    assert not torch.equal(*outputs(network, ours.eval(), INCEPTION.side, torch))
