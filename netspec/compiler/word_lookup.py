"""What the word of a layer means: the nearest block or operation of that name, and what its parameters are given.

A word is looked up among the blocks of the spec, then among registered ones, then among those of netspec. On the way
there may be words that are ``like`` others, and parameters that hold layers: each adds values below those that are
written at the use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Names
from typing import Any, NamedTuple

from netspec.blocks.block import Block
from netspec.compiler import registry
from netspec.errors.other_names import WORDS
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.arguments import Arguments, built, fields_of
from netspec.language.definition import Definition
from netspec.language.evaluation import Placed, evaluated, written
from netspec.language.layers import Use
from netspec.language.values import Mapping, Scalar, Value, shown
from netspec.ops.operation import Operation

DEFINE = "define a block, and let the parameter hold its word"
UNKNOWN_HINT = "define it under 'blocks', or have it registered by a --plugin"
Known = Definition | type[Operation] | type[Block]


class Target(NamedTuple):
    """What a word means: a block of the spec or a class, and what its parameters are given.

    ``known`` is None for ``none``, a layer that is not there. ``inline`` says whether a block of the spec on the way
    is defined so.
    """

    known: Known | None
    word: str
    arguments: Arguments
    written: str
    """The word that stands at the use."""
    inline: bool = False


class _Level(NamedTuple):
    """Values that are written somewhere on the way to a word."""

    value: Value | None
    span: Span
    scope: Names[str, Any]


class _Direct(NamedTuple):
    """What a word means that stands for itself: nothing is worked out on the way, and no other values are met."""

    known: Known
    main: str
    """The parameter that a main value is for."""
    inline: bool


class WordLookup:
    """Finds what words mean in one network."""

    def __init__(
        self, blocks: dict[str, Definition], values: dict[str, Any], problems: Problems, charge: Callable[[Span], None]
    ) -> None:
        self.charge = charge
        """Counts a look at a likeness."""
        self.blocks = blocks
        self.values = values
        """Values of the network's parameters, which ``like`` sees everywhere."""
        self.problems = problems
        self._known: dict[str, Known | None] = {}
        self._direct: dict[str, _Direct | None] = {}
        self._peeked: dict[str, Target | None] = {}

    def find(self, word: str) -> Known | None:
        """The nearest block or operation called ``word``."""
        if word not in self._known:
            self._known[word] = self.blocks.get(word) or registry.find(word)
        return self._known[word]

    def _directly(self, word: str) -> _Direct | None:
        """What ``word`` means, if it is neither worked out nor like another, nor anything that is to be objected to."""
        if word not in self._direct:
            known = None if "$" in word or word == names.NONE else self.find(word)
            found = None
            if isinstance(known, Definition):
                found = None if known.like else _Direct(known, _main(known), known.inline)
            elif known:
                found = _Direct(known, _main(known), inline=False)
            self._direct[word] = found
        return self._direct[word]

    def target(self, use: Use, scope: Names[str, Any], *, first: bool = True) -> Target | None:
        """What ``use`` means where its expressions see ``scope``; None after a mistake.

        A later repetition has stride 1 in place of one that is written or held, but not of one that is a default.
        """
        word = use.word.value
        direct = self._directly(word) if isinstance(word, str) and not use.over else None
        if direct is not None and isinstance(word, str):
            arguments = Arguments.of(use.arguments, use.word.span, direct.main, scope)
            return Target(
                direct.known, word, arguments if first else arguments.with_stride_one(), word, inline=direct.inline
            )
        upper = [_Level(use.arguments, use.word.span, scope)]
        lower: list[_Level] = []
        levels, inline, at_use = upper, False, ""
        data, place = self._worked(use.word, scope), use.word.span
        passed: set[str] = set()
        while data is not None:
            if isinstance(data, dict):
                held = self._held(data, place)
                if held is None:
                    return None
                data, value, place = held
                levels.append(_Level(value, place, {}))
                continue
            if not isinstance(data, str):
                self.problems.add(_no_word(data, place))
                return None
            at_use = at_use or data
            if data == names.NONE:
                return Target(None, names.NONE, Arguments({}, place), at_use)
            known = self._found(data, place)
            if known is None:
                return None
            inline |= isinstance(known, Definition) and known.inline
            if not isinstance(known, Definition) or known.like is None:
                over = self._outside(scope) if use.over else scope
                return Target(known, data, _joined(known, use, over, upper, lower, first=first), at_use, inline)
            if data in passed:
                message = f"'{data}' is like itself, by way of {' and '.join(sorted(passed))}"
                self.problems.add(Problem("cycle", message, known.like.word.span))
                return None
            passed.add(data)
            self.charge(use.word.span)
            levels = lower
            own = self._outside(scope)
            lower.append(_Level(known.like.arguments, known.like.word.span, own))
            data, place = self._worked(known.like.word, own), known.like.word.span
        return None

    def _outside(self, scope: Names[str, Any]) -> dict[str, Any]:
        """What a patch or a likeness sees where a layer sees ``scope``: the network's parameters, not a block's."""
        return {**self.values, **{key: scope[key] for key in names.KNOWN_INSIDE if key in scope}}

    def peek(self, use: Use, scope: Names[str, Any]) -> Target | None:
        """What the word of ``use`` means, whatever its parameters are given; a mistake is told of another time."""
        word = str(use.word.value)
        if "$" in word:
            return self._quiet(use.word, scope)
        if word not in self._peeked:
            self._peeked[word] = self._quiet(use.word, {})
        return self._peeked[word]

    def _quiet(self, word: Scalar, scope: Names[str, Any]) -> Target | None:
        return WordLookup(self.blocks, self.values, Problems(), self.charge).target(Use(word, None), scope)

    def operation(self, data: Any, span: Span, scope: Names[str, Any], whose: str) -> Operation | None:
        """The operation that a parameter of a built-in block holds as ``data``; None for ``none``.

        Raises :class:`ValueError`, with problems added, where it holds anything else.
        """
        value = written(data, span)
        use = Use(Scalar(data, span), None)
        if isinstance(value, Mapping) and isinstance(data, dict):
            held = self._held(data, span)
            if held is None:
                raise ValueError(whose)
            use = Use(Scalar(held[0], held[2]), held[1])
        found = self.target(use, scope)
        if found and found.known is None:
            return None
        if found and (isinstance(found.known, Definition) or not issubclass(found.known or Block, Operation)):
            message = f"{whose} takes an operation, '{found.word}' is a block"
            self.problems.add(Problem("wrong-type", message, use.word.span))
        elif found and isinstance(found.known, type):
            instance = built(found.known, found.word, found.arguments, self.problems)
            if isinstance(instance, Operation):
                return instance
        raise ValueError(whose)

    def _worked(self, word: Scalar, scope: Names[str, Any]) -> Any:
        worked = evaluated(word, scope, self.problems)
        if worked and worked.data is None:
            self.problems.add(Problem("wrong-type", "a layer's word cannot be nothing", word.span))
        return worked.data if worked else None

    def _held(self, data: dict[str, Any], place: Span) -> tuple[str, Value, Span] | None:
        """The word of the layer that a parameter holds as ``data``, its values, and its place."""
        mapping = written(data, place)
        beside = [key for key in data if key in names.RESERVED]
        if beside or len(data) != 1 or not isinstance(mapping, Mapping):
            message = f"a parameter holds one word and its values, this has {len(data)} keys"
            if beside:
                message = f"a parameter holds a word and its values, no '{beside[0]}'"
            span = mapping.span if isinstance(data, Placed) else place
            self.problems.add(Problem("layer-form", message, span, DEFINE))
            return None
        ((word, (span, value)),) = mapping.entries.items()
        return word, value, span

    def _found(self, word: str, place: Span) -> Known | None:
        known = self.find(word)
        if known is None:
            hint = self.problems.hints.of(word, [*self.blocks, *registry.known()], WORDS).text or UNKNOWN_HINT
            self.problems.add(Problem("unknown-operation", f"there is no operation or block '{word}'", place, hint))
        return known


