"""What Python callers may give, and what they are told where they may not."""

from __future__ import annotations

import enum
import inspect
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.language import names
from netspec.language.python_values import python_values
from netspec.limits import LIMITS

HEAD = "netspec: 1\nname: net\ninput: [3, 8, 8]\n"
NET = HEAD + "params: {width: 4, label: any}\nvariants: {wide: {width: 16, label: 1}}\n"
NET += "stem: {a: {conv: {out: $width, kernel: 1}}, b: {relu: , when: $label == 1}}\n"


class Word(str, enum.Enum):  # noqa: UP042 - the older form, whose str() is not its value
    """A word that is a member of an enumeration."""

    NORM = "batch_norm"


class Number(enum.IntEnum):
    """A number that is one too."""

    FIVE = 5


class Endless:
    """What never becomes plain data."""

    def tolist(self) -> Endless:
        """Another one."""
        return Endless()


def refusal(call: Callable[[], object]) -> Problem:
    """The one problem of ``call``."""
    with pytest.raises(SpecError) as caught:
        call()
    (problem,) = caught.value.problems
    return problem


PLAIN: list[tuple[Any, Any]] = [
    (5, 5),
    (True, True),
    (None, None),
    ("x\x85\U0001f600", "x\x85\U0001f600"),
    (Word.NORM, "batch_norm"),
    (Number.FIVE, 5),
    (np.int64(5), 5),
    (np.uint8(5), 5),
    (np.float32(0.5), 0.5),
    (np.bool_(True), True),  # noqa: FBT003 - the scalar itself
    (np.str_("x"), "x"),
    (np.array(5), 5),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    ((1, np.int64(2)), [1, 2]),
    (range(3), [0, 1, 2]),
    ({"conv": {"out": np.int64(8)}}, {"conv": {"out": 8}}),
]


@pytest.mark.parametrize(("given", "expected"), PLAIN, ids=[repr(row[0]) for row in PLAIN])
def test_parameters_become_plain_data(given: Any, expected: Any) -> None:
    """Enumerations' members, arrays and their scalars are what they hold, of Python's own types."""
    found = netspec.read(NET, label=given).params["label"]

    assert found == expected
    assert isinstance(found, type(expected))


def test_tensors_are_parameters_too(torch: ModuleType) -> None:
    """A tensor is the numbers in it; one without values is refused by name."""
    assert netspec.read(NET, label=torch.tensor([1, 2])).params["label"] == [1, 2]
    assert netspec.read(NET, label=1, input=torch.Size([3, 4, 4])).graph.input.shape == (3, 4, 4)
    assert "torch.Tensor" in refusal(lambda: netspec.read(NET, label=torch.zeros(2, device="meta"))).message


cyclic: list[Any] = []
cyclic.append(cyclic)
REFUSED: list[tuple[Any, str, str]] = [
    (float("nan"), "wrong-value", "must be finite, not nan"),
    (np.float32("inf"), "wrong-value", "must be finite, not inf"),
    ([1, float("-inf")], "wrong-value", "must be finite, not -inf"),
    (Decimal(5), "wrong-type", "is of type decimal.Decimal, which no spec can hold"),
    (Fraction(1, 2), "wrong-type", "is of type fractions.Fraction, which no spec can hold"),
    (1j, "wrong-type", "is of type complex, which no spec can hold"),
    ({1, 2}, "wrong-type", "is of type set, which no spec can hold"),
    (b"x", "wrong-type", "is of type bytes, which no spec can hold"),
    (np.int64, "wrong-type", "is of type type, which no spec can hold"),
    (object(), "wrong-type", "is of type object, which no spec can hold"),
    (np.array([1j]), "wrong-type", "is of type complex, which no spec can hold"),
    ({1: 2}, "wrong-type", "has keys that are no text"),
    (10**30, "limit", "has a number of more than 30 digits"),
    ("\ud800", "wrong-value", "has half a character in it, which no file could hold"),
    (cyclic, "limit", "is nested more than 64 deep"),
    (Endless(), "limit", "is nested more than 64 deep"),
    ("x" * 10 * LIMITS.values, "limit", f"has more than {LIMITS.values:,} values"),
]


