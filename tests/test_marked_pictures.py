"""Pictures of differences, of families, and the themes of fields and charts."""

from __future__ import annotations

import os
from pathlib import Path

import conftest
import pytest
import shipped
from click.testing import CliRunner
from picture_checks import problems

import netspec
from netspec.cli import main
from netspec.diagram.difference import DifferenceDrawing
from netspec.diagram.drawing import scene
from netspec.diagram.layout.comparison import comparison, fits
from netspec.diagram.scene import Box, Scene, boxes, groups, side_boxes
from netspec.diagram.writers.pictures import laid_out
from netspec.diff.difference import difference
from netspec.drawing.picture import Picture, texts
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


def drawn(folder: Path, *words: str) -> list[Picture]:
    """The pages that ``netspec diagram`` makes of ``words``, laid out once more, in their order."""
    out = folder / "many.svg"
    done = CliRunner().invoke(main, ["diagram", *words, "-o", str(out)])
    assert done.exit_code == 0, done.output
    names = [line.partition(" to ")[0].removeprefix("drew ").split(", ") for line in done.output.splitlines()]
    assert len(names) == len(list(folder.glob("many*.svg")))
    return [comparison([scene(netspec.read(name).graph) for name in some]) for some in names]


def columns(found: Picture) -> list[float]:
    """Where the columns of a picture have their axes: below the names above them."""
    return [text.x for text in texts(found.shapes) if text.look == "bold" and text.y < 25]


@pytest.mark.parametrize("file", conftest.sample([file for file, words in shipped.FILES.items() if len(words) > 1]))
def test_families_are_pages_that_can_be_read(file: str, tmp_path: Path) -> None:
    """A family stands on as many pages as it needs, each with letters of 6 points and nothing over anything else."""
    found = drawn(tmp_path, f"{file}@*")

    assert [problems(one) for one in found] == [[]] * len(found)
    assert all(fits(one, "text") for one in found)


def test_a_page_takes_as_many_columns_as_have_room(tmp_path: Path) -> None:
    """Ten networks of VGG are two pages of five columns; nothing has no room, and one more page is not begun."""
    found = drawn(tmp_path, "vgg@*")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["many-1.svg", "many-2.svg"]
    assert [len(columns(one)) for one in found] == [5, 5]


def test_images_of_different_size_are_aligned_by_halvings() -> None:
    """EfficientNets read 224 and 288 pixels: what has a quarter of them stands beside each other and is called that."""
    words = ("efficientnet.yaml@efficientnet_b0", "efficientnet.yaml@efficientnet_b2")
    found = comparison([scene(shipped.graph(word)) for word in words])
    blocks = [text.y for text in texts(found.shapes) if text.words == "features.6"]
    labels = [text.words for text in texts(found.shapes) if text.anchor == "end"]

    assert len(blocks) == 2
    assert blocks[0] == blocks[1]
    assert labels == ["1/2", "1/4", "1/8", "1/16", "1/32"]


def test_sizes_that_nearly_agree_stand_beside_each_other() -> None:
    """VGG has maps of 56, 28 and 14, AlexNet of 55, 27 and 13: both have halved twice, three and four times."""
    found = comparison([scene(shipped.graph(word)) for word in ("vgg16.yaml", "alexnet.yaml")])
    pools = [text.y for text in texts(found.shapes) if text.words.startswith("max pool")]

    assert len(pools) == 8
    assert len(set(pools)) == 5


def test_what_is_wider_than_a_page_is_refused_with_what_works(tmp_path: Path) -> None:
    """A pyramid is wider than a column of a page, each of two alone; a screen has room for both."""
    words = ["diagram", "fpn@*", "-o", str(tmp_path / "fpn.svg"), "--page", "column"]
    refused, shown = (CliRunner().invoke(main, [*words, *more]) for more in ((), ("--page", "screen")))

    assert refused.exit_code == 2
    assert "--page screen works; -o FOLDER draws each by itself" in refused.output
    assert shown.exit_code == 0


def test_several_pages_do_not_go_into_a_pipe(tmp_path: Path) -> None:
    """A pipe takes one page, and what works is said; a text has no pages."""
    pipe, text = tmp_path / "pipe.svg", tmp_path / "vgg.txt"
    os.mkfifo(pipe)
    refused, told = (CliRunner().invoke(main, ["diagram", "vgg@*", "-o", str(path)]) for path in (pipe, text))

    assert refused.exit_code == 2
    assert f"are 2 pages, and '{pipe}' takes one" in refused.output
    assert told.exit_code == 0
    assert text.read_text(encoding="utf-8").count("input \N{MIDDLE DOT} 3") == 10


@pytest.mark.parametrize("pair", [("resnet18", "resnet34"), ("unet@unet", "unet@unet_bn")])
def test_differences_are_folded_until_they_have_room(pair: tuple[str, str]) -> None:
    """Where nearly every stage differs, opened ones are more than a page: they are marked as they stand folded."""
    old, new = (netspec.read(word).graph for word in pair)
    drawing = compared(old, new)
    found = laid_out(drawing, "svg")

    assert isinstance(found, Picture)
    assert fits(found, "text")
    assert not fits(comparison(drawing.scenes), "text")
    assert any(box.mark for one in list(drawing.attempts)[1] for box in boxes_of(one))


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
