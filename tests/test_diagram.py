"""Diagrams: what is folded, what is drawn where, and that every picture can be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

import conftest
import pytest
import shipped
from picture_checks import flat, problems
from random_wiring import random_wiring

import netspec
from netspec import catalogue
from netspec.analysis.summary import summary
from netspec.diagram.drawing import Drawing, scene
from netspec.diagram.from_graph.facts import Facts
from netspec.diagram.from_graph.folding import readers
from netspec.diagram.from_graph.merging import Letters
from netspec.diagram.labels import human, merged, share
from netspec.diagram.layout.beside import MOST_LANES
from netspec.diagram.layout.box_shapes import CORNERS
from netspec.diagram.layout.comparison import comparison
from netspec.diagram.layout.key import NAMES
from netspec.diagram.layout.page import READABLE, picture
from netspec.diagram.layout.paper import PAPERS
from netspec.diagram.scene import (
    INTO,
    LEVELS,
    Box,
    Crossing,
    Edge,
    Figures,
    Group,
    Kind,
    Level,
    Parallel,
    Role,
    Scene,
    Series,
    box_edges,
    boxes,
    edges,
    groups,
    side_boxes,
)
from netspec.diagram.writers.dot import dot_text
from netspec.diagram.writers.outline_text import outline
from netspec.diagram.writers.svg import svg
from netspec.diagram.writers.tikz import tex
from netspec.drawing.picture import Picture, texts
from netspec.drawing.theme import FAMILIES, LOOKS, PALETTES
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph

FEW = ("resnet50.yaml", "densenet121.yaml", "googlenet.yaml", "fractalnet.yaml", "lenet5-1998.yaml", "vgg16.yaml")
HOSTILE = ('"]; evil [label="x', "<B>&</TABLE>>", "a\\", "\\N\\G", "\x00\x07\n", "", " ", "&amp;", "x" * 5000, "ñ𝔘")


def shown(found: Scene) -> list[Box]:
    """All boxes of the network itself."""
    (drawn,) = found.panels[0].drawn
    return [*boxes(drawn.flow), *side_boxes(drawn.sides)]


def drawn_skips(flow: Series | Parallel | Edge | None, times: int = 1) -> Iterator[int]:
    """How many skips of the network each drawn one stands for."""
    if isinstance(flow, Parallel):
        for branch in flow.branches:
            links = [branch] if isinstance(branch, Edge) else branch.links
            yield times * any(isinstance(link, Edge) and link.role is Role.SKIP for link in links)
            yield from drawn_skips(branch, times)
    elif isinstance(flow, Series):
        for link in flow.links:
            yield from drawn_skips(link, times)
        for part in flow.parts:
            if isinstance(part, Group):
                yield from drawn_skips(part.flow, times * part.copies)


CROSSING = ("dla.yaml@*", "hardnet68.yaml", "res2net.yaml@*", "sknet.yaml@*")
"""Words in whose blocks links cross, where each is led around everything and none is told as a skip."""


def is_among(word: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns fits a word."""
    return any(fnmatchcase(word, pattern) for pattern in patterns)


NETWORKS = [word for words in shipped.FILES.values() for word in words]
PLAIN = [word for word in NETWORKS if not is_among(word, CROSSING)]


def fits(found: Picture, page: str) -> bool:
    """Whether a picture has room on a page, with letters of 6 points and more."""
    width, height = PAPERS[page]
    smallest = min(text.size for text in texts(found.shapes)) * found.scale
    return found.width * found.scale <= width + 0.01 and found.height * found.scale <= height + 0.01 and (
        smallest >= READABLE - 0.001
    )  # fmt: skip


@pytest.mark.parametrize("word", conftest.sample(NETWORKS))
def test_the_figure_of_a_paper_fits_its_page(word: str) -> None:
    """Every network that ships is a picture for a page of text, with letters of 6 points and more."""
    found = picture(scene(shipped.graph(word)))

    assert fits(found, "text")
    assert problems(found) == []


LARGEST = (
    "deeplabv3_mobilenet_v3_large.yaml", "fpn.yaml@fpn_resnet101", "inception-v4.yaml",
    "lraspp_mobilenet_v3_large.yaml",
)  # fmt: skip
"""Those that have the least room to spare."""


@pytest.mark.parametrize("word", LARGEST)
def test_the_largest_figures_fit_a_page(word: str) -> None:
    """Kinds that differ in dilation are one, what hangs aside stands where there is room: these are a page each."""
    found = picture(scene(shipped.graph(word)))

    assert fits(found, "text")
    assert problems(found) == []


@pytest.mark.parametrize("level", ["stage", "paper"])
def test_a_tree_of_trees_is_defined_by_its_smaller_ones(level: Level) -> None:
    """DLA-102 has trees of a hundred layers: what is in a large block is boxes, so that no link is left to Graphviz."""
    found = scene(shipped.graph("dla.yaml@dla102"), level)
    titles = [[box.title for box in boxes(drawn.flow)] for panel in found.panels[1:] for drawn in panel.drawn]

    assert problems(picture(found)) == []
    assert all(len(some) <= 32 for some in titles)
    assert level == "stage" or any("level4.tree1" in some for some in titles)


