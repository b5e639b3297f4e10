"""Expressions: their values, the exact words and places of their faults, and their bounds."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.language.expression import ABSENT, Absent, evaluate, names, words
from netspec.language.grammar import ExpressionError

VALUES = {
    "width": 64,
    "ratio": 0.5,
    "depths": [3, 4, 6],
    "rows": [[1, 2], [3]],
    "norm": "batch_norm",
    "deep": True,
    "nothing": None,
    "in": {"channels": 48, "height": 7, "width": 5},
}

RESULTS: tuple[tuple[str, Any], ...] = (
    ("$width", 64),
    ("$width * 4", 256),
    ("$width*4+1", 257),
    ("$in.channels // 2", 24),
    ("$in.height * $in.width", 35),
    ("$in['channels']", 48),
    ("$depths.0", 3),
    ("$depths[2]", 6),
    ("$depths[-1]", 6),
    ("$depths[$depths.0 - 2]", 4),
    ("$rows.0.1", 2),
    ("$rows[1][0] + $rows.1.0", 6),
    ("($depths).1", 4),
    ("$depths.0 * .5", 1.5),
    ("$depths", [3, 4, 6]),
    # precedence and association are Python's
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("10 - 4 - 3", 3),
    ("100 // 7 // 2", 7),
    ("2 ** 3 ** 2", 512),
    ("-2 ** 2", -4),
    ("2 ** -1", 0.5),
    ("- - 3", 3),
    ("+$width", 64),
    ("-7 // 2", -4),
    ("-7 % 3", 2),
    # whole numbers stay whole; only / and a decimal operand make a decimal number
    ("7 // 2", 3),
    ("6 / 2", 3.0),
    ("$width * 0.5", 32.0),
    ("7.0 // 2", 3.0),
    ("round($width * $ratio)", 32),
    ("round(2.5)", 3),
    ("round(-2.5)", -2),
    ("floor(2.9)", 2),
    ("ceil(2.1)", 3),
    ("floor(-2.1)", -3),
    ("abs(-3)", 3),
    ("min(3, 2, 5)", 2),
    ("max($in.channels // 16, 8)", 8),
    ("max($depths)", 6),
    ("sum($depths)", 13),
    ("len($depths)", 3),
    ("min(max(1, 2), max(3, 4))", 2),
    ("2 ** 63", 2**63),
    ("1e3", 1000.0),
    ("1.5e-3", 0.0015),
    (".25", 0.25),
    ("007", 7),
    # comparisons, words, choices
    ("$width > 50", True),
    ("$width <= 50", False),
    ("1 == 1.0", True),
    ("$norm == batch_norm", True),
    ("$norm == 'batch_norm'", True),
    ('$norm != "none"', True),
    ("$nothing == null", True),
    ("relu if $deep else identity", "relu"),
    ("1 if $width > 100 else 2 if $width > 50 else 3", 2),
    ("1 // 0 if false else 7", 7),
    ("not $deep", False),
    ("not 1 == 2", True),
    ("$deep and not false", True),
    ("$width > 100 or $deep", True),
    ("false or true and false", False),
    ("true", True),
    ("null", None),
    ("word", "word"),
    ("'two words'", "two words"),
    ("  1\t+\n1 ", 2),
    # parts of lists
    ("$depths[:2]", [3, 4]),
    ("$depths[1:]", [4, 6]),
    ("$depths[:]", [3, 4, 6]),
    ("$depths[-1:]", [6]),
    ("sum($depths[:$depths.0 - 1]) + 1", 8),
    ("$rows[0:1].0.1", 2),
    ("$depths[2:1]", []),
    # words as names are written, with values in them
    ("left.conv", "left.conv"),
    ("stage-1", "stage-1"),
    ("branches.0", "branches.0"),
    ("block_$width", "block_64"),
    ("block-$width.conv", "block-64.conv"),
    ("layer$($width // 2 + 1)", "layer33"),
    ("$($norm).weight", "batch_norm.weight"),
    ("$(max(1, 2))", "2"),
    ("a$($norm)-b", "abatch_norm-b"),
    ("left.conv if $deep else input", "left.conv"),
    ("1 if $deep else-1", 1),
    ("1 if false else-1", -1),
    ("$in.channels-1", 47),
    ("$width-1", 63),
    ("$depths.0-1", 2),
    ("$depths[0]-1", 2),
    ("divisible(33, 8)", 32),
    ("divisible(36, 8)", 40),
    ("divisible(3, 8)", 8),
    ("divisible(10, 8)", 16),
    ("divisible(32 * 1.4, 8)", 48),
    ("log2(8)", 3.0),
)

FAULTS = (
    ("", "expected a value, found the end", 0, "expression"),
    ("   ", "expected a value, found the end", 0, "expression"),
    ("1 +", "expected a value, found the end", 3, "expression"),
    ("$width * / 2", "expected a value, found '/'", 9, "expression"),
    ("(1 + 2", "expected ')', found the end", 6, "expression"),
    ("1 + 2)", "expected nothing more, found ')'", 5, "expression"),
    ("1 2", "expected nothing more, found '2'", 2, "expression"),
    ("$width $width", "expected nothing more, found 'width'", 7, "expression"),
    ("3 .5", "expected nothing more, found '.5'", 2, "expression"),
    ("1.", "expected nothing more, found '.'", 1, "expression"),
    ("$", "'$' does not belong in an expression", 0, "expression"),
    ("$width & 1", "'&' does not belong in an expression", 7, "expression"),
    ("1 =  2", "'=' does not belong in an expression", 2, "expression"),
    ("$width; 1", "';' does not belong in an expression", 6, "expression"),
    ("'open", "''' does not belong in an expression", 0, "expression"),
    ("{1}", "'{' does not belong in an expression", 0, "expression"),
    ("$widht * 2", "there is no parameter 'widht' here", 0, "unknown-parameter"),
    ("2 * ($width + $widht)", "there is no parameter 'widht' here", 14, "unknown-parameter"),
    ("$in.depth", "there is no 'depth' here", 3, "expression"),
    ("$depths.3", "there is no element 3 in a list of 3, counted from 0", 7, "expression"),
    ("$depths[-4]", "there is no element -4 in a list of 3, counted from 0", 7, "expression"),
    ("$width.0", "64 has no part 0", 6, "expression"),
    ("$norm.upper", "'batch_norm' has no part 'upper'", 5, "expression"),
    ("$depths.append", "[3, 4, 6] has no part 'append'", 7, "expression"),
    ("$depths[1.0]", "[3, 4, 6] has no part 1.0", 7, "expression"),
    ("$depths[0", "expected ']', found the end", 9, "expression"),
    ("print(1)", "there is no function 'print'", 0, "expression"),
    ("1 + __import__('os')", "there is no function '__import__'", 4, "expression"),
    ("min()", "expected a value, found ')'", 4, "expression"),
    ("min(1,)", "expected a value, found ')'", 6, "expression"),
    ("max(1, 2", "expected ')', found the end", 8, "expression"),
    ("1 if true", "'if' needs an 'else'", 2, "expression"),
    ("if true else 1", "expected a value, found 'if'", 0, "expression"),
    ("1 + and", "expected a value, found 'and'", 4, "expression"),
    ("1 // 0", "this divides by zero", 2, "division-by-zero"),
    ("1 / ($width - 64)", "this divides by zero", 2, "division-by-zero"),
    ("5 % 0", "this divides by zero", 2, "division-by-zero"),
    ("0 ** -1", "this divides by zero", 2, "division-by-zero"),
    ("$norm * 3", "'*' needs numbers, not 'batch_norm'", 6, "expression"),
    ("1 + relu", "'+' needs numbers, not 'relu'", 2, "expression"),
    ("$depths + $depths", "'+' needs numbers, not [3, 4, 6]", 8, "expression"),
    ("$deep + 1", "'+' needs numbers, not true", 6, "expression"),
    ("$nothing * 2", "'*' needs numbers, not None", 9, "expression"),
    ("'%d' % 3", "'%' needs numbers, not '%d'", 5, "expression"),
    ("$width < wide", "'<' cannot work with 64, 'wide'", 7, "expression"),
    ("min(1, a)", "'min' cannot work with 1, 'a'", 0, "expression"),
    ("max(3)", "'max' cannot work with 3", 0, "expression"),
    ("len(3)", "'len' cannot work with 3", 0, "expression"),
    ("round(1, 2)", "'round' cannot work with 1, 2", 0, "expression"),
    ("(-8) ** 0.5", "'**' gives no real number here", 5, "expression"),
    # bounds
    ("2 ** 65", "an exponent may be at most 64", 2, "limit"),
    ("2 ** -65", "an exponent may be at most 64", 2, "limit"),
    ("1 + 8 ** 64", "a number here is larger than 2**63", 6, "limit"),
    ("9 ** 9 ** 2", "an exponent may be at most 64", 2, "limit"),
    ("2 ** 63 + 1", "a number here is larger than 2**63", 8, "limit"),
    ("-2 ** 63 - 1", "a number here is larger than 2**63", 9, "limit"),
    ("1e300 * 0", "a number here is larger than 2**63", 0, "limit"),
    ("1 if true else 9999999999999999999", "a number here is larger than 2**63", 15, "limit"),
    ("(" * 40 + "1" + ")" * 40, "an expression may be nested 40 deep", 40, "limit"),
    ("1" * 501, "an expression may have 500 characters, this has 501", 0, "limit"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RESULTS)
def test_values(text: str, expected: Any) -> None:
    """An expression has this value, and whole numbers are of Python's type for them."""
    value = evaluate(text, VALUES)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("text", "message", "offset", "code"), FAULTS, ids=[text[:30] for text, *_ in FAULTS])
