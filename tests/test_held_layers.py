"""Networks as specs of the tests, which nobody else has: every figure of them is verified."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.formatter.files import canonical
from netspec.verify.verify import verify

pytestmark = pytest.mark.usefixtures("one_thread")

FOLDER = Path(__file__).parent / "examples"
SPECS = tuple(f"layers_as_parameters.yaml@{name}" for name in ("plain", "grouped", "attentive", "depthwise"))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_in_form(path: Path) -> None:
    """The formatter leaves an example as it is."""
    assert not canonical(str(path)).changes


@pytest.mark.parametrize("spec", SPECS)
def test_every_figure_is_verified(spec: str) -> None:
    """Torch, fvcore and the NaN find what netspec states, and what they find otherwise is explained."""
    found = verify(netspec.read(str(FOLDER / spec), input=(3, 48, 48)).graph)

    assert not found.failed
    assert len(found.checks) > 100
