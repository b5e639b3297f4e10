"""What layers can be written as: names and what they read worked out, held layers, likenesses, inline layers."""

from __future__ import annotations

from collections.abc import Iterator
from keyword import kwlist
from typing import Any

import pytest

import netspec
from netspec.compiler import registry
from netspec.errors.problem import SpecError
from netspec.ops.activation import Sigmoid
from netspec.ops.facts import Cost, Family, Layer, Shape
from netspec.ops.operation import Operation

HEAD = "netspec: 1\nname: net\ninput: [3, 32, 32]\n"


def names(text: str, **params: Any) -> list[str]:
    """The operations of a spec, by their paths."""
    return [node.name for node in netspec.read(HEAD + text, **params).graph.operations]


def operation(text: str, name: str, **params: Any) -> Operation:
    """The operation called ``name``."""
    return next(node.operation for node in netspec.read(HEAD + text, **params).graph.operations if node.name == name)


def code(text: str, **params: Any) -> str:
    """The code of the only mistake."""
    with pytest.raises(SpecError) as caught:
        netspec.read(HEAD + text, **params)
    (problem,) = caught.value.problems
    return problem.code


UNIT = (
    "blocks: {unit: {params: {out: 3, act: {type: any, default: relu}}, body: [conv: {out: $out, kernel: 1}, $act]}}\n"
)
BUILT: dict[str, tuple[str, list[str]]] = {
    "a name that is worked out": (
        "params: {k: 2}\nstages: [{relu: , name: layer$($k + 1)-a}, {tanh: , name: b$k.c}]",
        ["stages.layer3-a", "stages.b2.c"],
    ),
    "a name under a key is what is built": ("stages:\n  a: {relu: , name: b}\n  c: {add: [a, b]}", ["b", "c"]),
    "what is read is chosen": (
        "params: {deep: true}\nstages:\n  a: relu\n  b: tanh\n  c: {add: [b, a if $deep else input]}",
        ["a", "b", "c"],
    ),
    "one expression gives the whole list": (
        "params: {read: {type: list, default: [a, b]}}\nstages:\n  a: relu\n  b: tanh\n  c: {add: , from: $read}",
        ["a", "b", "c"],
    ),
    "repetitions join the numbers around them": (
        UNIT + "stages:\n  f: [relu, {unit: , repeat: 2, inline: true}, tanh]",
        ["f.0", "f.1.0", "f.1.1", "f.2.0", "f.2.1", "f.3"],
    ),
    "repetitions have names of their own": (
        UNIT + "stages:\n  all: {unit: , repeat: 2, inline: true, name: block-$index}\n  last: {relu: , from: all}",
        ["block-0.0", "block-0.1", "block-1.0", "block-1.1", "last"],
    ),
    "repetitions join a path": (
        UNIT + "stages: {all: {unit: , repeat: 2, inline: true, name: repeat.$index}}",
        ["repeat.0.0", "repeat.0.1", "repeat.1.0", "repeat.1.1"],
    ),
    "branches under their own names": (
        "stages:\n  sum: {inline: true, branches: {left: relu, right: tanh}, join: add}\n  last: {relu: , from: sum}",
        ["left", "right", "add", "last"],
    ),
    "a chain without a name of its own": (
        "stages:\n  f: [{chain: [relu, tanh], inline: true}, relu]",
        ["f.0", "f.1", "f.2"],
    ),
    "a built-in block without a name of its own": (
        "stages: {f: {conv_norm_act: 3, inline: true}, g: relu}",
        ["conv", "bn", "act", "g"],
    ),
    "layers of repetitions join those around them": (
        (
            "stages:\n"
            "  all: {repeat: 2, inline: layers, chain: {a: {relu: , name: x.a$index}, b: {tanh: , name: b$index}}}\n"
            "  last: {add: [x.a0, b1]}"
        ),
        ["x.a0", "b0", "x.a1", "b1", "last"],
    ),
    "numbers of repetitions go on": (
        "stages:\n  f: [relu, {chain: [relu, tanh], repeat: 2, inline: layers}, elu]",
        ["f.0", "f.1", "f.2", "f.3", "f.4", "f.5"],
    ),
    "a repetition reads inside an earlier one": (
        "stages:\n  all: {repeat: 3, chain: {a: relu, sum: {add: [a, all.$($index - 1).a if $index > 0 else none]}}}",
        ["all.0.a", "all.1.a", "all.1.sum", "all.2.a", "all.2.sum"],
    ),
    "a join leaves out what is none, and is what is left": (
        (
            "params: {wide: false}\nstages:\n  a: relu\n  b: {add: [none, a, none]}\n"
            "  c: {add: [b, input if $wide else none]}\n  d: {concat: [b, c]}\n  e: {concat: [d, none, input]}"
        ),
        ["a", "d", "e"],
    ),
    "a join of nothing is none": (
        "stages:\n  a: relu\n  b: {add: [none, none]}\n  c: {concat: [a, b, input]}\n  d: {add: [b, c]}",
        ["a", "c"],
    ),
    "a block is given none for what it reads": (
        (
            "blocks: {cat: {reads: [first, children], body: {r: relu, all: {concat: [r, first, children]}}}}\nstages:\n"
            "  a: {cat: , from: [input, none, none]}\n  b: {cat: , from: [a, none, input]}\n"
            "  c: {cat: , from: [b, a, a]}"
        ),
        ["a.r", "b.r", "b.all", "c.r", "c.all"],
    ),
    "none is passed on": (
        (
            "blocks:\n  inner: {reads: [x], body: {r: relu, all: {add: [r, x]}}}\n"
            "  outer: {reads: [x], body: {b: {concat: [x, none]}, i: {inner: , from: [input, b]}, t: {add: [i, x]}}}\n"
            "stages: {a: {outer: , from: [input, none]}, b: {outer: , from: [a, a]}}"
        ),
        ["a.i.r", "b.i.r", "b.i.all", "b.t"],
    ),
    "parameters of blocks called like arguments of compile": (
        (
            "blocks: {root: {params: {root: 3, outputs: 1}, body: [conv: {out: $root * $outputs, kernel: 1}]}}\n"
            "stages: [root]"
        ),
        ["stages.0.0"],
    ),
    "none is a layer that is not there": (
        UNIT + "stages: [unit: {act: none}, none, unit]",
        [
            "stages.0.0",
            "stages.1.0",
            "stages.1.1",
        ],
    ),
    "none among repetitions": (
        "params: {acts: [relu, none, tanh]}\nstages: {a: {'$acts[$index]': , repeat: 3}}",
        ["a.0", "a.2"],
    ),
    "a block called like a key that stands beside": (
        "blocks: {inline: {body: [relu]}}\nstages: [inline: , inline]",
        ["stages.0.0", "stages.1.0"],
    ),
    "reserved words as parts of names": ("stages: {repeat.3: relu, branches.0: relu}", ["repeat.3", "branches.0"]),
    "blocks called like attributes of modules": (
        "blocks: {double: {body: [relu]}, type: {body: [tanh]}, train: {body: [relu]}}\nstages: [double, type, train]",
        ["stages.0.0", "stages.1.0", "stages.2.0"],
    ),
    "a patch takes a layer away by its condition": (
        "stages: {a: relu, b: tanh}\npatch: {set: {b: {when: false}}}",
        ["a"],
    ),
    "a patch changes what is read": (
        "stages: {a: relu, b: tanh, c: relu, d: {add: [b, c]}}\npatch: {set: {c: {from: a}}}",
        ["a", "b", "c", "d"],
    ),
    "a join in the place of another keeps what that reads": (
        "stages: {a: relu, b: tanh, c: {add: [a, b]}}\npatch: {replace: {c: concat}}",
        ["a", "b", "c"],
    ),
    "a join in the place of another says what it reads": (
        "stages: {a: relu, b: tanh, c: {add: [a, b]}}\npatch: {replace: {c: {concat: [b, a, input]}}}",
        ["a", "b", "c"],
    ),
    "a patch takes a numbered layer away": (
        "stages: {f: [relu, tanh, elu]}\npatch: {remove: [f.1]}",
        ["f.0", "f.2"],
    ),
}


