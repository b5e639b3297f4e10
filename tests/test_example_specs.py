"""The specs in ``tests/examples``, which do not come with netspec: in form, and every figure of them verified."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from by_hand import HAND

import netspec
from netspec import catalogue
from netspec.formatter.files import canonical
from netspec.ops.facts import Shape
from netspec.verify.verify import verify

pytestmark = pytest.mark.usefixtures("one_thread")

FOLDER = Path(__file__).parent / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))
WORDS = [
    f"{path.name}@{variant}" if variant else path.name
    for path in FILES
    for variant in catalogue.spec(str(path))[0].family() or [None]
]
SIZES: dict[str, Shape] = {
    "layers_as_parameters.yaml": (3, 48, 48),
}
"""Of those that no module is written for: one at which they are quick."""


def network(word: str) -> netspec.Network:
    """The example at a quick size."""
    file = word.partition("@")[0]
    sizes = HAND[word].sizes if word in HAND else (SIZES[file],)
    names = [node.name for node in netspec.read(str(FOLDER / word)).graph.inputs]
    given: Mapping[str, Any] = HAND[word].params if word in HAND else {}
    return netspec.read(str(FOLDER / word), input=dict(zip(names, sizes, strict=True)), **given)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_examples_are_in_form(path: Path) -> None:
    """The formatter leaves an example as it is."""
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