def _no_word(data: Any, place: Span) -> Problem:
    """That ``data`` stands where the word of a layer does; of a list that a parameter holds, what to do."""
    if isinstance(data, list):
        return Problem("layer-form", "a parameter holds a word and its values, no list of layers", place, DEFINE)
    return Problem("wrong-type", f"a layer's word cannot be {shown(data)}", place)


def _main(known: Known) -> str:
    """The parameter that a main value is for; empty where there is none."""
    return next(iter(known.params if isinstance(known, Definition) else fields_of(known)), "")


def _joined(
    known: Known, use: Use, over: Names[str, Any], upper: list[_Level], lower: list[_Level], *, first: bool
) -> Arguments:
    """All values on the way to ``known``, those nearest to the use on top; patches of the use see ``over``."""
    main, span = _main(known), use.word.span
    whole, once = (
        [_Level(one.entries, span, over) for one in use.over if one.once is wanted] for wanted in (False, True)
    )
    own = _stacked([*reversed(upper), *whole], main, span)
    found = _stacked(lower[::-1], main, span).over(own if first else own.with_stride_one())
    return found.over(_stacked(once, main, span))


def _stacked(levels: Iterable[_Level], main: str, span: Span) -> Arguments:
    """The values of ``levels``, each over those before it."""
    found = Arguments({}, span)
    for level in levels:
        found = found.over(Arguments.of(level.value, level.span, main, level.scope))
    return found