@pytest.mark.parametrize("case", BUILT)
def test_what_is_built(case: str) -> None:
    """Layers get the names that the page of the language says."""
    text, expected = BUILT[case]

    assert names(text + "\n") == expected


STRIDES: dict[str, tuple[str, list[int]]] = {
    "a number goes to the first": ("{conv: {out: 8, kernel: 3, padding: 1, stride: 2}, repeat: 3}", [16, 16, 16]),
    "an index says which": (
        '{conv: {out: 8, kernel: 3, padding: 1, stride: "$strides[$index]"}, repeat: 3}',
        [32, 16, 8],
    ),
    "an index in a list": (
        '{conv: {out: 8, kernel: 3, padding: 1, stride: ["$strides[$index]", 1]}, repeat: 3}',
        [32, 16, 8],
    ),
    "an index given to a block": ('{down: {stride: "$strides[$index]"}, repeat: 3}', [32, 16, 8]),
    "a number given to a block": ("{down: {stride: 2}, repeat: 3}", [16, 16, 16]),
    "an expression without an index": ("{down: {stride: $strides.1}, repeat: 3}", [16, 16, 16]),
    "a default of a likeness holds for each": ("{halved: , repeat: 3}", [16, 8, 4]),
    "a held stride goes to the first": ("{$held: , repeat: 3}", [16, 16, 16]),
}


