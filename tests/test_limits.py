"""Limits that a caller may raise: large networks are refused at first, then analysed without deep recursion."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import netspec
from netspec.cli import main
from netspec.compiler.patches import Patches
from netspec.errors.problem import Problems, SpecError
from netspec.errors.source import Source
from netspec.language import layers, resolve, unread
from netspec.language.budget import FIGURES, limits
from netspec.language.patch import Pattern, Rule
from netspec.language.reader import read_yaml
from netspec.language.values import Mapping, Value, plain
from netspec.limits import LIMITS, Limits

HEAD = "netspec: 1\nname: chain\ninput: [3, 8, 8]\nstages:\n"
CONV = "conv: {out: 3, kernel: 3, padding: 1, bias: false}"
COUNT = LIMITS.nodes + 1
FEWER = 5_000
"""Layers that are written one by one: reading them takes long."""
REPEATED = f"{HEAD}  body: {{{CONV}, repeat: {COUNT}}}\n"
CHAINS = {
    "repeated": (REPEATED, COUNT, {}),
    "listed": (f"{HEAD}  body:\n" + f"    - {CONV}\n" * FEWER, FEWER, {"max_nodes": FEWER - 1}),
    "named": (
        HEAD + "".join(f"  conv{index}: {{{CONV}}}\n" for index in range(FEWER)),
        FEWER,
        {"max_nodes": FEWER - 1},
    ),
}
"""A text, its layers, and what refuses it: the usual limit, or one that the caller sets."""


@pytest.fixture
def shallow() -> Iterator[None]:
    """A recursion limit that code which calls itself once a node, scope or level of a large network would meet."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize(("text", "count", "limit"), CHAINS.values(), ids=CHAINS)
def test_a_larger_network_is_refused_until_the_caller_allows_it(text: str, count: int, limit: dict[str, int]) -> None:
    """The message says how; then every figure is as many times that of one layer."""
    with pytest.raises(netspec.SpecError) as caught:
        netspec.read(text, **limit)
    (problem,) = caught.value.problems
    assert problem.code == "limit"
    assert "max_nodes" in problem.hint

    stats = netspec.read(text, max_nodes=2 * count).stats()

    assert len(stats.rows) == count
    assert stats.totals.params == 81 * count
    assert stats.totals.macs == 81 * 64 * count
    assert stats.totals.depth == count
    assert stats.field.size == (2 * count + 1, 2 * count + 1)
    assert stats.memory.inference_peak.bytes == 3 * 3 * 64 * 4


def test_the_command_line_allows_it_too(tmp_path: Path) -> None:
    """One option before the command, which every command obeys."""
    spec = tmp_path / "chain.yaml"
    spec.write_text(REPEATED, encoding="utf-8")

    refused = CliRunner().invoke(main, ["check", str(spec)])
    allowed = CliRunner().invoke(main, ["--max-nodes", str(COUNT), "check", str(spec)])

    assert (refused.exit_code, allowed.exit_code) == (2, 0)
    assert "--max-nodes" in refused.stderr


def test_a_caller_may_allow_less() -> None:
    """The file may be as long as ever."""
    with pytest.raises(netspec.SpecError, match="more than 10 operations"):
        netspec.read("resnet18", max_nodes=10)
    assert Limits(10).characters == LIMITS.characters < Limits(COUNT).characters


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize("word", ["resnet-cifar@resnet1202", "densenet-cifar@densenet-bc190-k40", "fractalnet"])
def test_depth_needs_no_recursion(word: str) -> None:
    """Reading, every figure, and the plain data of the deepest shipped networks."""
    stats = netspec.read(word).stats()
    assert len(stats.to_dict()["layers"]) == len(stats.rows)
    assert stats.memory.training_total > 0


def brought(count: int) -> str:
    """A network into which patches bring layers, each behind the one that the patch before has brought in."""
    first = f"{HEAD}  a: {{{CONV}}}\npatch:\n- insert_after: {{a: {{b0: relu}}}}\n"
    return first + "".join(f"- insert_after: {{b{i - 1}: {{b{i}: relu}}}}\n" for i in range(1, count))


