"""The grammar of expressions: text to a tree, bounded in length and depth. What a tree comes to is another file's.

A word is written as a name is: letters, digits and ``_``, inside it ``.`` and ``-`` too, and in it ``$x`` and
``$(...)`` stand for their values: ``block$($k + 1)-$index``. A parameter in front begins a value instead, of which
``.x`` is a part: ``$stage.conv``. ``if``, ``else``, ``and``, ``or`` and ``not`` never begin a longer word.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from netspec.errors.codes import Code

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_MAGNITUDE = 2**63

CONDITIONAL = 1
LEVELS = {
    "or": 2,
    "and": 3,
    "==": 5,
    "!=": 5,
    "<": 5,
    "<=": 5,
    ">": 5,
    ">=": 5,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "//": 7,
    "%": 7,
    "**": 9,
}
"""How tightly each operator of two values binds, all of them more so than the condition of ``a if c else b``."""
COMPARISON = 5
UNARY = 8
NOT = 4
FUNCTIONS = ("abs", "ceil", "divisible", "floor", "len", "log2", "max", "min", "round", "sum")
KEYWORDS = ("if", "else", "and", "or", "not")
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
    """A piece of text: its kind (a sign is its own kind), and where it begins.

    ``parts`` are those of a word that has values in it: texts, and trees of the values.
    """

    kind: str
    text: str
    offset: int
    parts: tuple[Tree, ...] = ()


class Tree(NamedTuple):
    """A parsed expression: what to do, with what, and where it stands in the text."""

    kind: str
    value: Any
    parts: tuple[Tree, ...]
    offset: int


_LEXEMES = (
    r"\s*(?:(?P<number>\d+\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)?|\.\d+)"
    r"|\$(?P<name>[A-Za-z_]\w*)|\$\.(?P<own>[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*|\$(?=\())"
    r"|(?P<string>'[^']*'|\"[^\"]*\")|(?P<sign>//|\*\*|==|!=|<=|>=|[-+*/%<>()\[\],.:]))"
)
_MORE = r"\w+|[.-](?=[\w$])|\$(?P<name>[A-Za-z_]\w*)|\$\("
"""How a word goes on."""
_ENCLOSED = r"'[^']*'|\"[^\"]*\"|[()]"
"""What matters on the way to a closing parenthesis."""


@lru_cache(maxsize=4096)
def parsed(text: str) -> Tree:
    """The tree of ``text``; raises :class:`ExpressionError`."""
    if len(text) > MAX_LENGTH:
        message = f"an expression may have {MAX_LENGTH} characters, this has {len(text)}"
        raise ExpressionError(message, code="limit")
    return _tree(text, 0, len(text), 0)


def _tree(text: str, start: int, stop: int, depth: int) -> Tree:
    """The tree of ``text`` from ``start`` to ``stop``, which lies ``depth`` deep in another."""
    parser = _Parser(_Lexer(text, stop, depth).tokens(start), depth)
    tree = parser.expression(0)
    parser.expect("end")
    return tree


class _Lexer:
    """Cuts a text into tokens."""

    def __init__(self, text: str, stop: int, depth: int) -> None:
        self.text = text
        self.end = len(text[:stop].rstrip(" \t\n\r\f\v"))
        self.depth = depth

    def tokens(self, at: int) -> list[Token]:
        """The tokens from ``at`` on, and one of kind ``end``."""
        found: list[Token] = []
        pattern = re.compile(_LEXEMES, re.ASCII)
        while at < self.end:
            match = pattern.match(self.text, at, self.end)
            if not match or match.lastgroup is None:
                rest = self.text[at : self.end]
                skip = len(rest) - len(rest.lstrip(" \t\n\r\f\v"))
                raise ExpressionError(f"'{self.text[at + skip]}' does not belong in an expression", at + skip)
            kind, shown, at = match.lastgroup, match.group(match.lastgroup), match.end()
            start = match.start(kind)
            if kind == "word" and shown not in KEYWORDS and not (found and found[-1].kind == "."):
                token, at = self.word(start, at if shown != "$" else start)
                found.append(token)
            else:
                sigil = {"name": 1, "own": 2}.get(kind, 0)
                found.append(Token(shown if kind == "sign" else kind, shown, start - sigil))
        return [*found, Token("end", "", self.end)]

    def word(self, start: int, at: int) -> tuple[Token, int]:
        """The word that begins at ``start`` and is known up to ``at``, and where it ends."""
        parts: list[Tree] = []
        literal = start
        pattern = re.compile(_MORE, re.ASCII)
        while match := pattern.match(self.text, at, self.end):
            if not match.group().startswith("$"):
                at = match.end()
                continue
            parts += self._constant(literal, at)
            if match.group("name"):
                parts.append(Tree("name", match.group("name"), (), at))
                at = match.end()
            else:
                close = self._closing(match.end(), at)
                parts.append(_tree(self.text, match.end(), close, self.depth + 1))
                at = close + 1
            literal = at
        if not parts:
            return Token("word", self.text[start:at], start), at
        return Token("word", self.text[start:at], start, (*parts, *self._constant(literal, at))), at

    def _constant(self, start: int, stop: int) -> list[Tree]:
        return [Tree("constant", self.text[start:stop], (), start)] if stop > start else []

    def _closing(self, at: int, opened: int) -> int:
        """Where the parenthesis before ``at`` is closed."""
        if self.depth >= MAX_DEPTH:
            raise ExpressionError(f"an expression may be nested {MAX_DEPTH} deep", opened, code="limit")
        inside = 1
        for match in re.compile(_ENCLOSED).finditer(self.text, at, self.end):
            inside += {"(": 1, ")": -1}.get(match.group(), 0)
            if not inside:
                return match.start()
        raise ExpressionError("'$(' is not closed", opened)


class _Parser:
    """Precedence climbing over a list of tokens."""

    def __init__(self, tokens: list[Token], depth: int) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = depth

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
            if sign == "if" and binding < CONDITIONAL:
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
        condition = self.expression(CONDITIONAL)
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
        if token.kind in ("name", "own"):
            return self.indexed(Tree(token.kind, token.text, (), token.offset))
        if token.kind == "word":
            return self.word(token)
        found = f"'{token.text}'" if token.text else "the end"
        raise ExpressionError(f"expected a value, found {found}", token.offset)

    def word(self, token: Token) -> Tree:
        if token.text == "not":
            return Tree("not", None, (self.expression(NOT),), token.offset)
        if self.next.kind == "(":
            return self.call(token)
        if token.text in KEYWORDS:
            raise ExpressionError(f"expected a value, found '{token.text}'", token.offset)
        if token.parts:
            return Tree("word", None, token.parts, token.offset)
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
                tree = self.element(tree, token.offset)
                continue
            else:
                key = self.attribute()
            tree = Tree("index", None, (tree, key), token.offset)
        return tree

    def element(self, tree: Tree, offset: int) -> Tree:
        """What stands in brackets behind ``tree``: one element, or the part of a list ``from:to``."""
        missing = Tree("constant", None, (), offset)
        first = missing if self.next.kind == ":" else self.expression(0)
        if self.next.kind != ":":
            self.expect("]")
            return Tree("index", None, (tree, first), offset)
        self.take()
        last = missing if self.next.kind == "]" else self.expression(0)
        self.expect("]")
        return Tree("slice", None, (tree, first, last), offset)

    def attribute(self) -> Tree:
        token = self.take()
        if token.kind != "word":
            found = f"'{token.text}'" if token.text else "the end"
            raise ExpressionError(f"expected a name after '.', found {found}", token.offset)
        return Tree("constant", token.text, (), token.offset)
