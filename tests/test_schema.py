"""The JSON Schema takes every shipped spec, refuses the broken ones whose form is wrong, and describes every word."""

from __future__ import annotations

import json
import re
from functools import cache
from keyword import kwlist
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from strategies import drawn
from test_language import BUILT, HEAD, LIKE

from netspec import catalogue
from netspec.cli import main
from netspec.compiler import registry
from netspec.errors.problem import SpecError
from netspec.errors.source import Source
from netspec.language import names
from netspec.language.extends import spec_of
from netspec.language.reader import read_yaml
from netspec.language.sections import KEYS
from netspec.language.values import plain
from netspec.ops.initialisation import SCHEMES
from netspec.schema import naming
from netspec.schema.document import schema, text

BROKEN = Path(__file__).parent / "broken"
FOLDER = next(iter(catalogue.shipped().values())).parent
FILE = FOLDER / "netspec.schema.json"
MODELINE = f"# yaml-language-server: $schema={FILE.name}"
SPECS = catalogue.shipped()

REFUSED = (
    "a-list", "a-word", "body-of-one-word", "branches-as-a-list", "branches-without-join", "budget-of-nothing",
    "definition-without-body", "extends-two", "from-is-a-mapping", "future-version", "held-layer-of-another-kind",
    "infinite-probability", "initialisation-out-of-range", "inline-operation", "input-of-nothing", "input-of-four-axes",
    "join-without-branches", "key-that-is-worked-out", "like-with-a-body", "like-without-such-a-parameter",
    "many-mistakes-of-one-layer", "missing-parameter", "name-is-a-list", "name-leads-out-of-the-folder",
    "name-of-a-beside-word", "name-of-a-module-s-own", "name-of-many-parts", "name-that-is-a-list",
    "name-that-is-pythons", "name-too-long", "name-with-a-dash-outside", "name-with-a-space",
    "names-of-other-frameworks", "no-header", "no-layers", "no-word-in-a-layer",
    "number-too-large", "other-things-than-the-words",
    "out-of-range-compression", "out-of-range-negative-padding", "out-of-range-probability", "out-of-range-second-side",
    "out-of-range-zero-filters", "output-name-with-a-quote", "output-only-in-training", "output-with-a-condition",
    "output-with-unknown-key", "parameter-of-unknown-type", "parameter-with-a-reserved-name", "parameter-without-type",
    "patch-inserting-branches", "patch-inserting-without-names", "patch-is-a-word", "patch-of-unknown-kind",
    "patch-of-what-it-cannot-set",
    "repeat-too-often", "repeat-word", "repeat-zero", "reserved-name", "section-is-a-word", "section-is-empty",
    "several-mistakes", "stages-of-another-type", "terminal-sequences", "two-words-in-a-layer",
    "unknown-initialisation", "unknown-join", "unknown-key-of-a-definition", "unknown-norm", "unknown-operation",
    "unknown-operation-far-from-any", "unknown-operation-in-a-list", "unknown-parameter",
    "unknown-parameter-of-a-word-without-any", "unknown-section", "unknown-shortcut", "value-for-a-word-without-any",
    "variant-leads-out-of-the-folder", "when-is-no-condition", "word-is-a-number", "word-is-nothing",
    "words-from-right-to-left", "wrong-type-decimal", "wrong-type-number-for-truth", "wrong-type-quoted-number",
    "wrong-value-four-sides", "wrong-type-truth-in-yaml-1.1", "wrong-type-word-for-number", "wrong-value-padding-word",
)  # fmt: skip
"""Broken specs that the schema of the language refuses."""

REFUSED_BY_OWN = (
    "held-layer-in-a-word-parameter", "many-mistakes-of-one-block", "missing-parameter-of-a-block",
    "unknown-block-in-a-block", "unknown-parameter-of-a-block", "variant-of-wrong-type",
    "variant-with-unknown-parameter", "wrong-type-of-a-block-parameter",
)  # fmt: skip
"""Those that only the schema with their own blocks and parameters refuses."""

