"""``netspec fmt``: one canonical form, the same data, every comment kept."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
import yaml_texts
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_texts import comments, fault, in_yaml_1_1, random_text

from netspec import catalogue
from netspec.cli import main
from netspec.errors.problem import SpecError
from netspec.errors.source import Source
from netspec.formatter import form, place
from netspec.formatter.difference import unified
from netspec.formatter.form import formatted
from netspec.language.reader import read_yaml
from netspec.language.sections import KEYS
from netspec.language.values import plain

BROKEN = Path(__file__).parent / "broken"


def parses(text: str) -> bool:
    """Whether ``text`` is plain YAML data."""
    try:
        read_yaml(Source("x.yaml", text))
    except SpecError:
        return False
    return True


def texts() -> dict[str, str]:
    """The shipped specs, and those of the broken ones that are YAML."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in catalogue.shipped().values()}
    for path in sorted(BROKEN.glob("*.yaml")):
        text = path.read_bytes().decode(errors="replace")
        if parses(text):
            found[path.stem] = text
    return found


TEXTS = texts()


def canonical(text: str) -> str:
    """The canonical form of ``text``."""
    return formatted(Source("x.yaml", text))


def _sorted(data: Any) -> Any:
    """``data`` with its sections in the order of their names."""
    return dict(sorted(data.items())) if isinstance(data, dict) else data


def assert_kept(before: str, after: str) -> None:
    """The same data, the same comments, and a form that does not change again."""
    data = [plain(read_yaml(Source("x.yaml", text))) for text in (before, after)]
    assert repr(_sorted(data[0])) == repr(_sorted(data[1]))
    found = [sorted(comments(text)) for text in (before, after)]
    assert found[0] == found[1]
    assert canonical(after) == after
    assert after.endswith("\n")
    assert not after.endswith("\n\n")
    assert "\r" not in after
    assert "\t" not in after.replace("\\t", "")


@pytest.mark.parametrize("name", TEXTS)
def test_formatting_keeps_what_a_file_says_and_is_idempotent(name: str) -> None:
    """Data and comments of every shipped spec and of every readable broken one stay, and once is enough."""
    assert_kept(TEXTS[name], canonical(TEXTS[name]))


def commented(text: str, chance: random.Random) -> str:
    """``text`` with comments and empty lines in places where people put them, and where they do not."""
    lines = text.split("\n")
    for number in range(chance.randint(0, 8)):
        at = chance.randrange(len(lines))
        kind = chance.random()
        if kind < 0.5:
            lines[at] += f"  # beside {number}"
        elif kind < 0.6:
            lines.insert(at, "")
        else:
            lines.insert(at, " " * chance.choice([0, 1, 2, 3, 4, 6, 8, 10, 14]) + f"# above {number}")
    return "\n".join(lines)


LAYOUTS: list[Callable[[Any], str]] = [
    lambda data: yaml.safe_dump(data, sort_keys=False, default_flow_style=False, width=40),
    lambda data: yaml.safe_dump(data, sort_keys=True, default_flow_style=False, indent=4),
    lambda data: yaml.safe_dump(data, sort_keys=False, default_flow_style=True, width=30),
    lambda data: yaml.safe_dump(data, sort_keys=False, default_style='"', width=60),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.sampled_from([None, *LAYOUTS]), st.integers(0, 2**32))
def test_any_layout_with_any_comments_is_brought_into_form(
    name: str, layout: Callable[[Any], str] | None, seed: int
) -> None:
    """However a spec is laid out and commented, its form says the same and is final."""
    text = TEXTS[name]
    text = commented(layout(plain(read_yaml(Source("x.yaml", text)))) if layout else text, random.Random(seed))  # noqa: S311
    if parses(text):
        assert_kept(text, canonical(text))


WORDS = st.text(max_size=20) | st.sampled_from(
    ["a, b", "x: y", "# no", "- a", "no", "1", "$a[0]", "it's", '"', "~", "<<"]
)
DATA = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | WORDS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*KEYS, "other"]), DATA, min_size=1), st.sampled_from([True, False, None]))
def test_any_data_is_brought_into_form(data: dict[str, Any], flow: bool | None) -> None:  # noqa: FBT001 - drawn
    """Words that need quotes, texts of several lines, nothing, and nested data of any kind stay what they are."""
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    if parses(text):
        assert_kept(text, canonical(text))


def test_layouts_of_the_same_data_have_one_form() -> None:
    """A spec in block style, in flow style, quoted or in another order of sections has one and the same form."""
    for name in ("lenet5", "densenet121", "resnet50", "plain20"):
        data = plain(read_yaml(Source("x.yaml", TEXTS[name])))
        backwards = dict(reversed(data.items()))
        forms = {canonical(layout(one)) for layout in (LAYOUTS[0], LAYOUTS[2]) for one in (data, backwards)}

        assert len(forms) == 1