@pytest.mark.parametrize("case", STRIDES)
def test_strides_of_repetitions(case: str) -> None:
    """A stride is for the first repetition, unless it says itself which repetition it is for."""
    layer, heights = STRIDES[case]
    text = (
        "params:\n  strides: {type: list, default: [1, 2, 2]}\n"
        "  held: {type: any, default: {conv: {out: 8, kernel: 3, padding: 1, stride: 2}}}\n"
        "blocks:\n  down: {params: {stride: 1}, body: [conv: {out: 8, kernel: 3, padding: 1, stride: $stride}]}\n"
        "  halved: {like: {conv: {out: 8, kernel: 3, padding: 1, stride: 2}}}\n"
        f"stages:\n  a: {layer}\n"
        "  all: {dropout: $strides.0 * 0.1}\n  used: {down: , when: $strides.0 == 5}\n"
        "  other: {halved: , when: $strides.0 == 5}\n  more: {$held: , when: $strides.0 == 5}\n"
    )
    graph = netspec.read(HEAD + text).graph

    assert [node.shape[1] for node in graph.operations if node.operation.word == "conv"] == heights


def test_a_patch_of_one_repetition_sets_its_stride() -> None:
    """What a patch sets in one repetition holds there, a stride too."""
    text = HEAD + "stages: {a: {conv: {out: 8, kernel: 3, padding: 1}, repeat: 3}}\npatch: {set: {a.1: {stride: 2}}}\n"

    assert [node.shape[1] for node in netspec.read(text).graph.operations] == [32, 16, 16]


IN: dict[str, str] = {
    "a layer before": "{relu: , when: $in.channels == 8}",
    "from": "{relu: , from: input, when: $in.channels == 3}",
    "the first of a join": "{concat: [input, wide], when: $in.channels == 3}",
    "the other way round": "{concat: [wide, input], when: $in.channels == 8}",
    "a chain": "{chain: [relu], from: input, when: $in.channels == 3}",
    "branches": "{branches: {a: relu, b: tanh}, join: add, from: input, when: $in.channels == 3}",
    "a repeated layer": "{relu: , from: input, repeat: 2, when: $in.channels == 3}",
    "an inline block": "{flat: , from: input, when: $in.channels == 3}",
    "a layer patched": "{relu: , from: input, when: $in.channels == 8}",
}


