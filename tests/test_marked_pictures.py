"""Pictures of differences, of families, and the themes of fields and charts."""

from __future__ import annotations

from pathlib import Path

import pytest
import shipped
from click.testing import CliRunner
from picture_checks import problems

import netspec
from netspec.cli import main
from netspec.diagram.difference import DifferenceDrawing
from netspec.diagram.layout.comparison import comparison
from netspec.diagram.scene import Box, Scene, boxes, groups, side_boxes
from netspec.diff.difference import difference
from netspec.drawing.theme import PALETTES
from netspec.graph.graph import Graph


def boxes_of(found: Scene) -> list[Box]:
    """All boxes of the network itself."""
    (drawn,) = found.panels[0].drawn
    return [*boxes(drawn.flow), *side_boxes(drawn.sides)]


CHANGED = """
netspec: 1
name: changed
extends: resnet50
params: {classes: 10}
patch:
  set: {layer4.*.conv2: {dilation: 2, padding: 2}}
  insert_before: {fc: {dropout: {dropout: 0.5}}}
  remove: [layer3.5]
"""


def compared(old: Graph, new: Graph) -> DifferenceDrawing:
    """Both networks, to be drawn."""
    return DifferenceDrawing(old, new, difference(old, new))


def test_what_differs_is_marked_in_both_networks(tmp_path: Path) -> None:
    """Stages with a difference are opened; boxes say what was added, removed or changed and how, others nothing."""
    spec = tmp_path / "changed.yaml"
    spec.write_text(CHANGED, encoding="utf-8")
    drawing = compared(shipped.graph("resnet50.yaml"), netspec.read(spec).graph)
    old, new = ({(box.path, box.mark): box.changes for box in boxes_of(one) if box.mark} for one in drawing.scenes)

    assert {path for path, _ in old if not path.startswith("layer3.1.")} == {"layer4.0.conv2", "layer4.1.conv2", "fc"}
    assert [changes for (path, _), changes in old.items() if path.startswith("layer3.1.")][-1] == ("ReLU removed",)
    assert old["fc", "changed"] == new["fc", "changed"] == ("out 1000 -> 10",)
    assert new["layer4.1.conv2", "changed"] == ("padding 1 -> 2; dilation 1 -> 2",)
    assert new["dropout", "added"] == ("added",)
    assert problems(comparison(drawing.scenes)) == []


def test_equal_networks_have_no_marks() -> None:
    """A network beside itself is drawn folded, and nothing is marked."""
    graph = shipped.graph("resnet50.yaml")
    scenes = compared(graph, graph).scenes

    assert [box.mark for one in scenes for box in boxes_of(one) if box.mark] == []
    assert not list(groups(scenes[0].panels[0].drawn[0].flow))


def test_every_difference_is_in_a_marked_box() -> None:
    """Operations that are added, removed or have other parameters add up to what the marked boxes stand for."""
    drawing = compared(shipped.graph("resnet.yaml@plain18"), shipped.graph("resnet.yaml@resnet18"))
    found = drawing.difference
    added = sum(node.params for node in found.added)
    told = sum(box.figures.params for box in boxes_of(drawing.scenes[1]) if box.mark == "added")

    assert added == told > 0
    assert not [box for box in boxes_of(drawing.scenes[0]) if box.mark]


def test_diff_draws_by_the_ending(tmp_path: Path) -> None:
    """``netspec diff -o`` writes any format of a diagram in a theme, and still prints what differs."""
    for ending in ("svg", "txt", "pdf", "tex", "dot"):
        out = tmp_path / f"diff.{ending}"
        done = CliRunner().invoke(main, ["diff", "lenet5", "lenet-caffe", "-o", str(out), "--theme", "print"])

        assert done.exit_code == 0, done.output
        assert f"drew lenet5 and lenet-caffe to {out}" in done.output
        assert "\nremoved: " in done.output
        assert out.stat().st_size > 500
    assert "removed" in (tmp_path / "diff.txt").read_text(encoding="utf-8")
    assert "unknown-format" in CliRunner().invoke(main, ["diff", "lenet5", "lenet5", "-o", "x.gif"]).output


def test_families_without_room_are_refused_with_what_works(tmp_path: Path) -> None:
    """Eleven columns of VGG are no page, but a screen, and a file each in a folder."""
    words = ["diagram", "vgg@*", "-o", str(tmp_path / "vgg.svg")]
    refused, drawn = (CliRunner().invoke(main, [*words, *more]) for more in ((), ("--page", "screen")))

    assert refused.exit_code == 2
    assert "--page screen works" in refused.output
    assert "-o FOLDER draws each by itself" in refused.output
    assert drawn.exit_code == 0


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("command", ["rf", "stats"])
def test_other_pictures_have_themes(command: str, theme: str, tmp_path: Path) -> None:
    """Fields and charts have the grounds of the theme that is asked for, and no second one."""
    out = tmp_path / "out.svg"
    done = CliRunner().invoke(main, [command, "lenet5", "-o", str(out), "--theme", theme])

    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    assert f".ground{{fill:{PALETTES[theme]['ground']}" in text
    assert "prefers-color-scheme" not in text
