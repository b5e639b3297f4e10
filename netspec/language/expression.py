"""Expressions: whitelisted arithmetic over parameters, bounded in size, never Python's ``eval``.

    $width * 4      $in.channels // 2      $depths.0      max($in.channels // 16, 8)      $norm == batch_norm

A name after ``$`` is a parameter, ``.0`` or ``[0]`` an element of a list; a bare word is a word. Integers stay
integers: ``//`` and ``round`` give integers, ``/`` a decimal number.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_EXPONENT = 64
MAX_MAGNITUDE = 2**63

Scalar = int | float | bool | str | None


class ExpressionError(Exception):
    """An expression that cannot be read or worked out; ``offset`` is the place in its text."""

    def __init__(self, message: str, offset: int = 0, hint: str = "", code: str = "expression") -> None:
        self.message = message
        self.offset = offset
        self.hint = hint
        self.code = code
        super().__init__(message)


class UnknownNameError(ExpressionError):
    """A ``$name`` that is no parameter here."""

    def __init__(self, name: str, offset: int) -> None:
        self.name = name
        super().__init__(f"there is no parameter '{name}' here", offset, code="unknown-parameter")


class Absent(Exception):
    """The value depends on a layer that has no shape because of an earlier mistake."""


ABSENT = object()
"""Stands for a value that an earlier mistake has taken away."""


class Token(NamedTuple):
    """A piece of text: its kind (a sign is its own kind), and where it begins."""

    kind: str
    text: str
    offset: int


class Tree(NamedTuple):
    """A parsed expression: what to do, with what, and where it stands in the text."""

    kind: str
    value: Any
    parts: tuple[Tree, ...]
    offset: int


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)?|\.\d+)"
    r"|\$(?P<name>[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<string>'[^']*'|\"[^\"]*\")|(?P<sign>//|\*\*|==|!=|<=|>=|[-+*/%<>()\[\],.]))"
)
_BINARY: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "or": (1, lambda a, b: a or b),
    "and": (2, lambda a, b: a and b),
    "==": (4, operator.eq),
    "!=": (4, operator.ne),
    "<": (4, operator.lt),
    "<=": (4, operator.le),
    ">": (4, operator.gt),
    ">=": (4, operator.ge),
    "+": (5, operator.add),
    "-": (5, operator.sub),
    "*": (6, operator.mul),
    "/": (6, operator.truediv),
    "//": (6, operator.floordiv),
    "%": (6, operator.mod),
    "**": (8, operator.pow),
}
_UNARY = 7
_NOT = 3
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "round": lambda x: math.floor(x + 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
    "abs": abs,
    "len": len,
    "sum": sum,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


def names(text: str) -> frozenset[str]:
    """The parameters that ``text`` reads; raises :class:`ExpressionError` if it is not an expression."""
    return frozenset(str(tree.value) for tree in _trees(parsed(text)) if tree.kind == "name")


def words(text: str) -> frozenset[str]:
    """The bare or quoted words in ``text``; raises :class:`ExpressionError` if it is not an expression."""
    return frozenset(tree.value for tree in _trees(parsed(text)) if isinstance(tree.value, str))


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The value of ``text`` over ``values``.

    Raises :class:`ExpressionError` with the offset of the fault, or :class:`Absent` when a value is :data:`ABSENT`.
    """
    return _value(parsed(text), values)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Tree:
    """The tree of ``text``; raises :class:`ExpressionError`."""
    if len(text) > MAX_LENGTH:
        message = f"an expression may have {MAX_LENGTH} characters, this has {len(text)}"
        raise ExpressionError(message, code="limit")
    parser = _Parser(_tokens(text))
    tree = parser.expression(0)
    parser.expect("end")
    return tree


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match or match.lastgroup is None:
            skip = len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f"'{text[at + skip]}' does not belong in an expression", at + skip)
        kind = match.lastgroup
        start = match.start(kind) - (kind == "name")
        shown = match.group(kind)
        tokens.append(Token(shown if kind == "sign" else kind, shown, start))
        at = match.end()
    tokens.append(Token("end", "", end))
    return tokens