@pytest.mark.parametrize("case", IN)
def test_conditions_see_what_the_layer_reads(case: str) -> None:
    """``$in`` in a condition is what the layer reads, as in its parameters; of a join it is the first input."""
    patch = "patch: {set: {x: {from: wide}}}\n" if case == "a layer patched" else ""
    text = (
        "blocks: {flat: {inline: true, body: [relu]}}\nstages:\n  wide: {conv: {out: 8, kernel: 1}}\n"
        f"  x: {IN[case]}\n  used: {{flat: , when: $in.channels == 0}}\n{patch}outputs: {{x: x, wide: wide}}\n"
    )

    assert any(name.partition(".")[0] in ("x", "stages") or name == "0" for name in names(text)[1:])


def test_a_layer_that_is_left_out_reads_nothing() -> None:
    """A condition that does not mention ``$in`` is looked at before what the layer reads is looked up."""
    text = (
        "params: {deep: false}\nstages:\n  a: {relu: , when: $deep}\n  b: {tanh: , from: a, when: $deep}\n  c: relu\n"
    )

    assert names(text) == ["c"]


def test_a_parameter_holds_a_layer() -> None:
    """A word, a word with its main value and a word with parameters are used as layers, with others over them."""
    block = "blocks: {unit: {params: {norm: any}, body: [{$norm: }, {$norm: {eps: 0.5}}, {$norm: {eps: $.eps * 2}}]}}\n"
    text = block + "stages: [unit: {norm: {batch_norm: {eps: 0.25, momentum: 0.3}}}]\n"
    found = [operation(text, f"stages.0.{place}") for place in range(3)]

    assert [(one.eps, one.momentum) for one in found] == [(0.25, 0.3), (0.5, 0.3), (0.5, 0.3)]  # type: ignore[attr-defined]
    main = "blocks: {unit: {params: {act: any}, body: [$act, {$act: 0.4}]}}\nstages: [unit: {act: {leaky_relu: 0.2}}]\n"
    assert [operation(main, f"stages.0.{place}").slope for place in range(2)] == [0.2, 0.4]  # type: ignore[attr-defined]


def test_a_held_layer_passes_through_blocks() -> None:
    """What a parameter holds can be given to a block, by that to another one, and to a built-in block as its norm."""
    text = (
        "params: {norm: {type: any, default: {batch_norm: {eps: 0.25}}}}\n"
        "blocks:\n  inner: {params: {norm: any}, body: {a: $norm, b: {conv_norm_act: {out: 4, norm: $norm}}}}\n"
        "  outer: {params: {norm: any}, body: [inner: {norm: $norm}]}\nstages: [outer: {norm: $norm}]\n"
    )

    assert operation(text, "stages.0.0.a").eps == 0.25  # type: ignore[attr-defined]
    assert operation(text, "stages.0.0.b.bn").eps == 0.25  # type: ignore[attr-defined]
    assert [name.rpartition(".")[2] for name in names(text, norm="none")] == ["conv", "act"]


LIKE = """blocks:
  bn: {like: {batch_norm: {eps: 0.25}}}
  slow: {like: {bn: {momentum: 0.01}}}
  same: {like: {conv: {padding: $.kernel // 2, kernel: 5, bias: $biased}}}
  unit: {like: {conv_norm_act: {norm: slow, kernel: 3, padding: 1}}}
  act: {like: $act}
params: {act: {type: any, default: relu}, biased: false}
stages:
  a: {same: 4}
  b: {same: {out: 4, kernel: 3}}
  c: {unit: 8}
  d: {slow: {eps: $.eps * 2}}
  e: act
"""