def test_links_share_lanes_where_they_do_not_meet() -> None:
    """HarDNet's blocks have dozens of links that cross, in fewer lanes; no two of them lie over each other."""
    (panel,) = scene(shipped.graph("hardnet68.yaml")).panels[1:]
    rails = [rail for drawn in panel.drawn for rail in drawn.rails]
    found = picture(scene(shipped.graph("hardnet68.yaml")))
    lines = [shape.points for shape in flat(found.shapes) if getattr(shape, "look", "") == "rail"]
    upright = sorted((points[2][0], points[2][1], points[3][1]) for points in lines if len(points) > 3)

    assert len(upright) == len(rails)
    assert len({x for x, _, _ in upright}) < len(rails) - 10
    assert all(lane < other or stop < start for (lane, _, stop), (other, start, _) in pairwise(upright))


def test_a_table_stands_beside_the_last_row() -> None:
    """GhostNet's table has room on the right of the smallest kinds, and stands there, in a frame that is no wider."""
    found = picture(scene(shipped.graph("ghostnet.yaml")))
    places = {text.words: text.y for text in texts(found.shapes)}
    joins = [text.y for text in texts(found.shapes) if text.words == "+"]

    assert places["blocks.8.3"] < max(joins) + 20


def test_most_figures_fit_a_column() -> None:
    """Seven of ten networks that ship can be read in one column of a page, too."""
    words = conftest.sample(NETWORKS)
    fit = [fits(picture(scene(shipped.graph(word)), "column"), "column") for word in words]

    assert sum(fit) >= 0.7 * len(words)