@pytest.mark.parametrize(("given", "code", "said"), REFUSED, ids=[row[2] + str(at) for at, row in enumerate(REFUSED)])
def test_what_no_spec_can_hold_is_refused_by_name(given: Any, code: str, said: str) -> None:
    """No value is turned into its text silently: the argument is named, and what is wrong with it."""
    problem = refusal(lambda: netspec.read(NET, label=given))

    assert (problem.code, problem.message) == (code, f"argument 'label' {said}")
    assert str(problem.span) == "argument label:1:1"


def test_everything_wrong_with_the_arguments_is_told_at_once() -> None:
    """Each argument that cannot be is told; a value of the wrong kind has the place of its argument."""
    with pytest.raises(SpecError) as caught:
        netspec.read(NET, label=Path("x"), width=float("nan"), input="3x8x8")

    assert sorted(problem.message.split("'")[1] for problem in caught.value.problems) == ["input", "label", "width"]
    problem = refusal(lambda: netspec.read(NET, label=1, width="four"))
    assert str(problem.span) == "argument width:1:1"
    assert problem.message == "parameter 'width' of net must be a whole number, not 'four'"


def test_arguments_need_no_numpy() -> None:
    """Arrays are read without numpy being imported by netspec."""
    code = "import sys, netspec; netspec.read('lenet5', classes=3); sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("size", [[3, 4, 6], (3, 4, 6), np.array([3, 4, 6]), (3, np.int64(4), 6)], ids=str)
def test_an_input_is_any_row_of_three_numbers(size: Any) -> None:
    """Lists, tuples, arrays and NumPy's numbers are sizes."""
    assert netspec.read(NET, label=1, input=size).graph.input.shape == (3, 4, 6)


@pytest.mark.parametrize(
    ("size", "code"),
    [
        *(((3, 8, 8, 8, 8), "wrong-type"), ("3x8x8", "wrong-type"), (8, "wrong-type"), ((3, 8.0, 8), "wrong-type")),
        *(((3, True, 8), "wrong-type"), ({"a": 1}, "wrong-type"), ({3, 8}, "wrong-type")),
        *(((3, 0, 8), "wrong-value"), ((3, -8, 8), "wrong-value"), ((3, 65_537, 8), "wrong-value")),
    ],
    ids=str,
)
def test_another_input_is_refused(size: Any, code: str) -> None:
    """What is no size of an image is told as such, before anything is built."""
    problem = refusal(lambda: netspec.read(NET, label=1, input=size))

    assert problem.code == code
    assert problem.message.startswith("argument 'input' ")


def test_paths_are_specs_in_any_form(tmp_path: Path) -> None:
    """A string, a ``Path`` and anything else with a path name the same file."""
    file = tmp_path / "net.yaml"
    file.write_text(NET)

    class Named:
        def __fspath__(self) -> str:
            return f"{file}@wide"

    assert netspec.read(str(file), label=1).params["width"] == 4
    assert netspec.read(file, label=1).params["width"] == 4
    assert netspec.read(Named()).params["width"] == 16
    with pytest.raises(TypeError, match="a spec is a path, a name, a text or a Network, not bytes"):
        netspec.read(bytes(file))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not NoneType"):
        netspec.read(None)  # type: ignore[arg-type]


def test_a_network_is_given_back_or_read_again(tmp_path: Path) -> None:
    """``read`` of a network is that network; what is given beside it goes over what it was read with."""
    file = tmp_path / "net.yaml"
    file.write_text(NET)
    network = netspec.read(f"{file}@wide", input=(3, 4, 4), label=2)
    again = netspec.read(network, width=32)

    assert netspec.read(network) is network
    assert (again.params, again.variant) == ({"width": 32, "label": 2}, "wide")
    assert again.graph.input.shape == (3, 4, 4)
    assert netspec.read(network, input=(3, 6, 6)).graph.input.shape == (3, 6, 6)
    assert network.params == {"width": 16, "label": 2}
    assert refusal(lambda: netspec.read(network, max_nodes=1, label=1)).code == "limit"
    assert refusal(lambda: netspec.read(network, depth=1)).code == "unknown-parameter"


