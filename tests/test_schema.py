"""The JSON Schema takes every shipped spec, refuses the broken ones whose form is wrong, and describes every word."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from netspec import catalogue
from netspec.cli import main
from netspec.compiler import registry
from netspec.errors.problem import SpecError
from netspec.errors.source import Source
from netspec.language import names
from netspec.language.reader import read_yaml
from netspec.language.spec import KEYS
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
    "a-list", "a-word", "branches-as-a-list", "branches-without-join", "budget-of-nothing", "definition-without-body",
    "extends-two", "from-is-a-mapping", "future-version", "infinite-probability", "initialisation-out-of-range",
    "input-of-nothing", "input-of-two", "join-without-branches", "missing-parameter", "name-in-a-mapping",
    "name-is-a-list", "name-leads-out-of-the-folder", "name-of-a-beside-word", "name-of-a-module-s-own",
    "name-of-many-parts", "name-too-long", "name-with-a-space", "no-header", "no-layers", "no-word-in-a-layer",
    "out-of-range-compression", "out-of-range-negative-padding", "out-of-range-probability", "out-of-range-second-side",
    "out-of-range-zero-filters", "output-name-with-a-quote", "output-only-in-training", "output-with-a-condition",
    "output-with-unknown-key", "parameter-of-unknown-type", "parameter-with-a-reserved-name", "parameter-without-type",
    "patch-inserting-without-names", "patch-is-a-word", "patch-of-unknown-kind", "repeat-too-often", "repeat-word",
    "repeat-zero", "reserved-name", "section-is-a-word", "section-is-empty", "several-mistakes",
    "stages-of-another-type", "two-words-in-a-layer", "unknown-initialisation", "unknown-join",
    "unknown-key-of-a-definition", "unknown-norm", "unknown-operation", "unknown-operation-far-from-any",
    "unknown-operation-in-a-list", "unknown-parameter", "unknown-parameter-of-a-word-without-any", "unknown-section",
    "unknown-shortcut", "value-for-a-word-without-any", "variant-leads-out-of-the-folder", "when-is-no-condition",
    "word-is-a-number", "word-is-nothing", "wrong-type-decimal", "wrong-type-number-for-truth",
    "wrong-type-quoted-number", "wrong-type-truth-in-yaml-1.1", "wrong-type-word-for-number",
    "wrong-value-four-sides", "wrong-value-padding-word",
)  # fmt: skip
"""Broken specs that the schema of the language refuses."""

REFUSED_BY_OWN = (
    "missing-parameter-of-a-block", "unknown-block-in-a-block", "unknown-parameter-of-a-block",
    "variant-of-wrong-type", "variant-with-unknown-parameter", "wrong-type-of-a-block-parameter",
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
    "parameter-above-its-maximum": "one value against another",
    "parameter-outside-its-choices": "one value against another",
    "patch-of-out-of-range": "which layers a path meets",
    "patch-with-unknown-parameter": "which layers a path meets",
    "word-from-expression-is-no-word": "an expression's value",
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


VALID = (
    "relu", "{relu: }", "{relu: {}}", "{dropout: 0.5}", "{dropout: $p}", "{conv: {out: $n * 2, kernel: [3, $k]}}",
    "{conv: {out: 8, kernel: 3, padding: same}}", "[relu, {relu: , name: b}]", "{add: [a, b]}", "{add: , from: [a, b]}",
    "{add: {from: [a, b]}}", "{relu: {from: a}, repeat: 3, when: $deep}", "{$block: {width: 64}, repeat: $n}",
    "{branches: {left: relu, right: [relu, tanh]}, join: concat}", "{chain: {b: relu, c: {chain: [relu]}}}",
    "{residual: {width: 8, norm: none, activation: {leaky_relu: 0.1}}}", "{residual: {width: 8, norm: $norm}}",
    "{select: [0, $n]}", "{max_pool: {kernel: 2, stride: 1}}", "{batch_norm: {eps: 1e-3}}", "{linear: 10}",
)  # fmt: skip
INVALID = (
    "conv", "{conv: }", "{conv: 8}", "{conv: {out: true, kernel: 3}}", "{conv: {out: 8, kernel: 3, stride: 0}}",
    "{conv: {out: 8, kernel: 3}, repeat: 0}", "{relu: , when: yes}", "{relu: , again: 2}", "{relu: relu}", "add",
    "{add: [a]}", "{branches: {a: relu}}", "{branches: {a.b: relu}, join: add}", "{chain: {}}", "[]", "{}",
    "{relu: , name: b}", "{residual: {width: 8, norm: {relu: {from: a}}}}", "{residual: {width: 8, norm: residual}}",
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
        described = whole["$defs"][f"word.{name}"]["description"]
        assert described.split() == (known.__doc__ or "").replace("``", "'").split()
    schemes = whole["properties"]["init"]["additionalProperties"]["anyOf"][-1]["properties"]
    assert {name for name, scheme in schemes.items() if scheme["description"]} == set(SCHEMES)


def test_parameters_have_their_defaults_bounds_and_choices() -> None:
    """A parameter says its default as a spec would write it, its range, its choices, and what the docstring says."""
    words = schema()["$defs"]
    conv = words["word.conv"]["anyOf"][-1]
    residual = words["word.residual"]["anyOf"][-1]

    assert (conv["required"], conv["additionalProperties"]) == (["out", "kernel"], False)
    assert conv["properties"]["stride"]["default"] == 1
    assert conv["properties"]["out"]["anyOf"][0]["minimum"] == 1
    assert "'out' filters" in conv["properties"]["out"]["description"]
    assert residual["properties"]["stride_on"]["anyOf"][0]["enum"] == ["conv1", "conv2"]
    assert residual["properties"]["norm"] == {"default": "batch_norm", "$ref": "#/$defs/operation"}


def test_a_spec_brings_its_own_blocks_and_parameters() -> None:
    """With a spec its blocks are words with typed parameters, its variants have its parameters, and no other."""
    result = CliRunner().invoke(main, ["schema", "vgg16"])
    whole = json.loads(result.output)
    convs = whole["$defs"]["word.convs"]["anyOf"][-1]

    assert convs["required"] == ["out", "number"]
    assert convs["properties"]["out"]["anyOf"][0] == {"type": "integer"}
    assert set(whole["properties"]["variants"]["additionalProperties"]["properties"]) == {"classes", "dropout"}
    assert "word.convs" not in schema()["$defs"]


TAKEN = [*sorted(names.MODULE_ATTRIBUTES), *names.KNOWN_INSIDE, "a.forward", "b.to.c", "to1", "input", "root", "rooted"]
NAMES = st.text("ab_.$1-+_", max_size=8) | st.sampled_from(TAKEN) | st.sampled_from(["a" * 100, "a" * 101, "a.b" * 8])


@given(NAMES)
def test_names_are_those_of_the_language(name: str) -> None:
    """The schema takes a name exactly where the language finds no fault with it."""
    rules = [(naming.layer(), names.fault), (naming.title(), names.title_fault)]
    for rule, fault in [*rules, (naming.parameter(), names.parameter_fault)]:
        assert jsonschema.Draft202012Validator(rule).is_valid(name) is (fault(name) == "")