class _Parser:
    """Precedence climbing over a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, kind: str) -> Token:
        token = self.next
        if token.kind != kind:
            wanted = "nothing more" if kind == "end" else f"'{kind}'"
            found = f"'{token.text}'" if token.text else "the end"
            raise ExpressionError(f"expected {wanted}, found {found}", token.offset)
        return self.take()

    def expression(self, binding: int) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"an expression may be nested {MAX_DEPTH} deep", self.next.offset, code="limit")
        tree = self.prefix()
        while True:
            token = self.next
            sign = token.text if token.kind != "string" else ""
            if sign == "if" and binding == 0:
                tree = self.conditional(tree)
            elif sign in _BINARY and _BINARY[sign][0] > binding:
                self.take()
                level = _BINARY[sign][0] - (sign == "**")
                tree = Tree("binary", sign, (tree, self.expression(level)), token.offset)
            else:
                self.depth -= 1
                return tree

    def conditional(self, then: Tree) -> Tree:
        offset = self.take().offset
        condition = self.expression(1)
        if self.next.text != "else":
            raise ExpressionError("'if' needs an 'else'", offset)
        self.take()
        return Tree("if", None, (condition, then, self.expression(0)), offset)

    def prefix(self) -> Tree:
        token = self.take()
        if token.kind in ("-", "+"):
            return Tree("unary", token.kind, (self.expression(_UNARY),), token.offset)
        if token.kind == "(":
            inner = self.expression(0)
            self.expect(")")
            return self.indexed(inner)
        if token.kind == "number":
            text = token.text
            number = int(text) if text.isdigit() else float(text)
            return Tree("constant", number, (), token.offset)
        if token.kind == "string":
            return Tree("constant", token.text[1:-1], (), token.offset)
        if token.kind == "name":
            return self.indexed(Tree("name", token.text, (), token.offset))
        if token.kind == "word":
            return self.word(token)
        found = f"'{token.text}'" if token.text else "the end"
        raise ExpressionError(f"expected a value, found {found}", token.offset)

    def word(self, token: Token) -> Tree:
        if token.text == "not":
            return Tree("not", None, (self.expression(_NOT),), token.offset)
        if self.next.kind == "(":
            return self.call(token)
        if token.text in ("if", "else", "and", "or"):
            raise ExpressionError(f"expected a value, found '{token.text}'", token.offset)
        return Tree("constant", _CONSTANTS.get(token.text, token.text), (), token.offset)

    def call(self, token: Token) -> Tree:
        if token.text not in _FUNCTIONS:
            hint = f"known: {', '.join(sorted(_FUNCTIONS))}"
            raise ExpressionError(f"there is no function '{token.text}'", token.offset, hint)
        self.expect("(")
        arguments = [self.expression(0)]
        while self.next.kind == ",":
            self.take()
            arguments.append(self.expression(0))
        self.expect(")")
        return Tree("call", token.text, tuple(arguments), token.offset)

    def indexed(self, tree: Tree) -> Tree:
        while self.next.kind in (".", "[", "number"):
            token = self.next
            if token.kind == "number":
                if not (token.text.startswith(".") and token.text[1:].isdigit()):
                    return tree
                self.take()
                key = Tree("constant", int(token.text[1:]), (), token.offset)
            elif self.take().kind == "[":
                key = self.expression(0)
                self.expect("]")
            else:
                key = self.attribute()
            tree = Tree("index", None, (tree, key), token.offset)
        return tree

    def attribute(self) -> Tree:
        token = self.take()
        if token.kind != "word":
            raise ExpressionError(f"expected a name after '.', found '{token.text}'", token.offset)
        return Tree("constant", token.text, (), token.offset)


def _trees(tree: Tree) -> Iterator[Tree]:
    yield tree
    for part in tree.parts:
        yield from _trees(part)


def _value(tree: Tree, values: Mapping[str, Any]) -> Any:
    if tree.kind == "constant":
        return tree.value
    if tree.kind == "name":
        return _named(tree, values)
    if tree.kind == "if":
        condition, then, otherwise = tree.parts
        return _value(then if _value(condition, values) else otherwise, values)
    parts = [_value(part, values) for part in tree.parts]
    if tree.kind == "not":
        return not parts[0]
    if tree.kind == "index":
        return _element(tree, *parts)
    return _bounded(tree, parts)


def _named(tree: Tree, values: Mapping[str, Any]) -> Any:
    if tree.value not in values:
        raise UnknownNameError(tree.value, tree.offset)
    value = values[tree.value]
    if value is ABSENT:
        raise Absent
    return value


def _element(tree: Tree, whole: Any, key: Any) -> Any:
    if isinstance(whole, Mapping) and key in whole:
        return whole[key]
    if isinstance(whole, list) and isinstance(key, int):
        if -len(whole) <= key < len(whole):
            return whole[key]
        message = f"there is no element {key} in a list of {len(whole)}, counted from 0"
        raise ExpressionError(message, tree.offset)
    if isinstance(whole, Mapping):
        raise ExpressionError(f"there is no '{key}' here", tree.offset, f"known: {', '.join(whole)}")
    raise ExpressionError(f"{_shown(whole)} has no part '{key}'", tree.offset)


def _bounded(tree: Tree, parts: list[Any]) -> Any:
    """Apply an operator or function, with every way it can go wrong worded and every size bounded."""
    sign = tree.value
    if sign == "**" and abs(parts[1] if isinstance(parts[1], (int, float)) else 0) > MAX_EXPONENT:
        raise ExpressionError(f"an exponent may be at most {MAX_EXPONENT}", tree.offset, code="limit")
    if sign in ("+", "*", "%", "-", "/", "//", "**") and not all(_is_number(part) for part in parts):
        wrong = next(part for part in parts if not _is_number(part))
        raise ExpressionError(f"'{sign}' needs numbers, not {_shown(wrong)}", tree.offset)
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


def _applied(tree: Tree, parts: list[Any]) -> Any:
    if tree.kind == "call":
        return _FUNCTIONS[tree.value](*parts)
    if tree.kind == "unary":
        return -parts[0] if tree.value == "-" else +parts[0]
    return _BINARY[tree.value][1](*parts)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
