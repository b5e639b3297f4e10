"""``tools/check.py`` finds the other Pythons, and no more than those that run."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return import_module("check")


def test_the_other_pythons_are_those_that_the_project_names(check: Any) -> None:
    """Every version in pyproject.toml but the one that runs, which has the whole of the tests."""
    this = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert {*check.versions(), this} == {"3.11", "3.12", "3.13"}
    assert this not in check.versions()


def test_a_stand_in_is_no_python(check: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program of the right name that does not run is passed over for one that does; without any there is none."""
    places = []
    for folder, text in (("first", "#!/bin/sh\nexit 127\n"), ("second", f'#!/bin/sh\nexec {sys.executable} "$@"\n')):
        program = tmp_path / folder / "python3.99"
        program.parent.mkdir()
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        places.append(program)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    monkeypatch.setenv("PATH", ":".join(str(place.parent) for place in places))
    assert check.interpreter("3.99") == places[1]
    monkeypatch.setenv("PATH", str(places[0].parent))
    assert check.interpreter("3.99") is None