CASES = {
    "sections in order, groups apart": (
        "head: {fc: {linear: 10}}\nstem: {a: relu}\nblocks: {b: {body: [relu]}}\nname: x\nnetspec: 1\ninput: [1,2,3]\n",
        (
            "netspec: 1\nname: x\ninput: [1, 2, 3]\n\nblocks:\n  b: {body: [relu]}\n\nstem:\n  a: relu\n"
            "head:\n  fc: {linear: 10}\n"
        ),
    ),
    "short blocks are a table": (
        (
            "blocks:\n  bn:\n    like: {batch_norm: {eps: 0.001}}\n  project:\n    params: {out: int}\n"
            "    body: [conv: {out: $out, kernel: 1}, bn]\n  deep:\n    params: {out: int, kernel: 3}\n"
            "    body: [conv: {out: $out, kernel: $kernel, bias: false}, bn, relu]\n"
        ),
        (
            "blocks:\n  bn:      {like: {batch_norm: {eps: 0.001}}}\n"
            "  project: {params: {out: int}, body: [conv: {out: $out, kernel: 1}, bn]}\n  deep:\n"
            "    params: {out: int, kernel: 3}\n    body: [conv: {out: $out, kernel: $kernel, bias: false}, bn, relu]\n"
        ),
    ),
    "what a block is like has the whole line": (
        (
            "blocks:\n  a:\n"
            "    like: {conv: {out: $in.channels, kernel: 3, padding: 1, groups: $in.channels, bias: false}}\n"
        ),
        "blocks:\n  a: {like: {conv: {out: $in.channels, kernel: 3, padding: 1, groups: $in.channels, bias: false}}}\n",
    ),
    "keys beside the word stay in order": (
        "under: a\nextends: x\nname: y\nhead: {b: {inline: true, branches: {c: relu, d: tanh}, join: add}}\n",
        "name: y\nextends: x\nunder: a\n\nhead:\n  b: {inline: true, branches: {c: relu, d: tanh}, join: add}\n",
    ),
    "comments travel with their section": (
        "# of the name\nname: x  # beside\n# of the version\nnetspec: 1\n# the end\n",
        f"# of the version\nnetspec: 1\n# of the name\n{'name: x':<46}# beside\n# the end\n",
    ),
    "the editor's line stays the first": (
        "# yaml-language-server: $schema=x.json\nname: x\nnetspec: 1\n",
        "# yaml-language-server: $schema=x.json\nnetspec: 1\nname: x\n",
    ),
    "a head of the file stays there": ("# licence\n\nname: x\nnetspec: 1\n", "# licence\n\nnetspec: 1\nname: x\n"),
    "names and columns are aligned": (
        "stem:\n  a: {conv: {out: 8, kernel: 3}}\n  long: {conv: {out: 16, kernel: 3}}\n  b: relu\n",
        "stem:\n  a:    {conv: {out: 8,  kernel: 3}}\n  long: {conv: {out: 16, kernel: 3}}\n  b:    relu\n",
    ),
    "comments inside braces need lines": (
        "stem:\n  a: {conv: {out: 8,   # filters\n             kernel: 3}}\n",
        f"stem:\n  a:\n    conv:\n{'      out: 8':<46}# filters\n      kernel: 3\n",
    ),
    "needless quotes and spaces go": (
        "stem:\n    a: { dropout:   '$p' }\n\n\n    b: \"relu\"\n",
        "stem:\n  a: {dropout: $p}\n  b: relu\n",
    ),
    "needed quotes stay": (
        'a: "1"\nb: "x: y"\nc: ["$a[0]", "it\'s: 1", \'"b: \\\']\n',
        'a: "1"\nb: "x: y"\nc: ["$a[0]", "it\'s: 1", \'"b: \\\']\n',
    ),
    "numbers keep their spelling": ("x: [1e-3, 0x10, 1.50, ~]\n", "x: [1e-3, 0x10, 1.50, ~]\n"),
    "anchors keep their order": ("name: &n x\nnetspec: *n\n", "name: &n x\nnetspec: *n\n"),
    "an item in braces of its own": ("head: [{relu: }, {relu: , from: a}]\n", "head: [{relu: }, {relu: , from: a}]\n"),
    "lists end with what is said of their end": (
        "stem:\n  a:\n    - relu\n    # of the end\nhead: [relu]\n",
        "stem:\n  a:\n    - relu\n    # of the end\nhead: [relu]\n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_the_canonical_form(text: str, expected: str) -> None:
    """One rule of the form at a time."""
    assert canonical(text) == expected
    assert_kept(text, expected)


def test_long_texts_are_folded_and_long_layers_opened() -> None:
    """No line is longer than 120 characters where words and layers can be parted."""
    notes = " ".join(["word"] * 60)
    text = f"notes: {notes}\nstem:\n  a: [{', '.join(['{conv: {out: 8, kernel: 3}}'] * 6)}]\n"

    lines = canonical(text).splitlines()
    assert max(map(len, lines)) <= place.WIDTH
    assert lines[0] == "notes: >-"
    assert lines.count("    - conv: {out: 8, kernel: 3}") == 6


def test_sections_stand_in_the_order_of_their_table() -> None:
    """Every section of the language has its place, whatever the order it is written in; one that is unknown is last."""
    text = "".join(f"{key}: {{x: 1}}\n" for key in ("other", *reversed(KEYS)))

    assert re.findall(r"^(\w+):", canonical(text), re.MULTILINE) == [*KEYS, "other"]
    assert set(place._SECTIONS) <= set(KEYS)


def test_a_form_that_means_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle objects: a layout that loses a value or a comment is never written."""
    for wrong in ("a: 2  # c\n", "a: 1.0  # c\n", "a: 1\n", "a: [\n"):
        monkeypatch.setattr(form, "_written", lambda _, wrong=wrong: wrong)
        with pytest.raises(SpecError, match="no canonical form"):
            canonical("a: 1  # c\n")


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    """``netspec fmt``."""
    return CliRunner().invoke(main, ["fmt", *arguments], input=stdin)


@pytest.mark.parametrize("block", range(4))
def test_random_texts_keep_data_comments_and_order(block: int) -> None:
    """Data, also as YAML 1.1 has it, and comments in their order stay, and a second run changes nothing."""
    texts = [random_text(seed) for seed in range(100 * block, 100 * block + 100)]
    readable = [text for text in texts if parses(text)]

    assert [text for text in readable if fault(text)] == []
    assert len(readable) > 80


@pytest.mark.parametrize(
    ("sabotage", "expected"),
    [
        (lambda text: text.replace("'no'", "no"), "the data changes for tools that know YAML 1.1"),
        (lambda text: text.replace("1", "2"), "the data changes"),
        (lambda text: text.replace("# one", "# two"), "comments are lost, or change their order"),
        (lambda text: text + "\n", "a second run changes the text"),
    ],
)
def test_the_oracle_of_random_texts_objects(
    sabotage: Callable[[str], str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form that changes data, quotes, comments, or itself is found out."""
    monkeypatch.setattr(yaml_texts, "formatted", lambda source: sabotage(source.text))

    assert fault("a: 1  # one\nb: 'no'  # two\n") == expected


AMBIGUOUS = (
    "<<", "=", "yes", "No", "ON", "off", "y", "N", "1:30", "1:30.5", "010", "0b1", "2020-01-01", "2001-12-14 21:59:43",
    "1_000", "+.inf", ".NaN", "~", "null", "true", "0x1f", "1e3", "1.5", "-1", "",
)  # fmt: skip
"""Words that some tool reads as no word if they stand without quotes."""


@pytest.mark.parametrize("word", AMBIGUOUS)
@pytest.mark.parametrize("form", ["{}: x", "x: {}", "x: [{}]", "x: {{{}: y, z: {}}}", "x:\n  - {}\n  - {}: y # c"])
def test_quotes_stay_where_some_tool_needs_them(form: str, word: str) -> None:
    """A quoted word that YAML 1.1 or 1.2 takes for something else keeps its quotes, as a key and as a value."""
    text = form.format(*[f"'{word}'"] * 2) + "\n"
    if parses(text):  # a key cannot be <<
        assert f'"{word}"' in canonical(text)
        assert fault(text) == ""


@given(st.text(max_size=12) | st.sampled_from(AMBIGUOUS), st.sampled_from(["'", '"', ""]))
def test_a_word_is_what_it_was_in_yaml_1_1(word: str, quote: str) -> None:
    """PyYAML reads the same before and after, whether a word is quoted or not."""
    text = f"a: {quote}{word}{quote}\nb: [{quote}{word}{quote}]\n"
    if parses(text):
        assert in_yaml_1_1(canonical(text)) == in_yaml_1_1(text)


UGLY, FINE = "netspec:   1\nname: x\n", "netspec: 1\nname: x\n"


def test_files_are_formatted_in_place_and_keep_their_mode(tmp_path: Path) -> None:
    """A file is replaced whole, with its mode; a link stays a link; nothing else is left in the folder."""
    path, link = tmp_path / "a.yaml", tmp_path / "b.yaml"
    path.write_text(UGLY, encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)

    assert run(str(link)).exit_code == 0
    assert path.read_text(encoding="utf-8") == FINE
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [path, link]


def test_files_in_form_are_not_touched(tmp_path: Path) -> None:
    """A file that is in canonical form is not written again."""
    path = tmp_path / "a.yaml"
    path.write_text(FINE, encoding="utf-8")
    os.utime(path, (1, 1))

    assert run(str(path)).output == ""
    assert path.stat().st_mtime == 1


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("text", ["netspec: 1\nname: |\n  x\n  y\n", "a: [1, # c\n  2]\n", "\ufeffa: 1\n# c\n\n"])
def test_lines_end_as_the_first_one_does(tmp_path: Path, text: str, ends: str) -> None:
    """Line ends of Windows stay, in every line; a byte order mark goes; what is in form then stays in form."""
    path = tmp_path / "a.yaml"
    path.write_bytes((text + "b: 2\n").replace("\n", ends, 1).encode())
    assert run(str(path)).exit_code == 0
    after = path.read_bytes()

    assert after.replace(b"\r\n", b"").count(b"\n" if ends == "\r\n" else b"\r") == 0
    assert after.count(ends.encode()) == after.count(b"\n")
    assert not after.startswith(b"\xef")
    assert run(str(path), "--check", "--diff").output == ""


@pytest.mark.parametrize("text", [UGLY, UGLY.replace("\n", "\r\n"), "\ufeff" + FINE, FINE + "\n", FINE[:-1]])
def test_check_and_diff_write_nothing(tmp_path: Path, text: str) -> None:
    """``--check`` ends with 1 for a file that would change, line ends and byte order marks included."""
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode())

    assert run(str(path), "--check").exit_code == 1
    assert run(str(path), "--diff").exit_code == 0
    assert run(str(path), "--diff").output.startswith(f"--- {path}\n+++ {path} (canonical)\n")
    assert path.read_bytes() == text.encode()
    assert run(str(path)).exit_code == 0
    assert path.read_bytes().replace(b"\r\n", b"\n") == FINE.encode()
    assert run(str(path), "--check", "--diff").output == ""


def patched(before: list[str], diff: list[str]) -> list[str]:
    """What the hunks of ``diff`` make of ``before``; each line that they keep or take away is looked at."""
    after: list[str] = []
    at = 0
    for line in diff[2:]:
        if line.startswith("@@"):
            start, _, count = line.split()[1].removeprefix("-").partition(",")
            until = int(start) - (count != "0")
            after += before[at:until]
            at = until
        elif line[0] == "+":
            after.append(line[1:])
        else:
            assert line[1:] == before[at]
            after += [line[1:]] * (line[0] == " ")
            at += 1
    return after + before[at:]


@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcdef")), st.integers(0, 20))
@settings(max_examples=300, deadline=None)
def test_a_diff_makes_one_text_of_the_other(before: list[str], more: list[str], place: int) -> None:
    """Its hunks, applied by hand, give the other text, and equal texts have none."""
    for after in (more, [*before[:place], *more, *before[place:]], before[:place] + before[place + 1 :], before):
        diff = [*unified(before, after, ("one", "other"))]
        assert patched(before, diff) == after
        assert bool(diff) == (before != after)
        assert sum(line[0] in "+-" for line in diff[2:]) <= len(before) + len(after)


def test_a_line_more_is_a_line_of_a_diff() -> None:
    """What is the same stays, also around a line that was there before and where lines are all alike."""
    assert [*unified("abc", "abxc", ("one", "other"))][3:] == [" a", " b", "+x", " c"]
    assert [line for line in unified("a" * 9, "a" * 10, ("one", "other")) if line[0] == "+"][1:] == ["+a"]


def test_standard_input_goes_to_standard_output() -> None:
    """``-`` reads and prints."""
    assert run("-", stdin=UGLY.encode()).output == FINE
    assert run("-", "--check", stdin=UGLY.encode()).exit_code == 1


def test_files_with_mistakes_are_left_as_they_are(tmp_path: Path) -> None:
    """A file that is no YAML ends in exit code 2 with its place, untouched; the others are formatted."""
    wrong, right = tmp_path / "wrong.yaml", tmp_path / "right.yaml"
    wrong.write_text("a:  [1\n", encoding="utf-8")
    right.write_text(UGLY, encoding="utf-8")
    result = run(str(wrong), str(tmp_path / "nowhere.yaml"), str(right))

    assert result.exit_code == 2
    assert "error[yaml-syntax]" in result.output
    assert "error[missing-file]" in result.output
    assert wrong.read_text(encoding="utf-8") == "a:  [1\n"
    assert right.read_text(encoding="utf-8") == FINE


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="every folder can be written to")
def test_folders_that_cannot_be_written_to(tmp_path: Path) -> None:
    """Where the file cannot be replaced, that is said, and it stays."""
    path = tmp_path / "a.yaml"
    path.write_text(UGLY, encoding="utf-8")
    tmp_path.chmod(0o500)
    try:
        assert "error[unwritable]" in run(str(path)).output
    finally:
        tmp_path.chmod(0o700)
    assert path.read_text(encoding="utf-8") == UGLY
