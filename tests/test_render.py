"""Files of pictures: every format, Graphviz with other programs in its place, and what a family is written to."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from pathlib import Path
from shutil import which

import pytest
import shipped
from click.testing import CliRunner

import netspec
from netspec.cli import main
from netspec.diagram.drawing import Drawing
from netspec.diagram.layout.page import picture
from netspec.diagram.writers import graphviz
from netspec.diagram.writers.dot import dot
from netspec.drawing.geometry import arrow
from netspec.drawing.picture import Line
from netspec.drawing.tikz import escaped
from netspec.errors.problem import SpecError
from netspec.report.picture_file import draw

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are scripts of the shell")

LENET = Drawing(netspec.read("lenet5").graph)
BY_GRAPHVIZ = Drawing(netspec.read("lenet5").graph, engine="graphviz")
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
    monkeypatch.setattr(graphviz, "SECONDS", 5 if name != "hangs" else 0.2)
    return name


REFUSED = {
    "fails": ("layout", "Graphviz could not draw it: syntax error in line 1"),
    "fails in silence": ("layout", "Graphviz could not draw it: exit code 3"),
    "draws nothing": ("layout", "Graphviz could not draw it: exit code 0"),
    "hangs": ("layout", "Graphviz had no picture after 0.2 seconds"),
    "is missing": ("missing-dot", "a .svg of Graphviz needs its program 'dot', which is not installed"),
}


@pytest.mark.parametrize("program", REFUSED, indirect=True)
@pytest.mark.parametrize("there", [True, False])
def test_a_layout_that_fails_changes_nothing(program: str, there: bool, tmp_path: Path) -> None:  # noqa: FBT001 - drawn
    """Whatever the program does instead of drawing is one problem, and the old picture stays."""
    path = tmp_path / "net.svg"
    if there:
        path.write_bytes(b"old")
    with pytest.raises(SpecError) as caught:
        draw(BY_GRAPHVIZ, path)
    (problem,) = caught.value.problems

    assert (problem.code, problem.message) == REFUSED[program]
    assert problem.hint
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["bin", *(["net.svg"] if there else [])]


@pytest.mark.parametrize("program", ["draws"], indirect=True)
@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
@pytest.mark.usefixtures("program")
def test_graphviz_draws_where_it_is_asked(form: str, tmp_path: Path) -> None:
    """The program gets the text and the format, and what it prints is the file."""
    path = tmp_path / f"net.{form.upper()}"
    draw(BY_GRAPHVIZ, path)

    assert path.read_text(encoding="utf-8") == f"{dot(LENET).decode()} -Kdot -T{form}\n"


@pytest.mark.parametrize("program", ["is missing"], indirect=True)
@pytest.mark.usefixtures("program")
def test_a_missing_dot_says_how_to_install_it(tmp_path: Path) -> None:
    """Where Graphviz is asked for and not there, the message has the way to get it."""
    with pytest.raises(SpecError) as caught:
        draw(BY_GRAPHVIZ, tmp_path / "net.svg")

    assert caught.value.problems[0].code == "missing-dot"
    assert "apt-get install graphviz" in str(caught.value.problems[0].hint)


@pytest.mark.parametrize("program", ["is missing"], indirect=True)
@pytest.mark.parametrize("ending", ["svg", "txt", "tex", "dot", "pdf"])
@pytest.mark.usefixtures("program")
def test_pictures_need_no_other_program(ending: str, tmp_path: Path) -> None:
    """Without Graphviz every format is written, the same as with it, and nothing is left beside it."""
    path = tmp_path / f"net.{ending}"
    draw(LENET, path)
    starts = {"svg": b"<svg ", "txt": b"lenet5\n", "tex": b"% lenet5", "dot": b"digraph", "pdf": b"%PDF-1.4"}

    assert path.read_bytes().startswith(starts[ending])
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["bin", path.name]


@pytest.mark.skipif(which("dot") is None, reason="the dot program is not installed")
@pytest.mark.parametrize("level", ["stage", "paper", "layer"])
@pytest.mark.parametrize("word", ["resnet50.yaml", "googlenet.yaml", "fractalnet.yaml"])
def test_graphviz_takes_the_text_without_a_warning(word: str, level: str) -> None:
    """No key stands for two things in it, and all clusters are drawn."""
    text = dot(Drawing(shipped.graph(word), level))  # type: ignore[arg-type] # one of the levels
    keys = re.findall(rb"^ *(?:subgraph )?(\w+) (?:\[|\{$)", text, re.MULTILINE)
    keys = [key for key in keys if key not in (b"graph", b"node", b"edge")]
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, timeout=60, check=True)  # noqa: S607 - that on the PATH

    assert len(keys) == len(set(keys))
    assert not done.stderr
    assert done.stdout.count(b'class="cluster"') == text.count(b"subgraph cluster_")


def test_png_is_drawn_by_a_package(tmp_path: Path) -> None:
    """With the package of its extra, a picture in pixels has three of them for each point of print."""
    pytest.importorskip("resvg_py")
    draw(LENET, tmp_path / "net.png")
    content = (tmp_path / "net.png").read_bytes()
    found = picture(LENET.scenes[0])

    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") == pytest.approx(found.width * found.scale * 3, abs=2)


def test_pdf_is_one_page_of_lines_and_text(tmp_path: Path) -> None:
    """It is as large as the picture, its table says where each object begins, and its text can be searched."""
    draw(LENET, tmp_path / "net.pdf")
    content = (tmp_path / "net.pdf").read_bytes()
    found = picture(LENET.scenes[0])
    (width, height) = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)[0])
    starts = [int(start) for start in re.findall(rb"^(\d{10}) 00000 n $", content, re.MULTILINE)]
    marks = zlib.decompress(content[content.index(b"stream\n") + 7 : content.index(b"\nendstream")])

    assert (width, height) == pytest.approx((found.width * found.scale, found.height * found.scale), abs=0.01)
    assert all(content[start:].startswith(b"%d 0 obj" % number) for number, start in enumerate(starts, 1))
    assert b"(linear 10) Tj" in marks


@pytest.mark.skipif(which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("word", ["resnet50.yaml", "densenet121.yaml", "googlenet.yaml"])
def test_latex_takes_the_picture(word: str, tmp_path: Path) -> None:
    """LaTeX compiles a document that takes in the file, without a warning about it."""
    draw(Drawing(shipped.graph(word)), tmp_path / "net.tex")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{tikz}\\usetikzlibrary{arrows.meta}\\pagestyle{empty}\\textheight=25cm"
        "\\begin{document}\\noindent\\hspace*{-2cm}\\input{net}\\end{document}",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],  # noqa: S607 - that on the PATH
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-2000:]
    assert "LaTeX Warning" not in done.stdout.replace("LaTeX Warning: Label(s) may", "")


def test_latex_reads_names_as_they_are() -> None:
    """No sign of a name is a command, and what plain fonts lack does not stop a run."""
    assert escaped(r"a_b\x{1}%$#&~^") == r"a\_b\textbackslash{}x\{1\}\%\$\#\&\textasciitilde{}\textasciicircum{}"
    assert escaped("3\N{MULTIPLICATION SIGN}3 → 64 · é") == r"3$\times$3 $\to$ 64 $\cdot$ ?"


@pytest.mark.parametrize("name", ["net.gif", "net", ".svg"])
def test_unknown_endings_name_the_known(name: str, tmp_path: Path) -> None:
    """An ending that is no format is refused with those that are."""
    with pytest.raises(SpecError) as caught:
        draw(LENET, tmp_path / name)

    assert caught.value.problems[0].code == "unknown-format"
    assert caught.value.problems[0].hint == "known: .svg, .txt, .tex, .dot, .png, .pdf"
    assert list(tmp_path.iterdir()) == []


def test_without_a_font_pixels_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without fonts would leave out all text in silence: that is a message instead."""
    pytest.importorskip("resvg_py")
    monkeypatch.setattr("netspec.drawing.png._has_fonts", lambda: False)
    with pytest.raises(SpecError) as caught:
        draw(LENET, tmp_path / "net.png")

    assert caught.value.problems[0].code == "missing-font"


