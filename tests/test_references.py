"""How a user's word leads to a spec: paths with an @, all variants, folders, standard input, and parents alike."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import netspec
from netspec import catalogue
from netspec.cli import main
from netspec.errors.problem import SpecError

SPEC = """\
netspec: 1
name: {name}
input: [3, 8, 8]
params: {{out: 4}}
variants: {{small: {{out: 2}}, large: {{out: 8}}}}
stages: {{c: {{conv: {{out: $out, kernel: 3}}}}}}
"""
CHILD = "netspec: 1\nname: child\nextends: {}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def write(path: str, text: str | None = None) -> None:
    """A spec called as its file, or ``text``."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W", "-", Path(path).stem).strip("-")
    Path(path).write_text(SPEC.format(name=name) if text is None else text, encoding="utf-8")


def run(*arguments: str, stdin: str | None = None) -> Result:
    """The result of a command."""
    result = CliRunner().invoke(main, arguments, input=stdin)
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


WORDS = {
    "net.yaml": ("net.yaml", None),
    "net.yaml@small": ("net.yaml", "small"),
    "runs@gpu1/net.yaml": ("runs@gpu1/net.yaml", None),
    "runs@gpu1/net.yaml@small": ("runs@gpu1/net.yaml", "small"),
    "runs@gpu1/a@b.yaml": ("runs@gpu1/a@b.yaml", None),
    "runs@gpu1/a@b.yaml@large": ("runs@gpu1/a@b.yaml", "large"),
    "net.yaml@large.yaml": ("net.yaml@large.yaml", None),
    "./net.yaml@*": ("./net.yaml", "*"),
}
"""Word -> the file and the variant that it means; all these files are there."""


@pytest.mark.parametrize("word", WORDS)
def test_an_existing_file_wins_over_a_variant(word: str) -> None:
    """What is there under the whole word is that file; else the variant stands behind the last @ of the last part."""
    for path, _ in WORDS.values():
        write(path)
    path, variant = WORDS[word]

    assert catalogue.reference(word) == (Path(path), variant)


@pytest.mark.parametrize("word", [word for word in WORDS if not word.startswith("./")])
def test_parents_are_found_as_specs_are(word: str) -> None:
    """``extends`` reads its word as the command line does, from the folder of the child."""
    for path, _ in WORDS.values():
        write(f"in/{path}")
    write("in/child.yaml", CHILD.format(word))
    path, variant = WORDS[word]
    network = netspec.read("in/child.yaml")

    assert network.params["out"] == {None: 4, "small": 2, "large": 8}[variant]
    assert network.spec.files == (Path("in/child.yaml"), Path("in", path))


def test_a_file_of_the_callers_folder_is_no_parent() -> None:
    """A name without an ending means a file beside the child or a shipped network, not one where the user stands."""
    write("secret")
    write("in/child.yaml", CHILD.format("secret"))

    with pytest.raises(SpecError, match="no file and no shipped network 'secret'"):
        netspec.read("in/child.yaml")


BAD_PARENTS = [
    "a" * 5000,
    '"a\\0b.yaml"',
    '"a\\0b/c.yaml"',
    "loop.yaml",
    "pipe.yaml",
    "pipe",
    "in",
    "in.yaml",
    '"-"',
    "x@y@z.yaml",
    "/dev/zero",
]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links are POSIX")
@pytest.mark.parametrize("word", BAD_PARENTS, ids=lambda word: word[:12])
def test_parents_that_cannot_be_read_are_refused_in_their_place(word: str) -> None:
    """Names too long, NUL, circles of links, pipes, devices and folders are one problem each, at ``extends``."""
    Path("loop.yaml").symlink_to("loop.yaml")
    os.mkfifo("pipe.yaml")
    os.mkfifo("pipe")
    Path("in").mkdir()
    Path("in.yaml").mkdir()
    write("child.yaml", CHILD.format(word))
    with pytest.raises(SpecError) as caught:
        netspec.read("child.yaml")
    (problem,) = caught.value.problems

    assert problem.code in ("missing-file", "outside", "yaml-syntax")
    assert problem.span
    assert problem.span.source.name == "child.yaml"
    assert problem.span.line == 3


