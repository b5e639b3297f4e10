"""Patches at work: which rules meet which path, while layers are being expanded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from netspec.errors.problem import Problem, Problems
from netspec.language import names
from netspec.language.layers import Layer, Use
from netspec.language.patch import Rule
from netspec.language.values import Mapping


class Patches:
    """The rules of a spec, in order. What a rule brings in is met by later rules only, and no rule by itself."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules
        self._used: set[int] = set()
        self._done: set[str] = set()
        self._first = 0

    def at(self, path: str) -> list[Rule]:
        """The rules that apply at ``path``; none while they are being applied there."""
        if not self.rules or path in self._done:
            return []
        met = [at for at in range(self._first, len(self.rules)) if self.rules[at].matches(path)]
        self._used.update(met)
        return [self.rules[at] for at in met]

    @contextmanager
    def applied(self, path: str) -> Iterator[None]:
        """While what stands at ``path`` is expanded: its rules have been looked at."""
        self._done.add(path)
        try:
            yield
        finally:
            self._done.discard(path)

    @contextmanager
    def bringing(self, rule: Rule) -> Iterator[None]:
        """While the layers of ``rule`` are expanded."""
        before, self._first = self._first, self.rules.index(rule) + 1
        try:
            yield
        finally:
            self._first = before

    def touching(self, paths: list[str]) -> list[Rule]:
        """The rules that have met any of ``paths``."""
        return [rule for at, rule in enumerate(self.rules) if at in self._used and any(map(rule.matches, paths))]

    def report(self, known: list[str], problems: Problems) -> None:
        """Rules that have met nothing are mistakes."""
        for at, rule in enumerate(self.rules):
            if at not in self._used:
                message = f"there is no layer '{rule.pattern}' to {rule.kind.replace('_', ' ')}"
                hint = problems.hints.did_you_mean(rule.pattern, known)
                problems.add(Problem("unmatched-patch", message, rule.span, hint))


def changed(layer: Layer, rules: list[Rule]) -> Layer:
    """``layer`` as written, with what the rules set in it or put in its place."""
    for rule in rules:
        if rule.kind == "replace":
            new = rule.layer or Layer(None, layer.span)
            layer = new._replace(name=layer.name, reads=new.reads or layer.reads, repeat=new.repeat or layer.repeat)
        elif rule.kind == "set" and rule.settings:
            layer = _with_settings(layer, rule.settings)
    return layer


def _with_settings(layer: Layer, settings: Mapping) -> Layer:
    """``layer`` with other parameters, another ``repeat`` or another ``when``."""
    given = {key: entry for key, entry in settings.entries.items() if key not in names.BESIDE}
    beside = {key: settings.entries[key][1] for key in ("repeat", "when") if key in settings.entries}
    use = layer.what
    if given and isinstance(use, Use):
        use = use._replace(over={**use.over, **given})
    return layer._replace(what=use, repeat=beside.get("repeat", layer.repeat), when=beside.get("when", layer.when))