def test_faults(text: str, message: str, offset: int, code: str) -> None:
    """A fault is told in these words, at this place of the text, under this code."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, VALUES)

    assert (caught.value.message, caught.value.offset, caught.value.code) == (message, offset, code)


def test_what_is_just_within_the_bounds_is_worked_out() -> None:
    """The limits of length, depth and exponent themselves are allowed."""
    assert evaluate("1" + "+1" * 249 + " ", {}) == 250
    assert evaluate("(" * 39 + "1" + ")" * 39, {}) == 1
    assert evaluate("1 ** 64", {}) == 1
    assert evaluate("-2 ** 63", {}) == -(2**63)


def test_parameters_and_words_are_found_without_their_values() -> None:
    """What an expression reads is known before anything has a value."""
    text = "relu if $depths.0 > max($in.channels, 2) and $norm == 'batch_norm' else none"

    assert names(text) == {"depths", "in", "norm"}
    assert {"relu", "batch_norm", "none"} <= words(text)


def test_a_value_that_an_earlier_mistake_took_away_is_no_second_mistake() -> None:
    """Reading an absent value ends in ``Absent``, which nobody reports."""
    with pytest.raises(Absent):
        evaluate("$in.channels // 2", {"in": ABSENT})


def test_python_is_out_of_reach() -> None:
    """Attributes of Python's objects, names with two underscores and calls of values give nothing but a fault."""
    for text in (
        "$norm.__class__",
        "$width.real",
        "$depths.__len__",
        "$in.keys",
        "().__class__",
        "$norm.format(1)",
        "lambda: 1",
        "[1, 2]",
        "$depths[0:1:1]",
        "$norm[0]",
        "eval('1')",
        "$in[$depths]",
    ):
        with pytest.raises(ExpressionError):
            evaluate(text, VALUES)


