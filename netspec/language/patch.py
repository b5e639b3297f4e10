"""Patches: changes to a network by the paths of its layers, as ``patch:`` lists them."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import Literal, NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language.layers import Chain, Layer, chain, layer
from netspec.language.values import Mapping, Scalar, Sequence, Value

Kind = Literal["set", "replace", "insert_before", "insert_after", "remove"]
KINDS: tuple[Kind, ...] = ("set", "replace", "insert_before", "insert_after", "remove")


class Rule(NamedTuple):
    """One change: what is done, at which paths, and the layers or values it brings."""

    kind: Kind
    pattern: str
    span: Span
    settings: Mapping | None = None
    layer: Layer | None = None
    layers: Chain | None = None


def rules(section: Value | None, problems: Problems) -> list[Rule]:
    """The rules of a ``patch:`` section: a mapping of kinds, or a list of such, in order."""
    found: list[Rule] = []
    for part in section.items if isinstance(section, Sequence) else [section] if section else []:
        if not isinstance(part, Mapping):
            hint = "patch: {set: {layer1.*.conv2: {dilation: 2}}, remove: [dropout]}"
            problems.add(Problem("wrong-type", "a patch is a mapping of what is done to which layers", part.span, hint))
            continue
        for word, (span, value) in part.entries.items():
            kind = next((kind for kind in KINDS if kind == word), None)
            if kind is None:
                message = f"a patch cannot '{word}'"
                hint = problems.hints.did_you_mean(word, KINDS)
                problems.add(Problem("unknown-parameter", message, span, hint))
            elif kind == "remove":
                found += _removals(value, problems)
            elif isinstance(value, Mapping):
                found += [_rule(kind, name, key, inner, problems) for name, (key, inner) in value.entries.items()]
            else:
                message = f"'{word}' is a mapping of paths to what is new there"
                problems.add(Problem("wrong-type", message, value.span))
    return found


def _removals(value: Value, problems: Problems) -> list[Rule]:
    found = []
    for item in value.items if isinstance(value, Sequence) else (value,):
        if isinstance(item, Scalar) and isinstance(item.value, str):
            found.append(Rule("remove", item.value, item.span))
        else:
            problems.add(Problem("wrong-type", "'remove' is a path, or a list of paths", item.span))
    return found


def _rule(kind: Kind, pattern: str, span: Span, value: Value, problems: Problems) -> Rule:
    if kind == "replace":
        return Rule(kind, pattern, span, layer=layer(value, problems))
    if not isinstance(value, Mapping):
        hint = "set: {conv1: {stride: 1}}" if kind == "set" else f"{kind}: {{bn1: {{se: {{squeeze_excite: 16}}}}}}"
        problems.add(Problem("wrong-type", f"'{kind}' needs names: a mapping", value.span, hint))
        return Rule(kind, pattern, span)
    if kind == "set":
        return Rule(kind, pattern, span, settings=value)
    layers = chain(value, problems)
    if layers and not isinstance(layers, Chain):
        hint = f"{kind}: {{bn1: {{split: {{branches: ..., join: add}}}}}}"
        problems.add(Problem("wrong-type", f"'{kind}' needs names, branches too", value.span, hint))
    return Rule(kind, pattern, span, layers=layers if isinstance(layers, Chain) else None)


class Pattern:
    """The paths that a rule means: ``*`` stands for anything within a part, ``**`` for any number of parts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_exact = not any(sign in text for sign in "*?[")
        self._parts = [None if part == "**" else re.compile(translate(part)) for part in text.split(".")]

    def matches(self, path: str) -> bool:
        """Whether ``path`` is meant.

        The table of what matches so far keeps hostile patterns from costing more than their size.
        """
        if self.is_exact:
            return path == self.text
        parts = path.split(".")
        reached = {0}
        for pattern in self._parts:
            if not reached:
                return False
            if pattern is None:
                reached = set(range(min(reached), len(parts) + 1))
            else:
                reached = {at + 1 for at in reached if at < len(parts) and pattern.match(parts[at])}
        return len(parts) in reached
