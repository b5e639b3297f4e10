"""The page of experiments: parts in ``pages/experiments``, whose commands are run here or were run once and kept.

A part is Markdown. Of its blocks of code, ``sh run N`` is run and followed by the first N paragraphs of what it prints,
and what it draws with ``-o NAME.svg`` is a picture of the page;
``sh measured`` takes minutes and is followed by the figures that ``tools/experiments.py`` has kept of it; a word after
it is what the picture of the curves is called. Lines behind a training in its block are run with what it has written,
and their pictures and what scripts print are kept too. Specs in blocks of YAML are beside the commands under their own
names, and scripts in blocks of Python that begin with ``# NAME.py``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from click.testing import CliRunner

from netspec.cli import main
from netspec.report.training import duration, loss_text, percent

ROOT = Path(__file__).parent.parent
PARTS = ROOT / "tools" / "pages" / "experiments"
RESULTS = PARTS / "results.json"
PICTURES = ROOT / "docs" / "diagrams" / "experiments"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PROMPT = "netspec "

HEAD = """\
# Experiments

What the papers claim, the command that tries it, what comes out here, and what that shows. Commands that take no time
are run whenever this page is made. Trainings were run once; each says when and on what, and a test says which of them
would have to be run again since. They are small ones of a fixed number of epochs on 5,000 or fewer digits, made for a
laptop: they show the direction of an effect, not the papers' numbers, and not what a longer training would come to.
Specs of this page are files of the names that they have.
"""


class Training(NamedTuple):
    """A line that trains networks: their specs, all other words, and the name of a picture of its curves, or none.

    The lines of ``then`` are run when it has.
    """

    specs: tuple[str, ...]
    options: str
    picture: str = ""
    then: tuple[str, ...] = ()

    @classmethod
    def of(cls, line: str, picture: str = "") -> Training:
        """``netspec train A B --data ...``: specs stand before the first option."""
        words = shlex.split(line)[2:]
        first = next(place for place, word in enumerate(words) if word.startswith("-"))
        return cls(tuple(words[:first]), shlex.join(words[first:]), picture)


def experiments() -> str:
    """The page."""
    parts = [path.read_text(encoding="utf-8") for path in sorted(PARTS.glob("*.md"))]
    titles = [re.findall(r"^## (.+)$", part, re.MULTILINE)[0] for part in parts]
    links = [f"- [{title}](#{anchor(title)})" for title in titles]
    with specs_beside():
        return "\n".join([HEAD, *links, "", *[rendered(part) for part in parts]])


def anchor(title: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


@contextmanager
def specs_beside() -> Iterator[Path]:
    """A folder with the specs of all parts, in which commands are run."""
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        for _, text in blocks("yaml"):
            name = re.findall(r"^name: (.+)$", text, re.MULTILINE)[0]
            (Path(folder) / f"{name}.yaml").write_text(text, encoding="utf-8")
        for text in scripts():
            (Path(folder) / text.split()[1].removesuffix(":")).write_text(text, encoding="utf-8")
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def blocks(kind: str) -> Iterator[tuple[list[str], str]]:
    """All blocks of code of a kind, of all parts: the words after the kind, and what is in it."""
    for path in sorted(PARTS.glob("*.md")):
        for own, how, text in FENCE.findall(path.read_text(encoding="utf-8")):
            if own == kind:
                yield how.split(), text


def scripts() -> Iterator[str]:
    """The scripts of all parts."""
    yield from (text for _, text in blocks("python") if re.match(r"# \w+\.py\b", text))


def trainings() -> Iterator[Training]:
    """All lines of all parts that train, each with those behind it in its block."""
    for how, text in blocks("sh"):
        if how[:1] == ["measured"]:
            first, *more = [part for part in re.split(r"^(?=netspec train)", text, flags=re.MULTILINE) if part.strip()]
            for part in (first, *more):
                line, *then = part.splitlines()
                yield Training.of(line, "".join(how[1:]))._replace(then=tuple(then))


def rendered(part: str) -> str:
    """A part with what its commands print."""
    return FENCE.sub(lambda found: _block(found[1], found[2].split(), found[3]), part)


def _block(kind: str, how: list[str], text: str) -> str:
    shown = f"```{kind}\n{text}```\n"
    if kind != "sh" or not how:
        return shown
    kinds: dict[str, Callable[[list[str], list[str]], str]] = {"run": _printed, "measured": _measured}
    return f"{shown}\n{kinds[how[0]](text.splitlines(), how[1:])}"


def _printed(lines: list[str], how: list[str]) -> str:
    """The first paragraphs of what the commands print."""
    found = []
    for line in lines:
        if line.startswith(PROMPT):
            found += _run(line).rstrip().split("\n\n")[: int(how[0]) if how else 1]
    return "```text\n" + "\n\n".join(found) + "\n```\n"


def _run(line: str) -> str:
    """What a command prints."""
    done = CliRunner().invoke(main, shlex.split(line)[1:], catch_exceptions=False)
    if done.exit_code:
        message = f"{line}: {done.output}"
        raise ValueError(message)
    return done.stdout


def pictures() -> dict[Path, bytes]:
    """What commands that take no time draw: file -> content."""
    lines = [line for how, text in blocks("sh") if how[:1] == ["run"] for line in text.splitlines() if " -o " in line]
    with specs_beside() as folder:
        for line in lines:
            _run(line)
        return {PICTURES / path.name: path.read_bytes() for path in sorted(folder.glob("*.svg"))}


def _measured(lines: list[str], _: list[str]) -> str:
    """The kept figures of the networks that the lines train, a row for each seed."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    tables = []
    for line in lines:
        if not line.startswith("netspec train"):
            continue
        wanted = Training.of(line)
        kept = results.get(wanted.options)
        names = [name_of(spec) for spec in wanted.specs]
        rows = [row for name in names for row in (kept["rows"] if kept else []) if row["network"] == name]
        missing = {*names} - {row["network"] for row in rows}
        if missing:
            message = f"nothing is kept of {', '.join(sorted(missing))} in: {line}\nrun tools/experiments.py"
            raise ValueError(message)
        tables.append(table(kept, rows))
        if kept.get("printed"):
            tables.append(f"```text\n{kept['printed']}\n```\n")
    return "\n".join(tables)


def name_of(spec: str) -> str:
    """The name of the network that a word means: its variant, or the file."""
    return spec.rpartition("@")[2].removesuffix(".yaml")


def table(kept: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The ``rows`` of what is ``kept`` of a training, with where and when it ran."""
    lines = ["| network | parameters | seed | epochs | training loss | accuracy | held-out loss | accuracy |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        figures = (
            row["network"],
            f"{row['params']:,}",
            row["seed"],
            row["epochs"],
            loss_text(row["train_loss"]),
            percent(row["train_accuracy"]),
            loss_text(row["held_out_loss"]),
            percent(row["held_out_accuracy"]),
        )
        lines.append(f"| {' | '.join(map(str, figures))} |")
    machine = kept["machine"]
    count = kept["settings"]["threads"]
    threads = f"{count} thread{'s' * (count > 1)}"
    seconds = sum(row.get("processor_seconds", 0) for row in rows)
    lines += ["", f"Measured on {kept['date']} with torch {machine['torch']}, {threads} each, {machine['processor']} ("]
    took = f"; these rows took {duration(seconds)} of one core's time" if seconds else ""
    lines[-1] += f"{machine['instructions']}){took}."
    return "\n".join(lines) + "\n"