@pytest.mark.parametrize("page", PAPERS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("word", FEW)
def test_nothing_lies_over_text_and_no_line_goes_through_a_box(word: str, level: Level, page: str) -> None:
    """Text is inside of its box, text is over no text, and lines are over none and through no box."""
    assert problems(picture(scene(shipped.graph(word), level), page)) == []


def test_the_checks_see_what_is_wrong() -> None:
    """A text that is made longer is seen outside of its box, and a line that is moved over one."""
    found = picture(scene(shipped.graph("lenet5.yaml")))
    longer = next(shape for shape in flat(found.shapes) if getattr(shape, "words", "").startswith("conv"))
    swollen = found._replace(shapes=_replaced(found.shapes, longer, longer._replace(words=longer.words * 4)))
    line = next(shape for shape in flat(found.shapes) if hasattr(shape, "arrow"))
    moved = line._replace(points=tuple((longer.x, y) for _, y in ((0, longer.y - 30), (0, longer.y + 30))))
    struck = found._replace(shapes=_replaced(found.shapes, line, moved))

    assert any(problem.startswith("outside its box") for problem in problems(swollen))
    assert any(problem.startswith("line over text") for problem in problems(struck))
    assert any(problem.startswith("line through a box") for problem in problems(struck))


def _replaced(shapes: tuple, old: object, new: object) -> tuple:  # type: ignore[type-arg] # of any shapes
    found = []
    for shape in shapes:
        inner = shape._replace(shapes=_replaced(shape.shapes, old, new)) if hasattr(shape, "shapes") else shape
        found.append(new if shape is old else inner)
    return tuple(found)


DEEP = (
    ("densenet.yaml@densenet201", "layer"), ("resnet-cifar.yaml@resnet1202", "stage"),
    ("resnet-cifar.yaml@resnet1202", "paper"),
)  # fmt: skip


@pytest.mark.parametrize(("word", "level"), DEEP)
def test_the_deepest_networks_can_be_read(word: str, level: Level) -> None:
    """DenseNet-201 with its layers opened, and ResNet-1202, are a page each with letters of 6 points and more."""
    found = picture(scene(shipped.graph(word), level))

    assert fits(found, "text")
    assert problems(found) == []


SKIPS = {
    "resnet50.yaml": 16, "resnet.yaml@resnet18-a": 8, "densenet121.yaml": 58, "xception.yaml": 12,
    "mobilenet_v2.yaml": 10, "unet.yaml@unet": 4, "fpn.yaml@fpn_resnet50": 19, "lraspp_mobilenet_v3_large.yaml": 19,
    "googlenet.yaml": 0, "vgg16.yaml": 0,
}  # fmt: skip
"""Skips of networks, counted in their papers: of MobileNetV3's 18 ten are around blocks and eight around gates."""


def facts(graph: Graph) -> Facts:
    """What is asked of a graph while it is drawn."""
    return Facts.of(graph, readers(graph), {})


@pytest.mark.parametrize("word", SKIPS)
def test_skips_are_those_of_the_paper(word: str) -> None:
    """A skip is an input that also leads to another one, or a projection into a sum; the size of a map is none."""
    assert sum(map(len, facts(shipped.graph(word)).skips.values())) == SKIPS[word]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("word", dict.fromkeys([*SKIPS, "hrnet_stage", "segnet", *conftest.sample(PLAIN)]))
def test_every_skip_is_drawn_or_stated(word: str, level: Level) -> None:
    """Skips of the graph are those that are drawn, times the copies that a frame stands for, and those in boxes.

    A box states those that go around something in it: around a level of a U-Net, or another box, they are drawn.
    """
    graph = shipped.graph(word) if ".yaml" in word else example(word)
    found = scene(graph, level)
    (drawn,) = found.panels[0].drawn
    stated = sum(box.skips for box in shown(found) if box.kind is Kind.BLOCK)
    seen = sum(drawn_skips(drawn.flow)) + sum(sum(drawn_skips(side.flow)) for side in drawn.sides)

    assert stated + seen == sum(map(len, facts(graph).skips.values()))


def test_links_that_cross_begin_at_the_input_too() -> None:
    """What a block reads is led to all that reads it, and layers stand as they run, whatever prefix they have."""
    (panel,) = scene(shipped.graph("res2net.yaml@res2net50_26w_4s")).panels[1:]
    others = panel.drawn[1]
    titles = {box.key: box.title for box in boxes(others.flow)}

    assert [titles[rail.target] for rail in others.rails if rail.source == INTO] == ["+"]
    assert [*titles] == sorted(titles, key=lambda key: int(key[1:]))


def test_a_box_states_no_skip_around_others() -> None:
    """U-Net's four skips are drawn around what they go around, and no box has a hook for one of them."""
    found = scene(shipped.graph("unet.yaml@unet"))
    (drawn,) = found.panels[0].drawn

    assert [box.title for box in shown(found) if box.skips] == []
    assert sum(drawn_skips(drawn.flow)) == 4


def added_up(found: Scene) -> Figures:
    """The figures of all boxes and frames of the network, each part once."""
    (drawn,) = found.panels[0].drawn
    opened = {box.key for group in groups(drawn.flow) for box in boxes(group.flow)}
    outer = [box.figures for box in shown(found) if box.key not in opened]
    inner = {box.key for group in groups(drawn.flow) for inner in groups(group.flow) for box in boxes(inner.flow)}
    outer += [group.figures for group in groups(drawn.flow) if not {box.key for box in boxes(group.flow)} <= inner]
    return Figures(sum(one.params for one in outer), sum(one.macs for one in outer))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("word", FEW)
def test_boxes_add_up(word: str, level: Level) -> None:
    """The figures of the network are the sums over its boxes and frames, and those of the summary."""
    found = scene(shipped.graph(word), level)
    totals = summary(shipped.graph(word)).totals

    assert (found.figures.params, found.figures.macs) == (totals.params, totals.macs)
    assert added_up(found) == found.figures


def test_resnet_is_folded_as_its_table_says() -> None:
    """ResNet-50 repeats its bottleneck 3, 4, 6 and 3 times; its definition has a first one and others, and a table."""
    found = scene(shipped.graph("resnet50.yaml"))
    opened = list(groups(scene(shipped.graph("resnet50.yaml"), "layer").panels[0].drawn[0].flow))
    (panel,) = found.panels[1:]

    assert [box.copies for box in shown(found) if box.kind is Kind.BLOCK] == [3, 4, 6, 3]
    assert [drawn.note for drawn in panel.drawn] == ["first", "others"]
    assert panel.grid is not None
    assert [row[1:] for row in panel.grid.rows] == [("64", "1"), ("128", "2"), ("256", "2"), ("512", "2")]
    assert [group.copies for group in opened] == [1, 2, 1, 3, 1, 5, 1, 2]


def test_dense_blocks_are_one_box_and_say_what_each_layer_reads() -> None:
    """DenseNet-121 has 58 dense layers in four boxes; layer 4 of the first block reads 160 channels."""
    found = scene(shipped.graph("densenet121.yaml"))
    folded = [(box.copies, box.lines[1]) for box in shown(found) if box.copies > 1]
    (stripes,) = [panel.stripes for panel in found.panels if panel.stripes]

    assert folded[0] == (6, "64 → 256, +32 each")
    assert [count for count, _ in folded] == [6, 12, 24, 16]
    assert sum(stripes.reads[3]) == 160
    assert sum(stripes.out) == 256
    assert "layer 4 reads 64 + 32 + 32 + 32 = 160" in outline(found)


def test_inception_is_defined_once_with_a_table_of_widths() -> None:
    """GoogLeNet's nine modules are one definition: four branches into a bar of their channels, and table 1."""
    found = scene(shipped.graph("googlenet.yaml"))
    panel = next(panel for panel in found.panels if panel.title == "inception")
    (drawn,) = panel.drawn
    bar = next(box for box in boxes(drawn.flow) if box.kind is Kind.BAR)
    labels = [edge.label for edge in edges(drawn.flow) if edge.target == bar.key]

    assert labels == ["a", "c", "e", "f"]
    assert panel.grid is not None
    assert panel.grid.headings == ("", "a", "b", "c", "d", "e", "f")
    assert panel.grid.rows[0] == ("inception3a", "64", "96", "128", "16", "32", "32")
    assert len(panel.grid.rows) == 9


def test_equal_entries_of_a_spec_are_one_box() -> None:
    """Inception-v4 lists 4, 7 and 3 equal modules one by one; they are three boxes."""
    found = scene(shipped.graph("inception-v4.yaml"))

    assert [(box.title, box.copies) for box in shown(found) if box.copies > 1] == [
        ("features.6 \N{EN DASH} 9", 4), ("features.11 \N{EN DASH} 17", 7), ("features.19 \N{EN DASH} 21", 3)
    ]  # fmt: skip


def test_maps_that_read_a_choice_are_a_table() -> None:
    """LeNet-5's C3 is table I of the paper: map 3 reads maps 3, 4 and 5 of S2, the last one all of them."""
    (panel,) = scene(shipped.graph("lenet5-1998.yaml")).panels[1:]
    assert panel.grid is not None
    columns = list(zip(*panel.grid.rows, strict=True))[1:]

    assert len(columns) == 16
    assert [row for row, mark in enumerate(columns[3]) if mark] == [3, 4, 5]
    assert all(columns[15])


def test_fractal_columns_stand_beside_each_other() -> None:
    """A fractal block of three columns has one layer, two and four on the ways from end to end, the short one first."""
    panel = next(panel for panel in scene(shipped.graph("fractalnet.yaml")).panels if panel.title == "fractal")
    (drawn,) = panel.drawn
    fork = drawn.flow.links[0]
    assert isinstance(fork, Parallel)
    first, second = fork.branches
    assert isinstance(first, Series)
    assert isinstance(second, Series)

    assert len(first.parts) == 1
    assert sum(1 for box in boxes(second) if box.title.startswith("conv")) == 6


def test_shortcuts_are_told_apart() -> None:
    """An identity is a skip; where the shape changes it is marked, with the padding or the projection on its way."""

    def ways(word: str) -> list[tuple[str, ...]]:
        found = scene(shipped.graph(word))
        return [
            tuple(box.title for box in boxes(branch))
            for panel in found.panels[1:]
            for drawn in panel.drawn
            for link in drawn.flow.links
            if isinstance(link, Parallel)
            for branch in link.branches[1:]
        ]

    assert ways("resnet.yaml@resnet18") == [(), ("conv 1\N{MULTIPLICATION SIGN}1/2, a",)]
    assert ways("resnet.yaml@resnet18-a") == [(), ("pad to a, /2",)]
    assert ways("resnet.yaml@resnet18-c") == [
        ("conv 1\N{MULTIPLICATION SIGN}1/s, a",),
        ("conv 1\N{MULTIPLICATION SIGN}1, a",),
    ]


def test_a_part_is_opened_by_its_path() -> None:
    """What ``opened`` names is drawn where it stands; the copies beside it stay folded."""
    (drawn,) = scene(shipped.graph("resnet50.yaml"), opened=("layer3.2",)).panels[0].drawn
    (group,) = groups(drawn.flow)
    titles = [(box.title, box.copies) for box in boxes(drawn.flow) if box.kind is Kind.BLOCK]

    assert (group.path, group.copies) == ("layer3.2", 1)
    assert titles == [("layer1", 3), ("layer2", 4), ("layer3", 2), ("layer3", 3), ("layer4", 3)]


def test_a_path_that_is_not_there_is_refused() -> None:
    """A part that nothing is called is a mistake, with the names that are nearly it."""
    with pytest.raises(SpecError) as caught:
        scene(shipped.graph("resnet50.yaml"), opened=("layre3",))

    assert caught.value.problems[0].code == "unknown-name"
    assert "layer3" in str(caught.value.problems[0].hint)


def test_a_run_breaks_where_something_reads_its_middle(graph_of: Callable[..., Graph]) -> None:
    """Copies before and after a tapped one are folded apart: one box would hide where the tap is."""
    graph = graph_of("f: {residual: {width: 8}, repeat: 6}", outputs="tap: f.2\nlast: f")

    assert [box.copies for box in shown(scene(graph)) if box.kind is Kind.BLOCK] == [3, 3]


def test_siblings_of_different_numbers_are_not_repeats(graph_of: Callable[..., Graph]) -> None:
    """Two convolutions in a row that the spec does not repeat stay two boxes, those of an inline block become one."""
    blocks = "pair: {inline: true, params: {out: int}, body: [conv: {out: $out, kernel: 1}, relu]}"
    written = graph_of("f: [conv_norm_act: {out: 8}, conv_norm_act: {out: 16}]")
    inline = graph_of("f: {pair: 8, repeat: 3}\ng: {max_pool: 2}", blocks=blocks)

    assert [box.copies for box in shown(scene(written))[1:]] == [1, 1]
    assert [box.copies for box in shown(scene(inline))[1:]] == [3, 1]


def test_what_only_training_needs_hangs_aside() -> None:
    """GoogLeNet's auxiliary heads stand beside the spine at the modules that they read, dashed, and lead to outputs."""
    (drawn,) = scene(shipped.graph("googlenet.yaml")).panels[0].drawn
    names = {box.key: box.title for box in boxes(drawn.flow)}

    assert [names[side.at] for side in drawn.sides] == ["inception4a", "inception4d"]
    assert all(box.auxiliary for side in drawn.sides for box in boxes(side.flow))
    assert not any(box.auxiliary for box in boxes(drawn.flow))


TWINS = """
netspec: 1
name: twins
inputs: {left: [3, 64, 64], right: [3, 64, 64]}
blocks:
  net:
    body:
      conv1:  {conv: {out: 16, kernel: 3, padding: 1}}
      relu:   relu
      layer1: {residual: {width: 16}, repeat: 2}
      pool:   global_avg_pool
stages:
  encoder: {net: {}, from: left}
  other:   {shared: encoder, from: right}
  apart:   {subtract: [encoder, other]}
head: {fc: {linear: 1}}
"""
EXAMPLES = {path.stem: path for path in sorted((Path(__file__).parent / "examples").glob("*.yaml"))}


def example(name: str) -> Graph:
    """A network of ``tests/examples``, of a family there the first one; the twins, or one that ships."""
    if name == "twins":
        return netspec.read(TWINS).graph
    if name not in EXAMPLES:
        return netspec.read(name).graph
    first = catalogue.spec(EXAMPLES[name])[0].family()[0]
    return netspec.read(f"{EXAMPLES[name]}@{first}" if first else EXAMPLES[name]).graph


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [name for name in [*EXAMPLES, "twins"] if name not in ("convnext", "wavenet")])
def test_nothing_is_left_out(name: str, level: Level) -> None:
    """Branches that begin at inputs of their own, ways to several outputs: all of it is drawn, and nothing over it."""
    graph = example(name)
    found = scene(graph, level)
    ends = {box.title for box in shown(found) if box.kind is Kind.END}
    outputs = {output.name for output in graph.outputs if len(graph.outputs) > 1}

    assert added_up(found) == found.figures
    assert ends == outputs | ({node.name for node in graph.inputs} if len(graph.inputs) > 1 else {"input"})
    assert problems(picture(found)) == []


