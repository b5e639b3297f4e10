"""Diagrams: what is folded, what is drawn where, and what happens when drawing fails.

The DOT text of a few networks is kept in ``tests/golden/diagram``. After a change of looks, run
``NETSPEC_OVERWRITE=1 pytest tests/test_diagram.py``, look at the pictures and read the difference.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import netspec
from netspec.analysis.summary import summary
from netspec.commands.formats import draw
from netspec.diagram import render as rendering
from netspec.diagram.dot import Drawing, to_dot
from netspec.diagram.folded import view
from netspec.diagram.labels import human, merged, share
from netspec.diagram.view import Box, Frame, Role, boxes, frames
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph

SPECS = Path(__file__).parent.parent / "specs"
GOLDEN = Path(__file__).parent / "golden" / "diagram"
NETWORKS = ("vgg16", "resnet@resnet50", "resnet@resnet18", "densenet121", "googlenet", "alexnet", "lenet5")
KEPT = (("resnet@resnet50", 1), ("densenet121", 2), ("googlenet", 0))
DOT = shutil.which("dot")
needs_dot = pytest.mark.skipif(DOT is None, reason="the dot program is not installed")
HOSTILE = ('"]; evil [label="x', "<B>&</TABLE>>", "a\\", "\\N\\G", "\x00\x07\n", "", " ", "&amp;", "x" * 5000, "ñ𝔘")


def network(word: str) -> Graph:
    """A shipped network, ``file`` or ``file@variant``."""
    name, _, variant = word.partition("@")
    return netspec.read(str(SPECS / f"{name}.yaml") + (f"@{variant}" if variant else "")).graph


@pytest.fixture
def tiny(graph_of: Callable[..., Graph]) -> Drawing:
    """A network of one operation, to be drawn."""
    return Drawing(graph_of("f: relu"))


def laid_out(text: str, form: str = "svg") -> str:
    """What the dot program makes of ``text``; no warning is let pass."""
    done = subprocess.run([str(DOT), f"-T{form}"], input=text, capture_output=True, text=True, timeout=60, check=True)
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize(("word", "depth"), KEPT)
def test_dot_text_is_the_kept_one(word: str, depth: int) -> None:
    """The same network gives the same text, in this process and in any other."""
    text = to_dot(network(word), depth=depth)
    golden = GOLDEN / f"{word.rpartition('@')[2]}-{depth}.dot"
    if os.environ.get("NETSPEC_OVERWRITE"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("word", NETWORKS)
def test_every_network_can_be_laid_out(word: str, depth: int) -> None:
    """No key stands for two things, and Graphviz takes the text without a warning."""
    graph = network(word)
    text = to_dot(graph, depth=depth)
    keys = re.findall(r"^ *(?:subgraph )?(\w+) (?:\[|\{$)", text, re.MULTILINE)
    keys = [key for key in keys if key not in ("graph", "node", "edge")]

    assert len(keys) == len(set(keys))
    if DOT:
        assert laid_out(text).count('class="cluster"') == text.count("subgraph cluster_")


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("word", NETWORKS)
def test_boxes_and_stages_add_up(word: str, depth: int) -> None:
    """The figures of the network are the sum over what stands at the top, and the sum that the summary gives."""
    graph = network(word)
    shown = view(graph, depth)
    totals = summary(graph).totals

    assert (shown.figures.params, shown.figures.macs) == (totals.params, totals.macs)
    assert sum(part.figures.params for part in shown.parts) == totals.params
    assert sum(part.figures.macs for part in shown.parts) == totals.macs


@pytest.mark.parametrize("word", ["resnet@resnet50", "densenet121", "googlenet", "vgg16"])
def test_every_stage_is_a_frame(word: str) -> None:
    """At depth 1 each stage of more than one layer has a frame of its name, the stem and the head one each."""
    graph = network(word)
    titles = [frame.title for frame in frames(view(graph).parts)]
    stages = [entry.name for entry in graph.entries if entry.section == "stages" and not hasattr(entry.part, "shape")]

    assert [title for title in titles if title not in ("stem", "head")] == stages
    assert titles.count("head") == 1


def test_resnet_is_folded_as_its_table_says() -> None:
    """ResNet-50 repeats its bottleneck 3, 4, 6 and 3 times; opened, the first of each stage stands apart."""
    graph = network("resnet@resnet50")
    folded = [box.count for box in boxes(view(graph).parts) if box.title == "bottleneck"]
    opened = [(frame.title, frame.count) for frame in frames(view(graph, 2).parts) if frame.nested]

    assert folded == [3, 4, 6, 3]
    assert opened[:4] == [("first", 1), ("the other 2", 2), ("first", 1), ("the other 3", 3)]


def test_dense_blocks_are_one_box_and_never_all_to_all() -> None:
    """DenseNet-121 has 58 dense layers in four boxes; opened, one layer stands for all of its block."""
    graph = network("densenet121")
    folded = [(box.count, box.lines[0]) for box in boxes(view(graph).parts) if box.title == "dense layer"]
    opened = view(graph, 2)

    assert folded[0] == (6, "64 → 256, +32 each")
    assert [count for count, _ in folded] == [6, 12, 24, 16]
    assert [frame.count for frame in frames(opened.parts) if frame.nested] == [6, 12, 24, 16]
    assert len(opened.arrows) < 2 * len(boxes(opened.parts)) + 10


def test_a_run_breaks_where_something_reads_its_middle(graph_of: Callable[..., Graph]) -> None:
    """Copies before and after a tapped one are folded apart: one box would hide where the tap is."""
    graph = graph_of("f: {residual: {width: 8}, repeat: 6}", outputs="tap: f.2\nlast: f")

    assert [box.count for box in boxes(view(graph).parts)] == [3, 3]


def test_siblings_of_different_numbers_are_not_repeats(graph_of: Callable[..., Graph]) -> None:
    """Two convolutions in a row that the spec does not repeat stay two boxes, those of an inline block become one."""
    blocks = "pair: {inline: true, params: {out: int}, body: [conv: {out: $out, kernel: 1}, relu]}"
    written = graph_of("f: [conv_norm_act: {out: 8}, conv_norm_act: {out: 16}]")
    inline = graph_of("f: {pair: 8, repeat: 3}\ng: {max_pool: 2}", blocks=blocks)

    assert [box.count for box in boxes(view(written).parts)] == [1, 1]
    assert [box.count for box in boxes(view(inline).parts)] == [3, 1]


def test_arrows_have_their_roles() -> None:
    """In a bottleneck the identity is a skip, the projection a side way, and branches of an inception are equal."""
    resnet, inception = view(network("resnet@resnet50"), 2), view(network("googlenet"), 1)

    assert [arrow.role for arrow in resnet.arrows].count(Role.SKIP) == 4
    assert [arrow.role for arrow in resnet.arrows].count(Role.SIDE) == 8
    assert Role.SKIP not in {arrow.role for arrow in inception.arrows}
    assert all(len(level.keys) == 4 and level.lane for level in inception.levels)


def test_auxiliary_heads_are_dashed() -> None:
    """What only training needs is drawn dashed, and nothing else is."""
    text = to_dot(network("googlenet"), depth=0)
    dashed = [line for line in text.splitlines() if "dashed" in line and "->" not in line]

    assert len(dashed) == 2
    assert all("training only" in line for line in dashed)
    assert "dashed" not in to_dot(network("densenet121"))


@needs_dot
@pytest.mark.parametrize(("word", "depth"), [*KEPT, ("resnet@resnet50", 2), ("googlenet", 1)])
def test_the_spine_is_straight(word: str, depth: int) -> None:
    """The two ends of a main arrow lie right under each other: what is beside the spine does not bend it."""
    graph = network(word)
    plain = laid_out(to_dot(graph, depth=depth), "plain")
    x = {words[1]: float(words[2]) for words in map(str.split, plain.splitlines()) if words[0] == "node"}
    main = [arrow for arrow in view(graph, depth).arrows if arrow.role is Role.MAIN and not arrow.auxiliary]

    assert len(main) > 8
    assert [arrow for arrow in main if abs(x[arrow.source] - x[arrow.target]) > 0.02] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_break_out(name: str, graph_of: Callable[..., Graph]) -> None:
    """Whatever a network or an output is called, the text holds as many statements as before."""
    plain = graph_of("f: {residual: {width: 8}, repeat: 2}")
    named = replace(plain, name=name, outputs=tuple(output._replace(name=name) for output in plain.outputs))

    assert to_dot(named).count("\n") == to_dot(plain).count("\n")
    if DOT:
        assert laid_out(to_dot(named)).count("<g id=") == laid_out(to_dot(plain)).count("<g id=")


def test_numbers_are_told_in_three_digits() -> None:
    """Counts have a unit, small shares are not called 0, and what varies goes from first to last."""
    assert [human(number) for number in (0, 999, 9_999, 999_499, 999_999, 25_557_032)] == [
        "0", "999", "10 k", "999 k", "1 M", "25.6 M"
    ]  # fmt: skip
    assert [share(part, 1000) for part in (0, 1, 10, 1000)] == ["0%", "<1%", "1%", "100%"]
    assert share(0, 0) == "0%"
    assert merged(["conv 1x1, 64", "conv 1x1, 96"]) == "conv 1x1, 64→96"
    assert merged(["conv 1x1, 64", "ReLU"]) == "conv 1x1, 64"


def test_depth_is_not_negative(graph_of: Callable[..., Graph]) -> None:
    """There is nothing above depth 0."""
    with pytest.raises(ValueError, match="depth must be 0 or more, not -1"):
        to_dot(graph_of("f: relu"), depth=-1)


def test_deeper_than_the_network_is_the_whole_network(graph_of: Callable[..., Graph]) -> None:
    """Once every block is open, more depth changes nothing."""
    graph = graph_of("f:\n  chain: [{residual: {width: 8}, repeat: 2}]\n  repeat: 2")

    assert to_dot(graph, depth=4) == to_dot(graph, depth=9)
    assert all(isinstance(part, Box | Frame) for part in view(graph, 9).parts)


def test_drawing_is_cheap_to_import() -> None:
    """The DOT writer imports neither torch nor the graphviz package."""
    code = "import sys, netspec.diagram.dot; print({'torch', 'graphviz'} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@needs_dot
@pytest.mark.parametrize("ending", ["svg", "PNG", "pdf", "dot"])
def test_the_ending_says_the_format(ending: str, tiny: Drawing, tmp_path: Path) -> None:
    """Each format that is known is written, whatever the case of its ending, and nothing is left beside it."""
    path = tmp_path / f"net.{ending}"
    draw(tiny, path)

    assert path.read_bytes().startswith({"svg": b"<?xml", "PNG": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph"}[ending])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["net.gif", "net", ".svg"])
def test_unknown_endings_name_the_known(name: str, tiny: Drawing, tmp_path: Path) -> None:
    """An ending that is no format is refused with those that are."""
    with pytest.raises(SpecError) as caught:
        draw(tiny, tmp_path / name)

    assert caught.value.problems[0].code == "unknown-format"
    assert caught.value.problems[0].hint == "known: .svg, .png, .pdf, .dot"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_dot_says_how_to_install_it(tiny: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the dot program a picture is refused with the way to get one; the DOT text itself needs none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpecError) as caught:
        draw(tiny, tmp_path / "net.svg")
    draw(tiny, tmp_path / "net.dot")

    assert caught.value.problems[0].code == "missing-dot"
    assert "apt-get install graphviz" in caught.value.problems[0].hint
    assert [path.name for path in tmp_path.iterdir()] == ["net.dot"]


@pytest.mark.parametrize("script", ["exec /bin/sleep 9", "exit 3"])
def test_a_failing_layout_leaves_the_old_file(
    script: str, tiny: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layout that hangs or breaks is told in one sentence, and what stood there stays."""
    program, path = tmp_path / "bin" / "dot", tmp_path / "net.svg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    path.write_text("old")
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr(rendering, "SECONDS", 0.3)
    with pytest.raises(SpecError) as caught:
        draw(tiny, path)

    assert caught.value.problems[0].code == "layout"
    assert path.read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bin", "net.svg"]


def test_a_place_that_cannot_be_written_is_a_message(tiny: Drawing, tmp_path: Path) -> None:
    """A folder that is not there, and a folder in the picture's place, end in a message and leave nothing behind."""
    (tmp_path / "net.dot").mkdir()
    for path in (tmp_path / "missing" / "net.dot", tmp_path / "net.dot"):
        with pytest.raises(SpecError, match="cannot be written"):
            draw(tiny, path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["net.dot"]
