"""Every mistake is answered with its sentence, its place and its mend: the corpus in ``tests/broken``.

A case is a broken spec and, beside it, the text that ``netspec check`` prints. After a change of wording, run
``NETSPEC_OVERWRITE=1 pytest tests/test_errors.py`` and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

import netspec
from netspec.cli import main
from netspec.errors.problem import Code, Problem, Problems, SpecError
from netspec.errors.source import Source, Span

BROKEN = Path(__file__).parent / "broken"
DOCS = Path(__file__).parent.parent / "docs" / "errors.md"
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
NOT_OF_A_SPEC = {
    "bad-artefact": "of files that hold weights",
    "layout": "of pictures",
    "missing-variant": "of the command line",
    "not-finite": "of files that hold weights",
    "missing-dot": "of the machine",
    "missing-plugin": "of the command line",
    "unknown-format": "of the command line",
    "unwritable": "of the machine",
}


def printed(case: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit code and messages of ``netspec check``."""
    monkeypatch.chdir(BROKEN)
    result = CliRunner().invoke(main, ["check", f"{case}.yaml"])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize("case", CASES)
def test_broken_specs_are_answered_with_the_expected_text(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken spec ends in exactly the messages kept beside it and exit code 2, or 0 where all are warnings."""
    code, text = printed(case, monkeypatch)
    golden = BROKEN / f"{case}.txt"
    if os.environ.get("NETSPEC_OVERWRITE"):
        golden.write_text(text, encoding="utf-8")

    assert code == (2 if "error[" in text else 0)
    assert text == golden.read_text(encoding="utf-8")
    assert "Traceback" not in text


@pytest.mark.parametrize("case", CASES)
def test_places_lie_inside_the_file(case: str) -> None:
    """Every problem has a place, its line exists, and its column is at most one behind the line's end."""
    text = (BROKEN / f"{case}.yaml").read_bytes().decode()
    problems = []
    for variant in ["", *re.findall(r"^variants: \{(\w+)", text, re.MULTILINE)]:
        try:
            netspec.read(BROKEN / (f"{case}.yaml" + (f"@{variant}" if variant else "")))
        except SpecError as error:
            problems += error.problems

    assert problems or case.startswith(("warning", "over"))
    for problem in problems:
        assert problem.span is not None
        lines = problem.span.source.text.split("\n")
        assert 1 <= problem.span.line <= len(lines)
        assert 1 <= problem.span.column <= len(lines[problem.span.line - 1]) + 1


def test_every_code_is_documented_and_in_the_corpus() -> None:
    """The codes of problems are those of docs/errors.md, and all are in the corpus but those that need no spec."""
    codes = set(get_args(Code))
    documented = set(re.findall(r"^## (.+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    answers = "\n".join(path.read_text(encoding="utf-8") for path in BROKEN.glob("*.txt"))

    assert codes == documented
    assert codes - set(re.findall(r"(?:error|warning)\[([a-z-]+)\]", answers)) == set(NOT_OF_A_SPEC)


TABLE = [
    (["check", "nowhere.yaml"], "error[missing-file]: there is no file 'nowhere.yaml'\n"),
    (
        ["stats", "vgg61"],
        "error[missing-file]: there is no file and no shipped network 'vgg61'\n   help: did you mean 'vgg16'?",
    ),
    (
        ["stats", "resnet50", "--set", "clases=10"],
        """--set clases:1:1: error[unknown-parameter]: resnet50 has no parameter 'clases'
    1 | 10
      | ^^
   help: did you mean 'classes'?""",
    ),
    (
        ["stats", "resnet50", "--set", "classes=ten"],
        """--set classes:1:1: error[wrong-type]: parameter 'classes' of resnet50 must be a whole number, not 'ten'
    1 | ten
      | ^^^""",
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), TABLE, ids=[" ".join(row[0]) for row in TABLE])
def test_mistakes_on_the_command_line(arguments: list[str], expected: str) -> None:
    """A mistake in an argument is answered like one in a spec."""
    result = CliRunner().invoke(main, arguments)

    assert (result.exit_code, result.output.strip()) == (2, expected.strip())


def test_an_unknown_variant_points_at_the_variants() -> None:
    """A variant that does not exist is answered with the line of ``variants`` and the nearest name."""
    with pytest.raises(SpecError) as caught:
        netspec.read("resnet@resnet51")
    (problem,) = caught.value.problems

    assert (problem.code, problem.hint) == ("unknown-variant", "did you mean 'resnet50'?")
    assert problem.span
    assert problem.span.source.line(problem.span.line).startswith("variants:")


def test_the_same_mistake_at_one_place_counts_once() -> None:
    """Problems keeps the first of equal messages, and check() raises them in the order of their places."""
    source = Source("x.yaml", "a\nb\n")
    problems = Problems()
    for line in (2, 1, 2):
        problems.add(Problem("shape", "no", Span(source, line, 1)))
    with pytest.raises(SpecError) as caught:
        problems.check()

    assert [problem.span.line for problem in caught.value.problems if problem.span] == [1, 2]
