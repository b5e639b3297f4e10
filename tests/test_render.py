"""Pictures through the ``dot`` program, with others in its place: one that draws, that fails, that hangs, or none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import netspec
from netspec.cli import main
from netspec.commands.formats import draw
from netspec.diagram import render as rendering
from netspec.diagram.dot import Drawing, dot
from netspec.errors.problem import SpecError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are scripts of the shell")

LENET = Drawing(netspec.read("lenet5").graph, 1)
PROGRAMS = {
    "draws": 'cat; echo " $*"',
    "fails": "echo 'syntax error in line 1' >&2; echo more >&2; exit 1",
    "fails in silence": "exit 3",
    "draws nothing": "exit 0",
    "hangs": "echo half; exec sleep 30",
}


@pytest.fixture
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the program that stands for ``dot``; an unknown name is none."""
    folder = tmp_path / "bin"
    folder.mkdir()
    name: str = request.param
    if name in PROGRAMS:
        (folder / "dot").write_text(f"#!/bin/sh\n{PROGRAMS[name]}\n", encoding="utf-8")
        (folder / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin" if name in PROGRAMS else str(folder))
    monkeypatch.setattr(rendering, "SECONDS", 5 if name != "hangs" else 0.2)
    return name


REFUSED = {
    "fails": ("layout", "Graphviz could not draw it: syntax error in line 1"),
    "fails in silence": ("layout", "Graphviz could not draw it: exit code 3"),
    "draws nothing": ("layout", "Graphviz could not draw it: exit code 0"),
    "hangs": ("layout", "Graphviz had no picture after 0.2 seconds"),
    "is missing": ("missing-dot", "a .svg is drawn by Graphviz, whose program 'dot' is not installed"),
}


@pytest.mark.parametrize("program", REFUSED, indirect=True)
@pytest.mark.parametrize("there", [True, False])
def test_a_layout_that_fails_changes_nothing(program: str, there: bool, tmp_path: Path) -> None:  # noqa: FBT001 - drawn
    """Whatever the program does instead of drawing is one problem, and the old picture stays."""
    path = tmp_path / "net.svg"
    if there:
        path.write_bytes(b"old")
    with pytest.raises(SpecError) as caught:
        draw(LENET, path)
    (problem,) = caught.value.problems

    assert (problem.code, problem.message) == REFUSED[program]
    assert problem.hint
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["bin", *(["net.svg"] if there else [])]


@pytest.mark.parametrize("program", ["draws"], indirect=True)
@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
@pytest.mark.usefixtures("program")
def test_the_picture_is_what_the_program_prints(form: str, tmp_path: Path) -> None:
    """The program gets the text and the format, and what it prints is the file."""
    path = tmp_path / f"net.{form.upper()}"
    draw(LENET, path)

    assert path.read_text(encoding="utf-8") == f"{dot(LENET).decode()} -Kdot -T{form}\n"


FAMILY = """\
netspec: 1
name: net
input: [3, 8, 8]
params: {out: int}
variants: {small: {out: 2}, large: {out: 8}}
stages: {c: {conv: {out: $out, kernel: 3}}}
"""


def drawn(*arguments: str) -> tuple[int, list[str], str]:
    """Exit code, the lines printed, and the errors of ``netspec diagram``."""
    result = CliRunner().invoke(main, ["diagram", *arguments])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.exit_code, result.stdout.splitlines(), result.stderr


@pytest.mark.parametrize("program", ["draws"], indirect=True)
@pytest.mark.usefixtures("program")
def test_a_family_is_a_file_for_each_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a default all variants are drawn, here or in a folder; one file for several is refused."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(FAMILY, encoding="utf-8")
    Path("with.yaml").write_text(FAMILY.replace("out: int", "out: 4"), encoding="utf-8")
    Path("same.yaml").write_text(FAMILY.replace("out: int", "out: 4").replace("large", "net"), encoding="utf-8")
    Path("out").mkdir()

    assert drawn("net.yaml") == (0, ["drew small to small.svg", "drew large to large.svg"], "")
    assert drawn("net.yaml", "-o", "out") == (0, ["drew small to out/small.svg", "drew large to out/large.svg"], "")
    assert drawn("net.yaml@small", "-o", "out") == (0, ["drew small to out/small.svg"], "")
    assert drawn("with.yaml") == (0, ["drew net to net.svg"], "")
    assert len(drawn("with.yaml@*")[1]) == 3
    for place in ("one.svg", "-", "one.dot"):
        code, lines, error = drawn("net.yaml", "-o", place)
        assert (code, lines) == (2, [])
        assert f"-o {place} is one file, and 'net.yaml' names 2 networks (small, large)" in error
    assert "called 'net'" in drawn("same.yaml@*")[2]
    assert not Path("one.svg").exists()
