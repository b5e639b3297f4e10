"""What commands print: on every stream, in every encoding, and never anything that steers the reader's terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from netspec.cli import main
from netspec.errors.problem import Problem
from netspec.errors.source import Source

ROOT = Path(__file__).resolve().parent.parent
SPEC = """\
netspec: 1
name: net
paper: "Śniady 2020, 名, \\"x\\" → y"
input: [3, 8, 8]
params: {out: 4}
variants: {small: {out: 2}, large: {out: 8}}
stages: {c: {conv: {out: $out, kernel: 3}}, r: relu}
"""
BROKEN = SPEC.replace("relu", "rleu, '名': relu")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a spec with letters of several alphabets, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "名.yaml").write_text(BROKEN, encoding="utf-8")
    return "net.yaml"


COMMANDS = {
    "check": ["check", "net.yaml"],
    "check broken": ["check", "名.yaml"],
    "check as JSON": ["check", "名.yaml", "--format", "json"],
    "check for GitHub": ["check", "名.yaml", "--format", "github"],
    "stats": ["stats", "net.yaml"],
    "stats of several": ["stats", "net.yaml@*"],
    "stats as JSON": ["stats", "net.yaml", "--format", "json"],
    "show": ["show", "net.yaml"],
    "show --origin": ["show", "net.yaml", "--origin"],
    "diff": ["diff", "net.yaml", "net.yaml@large"],
    "rf": ["rf", "net.yaml"],
    "fmt": ["fmt", "-", "--diff"],
    "diagram": ["diagram", "net.yaml", "-o", "-"],
    "explain": ["explain"],
    "a wrong option": ["stats", "net.yaml", "--columns", "名\x1b[2J"],
}
"""Command lines by what they show."""
FILES = ("show", "diagram")
"""Those that print the content of a file: UTF-8 in every encoding."""


def run(name: str, encoding: str = "utf-8") -> Result:
    """The result of a command whose streams have that encoding."""
    return CliRunner(charset=encoding).invoke(main, COMMANDS[name], input=SPEC.encode())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk", "latin-1", "utf-8"])
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("spec")
def test_every_command_prints_in_every_encoding(name: str, encoding: str) -> None:
    """A character that an encoding lacks is replaced; the command ends as it does in UTF-8, and says as much."""
    usual, found = run(name), run(name, encoding)

    assert isinstance(found.exception, SystemExit | None), found.exception
    assert found.exit_code == usual.exit_code
    text = found.stdout_bytes.decode("utf-8" if name in FILES or encoding == "ascii" else encoding)
    assert len(text.splitlines()) == len(usual.stdout.splitlines())
    if name in FILES:
        assert found.stdout_bytes == usual.stdout_bytes


@pytest.mark.usefixtures("spec")
def test_pictures_are_drawn_with_letters_where_lines_are_missing() -> None:
    """The picture of ``rf`` has the same rows in ASCII, without an escape in them."""
    usual, found = run("rf").stdout, run("rf", "latin-1").stdout

    assert "╔" in usual
    assert found.isascii()
    assert "\\u" not in found
    assert [len(line) for line in found.splitlines()] == [len(line) for line in usual.splitlines()]


# -- streams that fail --------------------------------------------------------------------------------------------


def shell(line: str) -> tuple[int, str]:
    """Exit code and standard error of a command line, in which ``netspec`` is this one."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = ["bash", "-c", line.replace("netspec", f"{sys.executable} -m netspec")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


FULL = "error[unwritable]: standard output cannot be written: No space left on device\n"
STREAMS = {
    "a full disk": ("netspec stats lenet5 > /dev/full", 2, FULL),
    "a reader that leaves": ("netspec schema | head -1 > /dev/null", 0, ""),
    "no output": ("netspec stats lenet5 >&-", 0, ""),
    "no input": ("netspec check - <&-", 2, "<stdin>:1:1: error[not-a-mapping]: the file is empty\n"),
    "errors on a full disk": ("netspec stats lenet4 2> /dev/full", 2, ""),
    "all on a full disk": ("netspec stats lenet5 > /dev/full 2>&1", 2, ""),
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="as on Linux")
@pytest.mark.parametrize("name", STREAMS)
def test_streams_that_fail_end_in_a_sentence(name: str) -> None:
    """A stream that is full, closed, or no longer read ends in an exit code and at most one sentence."""
    line, code, said = STREAMS[name]
    found, err = shell(line)

    assert (found, err[: len(said)]) == (code, said)
    assert said or not err


# -- text of strangers --------------------------------------------------------------------------------------------

ESCAPES = "\x1b]0;t\x07\x9b2J\u202e"
HOSTILE = f"""\
netspec: 1
name: net
paper: "{ESCAPES.encode("unicode_escape").decode()}"
notes: "\\e[2J"
input: [3, 8, 8]
params: {{p: "\\e[31m"}}
stages: {{c: {{conv: {{out: 4, kernel: 3}}}}}}
init: {{"\\e[2J": "$p"}}
"""


FINE = HOSTILE.replace('init: {"\\e[2J": "$p"}\n', "").replace('params: {p: "\\e[31m"}\n', "")


