"""Random specs make the networks that they are written for, come back from ``show``, and have torch's figures.

``tools/fuzz.py --random`` reads many more; a seed that fails there fails here, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from measured import by_flop_counter, shapes
from random_specs import RandomSpec, different, random_spec, read

from netspec import api
from netspec.analysis import receptive_field
from netspec.compiler import expansion, layer_inputs
from netspec.compiler.name_lookup import NameLookup
from netspec.compiler.patches import Patches
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph, Node
from netspec.language.arguments import Arguments
from netspec.language.layers import Layer
from netspec.language.patch import Rule
from netspec.ops.conv import Conv
from netspec.ops.facts import Cost, Shape

SPECS = 80
MEASURED = 8
SABOTAGED = 60
"""Specs among which at least one uses what a test breaks."""


drawn = cache(random_spec)


@pytest.mark.parametrize("part", range(5))
def test_specs_make_what_they_are_written_for(part: int, tmp_path: Path) -> None:
    """Names, words, inputs, shapes and weights of all operations are the expected ones, also after ``show``."""
    for seed in range(part, SPECS, 5):
        assert not different(drawn(str(seed)), tmp_path), seed


def test_a_seed_makes_one_spec() -> None:
    """A spec is repeated by its seed, and another seed makes another one."""
    assert random_spec("1") == random_spec("1")
    assert random_spec("1").text != random_spec("2").text


def test_specs_hold_every_kind_of_what_is_random() -> None:
    """Among the specs are gates, joins, conditions, repetitions, patches and parents, each of them several times."""
    texts = [spec.text + spec.parent for spec in map(drawn, map(str, range(SPECS)))]
    signs = (
        "multiply", "concat", "adaptive_avg_pool", "when:", "$in", "$index", "$count", "repeat:", "inline: true",
        "like:", "$.kernel", "reads:", "from:", "variants:", "extends:", "under:", "set:", "replace:", "insert_before:",
        "insert_after:", "remove", "**.", "residual", "conv_norm_act", "none", "outputs:", "[0:", "training",
        "shared:", "inputs:", "type: any",
    )  # fmt: skip
    found = {sign: sum(sign in text for text in texts) for sign in signs}

    assert min(found.values()) > 2, found


# -- the expected networks object -------------------------------------------------------------------------------------


def always_one(self: Arguments) -> Arguments:
    """A later repetition as if its stride were that of the first."""
    return self


def before(self: NameLookup, read: object, scope: str, body: object) -> Node | None:  # noqa: ARG001 - as it is called
    """What ``from`` means, as if it named the network's first input."""
    return next(iter(self._outputs.values()))


def without_inserts(self: Patches, *paths: str) -> list[Rule]:
    """The rules at ``paths``, but those that bring layers in."""
    return [rule for rule in AT(self, *paths) if not rule.kind.startswith("insert")]


def uncounted(layer: Layer, index: int, count: int, body: object) -> object:  # noqa: ARG001 - as it is called
    """What a repetition sees, as if it were the first."""
    return COUNTED(layer, 0, count, body)  # type: ignore[arg-type]


def always_wanted(*_: object) -> bool:
    """As if every condition held."""
    return True


AT = Patches.at
COUNTED = expansion._counted
RULES = [
    (Arguments, "with_stride_one", always_one),
    (NameLookup, "find", before),
    (Patches, "at", without_inserts),
    (expansion, "_counted", uncounted),
    (layer_inputs, "is_wanted", always_wanted),
    (expansion, "seen", lambda values, x: {**values, "in": {"channels": 3, "height": 9, "width": 9}} if x else values),
]


@pytest.mark.parametrize(("where", "rule", "wrong"), RULES, ids=[rule for _, rule, _ in RULES])
def test_a_wrong_rule_of_the_language_is_noticed(
    where: object, rule: str, wrong: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one rule broken, some spec is refused or makes another network."""
    monkeypatch.setattr(where, rule, wrong)
    found: list[str] = []
    for seed in range(SABOTAGED):
        try:
            found += [different(drawn(str(seed)), tmp_path)]
        except SpecError as error:
            found += [error.problems[0].message]
        if any(found):
            break

    assert any(found)


def test_what_comes_back_from_show_is_held_against_what_went_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolved spec that has another layer is noticed."""
    spec = next(spec for spec in map(drawn, map(str, range(50))) if any(row.word == "sigmoid" for row in spec.rows))
    written = api.Network.to_yaml
    monkeypatch.setattr(api.Network, "to_yaml", lambda self: written(self).replace("sigmoid", "tanh"))

    assert different(spec, tmp_path)


# -- torch ------------------------------------------------------------------------------------------------------------

torch_warnings = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def networks(tmp_path: Path, number: int) -> Iterator[tuple[RandomSpec, Graph]]:
    """Small networks, each with what it is expected to be."""
    for seed in range(number):
        spec = random_spec(f"small {seed}", small=True)
        yield spec, read(spec, tmp_path).graph


@torch_warnings
@pytest.mark.usefixtures("one_thread")
def test_figures_of_random_specs_are_those_of_torch(tmp_path: Path) -> None:
    """Shapes, weights, multiply-adds and receptive fields are what modules, counters and a NaN say."""
    from netspec.nn.build import module
    from netspec.verify.verify import verify

    for spec, graph in networks(tmp_path, MEASURED):
        found = verify(graph)
        assert not found.differing, (spec.text, found.differing)
        assert not found.unchecked
        built = module(graph, device="meta", outputs="all")
        assert sum(parameter.numel() for parameter in built.parameters()) == sum(row.weights for row in spec.rows)
        assert {node.name: shape for node, shape in shapes(graph).items() if node.inputs} == {
            row.name: row.shape for row in spec.rows
        }
        assert by_flop_counter(built, graph.input.shape).total == sum(row.macs for row in spec.rows)


def never_repeated(*_: object) -> bool:
    """As if the one position of a gate were in step with what it scales."""
    return False


def ungrouped(self: Conv, output: Shape, *inputs: Shape) -> Cost:
    """One multiply-add too few."""
    cost = COST(self, output, *inputs)
    return cost._replace(macs=cost.macs - 1)


COST = Conv.cost


@torch_warnings
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("where", "rule", "wrong"), [(receptive_field, "is_repeated", never_repeated), (Conv, "cost", ungrouped)]
)
def test_a_wrong_figure_is_noticed(
    where: object, rule: str, wrong: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate whose pooling multiplies the stride on, and a count that is off by one, do not pass."""
    from netspec.verify.verify import verify

    monkeypatch.setattr(where, rule, wrong)

    assert any(verify(graph).differing for _, graph in networks(tmp_path, MEASURED))
