"""Every mistake is answered with its sentence, its place and its mend: the corpus in ``tests/broken``.

A case is a broken spec and, beside it, the text that ``netspec check`` prints. After a change of wording, run
``NETSPEC_OVERWRITE=1 pytest tests/test_errors.py`` and read the difference.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from conftest import spec_of

import netspec
from netspec.cli import main
from netspec.errors.codes import Code
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Source, Span

BROKEN = Path(__file__).parent / "broken"
DOCS = Path(__file__).parent.parent / "docs" / "errors.md"
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
NOT_OF_A_SPEC = {
    "bad-artefact": "test_artefact.py::test_pickles_are_refused",
    "bad-data": "test_train.py::test_fewer_images_than_a_batch_are_refused",
    "ended": "test_train.py::test_a_process_that_is_killed_takes_no_other_with_it",
    "other-run": "test_train.py::test_a_folder_is_never_written_over",
    "bad-image": "test_images.py::test_what_is_no_image_is_named",
    "layout": "test_render.py::test_a_layout_that_fails_changes_nothing",
    "missing-dot": "test_render.py::test_a_missing_dot_says_how_to_install_it",
    "missing-font": "test_render.py::test_without_a_font_pixels_are_refused",
    "missing-package": "test_imports.py::test_commands_name_the_extra_that_they_need",
    "missing-plugin": "test_cli.py::test_a_plugin_that_cannot_be_imported_is_named",
    "missing-variant": "test_errors.py::test_a_family_without_a_variant_is_answered_with_its_variants",
    "not-finite": "test_weights.py::test_values_that_are_not_finite_are_loaded_with_a_warning",
    "plugin": "test_language.py::test_plug_ins_that_raise_are_named",
    "unknown-format": "test_render.py::test_unknown_endings_name_the_known",
    "unwritable": "test_artefact.py::test_a_failed_write_leaves_the_old_file",
}
"""Codes that no spec alone is answered with -> the test that sees them."""


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

    assert problems or case.startswith("warning")
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


@pytest.mark.parametrize("code", NOT_OF_A_SPEC)
def test_a_code_that_needs_no_spec_has_a_test_of_its_own(code: str) -> None:
    """The test that is named for it exists and expects the code."""
    file, _, name = NOT_OF_A_SPEC[code].partition("::")
    text = (Path(__file__).parent / file).read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name == name]

    assert [node.name for node in functions] == [name]
    assert code in (ast.get_source_segment(text, functions[0]) or "")


TABLE = [
    (["check", "nowhere.yaml"], "error[missing-file]: there is no file 'nowhere.yaml'\n"),
    (
        ["stats", "vgg61"],
        (
            "error[missing-file]: there is no file and no shipped network 'vgg61'\n"
            "   help: did you mean 'vgg11' or 'vgg16'?"
        ),
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


def test_a_family_without_a_variant_is_answered_with_its_variants() -> None:
    """A spec that is nothing but variants is no network; the hint has their names as one would write them."""
    with pytest.raises(SpecError) as caught:
        netspec.read(spec_of("fc: {linear: $n}", size=(4,), params="n: int", variants="two: {n: 2}\nthree: {n: 3}"))
    (problem,) = caught.value.problems

    assert (problem.code, problem.message) == ("missing-variant", "net is a family of networks")
    assert problem.hint == "choose one: net@two, net@three"


def test_the_same_mistake_at_one_place_counts_once() -> None:
    """Problems keeps the first of equal messages, and check() raises them in the order of their places."""
    source = Source("x.yaml", "a\nb\n")
    problems = Problems()
    for line in (2, 1, 2):
        problems.add(Problem("shape", "no", Span(source, line, 1)))
    with pytest.raises(SpecError) as caught:
        problems.check()

    assert [problem.span.line for problem in caught.value.problems if problem.span] == [1, 2]