@pytest.mark.parametrize(
    "word", ["a" * 5000, "a" * 5000 + ".yaml", "a/" * 3000, "a@" * 3000, "a\0b", "loop.yaml", "~x", ""]
)
def test_words_that_name_nothing_are_told(word: str) -> None:
    """Whatever the system makes of a word, the answer is one short problem."""
    Path("loop.yaml").symlink_to("loop.yaml")
    result = run("check", word)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error[missing-file]: ")
    assert len(result.stderr) < 1000


# -- all variants -------------------------------------------------------------------------------------------------


def test_a_star_means_all_variants() -> None:
    """``check``, ``stats`` and the like take all; what needs one network names those that there are."""
    write("net.yaml")
    write(
        "one.yaml",
        SPEC.format(name="one").replace("variants", "notes").replace("{small: {out: 2}, large: {out: 8}}", "x"),
    )

    assert run("check", "net.yaml@*").stdout == "net.yaml@*: ok (net, small, large)\n"
    table = run("stats", "net.yaml@*").stdout.partition("---\n")[2].splitlines()
    assert [line.split()[0] for line in table[:3]] == ["net", "small", "large"]
    assert run("check", "one.yaml@*").stdout == "one.yaml@*: ok (one)\n"
    assert run("show", "one.yaml@*").exit_code == 0
    for command in (["show"], ["rf"], ["build"], ["diff", "net.yaml"]):
        result = run(*command, "net.yaml@*")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "'net.yaml@*' names 3 networks, and one is needed" in result.stderr
        assert "choose one: net.yaml, net.yaml@small, net.yaml@large" in result.stderr


# -- folders ------------------------------------------------------------------------------------------------------


def test_folders_are_checked_as_their_specs() -> None:
    """All .yaml and .yml files below a folder in order; what is hidden, and other files, are left out."""
    for path in ("d/b.yaml", "d/a.yml", "d/in/c.yaml", "d/.hidden/x.yaml", "d/.x.yaml", "d/in/.git/x.yaml", "d/x.txt"):
        write(path)
    Path("d/again").symlink_to(Path.cwd() / "d")
    names = [line.partition(":")[0] for line in run("check", "d").stdout.splitlines()]

    assert names == ["d/a.yml", "d/b.yaml", "d/in/c.yaml"]
    assert run("check", "d/.hidden").stdout.startswith("d/.hidden/x.yaml: ok")
    assert run("check", "d/in", "d/b.yaml").exit_code == 0


def test_a_mistake_in_a_folder_keeps_nothing_back() -> None:
    """Sound specs beside a broken one are answered, and the broken one has its place."""
    write("d/a.yaml")
    write("d/b.yaml", "netspec: 1\nname: b\ninput: [3, 8, 8]\nstages: [rleu]\n")
    result = run("check", "d")

    assert (result.exit_code, result.stdout) == (2, "d/a.yaml: ok (a, small, large)\n")
    assert result.stderr.startswith("d/b.yaml:4:10: error[unknown-operation]")


def test_folders_without_specs_are_told() -> None:
    """An empty folder is a mistake, and other commands say that a folder is none of theirs; names of networks win."""
    Path("empty").mkdir()
    Path("resnet18").mkdir()

    assert "there is no file '*.yaml' or '*.yml' in 'empty' or below it" in run("check", "empty").stderr
    assert run("check", "empty").exit_code == 2
    assert "'empty' cannot be read: Is a directory" in run("stats", "empty").stderr
    assert run("check", "resnet18").stdout == "resnet18: ok (resnet18)\n"
    assert "in 'resnet18/' or below it" in run("check", "resnet18/").stderr


