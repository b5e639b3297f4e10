"""Which layer a path means, for patches, ``from`` and ``outputs``: the one that has it in the network."""

from __future__ import annotations

import pytest

import netspec
from netspec.errors.problem import SpecError

HEAD = "netspec: 1\nname: net\ninput: [3, 8, 8]\n"
Layers = list[tuple[str, str]]


def layers(text: str) -> Layers:
    """The name and the word of each operation of a spec."""
    return [(node.name, node.operation.word) for node in netspec.read(HEAD + text).graph.operations]


FLAT = "blocks: {pair: {inline: true, params: {o: int}, body: [{conv: {out: $o, kernel: 1}}, relu]}}\n"
REPEATED = "stages: [{relu: , repeat: 2, inline: true}, gelu]\n"
LEFT_OUT = "stages: [relu, {elu: , when: false}, gelu]\n"
JOINED = "stages: {a: {branches: {l: identity, r: relu}, join: add}}\n"
MEANT = {
    "a name that is worked out": (
        "params: {k: 4}\nstages: [relu, {relu: , name: n$k}]\npatch: {replace: {stages.n4: tanh}}\n",
        [("stages.0", "relu"), ("stages.n4", "tanh")],
    ),
    "a name in place of a key": (
        "stages: {a: {relu: , name: b}}\npatch: {replace: {b: tanh}}\n",
        [("b", "tanh")],
    ),
    "the key that a name stands in place of": (
        "stages: {a: {relu: , name: b}}\npatch: {replace: {a: tanh}}\n",
        [("b", "tanh")],
    ),
    "the first layer of an inline chain": (
        "stages: [{chain: [relu, gelu], inline: true}]\npatch: {replace: {stages.0: tanh}}\n",
        [("stages.0", "tanh"), ("stages.1", "gelu")],
    ),
    "the first layer of an inline block": (
        FLAT + "stages: [{pair: 4}, {pair: 5}]\npatch: {replace: {stages.2: tanh}}\n",
        [("stages.0", "conv"), ("stages.1", "relu"), ("stages.2", "tanh"), ("stages.3", "relu")],
    ),
    "the first of inline repetitions": (
        REPEATED + "patch: {replace: {stages.0: tanh}}\n",
        [("stages.0", "tanh"), ("stages.1", "relu"), ("stages.2", "gelu")],
    ),
    "a number that a layer which is left out does not take": (
        LEFT_OUT + "patch: {replace: {stages.1: tanh}}\n",
        [("stages.0", "relu"), ("stages.1", "tanh")],
    ),
    "a name that is left out stays so": (
        "stages: {a: relu, b: {elu: , when: false}}\npatch: {replace: {b: tanh}}\n",
        [("a", "relu")],
    ),
    "the join of branches": (
        JOINED
        + "patch: {replace: {a.add: mean}, insert_before: {a.add: {b: gelu}}, insert_after: {a.add: {c: elu}}}\n",
        [("a.l", "identity"), ("a.r", "relu"), ("a.b", "gelu"), ("a.add", "mean"), ("a.c", "elu")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), MEANT.values(), ids=MEANT)
def test_patches_meet_the_layer_that_has_the_path(text: str, expected: Layers) -> None:
    """A patch changes what is called so in the network, and nothing that only began there."""
    assert layers(text) == expected


def test_what_an_inline_layer_reads_counts_where_its_first_layer_is_replaced() -> None:
    """A parameter is still read by an inline block whose first layer is taken away."""
    text = FLAT + "params: {width: 4}\nstages: [{pair: $width}]\npatch: {replace: {stages.0: tanh}}\n"

    assert layers(text) == [("stages.0", "tanh"), ("stages.1", "relu")]


def test_outputs_and_from_can_name_joins_and_numbers() -> None:
    """The join of branches can be read, and a number that a layer before it would have had."""
    joined = netspec.read(HEAD + JOINED.rstrip("}\n") + "}, c: {concat: [a.add, a.l]}}\n").graph
    numbered = netspec.read(HEAD + LEFT_OUT + "outputs: {first: stages.0, second: stages.1}\n").graph

    assert [node.name for node in joined.nodes[-1].inputs] == ["a.add", "a.l"]
    assert [(output.name, output.node.name) for output in numbered.outputs] == [
        ("first", "stages.0"),
        ("second", "stages.1"),
    ]


def test_an_inline_layer_sees_the_repetition_that_it_stands_in() -> None:
    """``$index`` counts the nearest repetition, and an inline layer that is not repeated is none."""
    text = "stages: {a: {repeat: 3, chain: [{inline: true, chain: [conv: {out: 2 + $index, kernel: 1}]}]}}\n"
    graph = netspec.read(HEAD + text).graph

    assert [node.shape[0] for node in graph.operations] == [2, 3, 4]


def test_a_patch_sees_the_parameters_of_the_network() -> None:
    """A block's parameter of the same name is not meant by a patch that changes a layer inside."""
    block = "blocks: {unit: {params: {w: int}, body: {c: {conv: {out: $w, kernel: 1}}}}}\n"
    graph = netspec.read(HEAD + "params: {w: 7}\n" + block + "stages: {a: {unit: 4}}\npatch: {set: {a.c: {out: $w}}}\n")

    assert graph.graph.nodes[-1].shape == (7, 8, 8)


def test_sizes_of_built_in_blocks_are_numbers_for_patches() -> None:
    """``$.kernel`` of a square window is one number wherever the window is from."""
    change = "patch: {set: {a.conv2: {kernel: $.kernel + 2, padding: $.padding * 2}}}\n"
    graph = netspec.read(HEAD + "stages: {a: {residual: 3}}\n" + change).graph
    (conv,) = [node.operation for node in graph.nodes if node.name == "a.conv2"]

    assert conv == type(conv)(out=3, kernel=5, padding=2, bias=False)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "patch",
    [
        "set: {a.conv1: {repeat: 2}}",
        "set: {a.conv1: {when: false}}",
        "set: {a.conv1: {from: input}}",
        "replace: {a.conv1: {identity: , when: false}}",
        "replace: {a.relu: {gelu: , repeat: 3}}",
        "set: {b.add: {repeat: 2}}",
        "replace: {b.add: {mean: , when: false}}",
    ],
)
def test_a_layer_that_a_block_makes_is_neither_repeated_nor_moved(patch: str) -> None:
    """What a patch says of it beside its word is refused rather than left unheard."""
    text = "stages: {a: {residual: 3}, b: {branches: {l: identity, r: relu}, join: add}}\n"
    with pytest.raises(SpecError) as caught:
        netspec.read(HEAD + text + f"patch: {{{patch}}}\n")

    assert [problem.code for problem in caught.value.problems] == ["layer-form"]
