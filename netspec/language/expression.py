"""Expressions: whitelisted arithmetic over parameters, bounded in size, never Python's ``eval``.

    $width * 4      $in.channels // 2      $depths.0      max($in.channels // 16, 8)      block$index

A name after ``$`` is a parameter, ``$.x`` another parameter of the same layer, ``.0`` or ``[0]`` an element of a list
and ``[a:b]`` a part of it; a bare word is a word, in which ``$x`` and ``$(...)`` stand for their values. Integers stay
integers: ``//`` and ``round`` give integers, ``/`` a decimal number.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netspec.language.grammar import MAX_LENGTH, MAX_MAGNITUDE, ExpressionError, Tree, parsed

MAX_EXPONENT = 64
MAX_ELEMENTS = 100


class UnknownNameError(ExpressionError):
    """A ``$name`` that is no parameter here."""

    def __init__(self, name: str, offset: int) -> None:
        self.name = name
        super().__init__(f"there is no parameter '{name}' here", offset, code="unknown-parameter")


class Absent(Exception):
    """The value depends on a layer that has no shape because of an earlier mistake."""


ABSENT = object()
"""Stands for a value that an earlier mistake has taken away."""

Own = Callable[[str], Any]
"""From the name of a parameter of the layer to the value that it gets; what ``$.x`` means."""


def no_layer(name: str) -> Any:
    """What ``$.x`` means where no layer stands: nothing."""
    message = f"'$.{name}' is another parameter of a layer; no layer stands here"
    raise ExpressionError(message, code="unknown-parameter")


def _divisible(x: float, n: int) -> int:
    """The multiple of ``n`` nearest to ``x``, halves up; at least ``n`` and 0.9 ``x`` (Sandler et al. 2018, code)."""
    if n <= 0:
        raise ValueError
    nearest = max(n, math.floor(x + n / 2) // n * n)
    return nearest + n if nearest < 0.9 * x else nearest


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_ARITHMETIC = frozenset(["+", "*", "%", "-", "/", "//", "**"])
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "divisible": _divisible,
    "floor": math.floor,
    "len": len,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": lambda x: x if isinstance(x, int) else math.floor(x + 0.5),
    "sum": sum,
}


def names(text: str) -> frozenset[str]:
    """The parameters that ``text`` reads; raises :class:`ExpressionError` if it is not an expression."""
    return frozenset(str(tree.value) for tree in _trees(parsed(text)) if tree.kind == "name")


def words(text: str) -> frozenset[str]:
    """The bare or quoted words in ``text``, ``*`` in the place of a value in one; raises as :func:`names` does."""
    found = set()
    for tree in _trees(parsed(text)):
        if tree.kind == "word":
            found.add("".join(part.value if part.kind == "constant" else "*" for part in tree.parts))
        elif tree.kind == "constant" and isinstance(tree.value, str):
            found.add(tree.value)
    return frozenset(found)


def own_names(text: str) -> frozenset[str]:
    """The parameters of the same layer that ``text`` reads with ``$.``; raises as :func:`names` does."""
    return frozenset(str(tree.value) for tree in _trees(parsed(text)) if tree.kind == "own")


def evaluate(text: str, values: Mapping[str, Any], own: Own = no_layer) -> Any:
    """The value of ``text`` over ``values``; ``own`` says what the other parameters of the layer get.

    Raises :class:`ExpressionError` with the offset of the fault, or :class:`Absent` when a value is :data:`ABSENT`.
    """
    return _Evaluation(values, own).value(parsed(text))


def _trees(tree: Tree) -> Iterator[Tree]:
    """Every part of ``tree``; without recursion, because a long sum is as deep as it is long."""
    pending = [tree]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(part.parts)


class _Evaluation:
    """Works trees out over the values of parameters."""

    def __init__(self, values: Mapping[str, Any], own: Own) -> None:
        self.values = values
        self.own = own

    def value(self, tree: Tree) -> Any:
        """What ``tree`` comes to."""
        kind = tree.kind
        if kind == "name":
            return self.named(tree)
        if kind == "constant":
            return tree.value
        if kind == "own":
            return self.other(tree)
        if kind == "if":
            condition, then, otherwise = tree.parts
            return self.value(then if self.value(condition) else otherwise)
        if kind == "binary" and tree.value in ("and", "or"):
            first = self.value(tree.parts[0])
            return first if bool(first) is (tree.value == "or") else self.value(tree.parts[1])
        parts = [self.value(part) for part in tree.parts]
        return _combined(tree, parts)

    def named(self, tree: Tree) -> Any:
        """The value of a parameter."""
        if tree.value not in self.values:
            raise UnknownNameError(tree.value, tree.offset)
        value = self.values[tree.value]
        if value is ABSENT:
            raise Absent
        return value

    def other(self, tree: Tree) -> Any:
        """The value that another parameter of the layer gets."""
        try:
            return self.own(tree.value)
        except ExpressionError as error:
            raise ExpressionError(error.message, tree.offset, error.hint, error.code) from None


def _combined(tree: Tree, parts: list[Any]) -> Any:
    """What the values of its parts make of ``tree``."""
    if tree.kind == "not":
        return not parts[0]
    if tree.kind == "index":
        return _element(tree, *parts)
    if tree.kind == "slice":
        return _part(tree, *parts)
    if tree.kind == "word":
        return _joined(tree, parts)
    return _bounded(tree, parts)


def _joined(tree: Tree, parts: list[Any]) -> str:
    """A word from the values in it; parameters made of one another would double it each time."""
    word = "".join(_spelt(part, value) for part, value in zip(tree.parts, parts, strict=True))
    if len(word) > MAX_LENGTH:
        message = f"a word may have {MAX_LENGTH} characters, this has {len(word):,}"
        raise ExpressionError(message, tree.offset, code="limit")
    return word


def _spelt(tree: Tree, value: Any) -> str:
    """A value as it stands in a word."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ExpressionError(f"{_shown(value)} cannot be part of a word", tree.offset, code="wrong-type")
    return str(value)