def test_sizes_are_told_inside_of_skips() -> None:
    """A U-Net's levels stand between the ends of its skips; the size of each map is told beside them all the same."""
    found = picture(scene(shipped.graph("unet.yaml@unet")))
    sizes = [text.words.partition("\N{MULTIPLICATION SIGN}")[0] for text in texts(found.shapes) if text.anchor == "end"]

    assert sizes[:8] == ["256", "128", "64", "32", "64", "128", "256", "512"]


def test_what_hangs_aside_stands_beside_what_is_there() -> None:
    """A pyramid's outputs stand next to their level, on the left of the skips that lead around all of it."""
    found = picture(scene(shipped.graph("fpn.yaml@fpn_resnet50")))
    x = {text.words.partition(":")[0]: text.x for text in texts(found.shapes) if text.words.startswith(("1:", "2:"))}
    skips = [x for shape in flat(found.shapes) if getattr(shape, "look", "") == "skip-changed" for x, _ in shape.points]

    assert max(x.values()) - min(x.values()) < 5
    assert max(x.values()) < max(skips) - 100


def test_the_number_of_links_is_told_of_any_dense_block() -> None:
    """Six layers have 21 links, which are arcs; twelve have 78, too many to be drawn, and the number is told."""
    for word, count, arcs in (("densenet121.yaml", 21, 28), ("densenet-cifar.yaml@densenet40-k12", 78, 0)):
        found = picture(scene(shipped.graph(word)))
        curves = [shape for shape in flat(found.shapes) if getattr(shape, "look", "") == "arc"]

        assert [text.words for text in texts(found.shapes) if text.words.startswith(f"{count} links: each layer")]
        assert len(curves) == arcs


