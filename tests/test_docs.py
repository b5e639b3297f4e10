"""Generated pages are fresh, and what they say of published figures is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import netspec
from netspec.cli import COMMANDS, main
from netspec.compiler import registry

ROOT = Path(__file__).parent.parent
PUBLISHED = json.loads((ROOT / "tests" / "reference" / "published.json").read_text(encoding="utf-8"))


def test_generated_pages_are_fresh() -> None:
    """``tools/docs.py --check`` finds every generated page up to date."""
    done = subprocess.run(
        [sys.executable, "tools/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("row", PUBLISHED, ids=[f"{row['network']}-{row['figure']}" for row in PUBLISHED])
def test_published_figures_agree_unless_a_reason_is_given(row: dict[str, Any]) -> None:
    """Our number rounds to the printed one exactly where the table gives no reason for a difference."""
    ours = netspec.read(row["network"]).stats().totals.to_dict()[row["figure"]]
    if row["value"] is None:
        assert row["printed"] == "less than 25 M"
        assert ours < 25_000_000
        return

    assert (abs(ours - row["value"]) * 2 <= row["unit"]) is (not row["why"])


def test_every_link_in_the_docs_leads_somewhere() -> None:
    """Relative links in README and docs name files that exist."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_stands_in_the_readme() -> None:
    """README names each command of the table."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [name for name in COMMANDS if f"netspec {name}" not in text] == []


def test_the_readme_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block that README defines in Python works in a spec."""
    monkeypatch.setattr(registry, "_registered", {})
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    block = next(part for part in code if "class ChannelGate" in part)
    space: dict[str, Any] = {"netspec": netspec}
    exec(block, space)  # noqa: S102 - our own text
    network = netspec.read("netspec: 1\nname: net\ninput: [32, 8, 8]\nstem: {gate: channel_gate}\n")

    assert network.stats().totals.params == 32 * 2 + 2 + 2 * 32 + 32


TUTORIAL = (ROOT / "docs" / "your-network.md").read_text(encoding="utf-8")
SHELL = "".join(re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL))
COMMAND_LINES = re.findall(r"^netspec (.*)$", SHELL, re.MULTILINE)


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the page, as a reader would save them; it is where Python looks for modules."""
    for kind, text in re.findall(r"```(yaml|python)\n(.*?)```", TUTORIAL, re.DOTALL):
        name = re.findall(r"^name: (.*)$", text, re.MULTILINE)[0] + ".yaml" if kind == "yaml" else text.split()[1]
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_registered", {})
    return tmp_path


@pytest.mark.parametrize("command", COMMAND_LINES)
def test_every_command_of_the_tutorial_works(command: str, tutorial: Path, request: pytest.FixtureRequest) -> None:
    """With the files of the page beside it."""
    if "--verify" in command:
        request.getfixturevalue("torch")
    for name in ("gains", "gain_modules"):
        sys.modules.pop(name, None)

    done = CliRunner().invoke(main, command.split())

    assert done.exit_code == 0, done.output
    assert tutorial.is_dir()


def test_specs_of_the_tutorial_are_in_their_one_form(tutorial: Path) -> None:
    """Nothing is left for fmt to change."""
    done = CliRunner().invoke(main, ["fmt", "--check", *sorted(path.name for path in tutorial.glob("*.yaml"))])

    assert done.exit_code == 0, done.output
