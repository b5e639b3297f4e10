"""The reference of words: complete, true of the classes, and found by the names of other frameworks."""

from __future__ import annotations

import json
from itertools import chain

import pytest
import yaml
from click.testing import CliRunner
from conftest import spec_of

import netspec
from netspec.blocks import BLOCKS
from netspec.cli import main
from netspec.compiler import registry
from netspec.errors.other_names import PARAMETERS, SECTIONS, WORDS
from netspec.language.arguments import fields_of
from netspec.ops import OPERATIONS
from netspec.ops.facts import shape_text
from netspec.reference.entry import entry, example, reading, type_text
from netspec.reference.keywords import KEYWORDS
from netspec.reference.lookup import found

WORDS_OF_OURS = {**OPERATIONS, **BLOCKS}
TABLES = (WORDS, PARAMETERS)
ELSEWHERE = sorted(
    {name for table in TABLES for names in (*table.ours.values(), *table.remarks.values()) for name in names}
)


def explained(*arguments: str) -> str:
    """What ``netspec explain`` prints."""
    done = CliRunner().invoke(main, ["explain", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("word", WORDS_OF_OURS)
def test_everything_is_said_of_every_word(word: str) -> None:
    """Each word has a summary, and each of its parameters a type and a meaning; operations have all their rules."""
    one = entry(WORDS_OF_OURS[word])

    assert one.summary
    assert [each.name for each in one.parameters] == [*fields_of(WORDS_OF_OURS[word])]
    assert [each.name for each in one.parameters if not (each.meaning and each.type)] == []
    assert [label for label, said in one.rules if not said] == []
    assert len(one.rules) == (6 if word in OPERATIONS else 0)


BEFORE = {
    "max_unpool": "pool1: {max_pool: 2}\nx: relu\n",
    "shared": "encoder: {conv: {out: 16, kernel: 3, padding: 1}}\n",
}
"""Word -> layers that its example reads by name."""
AFTER = {"parameter": "\nscaled: {multiply: [input, layer]}\n"}
"""Word -> layers that have to read its example."""


@pytest.mark.parametrize("word", WORDS_OF_OURS)
def test_every_example_is_a_layer_that_works(word: str) -> None:
    """A spec with the example as a layer is read, and its one form has the example as it is shown."""
    known = WORDS_OF_OURS[word]
    written = example(known)
    parsed = yaml.safe_load(written)
    shape = next(iter(reading(known)[1]), (64, 32, 32)) if word in OPERATIONS else (16, 32, 32)
    joins = word in OPERATIONS and OPERATIONS[word].joins
    sides = "left: identity\nright: {identity: , from: input}\n" if joins else ""
    flat = "" if shape[1:] else "flat: flatten\n"
    layers = f"{flat}{sides}{BEFORE.get(word, '')}layer: {json.dumps(parsed)}{AFTER.get(word, '')}"

    network = netspec.read(spec_of(layers, size=(shape[0], *(shape[1:] or (1, 1)))))

    assert any(node.name.split(".")[0] == "layer" for node in network.graph.nodes), shape_text(shape)
    assert word in (parsed if isinstance(parsed, dict) else [parsed])


@pytest.mark.parametrize("word", OPERATIONS)
def test_defaults_are_those_of_the_class(word: str) -> None:
    """A parameter has a default in the reference exactly where the class has one."""
    fields = fields_of(OPERATIONS[word])

    for each in entry(OPERATIONS[word]).parameters:
        assert bool(each.default) is not fields[each.name].is_required(), each.name


def test_types_are_told_with_their_ranges() -> None:
    """Numbers with the bounds that a reader must know, choices in full, and one number or one for each axis."""
    types = {(word, each.name): each.type for word, known in WORDS_OF_OURS.items() for each in entry(known).parameters}

    assert types["conv", "kernel"] == "whole number from 1, or one for each axis"
    assert types["batch_norm", "eps"] == "number above 0"
    assert types["dropout", "p"] == "number from 0 to 1"
    assert types["residual", "stride_on"] == "conv1 | conv2"
    assert types["select", "channels"] == "list of whole numbers from 0"
    assert type_text({"type": "number", "maximum": 2}) == "number at most 2"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_every_name_of_another_framework_leads_somewhere(name: str) -> None:
    """To a word of ours, to a parameter with the words that have it, or to a sentence."""
    result = found(name, registry.words())

    assert result.entries or result.remarks


@pytest.mark.parametrize("name", sorted({*KEYWORDS, *chain.from_iterable(SECTIONS.ours.values())}))
def test_keywords_and_sections_are_found(name: str) -> None:
    """What stands beside a word, and what other frameworks call a section."""
    assert found(name, registry.words()).remarks


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Conv2D", ["netspec calls it 'conv'.", "conv: operation", "conv: {out: 64, kernel: 3, padding: 1}"]),
        ("nn.BatchNorm2d", ["batch_norm: operation"]),
        ("filters", ["calls it 'out', a parameter of conv", "calls it 'width', a parameter of residual, bottleneck"]),
        ("out_channels", ["calls it 'out'"]),
        (
            "momentum",
            ["'momentum' is a parameter of batch_norm", "0.99 in Keras", "batch_norm: {momentum: 0.99}"],
        ),
        ("Sequential", ["{chain: {name: layer, ...}}"]),
        ("when", ["the layer is there only where this condition holds"]),
        ("limit", ["Something is larger than netspec reads"]),
    ],
)
def test_explain_finds(asked: str, told: list[str]) -> None:
    """Words, parameters, keywords and codes, and both where a code and a word share a name."""
    output = explained(asked)

    assert [part for part in told if part not in output] == []


def test_explain_prints_data_and_markdown() -> None:
    """The formats of other reports."""
    data = json.loads(explained("conv", "--format", "json"))

    assert data["words"][0]["parameters"][0]["name"] == "out"
    assert "| `kernel` |" in explained("conv", "--format", "markdown")


def test_explain_refuses_what_means_nothing() -> None:
    """With exit code 2, and what was perhaps meant."""
    done = CliRunner().invoke(main, ["explain", "batch_nrom"])

    assert done.exit_code == 2
    assert "did you mean 'batch_norm'?" in done.output


def test_explain_lists_codes_and_words() -> None:
    """Without an argument."""
    lines = explained().splitlines()

    assert any(line.startswith("unknown-name") for line in lines)
    assert any(line.startswith("conv ") for line in lines)