def test_families_are_told_apart_without_colour() -> None:
    """In print no two kinds of layers have the same form, shade, width and dashes of their border."""
    told = [
        (
            CORNERS.get(family),
            PALETTES["print"][f"{family.value}-fill"],
            LOOKS[family.value].width,
            LOOKS[family.value].dash,
        )
        for family in NAMES
    ]

    assert len(set(told)) == len(NAMES)


def test_the_longest_way_is_the_spine() -> None:
    """A pyramid goes down and up again: its finest output ends the spine, other outputs hang where they are made."""
    (drawn,) = scene(example("fpn_resnet50")).panels[0].drawn
    last = drawn.flow.parts[-1]

    assert isinstance(last, Box)
    assert last.title == "0"
    assert [box.title for side in drawn.sides for box in boxes(side.flow) if box.kind is Kind.END] == [
        "1", "2", "3", "pool"
    ]  # fmt: skip
    assert drawn.rails == ()


def test_inputs_of_a_block_are_told_apart() -> None:
    """A level of a U-Net grows its first input and joins the second, which are two inputs of its definition."""
    (_, panel) = scene(example("unet")).panels[1:]
    (drawn,) = panel.drawn
    fork = drawn.flow.links[0]
    assert isinstance(fork, Parallel)
    ways = [[box.title for box in boxes(branch)] for branch in fork.branches]

    assert ways == [["input 2"], ["input 1", "conv transpose 2\N{MULTIPLICATION SIGN}2/2, a"]]


def test_a_table_has_no_letter_that_is_not_in_the_picture() -> None:
    """What stands before a block differs from place to place, and no letter is given to what is called an input."""
    (panel,) = scene(netspec.read(CELLS).graph).panels[1:]
    (drawn,) = panel.drawn

    assert panel.grid is None
    assert [box.title for box in boxes(drawn.flow) if box.kind is Kind.END] == ["input 1", "input 2"]