# -- standard input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "stats", "show", "rf", "schema"])
def test_specs_come_from_standard_input(command: str) -> None:
    """``-`` is standard input for every command, a variant of it too, and is called <stdin> in messages."""
    text = SPEC.format(name="net")
    write("net.yaml", text)
    for word, file in (("-", "net.yaml"), ("-@small", "net.yaml@small")):
        found, usual = run(command, "--", word, stdin=text), run(command, file)
        shown = usual.stdout.replace(file, "<stdin>" if word == "-" else word)

        assert (found.exit_code, found.stdout) == (0, shown)
    assert run(command, "-", stdin="a: [").stderr.startswith("<stdin>:1:")


def test_a_parent_of_standard_input_lies_where_the_user_stands() -> None:
    """A spec from standard input extends what lies in the current folder, and nothing outside of it."""
    write("net.yaml")
    write("../outside.yaml")

    assert run("check", "-", stdin=CHILD.format("net.yaml@small")).exit_code == 0
    assert "error[outside]" in run("check", "-", stdin=CHILD.format("../outside.yaml")).stderr


# -- what is written ----------------------------------------------------------------------------------------------

TARGETS = {
    "build": ["build", "child.yaml", "-o"],
    "diagram": ["diagram", "child.yaml", "-o"],
    "rf": ["rf", "child.yaml", "-o"],
    "stats": ["stats", "child.yaml", "-o"],
    "signal": ["signal", "child.yaml", "-o"],
    "diff": ["diff", "lenet5", "child.yaml", "-o"],
}


@pytest.mark.parametrize("command", TARGETS)
@pytest.mark.parametrize("read", ["child.yaml", "net.yaml"])
def test_a_spec_and_its_parents_are_never_written_over(command: str, read: str) -> None:
    """``-o`` refuses what the network is read from, by another name too; the file stays as it was."""
    write("net.yaml")
    write("child.yaml", CHILD.format("net.yaml"))
    before = Path(read).read_text(encoding="utf-8")
    Path("link.svg").symlink_to(read)
    Path("hard.svg").hardlink_to(read)
    for place in ("link.svg", "hard.svg", *([read, f"./{read}"] if command == "build" else [])):
        result = run(*TARGETS[command], place)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{place.removeprefix('./')}: cannot be written: it is one of the files that are read" in result.stderr
    assert Path(read).read_text(encoding="utf-8") == before


@pytest.mark.parametrize("command", TARGETS)
def test_a_place_that_cannot_be_written_is_told_before_the_work(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither torch nor the drawing is begun where nothing could be written."""
    from netspec.commands import diagram, picture_output, stats
    from netspec.nn import smoke_test

    def begun(*_: object, **__: object) -> None:
        message = "work was begun"
        raise AssertionError(message)

    for module, name in ((smoke_test, "built"), (picture_output, "draw"), (diagram, "draw"), (stats, "draw")):
        monkeypatch.setattr(module, name, begun)
    write("net.yaml")
    write("child.yaml", CHILD.format("net.yaml"))

    assert "No such file or directory" in run(*TARGETS[command], "nowhere/x.svg").stderr
    if command != "diagram":  # which prints its text there
        assert "-o names a file" in run(*TARGETS[command], "-").stderr


@pytest.mark.usefixtures("torch")
def test_weights_are_never_written_over() -> None:
    """``build --weights w -o w`` is refused."""
    write("net.yaml")
    assert run("build", "net.yaml", "-o", "w.safetensors").exit_code == 0
    result = run("build", "net.yaml", "--weights", "w.safetensors", "-o", "./w.safetensors")

    assert "it is one of the files that are read" in result.stderr


def test_the_library_does_not_write_over_a_spec_either() -> None:
    """``netspec.save`` refuses the file that its network was read from."""
    write("net.yaml")
    network = netspec.read("net.yaml")

    with pytest.raises(SpecError, match="one of the files that are read"):
        netspec.save(network.compile(), network, "net.yaml")