UNSEEN_CODES = {
    "arity", "cycle", "division-by-zero", "duplicate-name", "expression", "limit", "missing-file", "outside",
    "over-budget", "shape", "unknown-name", "unknown-variant", "unmatched-patch", "unread-layer", "unread-parameter",
    "unused-block", "window",
}  # fmt: skip
"""What can only be known by building the network, or by reading more than one value."""

UNSEEN = {
    "block-out-of-range": "what a block comes to",
    "block-twice-in-itself": "an expression's names",
    "expression-gives-a-decimal": "an expression's value",
    "expression-with-unknown-name": "an expression's names",
    "extends-a-list": "what another file holds",
    "from-of-a-truth": "an expression's value",
    "held-layer-that-is-none-of-a-layer": "what a parameter of any type is used for",
    "held-layer-with-more-than-a-word": "what a parameter of any type is used for",
    "value-in-a-word-that-is-none": "an expression's value",
    "second-input-called-input": "which input is the first",
    "name-that-evaluates-to-nothing": "an expression's value",
    "name-of-repetitions": "an expression's names",
    "own-parameter-that-is-none": "an expression's names",
    "initialisation-of-a-counter": "what a tensor is",
    "initialisation-of-a-vector": "what a tensor is",
    "initialisation-reversed": "one value against another",
    "parameter-above-its-maximum": "one value against another",
    "parameter-as-an-output": "what a layer is",
    "parameter-as-the-last-layer": "what a layer is",
    "parameter-outside-its-choices": "one value against another",
    "parameter-without-a-fan": "what a tensor is",
    "patch-of-out-of-range": "which layers a path meets",
    "patch-with-unknown-parameter": "which layers a path meets",
    "resize-by-two-ways": "one value against another",
    "resize-to-a-second-input-and-a-scale": "what a layer reads",
    "resize-to-the-nearest-with-aligned-corners": "one value against another",
    "resize-without-a-size": "what a layer reads",
    "shared-of-what-is-no-module": "what another layer is",
    "shared-patched": "which layers a path meets",
    "unpool-of-what-is-no-pool": "what a layer reads",
    "unpool-whose-pool-is-patched-away": "what a layer reads",
    "what-follows-from-a-mistake": "the order of parameters",
    "word-from-expression-is-no-word": "an expression's value",
    "word-of-a-number": "an expression's names",
}
"""Further broken specs that a schema cannot see through, and why."""


@cache
def language() -> jsonschema.Draft202012Validator:
    """A validator with the schema of the language."""
    return jsonschema.Draft202012Validator(schema())


def own(path: Path) -> jsonschema.Draft202012Validator:
    """A validator with the schema of one spec."""
    spec, _ = catalogue.spec(str(path))
    return jsonschema.Draft202012Validator(schema(spec))


def data(path: Path) -> Any:
    """What the file holds, as netspec reads it."""
    return plain(read_yaml(Source(path.name, path.read_bytes().decode())))


def values(whole: Any, name: str) -> Any:
    """What may stand after the word ``name`` in the schema ``whole``, as if every parameter had a default."""
    definitions = whole["$defs"]
    return definitions.get(f"given.{name}", definitions[f"word.{name}"])


def layer(content: str) -> Any:
    """A spec with one layer ``a``."""
    return plain(read_yaml(Source("x.yaml", f"netspec: 1\nname: x\ninput: [3, 8, 8]\nstem:\n  a: {content}\n")))


@pytest.mark.parametrize("name", SPECS)
def test_shipped_specs_are_valid(name: str) -> None:
    """Every shipped spec is valid by the schema of the language, and by the one with its own blocks."""
    content = data(SPECS[name])
    language().validate(content)
    own(SPECS[name]).validate(content)


@pytest.mark.parametrize("name", SPECS)
def test_shipped_specs_name_the_schema(name: str) -> None:
    """The first line of every shipped spec tells editors where the schema is."""
    assert SPECS[name].read_text(encoding="utf-8").splitlines()[0] == MODELINE


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_forms_are_refused(name: str) -> None:
    """A spec with a wrong form, key, type or range is refused without knowing its blocks."""
    assert not language().is_valid(data(BROKEN / f"{name}.yaml"))