CELLS = """
netspec: 1
name: cells
input: [16, 32, 32]
blocks:
  cell: {reads: [kept], body: {sum: {add: [input, kept]}, out: {conv: {out: 16, kernel: 1}}}}
stages:
  first:  {conv: {out: 16, kernel: 3, padding: 1}}
  second: {conv: {out: 16, kernel: 5, padding: 2}}
  cell1:  {cell: {}, from: [second, first]}
  cell2:  {cell: {}, from: [cell1, second]}
"""


def test_places_of_maxima_are_told_from_values() -> None:
    """An unpooling reads where the maxima of its pool were: a dotted line, and the key says what it is."""
    found = scene(example("segnet"))
    (drawn,) = found.panels[0].drawn
    titles = {box.key: box.title for box in boxes(drawn.flow)}
    places = [(titles[edge.source], titles[edge.target]) for edge in edges(drawn.flow) if edge.role is Role.CONTROL]

    assert places == [("max pool 2\N{MULTIPLICATION SIGN}2/2", "max unpool 2\N{MULTIPLICATION SIGN}2")] * 2
    assert "places of the maxima" in [text.words for text in texts(picture(found).shapes)]


def test_a_block_that_runs_again_says_whose_weights_it_has() -> None:
    """The second twin refers to the first one, and the block that both are is defined once."""
    found = scene(example("twins"))

    assert [box.lines[2:] for box in shown(found) if box.kind is Kind.BLOCK] == [(), ("weights of encoder",)]
    assert [panel.title for panel in found.panels[1:]] == ["net", "residual"]
    assert [len(panel.drawn) for panel in found.panels[1:]] == [1, 1]


def test_groups_that_stay_apart_are_towers() -> None:
    """AlexNet's second, fourth and fifth convolutions are two of half the channels; the last two go on in towers."""
    (drawn,) = scene(shipped.graph("alexnet-2012.yaml")).panels[0].drawn
    towers = [
        [[box.title.rpartition(" ")[2] for box in boxes(branch)] for branch in link.branches]
        for link in drawn.flow.links
        if isinstance(link, Parallel)
    ]

    assert towers == [[["128"], ["128"]], [["192", "128"], ["192", "128"]]]


def test_rows_of_a_table_are_shown_one_by_one() -> None:
    """What is repeated with other blocks in each row is no repetition: fires stand between the pools that they have."""
    titles = [box.title for box in shown(scene(shipped.graph("squeezenet.yaml@squeezenet1_0")))]
    rows = [title.removeprefix("features.") for title in titles if title.startswith(("features", "max pool"))]
    pool = "max pool 3\N{MULTIPLICATION SIGN}3/2"

    assert rows == [
        pool, "3 \N{EN DASH} 4", "5", pool, "7", "8 \N{EN DASH} 9", "10", pool, "12"
    ]  # fmt: skip


def test_activations_that_differ_have_a_column() -> None:
    """MobileNetV3's definition has the columns of its table: among the letters what each row is activated by."""
    (panel,) = scene(shipped.graph("mobilenet_v3.yaml@mobilenet_v3_large")).panels[1:]
    assert panel.grid is not None
    place = panel.grid.headings.index("activation")

    assert [row[place] for row in panel.grid.rows] == ["ReLU"] * 4 + ["hardswish"] * 7


CROSSED = """
a: {conv: {out: 8, kernel: 1}}
b: {conv: {out: 8, kernel: 1}, from: a}
c: {add: [a, b]}
d: {relu: , from: b}
e: {add: [c, d]}
f: {add: [e, d]}
"""


def test_crossing_links_are_led_around(graph_of: Callable[..., Graph]) -> None:
    """Links that are no series and parallels are drawn beside everything, each once, and nothing is left out."""
    graph = graph_of(CROSSED)
    found = scene(graph)
    (drawn,) = found.panels[0].drawn
    ends = {(edge.source, edge.target) for edge in box_edges(drawn)}

    assert drawn.rails
    assert len(ends) == sum(len(node.inputs) for node in graph.operations)
    assert problems(picture(found)) == []


def nested_skips(count: int) -> Graph:
    """So many convolutions in a row, and sums that join each of them again, the last one first."""
    lines = [f"  l{place}: {{conv: {{out: 8, kernel: 1}}}}" for place in range(count)]
    before = f"l{count - 1}"
    for place in reversed(range(count - 1)):
        lines.append(f"  a{place}: {{add: [{before}, l{place}]}}")
        before = f"a{place}"
    return netspec.read("\n".join(["netspec: 1", "name: nested", "input: [8, 16, 16]", "stages:", *lines]) + "\n").graph


@pytest.mark.parametrize("level", LEVELS)
def test_skips_in_one_another_are_drawn_or_refused(level: Level) -> None:
    """Thirty skips around each other are a picture; two hundred are refused with what works, which .txt and .dot do."""
    deep = nested_skips(200)
    with pytest.raises(SpecError) as caught:
        tex(Drawing(deep, level))

    assert problems(picture(scene(nested_skips(30), level))) == []
    assert "stand in one another" in caught.value.problems[0].message
    assert ".txt and .dot work" in str(caught.value.problems[0].hint)
    assert len(outline(scene(deep, level)).splitlines()) > 400
    assert dot_text([scene(deep, level)]).count("->") == 598