def test_a_network_compiles() -> None:
    """``compile`` takes a network, also with other parameters, and equals its own ``compile``."""
    network = netspec.read(NET, label=1)
    shapes = [
        {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        for module in (
            netspec.compile(network, device="meta"),
            network.compile(device="meta"),
            netspec.compile(network, device="meta", width=5),
        )
    ]

    assert shapes[0] == shapes[1] == {"a.weight": (4, 3, 1, 1), "a.bias": (4,)}
    assert shapes[2]["a.weight"] == (5, 3, 1, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_nodes": 0}, "max_nodes is a whole number from 1, not 0"),
        ({"max_nodes": "many"}, "max_nodes is a whole number from 1, not 'many'"),
        ({"max_nodes": True}, "max_nodes is a whole number from 1, not true"),
        ({"budget": False}, "budget is one of spec, None, not false"),
        ({"budget": "none"}, "budget is one of spec, None, not 'none'"),
        ({"outputs": "al"}, "outputs is one of inference, all, not 'al'"),
    ],
    ids=str,
)
def test_other_arguments_say_what_they_can_be(given: dict[str, Any], said: str) -> None:
    """A wrong option is a :class:`ValueError` that names the right ones."""
    with pytest.raises(ValueError, match=f"^{said}$"):
        netspec.compile(NET, label=1, **given)


def test_counts_may_be_numpys() -> None:
    """Numbers of nodes and images are whole numbers of any type."""
    network = netspec.read(NET, label=1, max_nodes=np.int64(9))

    assert network.stats(batch=np.int64(2)).setup.batch == 2


def test_no_parameter_has_the_name_of_an_argument() -> None:
    """What ``read`` and ``compile`` take by name is what a spec's parameters cannot be called."""
    taken = {
        parameter.name
        for function in (netspec.read, netspec.compile)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }

    assert taken == set(names.ARGUMENTS)
    for name in names.ARGUMENTS:
        assert names.parameter_fault(name) == f"'{name}' is an argument of netspec.compile"


def test_python_values_are_placed_and_counted() -> None:
    """Mistakes go to the problems given, and the other arguments are there all the same."""
    problems = Problems()

    assert list(python_values({"good": 1, "bad": object()}, problems)) == ["good"]
    assert [problem.code for problem in problems] == ["wrong-type"]


LONG = "n" * 100
PATH = ".".join(["p" * 29] * 3)
LARGE = f"""\
netspec: 1
name: {LONG}
input: [3, 16, 16]
outputs: {{{LONG}: {PATH}}}
blocks: {{deep: {{body: {{{PATH}: {{select: [{", ".join(["0"] * 500)}]}}}}}}}}
stages:
  q: {{chain: {{{PATH}: {{deep: }}}}}}
  {PATH}: {{conv: {{out: 4, kernel: 3}}}}
"""


def test_what_objects_say_of_themselves_is_short() -> None:
    """The text of every object that a caller meets has less than 500 characters, whatever the spec is."""
    with pytest.raises(SpecError) as caught:
        netspec.read(LARGE.replace("select", "s" * 150).replace("kernel: 3", "kernel: x").replace(LONG, LONG + "n"))
    for network in (netspec.read(LARGE), netspec.read("densenet201")):
        stats = network.stats()
        node = network.graph.nodes[1]
        objects = [
            *(network, network.graph, network.spec, network.spec.source, node.span, node, node.scope),
            *(network.graph.outputs[0], network.graph.entries[0], stats, stats.totals, stats.field, stats.memory),
            *(stats.memory.inference_peak, stats.rows[0], stats.rows[0].place, stats.setup, *caught.value.problems),
            caught.value,
        ]

        assert [(type(one).__name__, len(repr(one))) for one in objects if len(repr(one)) >= 500] == []


def test_a_network_says_what_it_is() -> None:
    """Its text has its name, its operations, its parameters and its input."""
    expected = "<Network resnet50: 174 operations, 25,557,032 parameters, input 3x224x224>"

    assert repr(netspec.read("resnet50")) == expected
    assert repr(netspec.read("resnet50").graph) == "<Graph resnet50: 174 operations>"
