"""Specs broken at random end in success or in problems with places, quickly and in little memory.

A short share of what ``tools/fuzz.py`` does; that script takes a longer run, and repeats a single case by its number.
"""

from __future__ import annotations

import subprocess
import sys
from math import gcd
from pathlib import Path
from random import Random

import mutations
import pytest

import netspec
from netspec.errors.problem import MAX_PROBLEMS, Problem, Problems, SpecError
from netspec.errors.source import Source
from netspec.language.reader import read_yaml
from netspec.language.values import plain
from netspec.ops.adaptive import axis_window

ROOT = Path(__file__).parent.parent
HEAD = "netspec: 1\nname: net\ninput: [3, 32, 32]\n"


def test_mutated_specs_end_in_success_or_in_placed_problems(tmp_path: Path) -> None:
    """Six hundred seeded mutations escape no bound: no other exception, 1 s, 300 MB, places inside the file."""
    command = [
        sys.executable,
        str(ROOT / "tools" / "fuzz.py"),
        "--cases",
        "400",
        "--seed",
        "7",
        "--keep",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 escaped" in done.stdout


def test_the_search_notices_what_escapes(tmp_path: Path) -> None:
    """With a fault put in on purpose the script tells it, keeps the case and leaves with exit code 1."""
    sabotage = (
        "import sys; sys.argv[0] = 'fuzz.py'; sys.path.insert(0, 'tools'); import fuzz\n"
        "fuzz.spec_of = lambda *_: {}['nothing']\n"
        "sys.exit(fuzz.main())"
    )
    command = [sys.executable, "-c", sabotage, "--cases", "20", "--workers", "1", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)

    assert done.returncode == 1
    assert "KeyError: 'nothing'" in done.stdout
    assert list(tmp_path.glob("*.yaml"))


@pytest.mark.parametrize("mutator", dict.fromkeys(mutations.MUTATORS), ids=lambda mutator: mutator.__name__)
def test_mutators_change_and_repeat(mutator: mutations.Mutator) -> None:
    """Each mutator changes a spec, and does the same again with the same seed."""
    content = (ROOT / "specs" / "resnet.yaml").read_bytes()
    results, again = (
        [mutator(content, Random(f"{mutator.__name__}{seed}")) for seed in range(10)]  # noqa: S311 - to be repeated
        for _ in range(2)
    )

    assert any(result != content for result in results)
    assert results == again


def problems_of(text: str) -> tuple[Problem, ...]:
    """What is wrong with the spec ``text``."""
    with pytest.raises(SpecError) as caught:
        netspec.read(text)
    return caught.value.problems


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_lines_are_counted_as_the_parser_counts_them(end: str) -> None:
    """Whatever ends the lines, a problem points at the line and the word that are wrong."""
    (problem,) = problems_of((HEAD + "stages: {a: relx}\n# the end\n").replace("\n", end) + "\n")

    assert problem.span
    assert (problem.span.line, problem.span.column) == (4, 13)
    assert problem.span.source.line(4) == "stages: {a: relx}"


def test_a_flood_of_mistakes_ends_the_search() -> None:
    """Of more mistakes than one can read only the first are told, with a word on the rest."""
    found = problems_of(HEAD + "stages:\n" + "".join(f"  a{number}: relx\n" for number in range(5000)))

    assert len(found) == MAX_PROBLEMS + 1
    assert (found[-1].code, found[-1].message[:35]) == ("limit", "there are more than 100 mistakes; t")


def test_text_of_the_file_cannot_steer_the_terminal() -> None:
    """Escape characters in a key, a value or a file's name are shown as a replacement sign."""
    text = HEAD + 'stages: {a: "\\e]0;title\\a\\n\\u202e"}\n"\\e[31m": 1\n'
    for problem in problems_of(text):
        assert problem.text().replace("\n", "").isprintable()
        assert all("\x1b" not in str(value) for value in problem.to_dict().values())

    assert "\x1b" not in Problem("tag", "no", Source("\x1b[2J", "a\n").span(1, 1)).text()


def test_long_lines_and_words_are_cut() -> None:
    """A message repeats no more than a few hundred characters of a file, however long its lines and words are."""
    (problem,) = problems_of(HEAD + "stages: {a: " + "x" * 1_000_000 + "}\n")

    assert len(problem.text()) < 1000


@pytest.mark.parametrize("size", range(1, 30))
def test_adaptive_windows_are_those_of_every_position(size: int) -> None:
    """The longest window of adaptive pooling, worked out at once, is the longest of all windows one by one."""
    for out in range(1, 40):
        ends = [-(-(index + 1) * size // out) - index * size // out for index in range(out)]

        assert axis_window(size, out)[0] == max(ends), (size, out, gcd(size, out))


def test_keys_are_read_as_they_are_written() -> None:
    """A key that looks like a number or a truth value is the word that stands there."""
    read = plain(read_yaml(Source("x", "1e3: a\nnull: b\ntrue: c\n0x10: d\n")))

    assert list(read) == ["1e3", "null", "true", "0x10"]


@pytest.mark.parametrize("word", ["1e-3", "0o17", "no", "0x1f", "~", ".5", "1_000", "2001-01-01", "a: b", "é"])
def test_words_come_back_from_the_resolved_spec(word: str) -> None:
    """A quoted word that YAML 1.1 or 1.2 could take for something else is still that word in the resolved spec."""
    text = HEAD + f"notes: '{word}'\nstages: [relu]\n"
    again = netspec.read(netspec.read(text).to_yaml())

    assert again.spec.header.notes == word


def test_problems_are_limited_while_they_are_collected() -> None:
    """The collection itself ends the search, so that no part of netspec can gather without bound."""
    source = Source("x", "a\n" * 1000)
    problems = Problems(Problem("shape", "no", source.span(line + 1, 1)) for line in range(MAX_PROBLEMS))
    with pytest.raises(SpecError) as caught:
        problems.add(Problem("shape", "no", source.span(500, 1)))

    assert len(caught.value.problems) == MAX_PROBLEMS + 1


ENCODINGS = [
    (b"\xff\xfe" + HEAD.encode("utf-16-le"), "yaml-syntax", (1, 1)),
    (HEAD.encode("utf-16-le"), "yaml-syntax", (1, 2)),
    (HEAD.encode() + b"stages: {a: r\xffelu}\n", "yaml-syntax", (4, 14)),
    (HEAD.encode() + "stages: {é: r\0elu}\n".encode(), "yaml-syntax", (4, 14)),
    (b"\xef\xbb\xbf" + HEAD.encode() + b"stages: {a: relx}\n", "unknown-operation", (4, 13)),
    (b"#" * 2_000_001, "limit", (1, 1)),
    (b"", "not-a-mapping", (1, 1)),
]


@pytest.mark.parametrize(("content", "code", "place"), ENCODINGS, ids=range(len(ENCODINGS)))
def test_bytes_that_are_no_text_are_placed(content: bytes, code: str, place: tuple[int, int], tmp_path: Path) -> None:
    """Other encodings, stray bytes, control characters and endless files are answered with their place."""
    file = tmp_path / "net.yaml"
    file.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        netspec.read(file)
    (problem,) = caught.value.problems

    assert problem.span
    assert (problem.code, (problem.span.line, problem.span.column)) == (code, place)


@pytest.mark.parametrize("path", ["x\0.yaml", "x" * 5000 + ".yaml", "/proc/self/mem.yaml/x", "/dev/null/x.yaml"])
def test_paths_that_cannot_be_are_answered(path: str) -> None:
    """A path that the system refuses is a missing file, not a traceback."""
    with pytest.raises(SpecError) as caught:
        netspec.read(path)

    assert [problem.code for problem in caught.value.problems] == ["missing-file"]


def test_the_page_of_mistakes_says_what_netspec_says() -> None:
    """Netspec's answers in docs/mistakes.md are its answers."""
    command = [sys.executable, str(ROOT / "tools" / "mistakes.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