RECURSION = """
netspec: 1
name: recursion
input: [8, 16, 16]
blocks:
  nest:
    params: {n: int}
    body:
      conv: {conv: {out: 8, kernel: 3, padding: 1}}
      nest: {nest: $n - 1, when: $n > 0}
      sum:  {add: [input, nest if $n > 0 else conv]}
stages:
  outer: {nest: 50}
"""


@pytest.mark.parametrize("level", LEVELS)
def test_blocks_in_one_another_are_drawn_or_refused(level: Level) -> None:
    """A block that uses itself ten times is drawn, one that does fifty times is drawn or refused, and told as text."""
    found = scene(netspec.read(RECURSION).graph, level)
    few = netspec.read(RECURSION.replace("nest: 50", "nest: 10")).graph

    assert problems(picture(scene(few, level))) == []
    assert added_up(found) == found.figures
    assert outline(found)
    with suppress(Crossing):
        assert problems(picture(found)) == []


@pytest.mark.parametrize("seed", conftest.sample(range(500)))
def test_any_wiring_is_drawn_or_refused(seed: int) -> None:
    """Networks of random links, most of them crossing, are pictures without a fault, or refused as too much crossed."""
    graph = random_wiring(seed)
    found = scene(graph)
    links = {(edge.source, edge.target) for edge in box_edges(found.panels[0].drawn[0])}
    try:
        assert problems(picture(found)) == []
    except Crossing:
        assert len(found.panels[0].drawn[0].rails) > MOST_LANES

    assert links


COMPARED = ("vgg.yaml@vgg19", "resnet.yaml@plain34", "resnet.yaml@resnet34")


def test_networks_are_compared_by_output_size() -> None:
    """Beside each other, what has one output size begins at one height; nothing lies over anything else."""
    found = comparison([scene(shipped.graph(word)) for word in COMPARED])
    heights = {text.words: text.y for text in texts(found.shapes) if text.words.endswith("14") and text.anchor == "end"}
    layers = [text.y for text in texts(found.shapes) if text.words == "layer3"]

    assert problems(found) == []
    assert len(layers) == 2
    assert layers[0] == layers[1]
    assert all(abs(height - layers[0]) < 12 for height in heights.values())


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", PALETTES)
def test_everything_can_be_told_from_its_ground(name: str) -> None:
    """Text has a contrast of 4.5 to every fill, borders and lines one of 3 to what they stand on."""
    palette = PALETTES[name]
    grounds = [palette["ground"], palette["frame-fill"], *[palette[f"{family}-fill"] for family in FAMILIES]]
    lines = ["edge", "skip", "rail", "frame-line", *[f"{family}-line" for family in FAMILIES]]

    assert min(_contrast(palette[text], ground) for text in ("text", "muted", "count") for ground in grounds[:1]) >= 4.5
    assert min(_contrast(palette[text], ground) for text in ("text", "muted") for ground in grounds) >= 4.5
    assert min(_contrast(palette[line], ground) for line in lines for ground in grounds[:2]) >= 3
    assert min(_contrast(palette[f"{one}-line"], palette[f"{one}-fill"]) for one in FAMILIES) >= 3


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_break_out(name: str, graph_of: Callable[..., Graph]) -> None:
    """Whatever a network or an output is called, files are well formed and have as many statements as before."""
    plain = graph_of("f: {residual: {width: 8}, repeat: 2}")
    named = replace(plain, name=name, outputs=tuple(output._replace(name=name) for output in plain.outputs))
    root = ET.fromstring(svg(Drawing(named)))  # noqa: S314 - our own text

    assert len(list(root.iter())) == len(list(ET.fromstring(svg(Drawing(plain))).iter()))  # noqa: S314 - as above
    assert dot_text([scene(named)]).count("\n") == dot_text([scene(plain)]).count("\n")