@pytest.mark.parametrize("name", REFUSED_BY_OWN)
def test_wrong_uses_of_own_blocks_are_refused(name: str) -> None:
    """What a spec defines is checked by the schema that is made with it, and let pass by the general one."""
    content = data(BROKEN / f"{name}.yaml")
    assert language().is_valid(content)
    assert not own(BROKEN / f"{name}.yaml").is_valid(content)


def test_every_broken_spec_is_refused_or_cannot_be_seen_through() -> None:
    """What neither schema refuses has a code that says why a schema cannot see it, or is in the table of those."""
    for path in sorted(BROKEN.glob("*.yaml")):
        answer = path.with_suffix(".txt").read_text(encoding="utf-8")
        codes = set(re.findall(r"^\S+ error\[([a-z-]+)\]", answer, re.MULTILINE))
        try:
            content = data(path)
        except (SpecError, UnicodeDecodeError):
            continue
        if path.stem in UNSEEN or not codes:
            assert language().is_valid(content), path.stem
        elif language().is_valid(content) and path.stem not in REFUSED_BY_OWN:
            assert codes <= UNSEEN_CODES, path.stem


@cache
def of_text(text: str) -> tuple[Any, jsonschema.Draft202012Validator]:
    """What ``text`` holds, and a validator with the schema of that spec."""
    source = Source("x.yaml", text)
    return plain(read_yaml(source)), jsonschema.Draft202012Validator(schema(spec_of(source)))


@pytest.mark.parametrize("text", [*(HEAD + text for text, _ in BUILT.values()), HEAD + LIKE], ids=[*BUILT, "like"])
def test_what_can_be_built_is_valid(text: str) -> None:
    """Specs that use each form of the language are valid by its schema, and by the one with their own blocks."""
    content, own_schema = of_text(text)
    language().validate(content)
    own_schema.validate(content)


@drawn(examples=8)
def test_drawn_specs_are_valid(text: str) -> None:
    """Any valid spec is valid by the schema of the language, and by the one with its own blocks."""
    content, own_schema = of_text(text)
    language().validate(content)
    own_schema.validate(content)


BLOCKS = """netspec: 1
name: x
input: [3, 8, 8]
params: {act: {type: any, default: relu}}
blocks:
  part: {like: {conv: {kernel: 3, padding: 1}}}
  wide: {like: {part: {out: 64}}}
  slow: {like: {batch_norm: {momentum: 0.01}}}
  sum: {like: add}
  act: {like: $act}
  pair: {reads: [other], body: {both: {sum: [input, other]}}}
  tanh: {params: {width: int}, body: [part: $width]}
stages:
  a: {part: 8}
  b: wide
  c: {conv_norm_act: {out: 8, norm: {slow: {eps: 0.1}}, activation: act}}
  d: {sum: [a, c]}
  e: {pair: , from: [c, d]}
  f: {branches: {left: relu, right: act}, join: pair}
  g: {tanh: 8}
"""
"""A spec whose blocks are like words, read several layers, and hide a word."""

OF_BLOCKS = [
    ("a: {part: 8}", "a: {part: {out: 8, bias: false}}", True),
    ("a: {part: 8}", "a: part", False),
    ("a: {part: 8}", "a: {part: {out: 8, width: 3}}", False),
    ("a: {part: 8}", "a: {part: {out: wide}}", False),
    ("b: wide", "b: {wide: {out: 3, kernel: 5}}", True),
    ("b: wide", "b: {wide: {size: 3}}", False),
    ("b: wide", "b: {wide: , inline: 1}", False),
    ("norm: {slow: {eps: 0.1}}", "norm: slow", True),
    ("norm: {slow: {eps: 0.1}}", "norm: {slow: {epsilon: 0.1}}", False),
    ("norm: {slow: {eps: 0.1}}", "norm: tanh", False),
    ("d: {sum: [a, c]}", "d: {sum: [a]}", False),
    ("e: {pair: , from: [c, d]}", "e: {pair: {from: [c]}}", False),
    ("join: pair", "join: wide", False),
    ("g: {tanh: 8}", "g: tanh", False),
    ("g: {tanh: 8}", "g: {tanh: {width: 8}}", True),
]


