"""What layers of a random spec must become: rows of operations, by a few rules of the test's own.

A layer is written once and grows at every place where it is used or repeated. It knows what its values are as
functions of what is seen there, so nothing of a spec's text is read here. While layers grow, patches of what stands at
their paths are made up, and what they change is in the rows already.
"""

from __future__ import annotations

import re
from math import prod
from random import Random
from typing import Any, NamedTuple, Protocol

from random_rows import ACTS, RULES, Data, Out, Place, Row, See, Value, pair


class Spot(NamedTuple):
    """Where a layer grows: under ``name`` or, without one, among the layers around from ``number`` on.

    ``first`` says that it is no later repetition.
    """

    place: Place
    name: str | None
    number: int = 0
    first: bool = True


class Core(Protocol):
    """What stands in a layer: its text without what stands beside the word, and what it becomes once."""

    data: Data
    keeps: bool
    """Whether its output has the shape of its input, whatever that is."""
    opens: bool
    """Whether it is a block that is defined inline."""
    is_operation: bool
    """Whether it is one row, whose patches it makes up itself."""

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """Grow at ``spot``; the output and the next free number around."""

    def absent(self, place: Place, x: Out) -> bool:
        """Whether its word comes to ``none``."""


class Entry:
    """A layer with what stands beside its word."""

    def __init__(self, core: Core, key: str | None = None) -> None:
        self.core = core
        self.key = key
        self.when: Value | None = None
        self.repeat: Value | None = None
        self.name: Value | None = None
        self.reads: list[Value] = []
        self.reads_inside = False
        """Whether ``from`` stands among the parameters."""
        self.reads_written = False
        """Whether the word's own value says what is read."""
        self.inline = False

    @property
    def data(self) -> Data:
        """The layer as YAML holds it."""
        beside: dict[str, Data] = {}
        for key, value in (("repeat", self.repeat), ("when", self.when), ("name", self.name)):
            if value is not None:
                beside[key] = value.data
        if self.inline:
            beside["inline"] = True
        core = self.core.data
        names = [] if self.reads_written else [value.data for value in self.reads]
        sources = names[0] if len(names) == 1 else names
        if names and self.reads_inside and isinstance(core, dict) and len(core) == 1:
            ((word, given),) = core.items()
            if word != "chain" and isinstance(given, dict | None):
                core, names = {word: {**(given or {}), "from": sources}}, []
        if names:
            beside["from"] = sources
        if not beside:
            return core
        if isinstance(core, str):
            return {core: None, **beside}
        return {"chain": core, **beside} if isinstance(core, list) else {**core, **beside}


class Patch(NamedTuple):
    """A change of what stands at ``path``."""

    kind: str
    path: str
    content: Data


class Run(NamedTuple):
    """What a layer has become: rows from ``start`` to ``end``, over the output of another, and its own output."""

    start: int
    end: int
    read: Out
    out: Out


class Writer(Protocol):
    """Who writes layers that patches bring in."""

    def brought(self, key: str) -> Entry:
        """A layer called ``key`` that keeps the shape."""

    def act(self) -> str:
        """A word of :data:`ACTS`."""


MOST_PATCHES = 25


class TooLarge(Exception):
    """The network would have more operations than are wanted."""


