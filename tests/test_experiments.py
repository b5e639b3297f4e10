"""What is kept of trainings on ``docs/experiments.md`` is that of their lines, networks, defaults and torch."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from netspec.commands import train_options
from netspec.training import settings as training_settings

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "tools"
WINDOWS = "--data digits --epochs 6 --batch 32 --lr 0.01 --seed 0 --seed 1"
"""The line of lenet-caffe beside overlapping."""


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """``tools/experiments_kept.py``, in a folder with the specs of the page."""
    monkeypatch.syspath_prepend(TOOLS)
    import docs_experiments
    import experiments_kept

    with docs_experiments.specs_beside():
        yield experiments_kept


def test_nothing_that_is_kept_is_out_of_date(tools: ModuleType) -> None:
    """Otherwise ``python tools/experiments.py`` trains those anew that are named here, with the reason."""
    assert tools.stale() == {}


def test_figures_are_kept_of_all_that_was_asked(tools: ModuleType) -> None:
    """Each network of each line has a row for each seed, whose last epoch is the line's."""
    for options, one in tools.wanted().items():
        found = tools.kept()[options]
        seeds = [int(seed) for seed in re.findall(r"--seed (\d+)", options)] or [0]
        names = [tools.name_of(spec) for spec in one.specs]
        assert {(row["network"], row["seed"]) for row in found["rows"]} == {
            (name, one) for name in names for one in seeds
        }
        assert {row["epochs"] for row in found["rows"]} == {found["settings"]["epochs"]}


def wrong(found: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What is kept of a training, but for some of it."""
    return {**found, **changes}


def test_what_has_changed_is_named(tools: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another default, network, torch or line is told, and a network of which nothing is kept."""
    one, found, torch = tools.wanted()[WINDOWS], tools.kept()[WINDOWS], tools.torch_version()

    def told(of: dict[str, Any] | None, version: str = torch) -> list[str]:
        return [*tools.changed(one, of, version)]

    assert told(found) == []
    assert told(None) == ["nothing is kept of lenet-caffe, overlapping"]
    rows = [row for row in found["rows"] if row["network"] != "overlapping"]
    assert told(wrong(found, rows=rows)) == ["nothing is kept of overlapping"]
    assert told(found, "9.9.9") == [f"torch was {torch}, and is 9.9.9"]
    assert told(wrong(found, settings={**found["settings"], "momentum": 0.5})) == ["momentum was 0.5, and is 0.9"]
    assert told(wrong(found, then="lines")) == ["what is run behind it is another one now"]
    monkeypatch.setitem(training_settings.OPTIMIZERS, "sgd", training_settings.Usual(0.1, 0.5))
    assert told(found) == ["weight_decay was 0.0001, and is 0.5"]


def test_another_network_of_the_same_name_is_seen(tools: ModuleType) -> None:
    """The digest of a network follows its operations, wiring and first values, and neither names nor remarks."""
    images = {"shape": [1, 28, 28], "classes": 10}
    spec = Path("overlapping.yaml")
    text = spec.read_text("utf-8")

    def digest(words: str) -> str:
        spec.write_text(words, encoding="utf-8")
        return str(tools.digest("overlapping.yaml", images))

    own = digest(text)
    assert digest(text.replace("name: overlapping", "name: another  # word")) == own
    assert digest(text.replace("kernel: 3", "kernel: 4")) != own
    assert digest(f"{text}init: {{conv.weight: kaiming_normal}}\n") != own
    assert "overlapping is another network now" in tools.stale()[WINDOWS]


def test_a_line_that_is_gone_is_seen(tools: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of options that the page has no more is named, and nothing else."""
    lines = {options: one for options, one in tools.wanted().items() if options != WINDOWS}
    monkeypatch.setattr(tools, "wanted", lambda: lines)

    assert tools.stale() == {WINDOWS: ["the page has no line with these options"]}


def test_the_defaults_of_the_command_are_part_of_it(tools: ModuleType) -> None:
    """A line's settings are those that its record has: the words, and what is left to the defaults."""
    said = tools.settings("--data digits --epochs 3 --optimizer adam")

    assert said == {**replace(train_options.DEFAULTS, epochs=3, optimizer="adam").to_dict(), "held_out": 0.2}


def test_the_script_runs_from_end_to_end(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Lines of a network are trained for an epoch of few images, their table is printed, and nothing is kept."""
    pytest.importorskip("sklearn")
    before = (TOOLS / "pages" / "experiments" / "results.json").read_bytes()
    words = [sys.executable, "tools/experiments.py", "--quick", "overlapping"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        len(re.findall(r"^\| (?:lenet-caffe|overlapping) \| 431,080 \| [01] \| 1 \|", done.stdout, re.MULTILINE)) == 4
    )
    assert (TOOLS / "pages" / "experiments" / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "said"), [(["--stale"], 0, ""), (["nothing"], 1, "no line of the page trains nothing")]
)
def test_the_script_says_what_it_would_run(words: list[str], code: int, said: str) -> None:
    """Without torch it names what is out of date, and refuses a network that nothing trains."""
    line = [sys.executable, "tools/experiments.py", *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_the_loop_still_gives_what_is_kept(
    tools: ModuleType,
    tmp_path: Path,
    torch: object,  # noqa: ARG001 - it is needed
) -> None:
    """The shortest training learns in its first epoch as it did: images, order, first values and steps are the same."""
    pytest.importorskip("sklearn")
    kept = {(row["network"], row["seed"]): row["first_loss"] for row in tools.kept()[WINDOWS]["rows"]}
    words = WINDOWS.removesuffix(" --seed 1").split()
    line = [sys.executable, "-m", "netspec", "train", "lenet-caffe", *words, "-o", str(tmp_path / "run")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_ = csv.DictReader((tmp_path / "run" / "history.csv").read_text("utf-8").splitlines())

    assert float(first["train_loss"]) == pytest.approx(kept["lenet-caffe", 0], rel=1e-3)
    assert kept["lenet-caffe", 1] != pytest.approx(kept["lenet-caffe", 0], rel=1e-2)


def test_what_was_kept_has_the_images_that_it_says(torch: object) -> None:  # noqa: ARG001 - it is needed
    """The digest of the digits, as they are split now, is that of each training on them."""
    pytest.importorskip("sklearn")
    pytest.importorskip("PIL.Image")
    from netspec.nn.training.prepared import prepared, source

    results = json.loads((TOOLS / "pages" / "experiments" / "results.json").read_text("utf-8"))
    for options, found in results.items():
        if "--data digits" in options:
            shape, share = tuple(found["images"]["shape"]), found["settings"]["held_out"]
            assert prepared(source("digits"), shape, share).digest == found["images"]["sha256"]
