"""Which parameters and blocks of a spec are read, and what took the readers of the others away.

A parameter is read where an expression names it: in a layer, an output, a patch, ``input``, ``init``, or in the default
of a parameter that is read itself. A block is used where a layer of the spec, or of a block that is used, has its word.
Whether a ``when`` holds makes no difference.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import NamedTuple

from netspec.errors.source import Source, Span
from netspec.language.layers import Written, written_in
from netspec.language.patched_text import Removal, counted
from netspec.language.values import Mapping, Value

MOST_PATTERNS = 100
"""Of more words in which values stand, what they can mean is not told apart: they can mean any block."""


class Reading(NamedTuple):
    """The names of what is read."""

    params: frozenset[str]
    blocks: frozenset[str]


class Whole(NamedTuple):
    """A document with its parents merged in.

    ``dropped`` are inherited parameters that nothing reads any more and that are left out, each with what took its last
    reader if anything did.
    """

    document: Value
    dropped: dict[str, Removal | None]


def reading(document: Mapping, params: Iterable[str] = (), blocks: Iterable[str] = ()) -> Reading:
    """What is read in ``document``, in the definitions of ``params`` and ``blocks`` in any case."""
    return _Search(document).reading(params, blocks)


def without_unread(document: Mapping, removals: list[Removal]) -> Whole:
    """``document``, in which parents are merged, without the parameters and blocks of theirs that nothing reads.

    What its own file declares stays, read or not. ``removals`` are what its sections have replaced.
    """
    own = document.span.source
    params, blocks = _entries(document, "params"), _entries(document, "blocks")
    mine = [[name for name, (span, _) in entries.items() if span.source is own] for entries in (params, blocks)]
    if len(mine[0]) == len(params) and len(mine[1]) == len(blocks):
        return Whole(document, {})
    kept = reading(document, *mine)
    gone = {name: value for name, (_, value) in params.items() if name not in {*kept.params, *mine[0]}}
    unused = {name for name in blocks if name not in {*kept.blocks, *mine[1]}}
    taken = [*removals, *counted(document).removed]
    return Whole(_without(document, set(gone), unused, own), _causes(gone, taken))


def _without(document: Mapping, params: set[str], blocks: set[str], own: Source) -> Mapping:
    """``document`` without these parameters and blocks, and without what inherited variants set of them."""
    entries = dict(document.entries)
    for section, names_ in (("params", params), ("blocks", blocks)):
        if names_:
            span, value = entries[section]
            left = {name: entry for name, entry in _entries(document, section).items() if name not in names_}
            entries[section] = (span, Mapping(left, value.span))
    if params and _entries(document, "variants"):
        span, value = entries["variants"]
        variants = {
            name: (place, _fewer(variant, params, own))
            for name, (place, variant) in _entries(document, "variants").items()
        }
        entries["variants"] = (span, Mapping(variants, value.span))
    return Mapping(entries, document.span)


def _fewer(variant: Value, params: set[str], own: Source) -> Value:
    """An inherited ``variant`` without settings of ``params``."""
    if not isinstance(variant, Mapping):
        return variant
    left = {name: entry for name, entry in variant.entries.items() if name not in params or entry[0].source is own}
    return Mapping(left, variant.span)


def _causes(gone: dict[str, Value], removals: list[Removal]) -> dict[str, Removal | None]:
    """For each parameter that is ``gone``: what took its last reader, or the last reader of the one that read it."""
    causes: dict[str, Removal | None] = {}
    for removal in removals:
        causes |= dict.fromkeys(written_in(removal.was).names & gone.keys(), removal)
    pending = list(causes)
    while pending:
        name = pending.pop()
        for other in (written_in(gone[name]).names & gone.keys()) - causes.keys():
            causes[other] = causes[name]
            pending.append(other)
    return dict.fromkeys(gone) | causes


def _entries(document: Mapping, section: str) -> dict[str, tuple[Span, Value]]:
    value = document.get(section)
    return value.entries if isinstance(value, Mapping) else {}


class _Search:
    """Follows names from the layers to parameters and blocks, each of which is read once."""

    def __init__(self, document: Mapping) -> None:
        self.params = _entries(document, "params")
        self.blocks = _entries(document, "blocks")
        self.patterns: set[str] = set()
        """Words in which a value stands."""
        self.settings: dict[str, list[Value]] = {}
        """What variants give each parameter."""
        for _, variant in _entries(document, "variants").values():
            for name, (_, value) in variant.entries.items() if isinstance(variant, Mapping) else ():
                self.settings.setdefault(name, []).append(value)
        self.pending = [written_in(value) for value in counted(document).values]

    def reading(self, params: Iterable[str], blocks: Iterable[str]) -> Reading:
        """What is read, the definitions of ``params`` and ``blocks`` included."""
        done_params, done_blocks = set(params), set(blocks)
        for name in done_params:
            self._define(name)
        self.pending += [self._body(name) for name in done_blocks]
        read, used = set[str](), set[str]()
        while self.pending:
            part = self.pending.pop()
            read |= part.names & self.params.keys()
            blocks_used = self._blocks(part.words)
            used |= blocks_used
            for name in (part.names & self.params.keys()) - done_params:
                self._define(name)
            self.pending += [self._body(name) for name in blocks_used - done_blocks]
            done_params |= part.names
            done_blocks |= blocks_used
        return Reading(frozenset(read), frozenset(used))

    def _define(self, name: str) -> None:
        """A parameter is read: so is its default, and the words that variants give it count."""
        self.pending.append(written_in(self.params[name][1]))
        self.pending += [Written(frozenset(), written_in(value).words) for value in self.settings.get(name, ())]

    def _blocks(self, words: frozenset[str]) -> set[str]:
        """The blocks that ``words`` can mean; one in which a value stands can mean any that it fits."""
        found = set(words & self.blocks.keys())
        self.patterns |= {word for word in words if "*" in word}
        if len(self.patterns) > MOST_PATTERNS:
            return set(self.blocks)
        return found.union(*(fnmatch.filter(self.blocks, pattern) for pattern in words & self.patterns))

    def _body(self, name: str) -> Written:
        """What a block uses; the parameters that it reads are its own, and those of a likeness the network's."""
        block = self.blocks[name][1]
        like = block.get("like") if isinstance(block, Mapping) else None
        return written_in(like) if like else Written(frozenset(), written_in(block).words)