class Growth:
    """Grows layers at their places."""

    def __init__(self, random: Random, writer: Writer, patches: float, network_input: Out, most: int) -> None:
        self.most = most
        self.network_input = network_input
        self.random = random
        self.writer = writer
        self.often = patches
        """The share of paths that are patched."""
        self.rows: list[Row] = []
        self.outs: dict[str, Out] = {}
        self.paths: set[str] = set()
        """All paths that a pattern could meet."""
        self.patches: list[Patch] = []
        self.modules: dict[str, Run] = {}
        """What has grown at each path, so that it can run again."""
        self.closed: set[str] = set()
        """Paths inside built-in blocks, which no layer can read."""
        self.fresh = 0

    # -- rows ---------------------------------------------------------------------------------------------------------

    def row(self, path: str, word: str, given: dict[str, Any], inputs: list[Out]) -> Out:
        """Note an operation."""
        if len(self.rows) == self.most:
            raise TooLarge
        shape, weights = RULES[word](given, tuple(out.shape for out in inputs))
        macs = prod(shape) * inputs[0].shape[0] * prod(pair(given["kernel"])) if word == "conv" else 0
        self.rows.append(Row(path, word, tuple(out.name for out in inputs), shape, weights, macs))
        self.outs[path] = Out(path, shape)
        self.paths.add(path)
        return self.outs[path]

    def find(self, name: str, place: Place) -> Out:
        """What ``name`` means, from the innermost scope outwards, to the edge of the block."""
        if name == "input":
            return place.input
        scope = place.scope
        while (f"{scope}.{name}" if scope else name) not in self.outs:
            if scope == place.boundary:
                raise KeyError(name)
            scope = scope.rpartition(".")[0]
        return self.outs[f"{scope}.{name}" if scope else name]

    # -- patches ------------------------------------------------------------------------------------------------------

    def again(self, name: str, spot: Spot, x: Out) -> Out:
        """What is called ``name`` once more, over ``x``: the same rows, without weights of their own."""
        place, path = spot.place, ""
        scope = place.scope
        while True:
            path = f"{scope}.{name}" if scope else name
            if path in self.modules or scope == place.boundary:
                break
            scope = scope.rpartition(".")[0]
        run = self.modules.get(path)
        if run is None or run.read.shape != x.shape:
            raise TooLarge
        rows = [row for row in self.rows[run.start : run.end] if row.name == path or row.name.startswith(f"{path}.")]
        if not rows or len(self.rows) + len(rows) > self.most:
            raise TooLarge
        new = place.path(spot.name or "")
        alone = rows[0].name == path
        """An operation, around which patches may have brought in others."""
        read, last = (rows[0].inputs[0], path) if alone else (run.read.name, run.out.name)

        def moved(one: str) -> str:
            if one == read:
                return x.name
            return new + one[len(path) :] if one == path or one.startswith(f"{path}.") else one

        for row in rows:
            inputs = tuple(map(moved, row.inputs))
            self.rows.append(row._replace(name=moved(row.name), inputs=inputs, weights=0))
        for one, out in list(self.outs.items()):
            if one.startswith(f"{path}."):
                self.outs[moved(one)] = out._replace(name=moved(out.name))
        self.closed |= {moved(one) for one in self.closed if one.startswith(f"{path}.")}
        self.paths |= {moved(one) for one in self.paths if one == path or one.startswith(f"{path}.")}
        self.outs[new] = Out(moved(last), run.out.shape)
        return self.outs[new]

    def chance(self) -> bool:
        """Whether something is patched here."""
        return len(self.patches) < MOST_PATCHES and self.random.random() < self.often

    def patch(self, kind: str, path: str, content: Data = None) -> None:
        """Note a patch."""
        self.patches.append(Patch(kind, path, content))

    def bring(self, kind: str, path: str, place: Place, x: Out) -> Out:
        """A layer, or two, that a patch brings in before or after what stands at ``path``."""
        if not self.chance():
            return x
        top = Place(place.scope, {}, self.network_input)
        self.fresh += 1
        entries = [self.writer.brought(f"new{self.fresh}{letter}") for letter in "ab"[: self.random.randint(1, 2)]]
        self.patch(kind, path, {entry.key: entry.data for entry in entries})
        for entry in entries:
            x, _ = self.entry(entry, top, x)
        return x

    # -- layers -------------------------------------------------------------------------------------------------------

    def chain(self, entries: list[Entry], place: Place, x: Out, number: int = 0) -> tuple[Out, int]:
        """Layers one after the other."""
        for entry in entries:
            x, number = self.entry(entry, place, x, number)
        return x, number

    def entry(self, entry: Entry, place: Place, x: Out, number: int = 0) -> tuple[Out, int]:
        """One layer; it is left out by its ``when`` or its word."""
        out, number, _ = self.present(entry, place, x, number)
        return out, number

    def present(self, entry: Entry, place: Place, x: Out, number: int = 0) -> tuple[Out, int, bool]:
        """One layer, the next number, and whether it is there."""
        inputs = [self.find(value.of(See(place.values, x.shape, {})), place) for value in entry.reads] or [x]
        see = See(place.values, inputs[0].shape, {})
        name = entry.name.of(see) if entry.name and not entry.inline else None
        called = name or entry.key
        numbered = called is None and not (entry.inline or entry.core.opens)
        path = place.path(called or str(number)) if called or numbered else None
        self.paths |= {path} - {None} | ({place.path(entry.key)} if entry.key else set())
        if entry.when is not None and not self._wanted(entry, see, None if numbered else path):
            return x, number, False
        if entry.core.absent(place, inputs[0]):
            return x, number, False
        following = number + numbered
        if path is None:
            out, following = self._grown(entry, place, None, inputs, number)
            return out, following, True
        alone = entry.repeat is not None or not entry.core.is_operation
        if alone and not entry.inline and self._is_removed(entry, path):
            self._know(entry, place, path, inputs[0])
            return inputs[0], following, True
        if alone:
            inputs = [self.bring("insert_before", path, place, inputs[0]), *inputs[1:]]
        start = len(self.rows)
        out, grown = self._grown(entry, place, path, inputs, number)
        self.modules[path] = Run(start, len(self.rows), inputs[0], out)
        if alone:
            out = self.bring("insert_after", path, place, out)
        self._know(entry, place, path, out)
        return out, grown if entry.inline or entry.core.opens else following, True

    def _know(self, entry: Entry, place: Place, path: str, out: Out) -> None:
        self.outs[path] = out
        if entry.key:
            self.outs[place.path(entry.key)] = out

    def _is_removed(self, entry: Entry, path: str) -> bool:
        if not entry.core.keeps or not self.chance() or self.random.random() < 0.7:
            return False
        self.patch("remove", path)
        return True

    def _wanted(self, entry: Entry, see: See, path: str | None) -> bool:
        """What the ``when`` comes to, or what a patch says instead."""
        wanted: bool = entry.when.of(see) if entry.when else True
        if path and self.chance():
            wanted = self.random.random() < 0.7
            self.patch("set", path, {"when": wanted})
        return wanted

    def _grown(self, entry: Entry, place: Place, path: str | None, inputs: list[Out], number: int) -> tuple[Out, int]:
        """A layer as often as it is repeated."""
        core, x = entry.core, inputs[0]
        opens = core.opens or (entry.inline and entry.repeat is None)
        if entry.repeat is None:
            name = None if opens or path is None else path.removeprefix(f"{place.scope}.")
            return core.once(self, Spot(place, name, number), inputs)
        count = entry.repeat.of(See(place.values, x.shape, {}))
        if path and self.chance():
            count += 1
            self.patch("set", path, {"repeat": count})
        inner = place if opens or entry.inline else place.inside(path)
        for index in range(count):
            one = inner.repeated(index, count)
            if opens:
                x, number = core.once(self, Spot(one, None, number, index == 0), [x, *inputs[1:]])
                continue
            name = str(index)
            if entry.inline:
                name = entry.name.of(See(one.values, x.shape, {})) if entry.name else str(number)
                number += entry.name is None
            x = self._repetition(core, Spot(one, name, 0, index == 0), [x, *inputs[1:]])
        return x, number

    def _repetition(self, core: Core, spot: Spot, inputs: list[Out]) -> Out:
        path = spot.place.path(spot.name or "")
        self.paths.add(path)
        if core.is_operation:
            out, _ = core.once(self, spot, inputs)
        else:
            inputs = [self.bring("insert_before", path, spot.place, inputs[0]), *inputs[1:]]
            out, _ = core.once(self, spot, inputs)
            out = self.bring("insert_after", path, spot.place, out)
        self.outs[path] = out
        return out

    def operation(
        self, spot: Spot, word: str, given: dict[str, Any], inputs: list[Out], *, dependent: bool = False
    ) -> Out:
        """One operation, patched now and then. With ``dependent`` its padding is written as half of its kernel."""
        place, path = spot.place, spot.place.path(spot.name or "")
        keeps = word in ACTS
        self.paths.add(path)
        if keeps and self.chance() and self.random.random() < 0.4:
            self.patch("remove", path)
            return inputs[0]
        inputs = [self.bring("insert_before", path, place, inputs[0]), *inputs[1:]]
        if keeps and self.chance():
            out = self._replaced(path, inputs[0])
        else:
            if word == "conv" and self.chance():
                given = self._set(path, given, dependent=dependent)
            out = self.row(path, word, given, inputs)
        out = self.bring("insert_after", path, place, out)
        self.outs[path] = out
        return out

    def _replaced(self, path: str, x: Out) -> Out:
        words = [self.writer.act() for _ in range(self.random.randint(1, 2))]
        if len(words) == 1:
            self.patch("replace", path, self.random.choice((words[0], {words[0]: None})))
            return self.row(path, words[0], {}, [x])
        self.patch("replace", path, words)
        for number, word in enumerate(words):
            x = self.row(f"{path}.{number}", word, {}, [x])
        return x

    def _set(self, path: str, given: dict[str, Any], *, dependent: bool) -> dict[str, Any]:
        """Other parameters of a convolution that keep its output."""
        if not isinstance(given["kernel"], int) or self.random.random() < 0.5:
            self.patch("set", path, {"bias": "not $.bias"})
            return {**given, "bias": not given.get("bias", True)}
        kernel = given["kernel"] + 2
        changes: dict[str, Data] = {"kernel": self.random.choice((kernel, "$.kernel + 2"))}
        if not dependent or self.random.random() < 0.5:
            changes["padding"] = (
                "$.kernel // 2" if dependent else self.random.choice(("$.kernel // 2", "$.padding + 1"))
            )
        self.patch("set", path, changes)
        return {**given, "kernel": kernel, "padding": kernel // 2}


def matching(pattern: str, paths: set[str]) -> set[str]:
    """Those that are meant: ``*`` is anything within a part, ``**`` and a dot any number of parts."""
    expression = re.escape(pattern).replace(r"\*\*\.", r"(?:[^.]+\.)*").replace(r"\*", "[^.]*")
    expression = expression.replace(r"\[", "[").replace(r"\]", "]")
    return {path for path in paths if re.fullmatch(expression, path)}
