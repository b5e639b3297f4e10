"""The figures of papers in the docs: what a reader is asked is answered by the network, and stands in the picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import netspec
from netspec.graph.graph import Graph, Node

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "pictures.md").read_text(encoding="utf-8")
TIMES, ARROW = "\N{MULTIPLICATION SIGN}", "\N{RIGHTWARDS ARROW}"


@cache
def graph(word: str) -> Graph:
    """A network that ships."""
    return netspec.read(word).graph


def inside(word: str, path: str) -> list[Node]:
    """The operations of a part, in running order."""
    return [node for node in graph(word).operations if node.name.startswith(f"{path}.")]


def convs(nodes: list[Node], kernel: str = "") -> list[Node]:
    """Those that are convolutions, of one kernel if that is given."""
    return [node for node in nodes if node.label.startswith(f"conv {kernel}")]


def listed(*values: object) -> str:
    """Values as the page lists them."""
    return ", ".join(map(str, values))


def dense_layers(block: int) -> int:
    """How many layers a dense block of DenseNet-121 has."""
    names = [node.name for node in inside("densenet121", f"features.denseblock{block}")]
    return len({name.split(".")[2] for name in names})


def longest_way() -> int:
    """How many convolutions are on the longest way through a fractal block."""
    depth: dict[Node, int] = {}
    for node in inside("fractalnet", "blocks.0"):
        before = max((depth.get(source, 0) for source in node.inputs), default=0)
        depth[node] = before + node.label.startswith("conv ")
    return max(depth.values())


def blocks_of(word: str, stage: str) -> int:
    """How many blocks a stage of a residual network has."""
    return len({node.name.split(".")[1] for node in inside(word, stage)})


def fed() -> str:
    """The modules of GoogLeNet that what only training needs reads."""
    aside = graph("googlenet-paper").auxiliary()
    read = {source for node in aside for source in node.inputs} - aside
    return listed(
        *[node.name.split(".")[0].removeprefix("inception") for node in sorted(read, key=lambda one: one.index)]
    )


def millions(word: str) -> float:
    """Parameters in millions."""
    return sum(node.params for node in graph(word).nodes) / 1e6


def billions(word: str) -> float:
    """Multiply-adds in billions."""
    return sum(node.cost.macs for node in graph(word).nodes) / 1e9


def maps_of_alexnet() -> str:
    """The sizes behind the first convolution and the pools."""
    nodes = graph("alexnet-2012").operations
    sizes = [convs(list(nodes))[0].shape[1], *[node.shape[1] for node in nodes if node.label.startswith("max pool")]]
    return listed(*sizes)


def fc(word: str) -> str:
    """The widths of linear layers."""
    return listed(*[node.shape[0] for node in graph(word).operations if node.label.startswith("linear")])


def grouped() -> str:
    """The channels of a tower of each convolution of two groups."""
    nodes = convs(list(graph("alexnet-2012").operations))
    return listed(*[node.shape[0] // 2 for node in nodes if "groups 2" in node.label])


Answer = tuple[str, Callable[[], object], tuple[str, ...]]
FIGURES: dict[str, tuple[Answer, ...]] = {
    "densenet-1": (
        (
            "How many channels enter layer 4",
            lambda: inside("densenet121", "features.denseblock1.denselayer4")[0].shape[0],
            ("layer 4", "= 160"),
        ),
        (
            "How many channels does each layer add",
            lambda: convs(inside("densenet121", "features.denseblock1.denselayer4"), "3x3")[0].shape[0],
            ("+32 each",),
        ),
        ("How many links has the first block", lambda: sum(range(1, dense_layers(1) + 1)), ("21 links",)),
        (
            "How many layers have the four blocks",
            lambda: listed(*[dense_layers(block) for block in (1, 2, 3, 4)]),
            tuple(f"dense layer {TIMES}{count}" for count in (6, 12, 24, 16)),
        ),
        (
            "What does a transition do",
            lambda: f"256 {ARROW} {inside('densenet121', 'features.transition1')[-1].shape[0]}",
            (f"256 {ARROW} 128",),
        ),
    ),
    "googlenet-2b": (
        (
            "How many ways lead into",
            lambda: len(inside("googlenet-paper", "inception3a")[-1].inputs),
            ("a", "c", "e", "f"),
        ),
        (
            "How many channels does the 3x3 way of 4c give",
            lambda: convs(inside("googlenet-paper", "inception4c"), "3x3")[0].shape[0],
            ("inception4c", "c", "256"),
        ),
        (
            "To how many channels is the 5x5 way of 4c reduced",
            lambda: convs(inside("googlenet-paper", "inception4c"), "5x5")[0].input_shapes[0][0],
            ("inception4c", "d", "24"),
        ),
        ("Which modules feed the auxiliary heads", fed, ("inception4a", "inception4d", "aux1", "aux2")),
    ),
    "resnet-3": (
        (
            "How many blocks has ResNet-34 at",
            lambda: listed(*[blocks_of("resnet@resnet34", f"layer{k}") for k in (1, 2, 3, 4)]),
            tuple(f"residual {TIMES}{count}" for count in (3, 4, 6)),
        ),
        (
            "How many parameters do its projections add",
            lambda: f"{millions('resnet@resnet34') - millions('resnet@plain34'):.1f} M",
            ("21.8 M params", "21.6 M params"),
        ),
        ("How many multiply-adds has VGG-19", lambda: f"{billions('vgg@vgg19'):.1f} G", ("19.6 G MACs",)),
        (
            "What do the last two differ in",
            lambda: sum(node.operation.word == "add" for node in graph("resnet@resnet34").operations),
            ("layer4", "skip"),
        ),
    ),
    "fractalnet-1": (
        ("How many layers are on the longest way", longest_way, (f"conv 3{TIMES}3, a", "draw one of 3 columns")),
        (
            "How many convolutions has a block",
            lambda: len(convs(inside("fractalnet", "blocks.0"))),
            (f"conv 3{TIMES}3, a",),
        ),
        (
            "How does the width grow",
            lambda: listed(*[convs(inside("fractalnet", f"blocks.{block}"))[0].shape[0] for block in range(5)]),
            ("64", "128", "256", "512"),
        ),
        (
            "How many blocks are there",
            lambda: len({node.name.split(".")[1] for node in inside("fractalnet", "blocks")}),
            ("blocks.0", "blocks.4"),
        ),
    ),
    "alexnet-2": (
        (
            "How many channels has a tower",
            grouped,
            (f"conv 5{TIMES}5, 128", f"conv 3{TIMES}3, 192", f"conv 3{TIMES}3, 128"),
        ),
        (
            "Which convolution reads both towers",
            lambda: convs(list(graph("alexnet-2012").operations))[2].shape[0],
            (f"conv 3{TIMES}3, 384",),
        ),
        (
            "How large are the maps behind the first",
            maps_of_alexnet,
            tuple(f"{size}{TIMES}{size}" for size in (55, 27, 13, 6)),
        ),
        ("How wide are the linear layers", lambda: fc("alexnet-2012"), ("linear 4096", "linear 1000")),
    ),
}


def said(name: str) -> str:
    """The part of the page about a figure: from its command to its picture."""
    return PAGE.partition(f"-o docs/diagrams/figures/{name}.svg")[2].partition(f"](diagrams/figures/{name}.svg)")[0]


@pytest.mark.parametrize("name", FIGURES)
def test_answers_follow_from_the_network(name: str) -> None:
    """Every question of the page has the answer that the network gives, and none of them is missing here."""
    asked = dict(re.findall(r"- \*(.+?)\?\* \*\*(.+?)\*\*", said(name)))

    assert len(asked) == len(FIGURES[name]) >= 4
    for start, answer, _ in FIGURES[name]:
        (found,) = [told for question, told in asked.items() if question.startswith(start)]
        assert found == str(answer())


@pytest.mark.parametrize("name", FIGURES)
def test_answers_stand_in_the_picture(name: str) -> None:
    """What a question is answered by is text of the picture, not only of what a pointer is told."""
    svg = (DOCS / "diagrams" / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    shown = re.findall(r"<text[^>]*>(.*?)</text>", svg)

    for _, _, wanted in FIGURES[name]:
        for words in wanted:
            exact = len(words) < 4 or words.isdecimal()
            assert any(text == words if exact else words in text for text in shown), words


def test_a_network_that_is_another_gives_other_answers() -> None:
    """The answers are worked out: of DenseNet-161 layer 4 of the first block reads 240 channels, not 160."""
    other = netspec.read("densenet@densenet161").graph
    (first,) = [node for node in other.operations if node.name == "features.denseblock1.denselayer4.norm1"]

    assert first.shape[0] == 240