def test_a_place_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    """A folder that is not there, and a folder in the picture's place, end in a message and leave nothing behind."""
    (tmp_path / "net.dot").mkdir()
    for path in (tmp_path / "missing" / "net.dot", tmp_path / "net.dot"):
        with pytest.raises(SpecError, match="cannot be written"):
            draw(LENET, path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["net.dot"]


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


def test_a_family_is_one_picture_or_a_file_for_each_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several networks are columns of one picture, called as their file is; in a folder they are one file each."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(FAMILY, encoding="utf-8")
    Path("with.yaml").write_text(FAMILY.replace("out: int", "out: 4"), encoding="utf-8")
    Path("same.yaml").write_text(FAMILY.replace("out: int", "out: 4").replace("large", "net"), encoding="utf-8")
    Path("out").mkdir()

    assert drawn("net.yaml") == (0, ["drew small, large to net.svg"], "")
    assert drawn("net.yaml", "-o", "one.tex") == (0, ["drew small, large to one.tex"], "")
    assert drawn("net.yaml", "-o", "out") == (0, ["drew small to out/small.svg", "drew large to out/large.svg"], "")
    assert drawn("net.yaml@small", "-o", "out") == (0, ["drew small to out/small.svg"], "")
    assert drawn("with.yaml") == (0, ["drew net to net.svg"], "")
    assert drawn("net.yaml@small", "lenet5") == (0, ["drew small, lenet5 to networks.svg"], "")
    assert len(drawn("with.yaml@*", "-o", "out")[1]) == 3
    assert sum(line.startswith("digraph") for line in drawn("net.yaml", "-o", "-")[1]) == 2
    assert "called 'net'" in drawn("same.yaml@*", "-o", "out")[2]
    assert "several" not in drawn("same.yaml@*")[2]


def test_a_head_is_no_longer_than_its_way() -> None:
    """The head of a short arrow begins where the arrow does, not inside of what it comes from."""
    for length in (2.0, 6.0, 20.0):
        (start, base), (tip, *_) = arrow(Line(((5.0, 1.0), (5.0, 1.0 + length)), "edge", arrow=True))

        assert start == (5.0, 1.0)
        assert tip == (5.0, 1.0 + length)
        assert base[1] == max(1.0, tip[1] - 6)