# -- against Python ---------------------------------------------------------------------------------------------------

DRAWN = settings(max_examples=300, derandomize=True, deadline=None, database=None)
NUMBERS = st.integers(0, 12).map(str)
SIGNS = st.sampled_from(["+", "-", "*", "//", "%", "/", "**", " + ", " - "])
COMPARISONS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Arithmetic over ``inner``: operators, signs, brackets, functions."""
    joined = st.builds("{}{}{}".format, inner, SIGNS, inner)
    signed = st.builds("{}{}".format, st.sampled_from(["-", "+", "- "]), inner)
    called = st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner)
    return joined | st.builds("({})".format, inner) | signed | called


ARITHMETIC = st.recursive(NUMBERS, larger, max_leaves=8)
COMPARED = st.builds("{} {} {}".format, ARITHMETIC, COMPARISONS, ARITHMETIC)
CONDITIONS = st.recursive(
    COMPARED,
    lambda inner: (
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner) | inner.map("not {}".format)
    ),
    max_leaves=4,
)
CHOICES = st.builds("{} if {} else {}".format, ARITHMETIC, CONDITIONS, ARITHMETIC)
BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


class TooLargeError(Exception):
    """A number or an exponent beyond the bounds."""


def in_python(node: ast.expr) -> Any:
    """The value of ``node`` as Python reads and works it out, within the bounds."""
    match node:
        case ast.Constant():
            return node.value
        case ast.IfExp():
            return in_python(node.body if holds(node.test) else node.orelse)
        case ast.BinOp(op=sign):
            parts = [in_python(node.left), in_python(node.right)]
            if isinstance(sign, ast.Pow) and abs(parts[1]) > 64:
                raise TooLargeError
            result = BINARY[type(sign)](*parts)
        case ast.UnaryOp(op=sign):
            result = (operator.neg if isinstance(sign, ast.USub) else operator.pos)(in_python(node.operand))
        case ast.Compare(ops=[sign], comparators=[right]):
            return BINARY[type(sign)](in_python(node.left), in_python(right))
        case ast.Call(func=ast.Name(id=name)):
            result = {"min": min, "max": max}[name](*(in_python(part) for part in node.args))
        case _:
            raise TypeError(ast.dump(node))
    if result.imag:
        raise ArithmeticError
    if abs(result) > 2**63:
        raise TooLargeError
    return result


def holds(node: ast.expr) -> bool:
    """Whether the condition ``node`` is true as Python reads it and works it out, no further than it needs."""
    match node:
        case ast.UnaryOp(op=ast.Not()):
            return not holds(node.operand)
        case ast.BoolOp(op=ast.And()):
            return all(holds(part) for part in node.values)
        case ast.BoolOp():
            return any(holds(part) for part in node.values)
    return bool(in_python(node))


def outcome_in_python(text: str) -> Any:
    """The value, or the code of the fault."""
    try:
        return in_python(ast.parse(text, mode="eval").body)
    except ZeroDivisionError:
        return "division-by-zero"
    except TooLargeError:
        return "limit"
    except ArithmeticError:
        return "expression"


def outcome(text: str) -> Any:
    """The value, or the code of the fault."""
    try:
        return evaluate(text, {})
    except ExpressionError as error:
        return error.code


@DRAWN
@given(ARITHMETIC | CHOICES)
def test_arithmetic_is_that_of_python(text: str) -> None:
    """Precedence, association, value, type and faults of arithmetic are those of Python."""
    expected = outcome_in_python(text)

    assert outcome(text) == expected
    assert type(outcome(text)) is type(expected)


@pytest.mark.parametrize(
    ("ours", "pythons"), [("-2 ** 2", "(-2) ** 2"), ("7 // 2", "7 / 2"), ("2 ** 3 ** 2", "(2 ** 3) ** 2"), ("4", "4.0")]
)
def test_python_objects_to_another_reading(ours: str, pythons: str) -> None:
    """The comparison tells other precedence, other association and another type of number apart."""
    one, other = outcome(ours), outcome_in_python(pythons)

    assert (one, type(one)) != (other, type(other))


SENSE = """$width $depths $in $norm $deep $nothing $rows . [ ] ( ) , + - * / // % ** == != < > if else and or not
min max round sum len abs floor 0 1 64 .5 1e9 'a' relu true null channels"""
NONSENSE = ["$", '"', "'", "=", "\u00e9", "\u00b2", "\u0663", "\u2003", "\x1c", "\0", " "]
PIECES = st.lists(st.sampled_from([*SENSE.split(), *NONSENSE]), max_size=14)


def fault(text: str) -> ExpressionError | None:
    """What is wrong with ``text``, if anything is."""
    try:
        evaluate(text, VALUES)
    except ExpressionError as error:
        return error
    return None


@DRAWN
@given(st.text(max_size=40) | PIECES.map(" ".join) | PIECES.map("".join))
def test_any_text_has_a_value_or_a_fault_with_a_place(text: str) -> None:
    """No text ends in another exception, and the place of a fault lies in the text or right behind it."""
    found = fault(text)

    assert found is None or (0 <= found.offset <= len(text) and found.message)


READINGS = [
    ("1 < 2 and 3 < 2", False),
    ("false and 1 // 0 > 0", False),
    ("true or 1 // 0 > 0", True),
    ("round(9007199254740993)", 9007199254740993),
    ("(1 < 2) == true", True),
    ("1 if false or true else 2", 1),
    ("1 if true and false or false else 2 if false or false else 3", 3),
]


@pytest.mark.parametrize(("text", "expected"), READINGS)
def test_what_need_not_be_worked_out_is_not(text: str, expected: object) -> None:
    """``and`` and ``or`` stop where the answer is known, and whole numbers stay what they are."""
    assert evaluate(text, {}) == expected


@pytest.mark.parametrize("text", ["1 < 3 < 2", "2 $if true else 3", "1 $or 2", "$l[true]"])
def test_readings_that_nobody_means_are_refused(text: str) -> None:
    """Chained comparisons, parameters as operators and truth values as indices are faults."""
    with pytest.raises(ExpressionError):
        evaluate(text, {"l": [5, 6], "if": 1, "or": 2})
