"""The table of formats: each line has a kept output and a line in the docs, and a new line is all that a format needs.

After a change of wording, run ``NETSPEC_OVERWRITE=1 pytest tests/test_formats.py`` and read the difference.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import netspec
from netspec.analysis.position_field import position_field
from netspec.analysis.seen import Filter, Panel, Patch, Pixels
from netspec.cli import main
from netspec.diagram.difference import DifferenceDrawing
from netspec.diagram.drawing import Drawing
from netspec.diff.difference import difference
from netspec.report import formats
from netspec.report.difference import DifferenceReport
from netspec.report.formats import FORMATS, Format
from netspec.report.grouping import View
from netspec.report.network_list import Listed, ListReport
from netspec.report.page import Screen
from netspec.report.position_field import PositionReport
from netspec.report.seen import FiltersReport, SeenReport
from netspec.report.signal import NetworkSignal, SignalReport
from netspec.report.stats import StatsReport, Wanted
from netspec.report.verification import VerificationReport
from netspec.signal.predict import predict
from netspec.verify.result import Check, Verification

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "formats"
OF_COMMANDS: dict[str, tuple[type, ...]] = {
    "stats": (StatsReport,),
    "diff": (DifferenceReport, DifferenceDrawing),
    "rf": (PositionReport,),
    "see": (SeenReport, FiltersReport),
    "signal": (SignalReport,),
    "list": (ListReport,),
    "diagram": (Drawing,),
}
"""Command -> what it reports, and draws beside it."""
SPEC = """
netspec: 1
name: a_b
input: [3, 8, 8]
stages:
  pair: {conv_norm_act: {out: 4, kernel: 3, padding: 1}, repeat: 3}
  down: {conv_norm_act: {out: %s, kernel: 3, stride: 2}}
head: [global_avg_pool, linear: 2]
"""
PACKED = ("png", "pdf")
"""Pictures whose bytes are those of a packer, which differ from version to version."""


def panels() -> tuple[Panel, ...]:
    """Two channels: one of two patches, of which one lies at the edge, and one of a single patch."""
    black, white = Pixels(2, 2, 1, b"\x00" * 4), Pixels(2, 2, 1, b"\xff" * 4)
    edge = Patch("a.png", 3, (0, 2), 1.5, ((0, 1), (6, 7)), ((-1, 1), (5, 7)), black, white, None)  # type: ignore[arg-type]
    inside = edge._replace(
        image="b.png", at=(1, 1), value=float("inf"), region=((2, 4), (2, 4)), field=((2, 4), (2, 4))
    )
    return Panel("down.act", 3, (edge, inside)), Panel("down.act", 0, (inside._replace(channel=0),))


@cache
def reports() -> dict[str, Any]:
    """A small one of each kind; of figures both those of one network and those of several."""
    one, other = (netspec.read(SPEC % out) for out in (8, 16))
    checks = (Check("params", "", 7, 7, "torch"), Check("macs", "pair.0", 7, 8, "fvcore", "it counts more"))
    return {
        "stats": StatsReport([one.stats()], Wanted(View(depth=1), grouped=True)),
        "comparison": StatsReport([one.stats(), other.stats()], Wanted(View(), compare=True)),
        "difference": DifferenceReport(difference(one.graph, other.graph)),
        "position": PositionReport(position_field(one.graph)),
        "list": ListReport(
            (
                Listed("one", "Branches", "one.yaml", None, 1234, 5678, 3, (9, 9), (("input", (3, 8, 8)),)),
                Listed("x", "Shortcuts", "more.yaml", "x", 1, 2, 1, (3, 5), (("input", (3, 8, 8)),)),
            )
        ),
        "seen": SeenReport("a_b", "down.act", (8, 3, 3), (8, 8), "guided", panels(), ("one image was cut",)),
        "sheet": SeenReport("a_b", "down.act", (8, 3, 3), (8, 8), "deconvnet", (panels()[0]._replace(channel=None),)),
        "filters": FiltersReport("a_b", "conv", (2, 1, 1, 2), (Filter(0, None, Pixels(1, 2, 1, b"\x00\xff")),)),
        "signal": SignalReport(tuple([NetworkSignal(each.graph, predict(each.graph)) for each in (one, other)])),
        "verification": VerificationReport([Verification("net", (("input", (3, 8, 8)),), checks)]),
        "diagram": Drawing(one.graph),
        "marked": DifferenceDrawing(one.graph, other.graph, difference(one.graph, other.graph)),
    }


def kept() -> list[tuple[str, Format]]:
    """Every report with every format that it has, but for what is packed."""
    return [
        (name, form)
        for name, report in reports().items()
        for form in FORMATS
        if hasattr(report, form.content) and form.name not in PACKED
    ]


@pytest.mark.parametrize(("name", "form"), kept(), ids=[f"{name}-{form.name}" for name, form in kept()])
def test_every_format_prints_what_is_kept(name: str, form: Format) -> None:
    """The output of each format of each report is the file of that name in ``tests/golden/formats``."""
    report = reports()[name]
    printed = form.load()(report) if form.picture else "".join(form.load()(report, Screen(80))).encode()
    golden = GOLDEN / f"{name}.{form.name}"
    if os.environ.get("NETSPEC_OVERWRITE"):
        golden.write_bytes(printed)

    assert printed == golden.read_bytes()


def test_every_kept_file_belongs_to_a_format() -> None:
    """No file is left over, and every line of the table but those that are packed has one."""
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{form.name}" for name, form in kept()}
    assert {form for form in FORMATS if form not in [kept_form for _, kept_form in kept()]} == {
        form for form in FORMATS if form.name in PACKED
    }


def _has(told: tuple[type, ...], content: str) -> bool:
    return any(hasattr(one, content) for one in told)


def test_every_format_has_its_line_in_the_docs() -> None:
    """``docs/formats.md`` lists the formats of the table, the commands that have each, and what it is for."""
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\.?\w+)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    expected = [
        (
            f"{'.' * form.picture}{form.name}",
            ", ".join(
                f"`{command}`"
                for command, told in OF_COMMANDS.items()
                if any(hasattr(one, form.content) for one in told)
            ),
            form.says,
        )
        for form in FORMATS
    ]

    assert lines == expected


NEW = """
def shout(report, screen):
    for page in report.tables():
        for table in page.tables:
            yield " ".join(table.headings).upper() + "\\n"


