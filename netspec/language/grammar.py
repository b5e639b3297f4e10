"""The grammar of expressions: text to a tree, bounded in length and depth. What a tree comes to is another file's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from netspec.errors.problem import Code

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_MAGNITUDE = 2**63

LEVELS = {
    "or": 1,
    "and": 2,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "//": 6,
    "%": 6,
    "**": 8,
}
"""How tightly each operator of two values binds."""
COMPARISON = 4
UNARY = 7
NOT = 3
FUNCTIONS = ("abs", "ceil", "floor", "len", "max", "min", "round", "sum")
CONSTANTS = {"true": True, "false": False, "null": None}


class ExpressionError(Exception):
    """An expression that cannot be read or worked out; ``offset`` is the place in its text."""

    def __init__(self, message: str, offset: int = 0, hint: str = "", code: Code = "expression") -> None:
        self.message = message
        self.offset = offset
        self.hint = hint
        self.code = code
        super().__init__(message)


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


_LEXEMES = (
    r"\s*(?:(?P<number>\d+\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)?|\.\d+)"
    r"|\$(?P<name>[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<string>'[^']*'|\"[^\"]*\")|(?P<sign>//|\*\*|==|!=|<=|>=|[-+*/%<>()\[\],.]))"
)


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
    pattern = re.compile(_LEXEMES, re.ASCII)
    end = len(text.rstrip(" \t\n\r\f\v"))
    while at < end:
        match = pattern.match(text, at)
        if not match or match.lastgroup is None:
            skip = len(text[at:]) - len(text[at:].lstrip(" \t\n\r\f\v"))
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
        compared = False
        while True:
            token = self.next
            sign = token.text if token.kind in ("word", token.text) else ""
            if sign == "if" and binding == 0:
                tree = self.conditional(tree)
            elif sign in LEVELS and LEVELS[sign] > binding:
                if compared and LEVELS[sign] == COMPARISON:
                    raise ExpressionError("comparisons do not chain", token.offset, "join them with 'and'")
                compared = LEVELS[sign] == COMPARISON
                self.take()
                level = LEVELS[sign] - (sign == "**")
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
            return Tree("unary", token.kind, (self.expression(UNARY),), token.offset)
        if token.kind == "(":
            inner = self.expression(0)
            self.expect(")")
            return self.indexed(inner)
        if token.kind == "number":
            text = token.text
            number = int(text) if text.isdigit() else float(text)
            if number > MAX_MAGNITUDE:
                raise ExpressionError("a number here is larger than 2**63", token.offset, code="limit")
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
            return Tree("not", None, (self.expression(NOT),), token.offset)
        if self.next.kind == "(":
            return self.call(token)
        if token.text in ("if", "else", "and", "or"):
            raise ExpressionError(f"expected a value, found '{token.text}'", token.offset)
        return Tree("constant", CONSTANTS.get(token.text, token.text), (), token.offset)

    def call(self, token: Token) -> Tree:
        if token.text not in FUNCTIONS:
            hint = f"known: {', '.join(FUNCTIONS)}"
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
            found = f"'{token.text}'" if token.text else "the end"
            raise ExpressionError(f"expected a name after '.', found {found}", token.offset)
        return Tree("constant", token.text, (), token.offset)
