"""The specs in ``tests/examples``, which do not come with netspec: in form, and every figure of them verified."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from by_hand import HAND

import netspec
from netspec import catalogue
from netspec.formatter.files import canonical
from netspec.ops.facts import Shape, key
from netspec.verify.verify import verify

pytestmark = pytest.mark.usefixtures("one_thread")

FOLDER = Path(__file__).parent / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))
SHIPPED = [
    FOLDER.parent.parent / "specs" / f"{name}.yaml"
    for name in (
        "dcgan_generator", "dcgan_discriminator", "deeplabv3", "efficientnet", "fpn", "inception_resnet_v2",
        "mobilenet_v3", "regnet", "repvgg", "se_resnext", "shufflenet_v2", "unet",
    )
]  # fmt: skip
"""Examples of what the language is for that come with netspec, where weights of the originals hold them."""


class Small(NamedTuple):
    """An image and parameters at which a network that no module is written for is quick."""

    size: Shape
    params: Mapping[str, Any] = {}


SMALL = {
    "convnext.yaml": Small((3, 64, 64), {"depths": [1, 2, 1, 1], "widths": [8, 16, 24, 32]}),
    "layers_as_parameters.yaml": Small((3, 48, 48)),
}
"""File -> what is read of it. Where that has parameters variants differ in drops alone: one is enough."""
NONE = Small(())
VARIANTS = {
    path.name: [f"{path.name}@{one}" if one else path.name for one in catalogue.spec(str(path))[0].family() or [None]]
    for path in FILES
}
WORDS = [word for file, words in VARIANTS.items() for word in words[: 1 if SMALL.get(file, NONE).params else None]]


def network(word: str) -> netspec.Network:
    """The example at a quick size."""
    file = word.partition("@")[0]
    sizes = HAND[word].sizes if word in HAND else (SMALL[file].size,)
    given = HAND[word].params if word in HAND else SMALL[file].params
    names = [node.name for node in netspec.read(str(FOLDER / word)).graph.inputs]
    return netspec.read(str(FOLDER / word), input=dict(zip(names, sizes, strict=True)), **given)


@pytest.mark.parametrize("path", [*FILES, *SHIPPED], ids=lambda path: path.stem)
def test_examples_are_in_form(path: Path) -> None:
    """The formatter leaves an example as it is, also those that became networks that ship."""
    assert not canonical(str(path)).changes


@pytest.mark.parametrize("word", WORDS)
def test_every_figure_is_verified(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch, fvcore and the NaN find what netspec states, and what they find otherwise is explained."""
    monkeypatch.setattr("netspec.verify.verify.PICTURES", 6)
    graph = network(word).graph
    found = verify(graph)

    assert not found.differing
    assert not found.unchecked
    assert {check.of for check in found.checks if check.figure == "shape"} == {node.name for node in graph.operations}


@pytest.mark.parametrize("word", VARIANTS["convnext.yaml"])
def test_the_example_is_the_convnext_that_ships(word: str) -> None:
    """Though it is written otherwise: the same tensors, paths that are dropped as often, and the same figures."""
    example, shipped = netspec.read(str(FOLDER / word)), netspec.read(word.partition("@")[2])
    drops = [
        [node.operation for node in network.graph.nodes if node.operation.word == "drop_path"]
        for network in (example, shipped)
    ]

    assert tensors(example) == tensors(shipped)
    assert [one.p for one in drops[0]] == pytest.approx([one.p for one in drops[1]], rel=1e-12)
    assert example.stats().totals.macs == shipped.stats().totals.macs


def tensors(of: netspec.Network) -> dict[str, Shape]:
    """The keys of its state_dict and their shapes."""
    return {key(node.name, tensor.name): tensor.shape for node in of.graph.nodes for tensor in node.tensors}