@pytest.mark.parametrize(("before", "after", "expected"), OF_BLOCKS)
def test_blocks_have_the_parameters_of_what_is_meant(before: str, after: str, *, expected: bool) -> None:
    """A block has its own parameters or those of the word that it is like, and hides a word that is known."""
    content, own_schema = of_text(BLOCKS)
    language().validate(content)
    own_schema.validate(content)
    assert before in BLOCKS
    changed = plain(read_yaml(Source("x.yaml", BLOCKS.replace(before, after))))

    assert own_schema.is_valid(changed) is expected


VALID = (
    "relu", "{relu: }", "{relu: {}}", "{dropout: 0.5}", "{dropout: $p}", "{conv: {out: $n * 2, kernel: [3, $k]}}",
    "{conv: {out: 8, kernel: 3, padding: same}}", "[relu, {relu: , name: b}]", "{add: [a, b]}", "{add: , from: [a, b]}",
    "{add: {from: [a, b]}}", "{relu: {from: a}, repeat: 3, when: $deep}", "{$block: {width: 64}, repeat: $n}",
    "{branches: {left: relu, right: [relu, tanh]}, join: concat}", "{chain: {b: relu, c: {chain: [relu]}}}",
    "{residual: {width: 8, norm: none, activation: {leaky_relu: 0.1}}}", "{residual: {width: 8, norm: $norm}}",
    "none", "{none: , when: $deep}", "{relu: , inline: true}", "{inline: true, $block: }", "{relu: , name: a$($n)-b}",
    "{relu: , from: [a if $deep else input, 3]}", "{add: $sources}", "{conv: {out: 8, kernel: $.out // 2}}",
    "{residual: {width: 8, norm: {$norm: {eps: 0.1}}}}", "{chain: {b-1: relu, repeat.3: relu, branches.0: relu}}",
    "{select: [0, $n]}", "{max_pool: {kernel: 2, stride: 1}}", "{batch_norm: {eps: 1e-3}}", "{linear: 10}",
)  # fmt: skip
INVALID = (
    "conv", "{conv: }", "{conv: 8}", "{conv: {out: true, kernel: 3}}", "{conv: {out: 8, kernel: 3, stride: 0}}",
    "{conv: {out: 8, kernel: 3}, repeat: 0}", "{relu: , when: yes}", "{relu: , again: 2}", "{relu: relu}", "add",
    "{add: [a]}", "{branches: {a: relu}}", "{branches: {a.b: relu}, join: add}", "{chain: {}}", "[]", "{}",
    "{relu: , name: [b]}", "{residual: {width: 8, norm: {relu: {from: a}}}}", "{residual: {width: 8, norm: residual}}",
    "{inline: true}", "{relu: , inline: 1}", "{none: 5}", "{chain: {repeat: relu}}", "{chain: {b-: relu}}", "{add: a}",
    "{chain: {a.lambda: relu}}", "{chain: {a$n: relu}}", "{relu: , name: b-}", "{relu: , name: 3}",
    "{residual: {width: 8, norm: }}", "{residual: {width: 8, norm: {$norm: , relu: }}}",
    "{branches: {a: relu, b: tanh}, join: gelu}",
    "{dropout: 2}", "{dropout: null, tanh: null}", "{select: []}", "{linear: {out: 10, bias: 0}}", "1", "null",
)  # fmt: skip


@pytest.mark.parametrize("content", VALID)
def test_forms_of_layers(content: str) -> None:
    """A layer in any of its forms is valid, with expressions in the place of any value."""
    language().validate(layer(content))


@pytest.mark.parametrize("content", INVALID)
def test_what_is_no_layer(content: str) -> None:
    """A layer in none of its forms is refused."""
    assert not language().is_valid(layer(content))