def _part(tree: Tree, whole: Any, first: Any, last: Any) -> Any:
    """The elements from ``first`` to before ``last``; to the ends of the list where those are not given."""
    ends = (first, last)
    _refuse_large(":", tree, [whole])
    if not isinstance(whole, list) or not all(end is None or _is_whole(end) for end in ends):
        message = f"{_shown(whole)} has no part {_shown(first)}:{_shown(last)}"
        raise ExpressionError(message, tree.offset, "a list has: $depths[:2]")
    return whole[first:last]


SIDES = ("height", "width")
"""Parts of ``$in`` where it has two axes."""


def _element(tree: Tree, whole: Any, key: Any) -> Any:
    if isinstance(whole, Mapping) and isinstance(key, str) and key in whole:
        return whole[key]
    if isinstance(whole, list) and isinstance(key, int) and not isinstance(key, bool):
        if -len(whole) <= key < len(whole):
            return whole[key]
        message = f"there is no element {key} in a list of {len(whole)}, counted from 0"
        raise ExpressionError(message, tree.offset)
    if isinstance(whole, Mapping) and isinstance(key, str):
        hint = f"known: {', '.join(whole)}"
        if key in SIDES and "size" in whole:
            hint = "height and width are those of two axes; $in.size is the list of all sizes, first to last"
        raise ExpressionError(f"there is no '{key}' here", tree.offset, hint)
    raise ExpressionError(f"{_shown(whole)} has no part {_shown(key)}", tree.offset)


def _bounded(tree: Tree, parts: list[Any]) -> Any:
    """Apply an operator or function, with every way it can go wrong worded and every size bounded."""
    sign = tree.value
    if sign != "len":
        _refuse_large(sign, tree, parts)
    if sign == "**" and abs(parts[1] if isinstance(parts[1], (int, float)) else 0) > MAX_EXPONENT:
        raise ExpressionError(f"an exponent may be at most {MAX_EXPONENT}", tree.offset, code="limit")
    if sign in _ARITHMETIC:
        for part in parts:
            if not _is_number(part):
                raise ExpressionError(f"'{sign}' needs numbers, not {_shown(part)}", tree.offset)
    try:
        result = _applied(tree, parts)
    except ZeroDivisionError:
        raise ExpressionError("this divides by zero", tree.offset, code="division-by-zero") from None
    except (TypeError, ValueError, OverflowError):
        shown = ", ".join(_shown(part) for part in parts)
        raise ExpressionError(f"'{sign}' cannot work with {shown}", tree.offset) from None
    if _is_number(result) and not abs(result) <= MAX_MAGNITUDE:
        raise ExpressionError("a number here is larger than 2**63", tree.offset, code="limit")
    if isinstance(result, complex):
        raise ExpressionError(f"'{sign}' gives no real number here", tree.offset)
    return result


def _refuse_large(sign: str, tree: Tree, parts: list[Any]) -> None:
    """Refuse lists with so many elements that an expression could cost what its length does not tell."""
    for part in parts:
        if isinstance(part, (list, dict)) and elements(part) > MAX_ELEMENTS:
            message = f"'{sign}' works with lists of at most {MAX_ELEMENTS:,} elements"
            raise ExpressionError(message, tree.offset, code="limit")


def _applied(tree: Tree, parts: list[Any]) -> Any:
    if tree.kind == "call":
        return _FUNCTIONS[tree.value](*parts)
    if tree.kind == "unary":
        return -parts[0] if tree.value == "-" else +parts[0]
    return _OPERATORS[tree.value](*parts)


def elements(value: Any) -> int:
    """How many values are in ``value``; no further than too many."""
    if not isinstance(value, (list, dict)):
        return 1
    if len(value) > MAX_ELEMENTS:
        return len(value)
    found = 0
    for item in value.values() if isinstance(value, dict) else value:
        found += elements(item)
        if found > MAX_ELEMENTS:
            break
    return found


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
