"""Patches at work: which rules meet which path, and what they make of a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.layers import Layer, Setting, Use
from netspec.language.patch import Pattern, Rule
from netspec.language.values import Mapping


class Patches:
    """The rules of a spec, in order. What a rule brings in is met by later rules only, and no rule by itself."""

    def __init__(self, rules: list[Rule], patterns: list[Pattern]) -> None:
        self.rules = rules
        self._patterns = patterns
        self._order = {id(rule): at for at, rule in enumerate(rules)}
        self._globs = [at for at, pattern in enumerate(self._patterns) if not pattern.is_exact]
        self._exact: dict[str, list[int]] = {}
        for at, pattern in enumerate(self._patterns):
            if pattern.is_exact:
                self._exact.setdefault(pattern.text, []).append(at)
        self._used: set[int] = set()
        self._done: set[str] = set()
        self._first = 0
        self.depth = 0
        """How many rules have their layers expanded, each within those of the one before."""
        self.cost = sum(1 + self._patterns[at].text.count("**") for at in self._globs)
        """Tries of one look at a path: one for each pattern, and for each part in it that may stand for any number."""

    def at(self, *paths: str) -> list[Rule]:
        """The rules that apply at any of ``paths``, those of one layer; none while they are being applied there."""
        if not self.rules or not self._done.isdisjoint(paths):
            return []
        found = {at for path in paths for at in self._meeting(path)}
        met = sorted(at for at in found if at >= self._first)
        self._used.update(met)
        return [self.rules[at] for at in met]

    def exactly(self, path: str) -> list[Rule]:
        """The rules for ``path`` alone that are not being applied there; they have met it."""
        if path in self._done:
            return []
        found = self._exact.get(path, [])
        self._used.update(found)
        return [self.rules[at] for at in found]

    def _meeting(self, path: str) -> Iterator[int]:
        yield from self._exact.get(path, ())
        yield from (at for at in self._globs if self._patterns[at].matches(path))

    @contextmanager
    def applied(self, paths: Iterable[str]) -> Iterator[None]:
        """While what stands at ``paths`` is expanded: its rules have been looked at."""
        self._done.update(paths)
        try:
            yield
        finally:
            self._done.difference_update(paths)

    @contextmanager
    def bringing(self, rule: Rule) -> Iterator[None]:
        """While the layers of ``rule`` are expanded."""
        before, self._first = self._first, self._order[id(rule)] + 1
        self.depth += 1
        try:
            yield
        finally:
            self._first = before
            self.depth -= 1

    def touching(self, paths: list[str]) -> list[Rule]:
        """The rules that have met any of ``paths``."""
        return [self.rules[at] for at in sorted(self._used) if any(map(self._patterns[at].matches, paths))]

    def report(self, known: Iterable[str], problems: Problems, inherits: Callable[[Span], bool]) -> None:
        """Rules that have met nothing are mistakes, but not in a child that ``inherits`` them: there they are gone."""
        for at, rule in enumerate(self.rules):
            if at not in self._used and not inherits(rule.span):
                message = f"there is no layer '{rule.pattern}' to {rule.kind.replace('_', ' ')}"
                hint = problems.hints.did_you_mean(rule.pattern, known)
                problems.add(Problem("unmatched-patch", message, rule.span, hint))


SETTABLE = ("repeat", "when", "from")
"""What a rule can set beside the parameters of a layer."""


def changed(layer: Layer, rules: list[Rule], problems: Problems, *, once: bool = False) -> Layer:
    """``layer`` as written, with what the rules set in it or put in its place; ``once`` for a single repetition."""
    for rule in rules:
        if rule.kind == "replace":
            new = rule.layer or Layer(None, layer.span)
            layer = new._replace(
                name=layer.name,
                reads=new.reads or layer.reads,
                repeat=new.repeat or layer.repeat,
                when=new.when or layer.when,
            )
        elif rule.kind == "set" and rule.settings:
            layer = _with_settings(layer, rule.settings, problems, once=once)
    return layer


def _with_settings(layer: Layer, settings: Mapping, problems: Problems, *, once: bool) -> Layer:
    """``layer`` with other parameters, or with other values beside its word."""
    beside = {key: entry[1] for key, entry in settings.entries.items() if key in SETTABLE}
    given = {key: entry for key, entry in settings.entries.items() if key not in SETTABLE}
    use = layer.what
    for key, (span, _) in given.items():
        if key in names.RESERVED or not isinstance(use, Use | None):
            what = f"a patch cannot set '{key}'" if key in names.RESERVED else f"these layers have no parameter '{key}'"
            hint = "it sets parameters of a word, and repeat, when and from beside it"
            problems.add(Problem("unknown-parameter", what, span, hint))
            return layer
    if given and isinstance(use, Use):
        use = use._replace(over=(*use.over, Setting(settings._replace(entries=given), once)))
    return layer._replace(
        what=use,
        repeat=beside.get("repeat", layer.repeat),
        when=beside.get("when", layer.when),
        reads=beside.get("from", layer.reads),
    )