def test_an_svg_says_what_it_is_and_names_its_parts() -> None:
    """It is one image with a title and a text for who cannot see it; ids are paths, each once; nothing is scaled."""
    text = svg(Drawing(shipped.graph("resnet50.yaml"))).decode()
    ids = re.findall(r' id="([^"]+)"', text)

    assert 'role="img"' in text
    assert "<title id=" in text
    assert "layer1 \N{MULTIPLICATION SIGN}3" in text
    assert {"layer1", "conv1"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert "transform" not in text
    assert "prefers-color-scheme:dark" in text
    assert "prefers-color-scheme" not in svg(Drawing(shipped.graph("resnet50.yaml"), theme="light")).decode()


def test_letters_stand_for_numbers_that_differ() -> None:
    """Equal columns share a letter, multiples are told by it, steps have letters of their own, ranges stay ranges."""
    letters = Letters(["x", "y"])

    assert letters.merged(["conv 1×1, 64", "conv 1×1, 96"], ["x", "y"]) == "conv 1×1, a"  # noqa: RUF001 - as drawn
    assert letters.merged(["conv 3×3, 256", "conv 3×3/2, 384"], ["x", "y"]) == "conv 3×3/s, 4a"  # noqa: RUF001 - as above
    assert letters.merged(["ReLU", "ReLU"], ["x", "y"]) == "ReLU"
    assert letters.merged(["conv 1×1, 1", "conv 1×1, 2"], ["x", "x"]) == "conv 1×1, 1→2"  # noqa: RUF001 - as above
    assert letters.grid() == (("", "a", "s"), (("x", "64", "1"), ("y", "96", "2")))


def test_letters_mean_the_same_in_kinds_of_other_places() -> None:
    """MobileNetV3 has the columns of its table: channels that are expanded, given and squeezed, kernels, steps."""
    (panel,) = scene(shipped.graph("mobilenet_v3.yaml@mobilenet_v3_large")).panels[1:]
    assert panel.grid is not None
    rows = {name: cells for name, *cells in panel.grid.rows}
    titles = [box.title for drawn in panel.drawn for box in boxes(drawn.flow) if box.title.startswith("conv")]

    assert panel.grid.headings == ("", "a", "b", "c", "d", "s", "activation")
    assert rows["features.4"] == ["72", "40", "5", "24", "2", "ReLU"]
    assert rows["features.7"] == ["240", "80", "", "", "", "hardswish"]
    assert "conv c\N{MULTIPLICATION SIGN}c/s, a, groups a" in titles


def test_kernels_of_letters_have_a_sign_between() -> None:
    """A letter for a kernel is no word with the sign of a product: no box of a network that ships says ``axa``."""
    for word in ("nin.yaml", "senet154.yaml", "inception_resnet_v2.yaml"):
        panels = scene(shipped.graph(word)).panels
        titles = [box.title for panel in panels for drawn in panel.drawn for box in boxes(drawn.flow)]

        assert not [title for title in titles if re.search(r"\b\w?x\w", title)]
        assert [title for title in titles if re.search(r"\b[a-r]\N{MULTIPLICATION SIGN}", title)]


def test_numbers_are_told_in_three_digits() -> None:
    """Counts have a unit, small shares are not called 0, and what varies goes from first to last."""
    assert [human(number) for number in (0, 999, 9_999, 999_499, 999_999, 25_557_032)] == [
        "0", "999", "10 k", "999 k", "1 M", "25.6 M"
    ]  # fmt: skip
    assert [share(part, 1000) for part in (0, 1, 10, 1000)] == ["0%", "<1%", "1%", "100%"]
    assert share(0, 0) == "0%"
    assert merged(["conv 1x1, 64", "conv 1x1, 96"]) == "conv 1x1, 64→96"
    assert merged(["conv 1x1, 64", "ReLU"]) == "conv 1x1, 64"


def test_a_chain_is_drawn_in_time_that_its_length_says(graph_of: Callable[..., Graph]) -> None:
    """A thousand layers, no two of them alike, are a picture; so is a stage of them."""
    graph = graph_of("f: [" + ", ".join(f"conv: {{out: {width}, kernel: 1}}" for width in range(1, 1001)) + "]")

    assert len(shown(scene(graph))) == 1001
    assert isinstance(picture(scene(graph), "screen"), Picture)


def test_drawing_is_cheap_to_import() -> None:
    """A picture is made without torch, without the graphviz package and without other programs."""
    code = (
        "import sys, netspec; str(netspec.read('lenet5').diagram()); netspec.read('lenet5').diagram()._repr_svg_();"
        "print({'torch', 'graphviz', 'resvg_py', 'rich'} & set(sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_bytes_depend_on_no_other_program() -> None:
    """Where no program and no font can be found, a picture has the same bytes."""
    code = (
        "import sys, netspec; from netspec.diagram.writers.svg import svg; from netspec.diagram.drawing import Drawing;"
        "sys.stdout.buffer.write(svg(Drawing(netspec.read('googlenet').graph)))"
    )
    bare = {"PATH": "", "FONTCONFIG_FILE": "/dev/null", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=bare)

    assert done.stdout == svg(Drawing(shipped.graph("googlenet.yaml")))


def test_a_diagram_is_an_object(tmp_path: Path) -> None:
    """``Network.diagram`` shows itself in notebooks, writes files, and is the text for Graphviz as a string."""
    found = netspec.read("lenet5").diagram(level="stage", theme="dark")
    found.save(tmp_path / "net.svg")

    assert str(found).startswith("digraph")
    assert repr(found) == "<Diagram of lenet5 at level stage>"
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == found._repr_svg_()
    assert str(netspec.read("lenet5").diagram(depth=0)) == str(found)


def test_a_network_shows_itself_in_notebooks() -> None:
    """Its representation is a line of figures, safe as HTML, above a picture of its stages."""
    found = netspec.read("lenet5")._repr_html_()

    assert found.startswith("<p>&lt;Network lenet5: ")
    assert ET.fromstring(found[found.index("<svg") :]).get("role") == "img"  # noqa: S314 - our own text


@pytest.mark.parametrize(
    "wrong", [{"level": "all"}, {"page": "A4"}, {"theme": "pink"}, {"engine": "neato"}, {"depth": 3}, {"depth": -1}]
)
def test_what_cannot_be_asked_for_is_a_value_error(wrong: dict[str, object]) -> None:
    """Levels, pages, themes and engines are words of a list, and a message says which."""
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} is"):
        netspec.read("lenet5").diagram(**wrong)  # type: ignore[arg-type] # what is tried