@pytest.mark.parametrize("text", [HOSTILE, FINE], ids=["mistakes", "none"])
@pytest.mark.parametrize("arguments", [["check"], ["show"], ["show", "--origin"], ["stats"], ["rf"], ["diagram"]])
def test_texts_of_a_spec_steer_no_terminal(
    arguments: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, values and names of files hold escapes and line ends; no command prints one as it is."""
    monkeypatch.chdir(tmp_path)
    name = "a\x1b[2J\n::error::b.yaml"
    Path(name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, [*arguments, name, *(["-o", "x.dot"] if arguments == ["diagram"] else [])])

    assert isinstance(result.exception, SystemExit | None), result.exception
    assert result.exit_code == (2 if text == HOSTILE else 0)
    assert "\x1b" not in result.output
    assert "\x07" not in result.output
    assert "\x9b" not in result.output
    assert not re.search("^::error", result.output, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "\x1b[2J"],
        ["\x1b[2J"],
        ["--\x1b[2J"],
        ["check", "lenet5", "--set", "\x1b[2J=1"],
        ["check", "lenet5", "--set", "\x1b[2J"],
        ["check", "lenet5", "--input", "\x1b[2J"],
        ["rf", "lenet5", "--node", "\x1b[2J"],
        ["rf", "lenet5", "-o", "\x1b[2J"],
        ["diagram", "lenet5", "-o", "\x1b[2J/x.svg"],
        ["build", "lenet5", "-o", "\x1b[2J/x"],
        ["--plugin", "\x1b[2J", "check", "lenet5"],
        ["explain", "\x1b[2J"],
        ["fmt", "\x1b[2J"],
        ["fmt", "\x1b[2J.yaml", "--check", "--diff"],
    ],
)
def test_arguments_steer_no_terminal(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever part of the command line repeats an argument, it is cleaned."""
    monkeypatch.chdir(tmp_path)
    Path("\x1b[2J.yaml").write_text("netspec:   1\n", encoding="utf-8")
    result = CliRunner().invoke(main, arguments)

    assert result.exit_code in (1, 2)
    assert result.output.replace("\n", "").isprintable()
    assert "[2J" in result.output


PLUGINS = {
    "ends": ("raise SystemExit(0)", "SystemExit: 0"),
    "fails": ("1 / 0", "ZeroDivisionError: division by zero"),
    "is_mute": ("class Mute(Exception):\n    def __str__(self):\n        raise self\nraise Mute", "Mute"),
    "says_nothing": ("raise ValueError", "ValueError"),
    "is_no_exception": ("class Other(BaseException): pass\nraise Other('x')", "Other: x"),
    "steers": ("raise ValueError('\\x1b[2J\\n::error::')", "ValueError: \N{REPLACEMENT CHARACTER}[2J"),
    "recurses": ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
}


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_that_raises_anything_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a plug-in raises while it is imported, it is one problem in one line, with the plug-in's name."""
    text, said = PLUGINS[name]
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(main, ["--plugin", name, "check", "lenet5"])

    assert (result.exit_code, result.stdout) == (2, "")
    start = f"error[missing-plugin]: the plugin '{name}' cannot be imported: {said}"
    assert result.stderr.startswith(start)
    assert result.stderr.rstrip().isprintable()


def test_an_interrupt_is_no_fault_of_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a plug-in is imported ends the command as it does elsewhere."""
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(main, ["--plugin", "slow", "check", "lenet5"])

    assert (result.exit_code, "Aborted!" in result.output) == (1, True)


FILE_NAMES = ["a,b", "a:b", "a%b", "a\nb", "a\r\nb", "::error::x", "a,line=1::", "a%0Ab", "é 名", "a\x1b[2J"]


@pytest.mark.parametrize("name", FILE_NAMES, ids=ascii)
@pytest.mark.parametrize("message", ["plain", "100 % 'a: b, c'"])
def test_annotations_are_one_command_each(name: str, message: str) -> None:
    """What GitHub reads out of the line is the name and the message that were put in, and there is one line."""
    span = Source(name, "text\n").span(1, 2)
    line = Problem("shape", message, span, "mend\nit").github()
    match = re.fullmatch("::(\\w+) (.*?)::(.*)", line)
    assert match
    properties = dict(part.split("=", 1) for part in match[2].split(","))

    assert properties.keys() == {"file", "line", "col", "title"}
    assert _unescaped(properties["file"]) == name.replace("\x1b", "\N{REPLACEMENT CHARACTER}")
    assert _unescaped(match[3]).startswith(f"{message}\nhelp: ")
    assert line.isprintable()


def _unescaped(text: str) -> str:
    """As GitHub's runner reads properties and messages."""
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


# -- in other tools -----------------------------------------------------------------------------------------------


def test_the_hooks_of_pre_commit_are_commands(tmp_path: Path) -> None:
    """Each hook runs a command that there is, on the files that it names."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "net.yaml"
    path.write_text(SPEC, encoding="utf-8")

    assert {hook["id"] for hook in hooks} == {"netspec-check", "netspec-fmt"}
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert program == "netspec"
        assert CliRunner().invoke(main, [*arguments, str(path)]).exit_code == 0
        assert re.search(hook["files"], "specs/a.yaml")
        assert not re.search(hook["files"], ".github/workflows/ci.yml")


def test_the_documented_workflow_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps of the workflow in docs/ci.md are commands that there are, and end well for sound specs."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (workflow, *_) = [yaml.safe_load(block) for block in re.findall("```yaml\n(.*?)```", text, re.DOTALL)]
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "net.yaml").write_text(SPEC, encoding="utf-8")
    CliRunner().invoke(main, ["fmt", "specs/net.yaml"])

    assert steps[0].startswith("pip install netspec")
    for step in steps[1:]:
        result = CliRunner().invoke(main, step.replace("*", "net").split()[1:])
        assert (result.exit_code, result.stdout) == (0, ""), step