def test_the_schema_in_the_folder_is_fresh() -> None:
    """The committed schema is what ``netspec schema`` prints; to renew it, write that output to the file."""
    result = CliRunner().invoke(main, ["schema"])

    assert result.exit_code == 0
    assert result.output == FILE.read_text(encoding="utf-8") == text(schema())
    assert json.loads(result.output)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_schemas_are_schemas() -> None:
    """What is printed is valid by the draft it names, and every reference in it leads somewhere."""
    for one in (schema(), schema(catalogue.spec("vgg16")[0])):
        jsonschema.Draft202012Validator.check_schema(one)
        references = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', text(one)))
        assert references <= set(one["$defs"])


def test_every_word_is_described() -> None:
    """Sections, operations, blocks, and initialisations have a description: the first words of the docstring."""
    whole = schema()
    assert set(whole["properties"]) == set(KEYS)
    assert all(section["description"] for section in whole["properties"].values())
    for name, known in registry.words().items():
        said = (known.__doc__ or "").replace("``", "'").split()
        assert whole["$defs"][f"alone.{name}"]["description"].split() == said
        assert values(whole, name)["description"].split() == said
    schemes = whole["$defs"]["scheme"]["anyOf"][-1]["properties"]
    assert {name for name, scheme in schemes.items() if scheme["description"]} == set(SCHEMES)


def test_parameters_have_their_defaults_bounds_and_choices() -> None:
    """A parameter says its default as a spec would write it, its range, its choices, and what the docstring says."""
    whole = schema()
    conv, residual = (values(whole, name)["anyOf"][-1] for name in ("conv", "residual"))

    assert (whole["$defs"]["word.conv"]["required"], conv["additionalProperties"]) == (["out", "kernel"], False)
    assert conv["properties"]["stride"]["default"] == 1
    assert conv["properties"]["out"]["anyOf"][0]["minimum"] == 1
    assert "'out' filters" in conv["properties"]["out"]["description"]
    assert residual["properties"]["stride_on"]["anyOf"][0]["enum"] == ["conv1", "conv2"]
    assert residual["properties"]["norm"] == {"default": "batch_norm", "$ref": "#/$defs/operation"}


def test_a_spec_brings_its_own_blocks_and_parameters() -> None:
    """With a spec its blocks are words with typed parameters, its variants have its parameters, and no other."""
    result = CliRunner().invoke(main, ["schema", "vgg16"])
    whole = json.loads(result.output)
    convs = values(whole, "convs")["anyOf"][-1]

    assert whole["$defs"]["word.convs"]["required"] == ["out", "number"]
    assert convs["properties"]["out"]["anyOf"][0] == {"type": "integer"}
    assert set(whole["properties"]["variants"]["additionalProperties"]["properties"]) == {"classes", "dropout"}
    assert "word.convs" not in schema()["$defs"]


SECTIONS = [
    ("head: {}", "extends: resnet50", True),
    ("head:", "extends: resnet50", True),
    ("stages: []", "extends: resnet50", True),
    ("head: 1", "extends: resnet50", False),
    ("head: {}", "stem: {a: relu}", False),
    ("head:", "stem: {a: relu}\nblocks: {b: {body: [relu]}}", False),
    ("under: body", "extends: resnet50", True),
    ("under: body.net-1", "extends: resnet50", True),
    ("under: class", "extends: resnet50", False),
    ("under: body", "stem: {a: relu}", False),
    ("patch: {set: {a.*: {out: $.out, from: b, when: false, repeat: 2}}}", "stem: {a: relu}", True),
    ("patch: {set: {a: {from: [b, true]}}}", "stem: {a: relu}", False),
    ("patch: {set: {a: {join: add}}}", "stem: {a: relu}", False),
    ("patch: {set: {a: 3}}", "stem: {a: relu}", False),
    ("patch: {replace: {a: concat}}", "stem: {a: relu}", True),
    ("params: {max_nodes: 3}", "stem: {a: relu}", False),
    ("budget: {receptive_field: 500, training_memory: 1.5G}", "stem: {a: relu}", True),
    ("budget: {params: 8Mi}", "stem: {a: relu}", False),
    ("budget: {params: -8}", "stem: {a: relu}", False),
]