def drawn(report):
    return report.graphs[0].name.encode()
"""


@pytest.fixture
def _one_line_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with a printed format and one for pictures more, before any command has asked it."""
    (tmp_path / "shouting.py").write_text(NEW, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = (
        Format("shout", "tables", "shouting:shout", "headings in capitals"),
        Format("shouted", "scenes", "shouting:drawn", "the name alone", picture=True),
    )
    for command in OF_COMMANDS:
        module = import_module(f"netspec.commands.{command}")  # what is taken away here comes back after the test
        monkeypatch.delitem(sys.modules, module.__name__)
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, *lines))


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["stats", "lenet5"], "NAME OPERATION OUTPUT PARAMS MACS"),
        (["stats", "lenet5", "plain20"], "NAME INPUT PARAMS"),
        (["diff", "lenet5", "lenet-caffe"], "TOTAL LENET5 LENET-CAFFE"),
        (["rf", "lenet5"], " HEIGHT WIDTH"),
    ],
)
@pytest.mark.usefixtures("_one_line_more")
def test_a_line_is_all_that_a_new_format_needs(arguments: list[str], first: str) -> None:
    """Every command whose report has what the format prints offers it in its help and prints it."""
    helped = CliRunner().invoke(main, [arguments[0], "--help"])
    result = CliRunner().invoke(main, [*arguments, "--format", "shout"])

    assert "|shout]" in helped.output
    assert "shout: headings in capitals." in " ".join(helped.output.split())
    assert result.exit_code == 0, result.output
    assert result.output.startswith(first)


@pytest.mark.usefixtures("_one_line_more")
def test_a_line_is_all_that_a_new_picture_needs(tmp_path: Path) -> None:
    """``netspec diagram`` names the new ending in its help and among those that are known, and writes such a file."""
    helped = CliRunner().invoke(main, ["diagram", "--help"])
    refused = CliRunner().invoke(main, ["diagram", "lenet5", "-o", "net.gif"])
    result = CliRunner().invoke(main, ["diagram", "lenet5", "-o", "net.shouted"])

    assert ".png, .pdf, .shouted" in " ".join(helped.output.split())
    assert "known: .svg, .txt, .tex, .dot, .png, .pdf, .shouted" in refused.output
    assert (result.exit_code, (tmp_path / "net.shouted").read_text(encoding="utf-8")) == (0, "lenet5")


def test_without_the_line_there_is_no_such_format() -> None:
    """What the table does not have is refused with what it has."""
    result = CliRunner().invoke(main, ["diff", "lenet5", "lenet5", "--format", "shout"])

    assert result.exit_code == 2
    assert "'shout' is not one of 'text', 'json', 'markdown', 'latex'" in result.output
