"""Damaged files of weights end in success or in one refusal, and a module has all of its old weights or all new ones.

A short share of what ``tools/fuzz_weights.py`` does; that script takes a longer run, and repeats a case by its number.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import damage
import pytest

import netspec


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """A file of each format, undamaged."""
    state = damage.module(1).state_dict()
    return {name: write(state) for name, (write, _) in damage.FORMATS.items()}


@pytest.mark.parametrize("name", damage.FORMATS)
def test_damaged_files_end_in_success_or_in_one_refusal(name: str, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Twenty-five damaged files of each format: nothing but a SpecError, nothing half loaded, nothing wrong taken."""
    path = tmp_path / f"w{damage.FORMATS[name][1]}"
    target, written = damage.module(2), damage.module(1).state_dict()
    endings = set()
    for case in range(25):
        content, shows = damage.damaged(name, whole[name], Random(f"{name}/{case}"))  # noqa: S311 - to be repeated
        ending, fault = damage.trial(name, content, path, target, written if shows else None)
        endings.add(ending)

        assert not fault, case

    assert "bad-artefact" in endings


@pytest.mark.parametrize("name", ["zip", "training", "legacy", "safetensors", "artefact"])
def test_undamaged_files_are_what_was_written(name: str, whole: dict[str, bytes], tmp_path: Path) -> None:
    """The trial takes a whole file, and sees one that holds something else."""
    path, written, other = (
        tmp_path / f"w{damage.FORMATS[name][1]}",
        *(damage.module(seed).state_dict() for seed in (1, 3)),
    )

    assert damage.trial(name, whole[name], path, damage.module(2), written) == ("ok", "")
    assert "are not what was written" in damage.trial(name, whole[name], path, damage.module(2), other)[1]


def test_the_trial_sees_what_is_half_loaded(
    whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal after the first weight has changed is found, and so is any other exception."""

    def half(module: Any, _: Path) -> None:
        module.conv.weight.data.zero_()
        raise netspec.SpecError([netspec.Problem("bad-artefact", "too late")])

    monkeypatch.setattr(netspec, "load_weights", half)
    ending, fault = damage.trial("zip", whole["zip"], tmp_path / "w.pth", damage.module(2), None)

    assert (ending, fault) == ("bad-artefact", "refused, but ['conv.weight'] have changed")