def test_a_block_is_like_another_word() -> None:
    """What ``like`` sets are defaults, worked out at each use, over those of the word that it is like."""
    same = [operation(LIKE, name) for name in ("a", "b")]

    assert [(one.padding, one.bias) for one in same] == [(2, False), (1, False)]  # type: ignore[attr-defined]
    assert (operation(LIKE, "c.bn").eps, operation(LIKE, "c.bn").momentum) == (0.25, 0.01)  # type: ignore[attr-defined]
    assert (operation(LIKE, "d").eps, operation(LIKE, "d").momentum) == (0.5, 0.01)  # type: ignore[attr-defined]
    assert [scope.block for scope in netspec.read(HEAD + LIKE).graph.root.children if hasattr(scope, "block")] == [
        "conv_norm_act"
    ]
    assert "e" not in names(LIKE, act="none")
    assert operation(LIKE, "e", act={"leaky_relu": 0.3}).slope == 0.3  # type: ignore[attr-defined]


def test_a_patch_reads_what_it_changes() -> None:
    """``$.x`` in a patch is the value that is patched, or that another parameter gets; also in built-in blocks."""
    text = (
        "stages:\n  a: {conv: {out: 8, kernel: 3}}\n  b: {dense: {layers: 2, growth_rate: 4}}\n"
        "patch: {set: {a: {out: $.out // 2, padding: $.kernel // 2}, b.*.conv1: {out: $.out * 3}}}\n"
    )

    assert (operation(text, "a").out, operation(text, "a").padding) == (4, 1)  # type: ignore[attr-defined]
    assert [operation(text, f"b.denselayer{at}.conv1").out for at in (1, 2)] == [12, 12]  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", kwlist)
def test_python_s_keywords_are_no_names(word: str) -> None:
    """fx, export and ONNX write code in which a layer must have a name: keywords are refused, as parts too."""
    assert code(f"stages: {{'{word}': relu}}\n") == "bad-name"
    assert code(f"stages: {{a.{word}: relu}}\n") == "bad-name"


class Nearer(Sigmoid):
    """An activation with the word of one of netspec's."""

    word = "mish"


class Raising(Operation):
    """An operation that raises where it is asked."""

    word = "raising"
    family = Family.SHAPE
    where: str = "shape"
    what: str = "KeyError"

    def shape(self, *inputs: Shape) -> Shape:
        """The input's."""
        self.fail("shape")
        return inputs[0]

    def cost(self, output: Shape, *inputs: Shape) -> Cost:  # noqa: ARG002 - as the base has it
        """Nothing."""
        self.fail("cost")
        return Cost()

    def layer(self, *inputs: Shape) -> Layer:  # noqa: ARG002 - as above
        """Nothing."""
        return Layer("torch.nn.Identity", {})

    def fail(self, where: str) -> None:
        """Raise something at the place that is asked for."""
        if where == self.where:
            raise RAISED[self.what](where)


class Silent(Exception):
    """An exception that fails when it is asked what it says."""

    def __str__(self) -> str:
        raise ValueError


RAISED = {raised.__name__: raised for raised in (KeyError, RecursionError, SystemExit, Silent)}


@pytest.fixture
def registered() -> Iterator[None]:
    """Operations of a plug-in, for one test."""
    before = dict(registry._registered)
    netspec.register(Nearer)
    netspec.register(Raising)
    yield
    registry._registered.clear()
    registry._registered.update(before)


@pytest.mark.usefixtures("registered")
def test_the_nearest_word_wins() -> None:
    """A block of the spec hides a registered word, and that hides one of netspec's."""
    assert type(operation("stages: {a: mish}\n", "a")) is Nearer
    assert names("blocks: {mish: {body: [relu]}}\nstages: {a: mish}\n") == ["a.0"]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("where", ["shape", "cost"])
@pytest.mark.parametrize("what", RAISED)
def test_plug_ins_that_raise_are_named(where: str, what: str) -> None:
    """Whatever a registered class raises is a mistake with the place of the layer and the name of the class."""
    with pytest.raises(SpecError, match=rf"<text>:4:\d+: error\[plugin\].*Raising.*{what}"):
        netspec.read(HEAD + f"stages: [raising: {{where: {where}, what: {what}}}]\n")