@pytest.mark.parametrize(("section", "beside", "expected"), SECTIONS)
def test_sections_beside_others(section: str, beside: str, *, expected: bool) -> None:
    """What a section holds, and whether it can be there, beside others: in a child, or in a spec without a parent."""
    content = plain(read_yaml(Source("x.yaml", f"netspec: 1\nname: x\ninput: [3, 8, 8]\n{section}\n{beside}\n")))

    for document in (schema(), schema(catalogue.spec("resnet50")[0])):
        assert jsonschema.Draft202012Validator(document).is_valid(content) is expected


DEFINITIONS = [
    ("{like: relu}", True),
    ("{like: $norm, inline: true, notes: why}", True),
    ("{like: conv}", True),
    ("{like: {conv: {bias: false}}}", True),
    ("{like: {conv: 8}}", True),
    ("{like: {other: 8}}", True),
    ("{like: {$norm: {eps: 0.1}}}", True),
    ("{like: none}", True),
    ("{like: {conv: {width: 8}}}", False),
    ("{like: {conv: {bias: false, from: a}}}", False),
    ("{like: {relu: , repeat: 2}}", False),
    ("{like: {relu: , tanh: }}", False),
    ("{like: {chain: [relu]}}", False),
    ("{like: [relu]}", False),
    ("{like: }", False),
    ("{like: relu, body: [relu]}", False),
    ("{like: relu, params: {a: 1}}", False),
    ("{like: relu, reads: [a]}", False),
    ("{body: {conv: {out: $out, kernel: 3}}}", False),
    ("{body: {one: {first: 1, second: 2, repeat: 3}}}", False),
    ("{body: {one: {first: 1, repeat: 3, inline: true, name: b, from: input, when: true}}}", True),
]


@pytest.mark.parametrize(("definition", "expected"), DEFINITIONS)
def test_definitions_of_blocks(definition: str, *, expected: bool) -> None:
    """A block has a body of named layers, or is like one word, whose other parameters are given where it is used."""
    text = f"{HEAD}blocks: {{unit-1: {definition}}}\nstem: [unit-1]\n"

    assert language().is_valid(plain(read_yaml(Source("x.yaml", text)))) is expected


HIDDEN = [
    ("blocks: {mish: {params: {width: int}, body: [relu]}}", "mish: {width: 3}", True),
    ("blocks: {other: {body: [relu]}}", "mish: {width: 3}", False),
    ("blocks: {other: {body: [relu]}}", "other: {width: 3}", True),
    ("blocks: {double: {body: [relu]}, type: {body: [relu]}}", "type: {width: 3}", True),
    ("blocks: {mish: {body: [relu]}}", "{mish: , relu: }", False),
    ("blocks: {branches: {body: [relu]}}", "mish", False),
    ("blocks: {none: {body: [relu]}}", "mish", False),
]


@pytest.mark.parametrize(("blocks", "layer", "expected"), HIDDEN)
def test_blocks_hide_known_words(blocks: str, layer: str, *, expected: bool) -> None:
    """Where a block of the file has the word of another, the schema of the language cannot tell what it takes."""
    content = plain(read_yaml(Source("x.yaml", f"{HEAD}{blocks}\nstem: [{layer}]\n")))

    assert language().is_valid(content) is expected


TAKEN = [
    *sorted(names.MODULE_ATTRIBUTES), *sorted(names.RESERVED), *names.KNOWN_INSIDE, *names.ARGUMENTS, *kwlist, "none",
    "inline", "a.forward", "b.to.c", "to1", "rooted", "a.lambda", "class.a", "classes", "branches.0", "repeat.3", "a.3",
]  # fmt: skip
NAMES = st.text("ab_.$1-+_é", max_size=8) | st.sampled_from(TAKEN) | st.sampled_from(["a" * 100, "a" * 101, "a.b" * 8])


@given(NAMES)
def test_names_are_those_of_the_language(name: str) -> None:
    """The schema takes a name exactly where the language finds no fault with it."""
    rules = [(naming.layer(), names.fault), (naming.title(), names.title_fault), (naming.block(), names.block_fault)]
    for rule, fault in [*rules, (naming.parameter(), names.parameter_fault)]:
        assert jsonschema.Draft202012Validator(rule).is_valid(name) is (fault(name) == "")