@pytest.mark.parametrize(("count", "is_allowed"), [(60, True), (61, False), (2_000, False)])
def test_layers_that_patches_bring_in_are_nested_as_others_are(count: int, is_allowed: bool) -> None:  # noqa: FBT001
    """A patch of what a patch has brought in is as deep as a chain in a chain, and so has the same limit."""
    if is_allowed:
        assert len(netspec.read(brought(count)).graph.operations) == 1 + count
        return
    with pytest.raises(netspec.SpecError, match="more than 60 deep, with the layers that patches bring in") as caught:
        netspec.read(brought(count))
    (problem,) = caught.value.problems
    assert problem.code == "limit"
    assert problem.span
    assert problem.span.line == 67


WORDS = st.text(max_size=40) | st.sampled_from(
    ["no", "1e-3", "0o17", "~", "", "a: b", "- a", "# a", "\x85 ", "x" * 130 + " y"]
)
DATA = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


def document(data: object) -> Mapping | None:
    """What is read in ``data`` written as JSON, which is YAML; None if that is no mapping of plain YAML."""
    try:
        found = read_yaml(Source("x", json.dumps(data)))
    except SpecError:
        return None
    return found if isinstance(found, Mapping) else None


@given(st.dictionaries(WORDS, DATA, min_size=1, max_size=4))
def test_what_is_printed_is_read_back(data: dict[str, object]) -> None:
    """A document as text is read as the same data, whatever its words look like."""
    before = document(data)
    if before:
        assert plain(read_yaml(Source("x", resolve.text(before)))) == plain(before)


CHAINS_OF_NAMES = {
    "parameters": ("params:\n  p0: 1\n", "  p{}: $p{}\n", "stages: [{{dropout: $p{} * 0.1}}]\n"),
    "blocks": ("blocks:\n  p0: {body: [relu]}\n", "  p{}: {{body: [relu, p{}]}}\n", "stages: [p{}]\n"),
}


@pytest.mark.parametrize("kind", CHAINS_OF_NAMES)
def test_every_definition_is_read_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where parameters or blocks read one another in a chain, each is looked at once, the layers once."""
    first, line, last = CHAINS_OF_NAMES[kind]
    count, looked = 50, []

    def counting(value: Value) -> layers.Written:
        looked.append(value)
        return layers.written_in(value)

    monkeypatch.setattr(unread, "written_in", counting)
    text = first + "".join(line.format(index, index - 1) for index in range(1, count)) + last.format(count - 1)
    found = read_yaml(Source("x", text))
    assert isinstance(found, Mapping)
    read = unread.reading(found)

    assert len(read.params | read.blocks) == count
    assert len(looked) == count + 1


def amount(written: str) -> int | None:
    """What the bound ``written`` comes to, the same for every figure; None if it is refused with one problem."""
    found = set()
    for figure in FIGURES:
        document, problems = read_yaml(Source("x", f"{figure}: {written}\n")), Problems()
        assert isinstance(document, Mapping)
        limit = limits(document, problems).get(figure)
        assert (limit is None) == (len(problems) == 1)
        found.add(limit and limit.amount)
    (one,) = found
    return one


AMOUNTS = [
    ("0", 0),
    ("8M", 8_000_000),
    ("'8M'", 8_000_000),
    ("2.5k", 2500),
    ("0.29T", 290_000_000_000),
    ("9007199254740993", 9007199254740993),
    ("9007199254.740993G", 9007199254740993000),
    ("1e16", 10**16),
    ("1.9", 1),
    ("-1", None),
    ("8Mi", None),
    ("8 M", None),
    ("true", None),
    (".inf", None),
    ("[8M]", None),
    ("", None),
    ("9" * 400 + "M", None),
    ("\u0663M", None),
]


@pytest.mark.parametrize(("written", "expected"), AMOUNTS)
def test_bounds_are_whole_numbers_with_powers_of_ten(written: str, expected: int | None) -> None:
    """k, M, G and T are powers of ten, exactly; what is no amount is refused, however long it is."""
    assert amount(written) == expected


@pytest.mark.parametrize(
    ("patterns", "cost"), [(["a.b"], 0), (["a.*"], 1), (["**.a"], 2), (["**.a.**.b", "*.c", "d"], 4)], ids=str
)
def test_patterns_are_charged_by_what_they_try(patterns: list[str], cost: int) -> None:
    """A path is found at once; a pattern is tried, the longer the more of its parts stand for any number of them."""
    span = Source("x.yaml", "a").span(1, 1)

    rules = [Rule("remove", pattern, span) for pattern in patterns]
    assert Patches(rules, list(map(Pattern, patterns))).cost == cost
