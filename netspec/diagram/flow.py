"""Boxes and edges as flows: which of them are the spine, branches, skips, and what hangs aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from netspec.diagram.scene import INTO, OUT_OF, Box, Edge, Group, Kind, Parallel, Role, Series, Side, boxes, side_boxes
from netspec.diagram.series_parallel import Chain, Crossing, Fork, Pair, Tree, decomposed

MOST_RAILS = 6
"""Links that are led around everything in one flow; more of them would be a tangle."""


class Links(NamedTuple):
    """The edges of a flow: pair -> which of the target's inputs it is, and what goes along.

    Along those of ``decisions`` go no values. Of several ``exits`` the one behind the longest way is the end.
    """

    order: Mapping[Pair, int]
    labels: Mapping[Pair, str]
    decisions: frozenset[Pair] = frozenset()
    exits: tuple[str, ...] = ()


class Flow(NamedTuple):
    """A spine, what hangs at it, and what crosses it."""

    series: Series
    sides: tuple[Side, ...]
    rails: tuple[Edge, ...]


def flow(parts: Sequence[Box | Group], links: Links) -> Flow:
    """The flow of ``parts``, which are in running order, from ``INTO`` to ``OUT_OF``.

    Where too many links cross, or one that cannot be led around, it is a mere list of the parts: each link that does
    not lead to the next part is a rail.
    """
    links = _ended(parts, _between(parts, links))
    reached = {target for _, target in links.order}
    known = {part.key: part for part in parts if part.key in reached or not _decides(part)}
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in links.order:
        after[source].append(target)
        before[target].append(source)
    spine = _reaching(before, OUT_OF)
    keys = [key for key in known if key in spine]
    pairs = [pair for pair in links.order if pair[0] in spine and pair[1] in spine]
    try:
        tree, crossing = decomposed(keys, pairs, (INTO, OUT_OF), MOST_RAILS)
        series = _Reader(known, links).series(tree, Role.SPINE)
        sides, more = _sides(known, links, spine, after, before)
    except Crossing:
        return _listed(known, links)
    rails = [*crossing, *more]
    stops = {part.key for part in series.parts}
    if any(source not in stops or target not in stops for source, target in rails):
        return _listed(known, links)
    reader = _Reader(known, links)
    return Flow(series, sides, tuple([reader.edge(pair, Role.RAIL) for pair in rails]))


def _ended(parts: Sequence[Box | Group], links: Links) -> Links:
    """``links`` with one from the last part of the longest way that has an exit to ``OUT_OF``."""
    if not links.exits:
        return links
    depth = dict.fromkeys([INTO, *[part.key for part in parts]], 0)
    sources: dict[str, list[str]] = defaultdict(list)
    for source, target in links.order:
        sources[target].append(source)
    for part in parts:
        depth[part.key] = max([depth[source] + 1 for source in sources[part.key]], default=0)
    last = max(reversed(links.exits), key=lambda key: depth[key])
    return links._replace(order={**links.order, (last, OUT_OF): 0})


def _listed(known: Mapping[str, Box | Group], links: Links) -> Flow:
    """All parts below each other, with every link between parts that are no neighbours led around them."""
    reader = _Reader(known, links)
    straight = list(pairwise([INTO, *known, OUT_OF]))
    series = Series(
        tuple(known.values()),
        tuple([reader.link(pair, Role.SPINE) if pair in links.order else None for pair in straight]),
    )
    ends = (INTO, OUT_OF)
    rest = [pair for pair in links.order if pair not in straight and pair[0] not in ends and pair[1] not in ends]
    return Flow(series, (), tuple([reader.edge(pair, Role.RAIL) for pair in rest]))


def _between(parts: Sequence[Box | Group], links: Links) -> Links:
    """``links`` between parts: those of boxes in a group are the group's."""
    home = {
        box.key: part.key
        for part in parts
        if isinstance(part, Group)
        for box in (*boxes(part.flow), *side_boxes(part.sides))
    }
    order: dict[Pair, int] = {}
    labels: dict[Pair, str] = {}
    for pair, place in links.order.items():
        lifted = (home.get(pair[0], pair[0]), home.get(pair[1], pair[1]))
        if lifted[0] != lifted[1]:
            order.setdefault(lifted, place)
            if pair in links.labels:
                labels.setdefault(lifted, links.labels[pair])
    decisions = frozenset([(home.get(source, source), home.get(target, target)) for source, target in links.decisions])
    return Links(order, labels, decisions, links.exits)


def _reaching(before: Mapping[str, Sequence[str]], end: str) -> set[str]:
    """What leads to ``end``, and it itself."""
    found, waiting = {end}, [end]
    while waiting:
        for source in before.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _sides(
    known: Mapping[str, Box | Group],
    links: Links,
    spine: set[str],
    after: Mapping[str, Sequence[str]],
    before: Mapping[str, Sequence[str]],
) -> tuple[tuple[Side, ...], list[Pair]]:
    """What does not lead to the end, in pieces that hang at one part of the spine each; with the links between."""
    home: dict[str, str] = {}
    crossing: list[Pair] = []
    order = {key: place for place, key in enumerate(known)}
    for key in known:
        if key in spine:
            continue
        sources = {source: source if source in spine else home[source] for source in before.get(key, ())}
        home[key] = max(sources.values(), key=lambda source: order.get(source, -1), default=INTO)
        crossing += [(source, key) for source, at in sources.items() if at != home[key]]
    sides = []
    for at in dict.fromkeys(home.values()):
        inside = [key for key in known if home.get(key) == at]
        for piece in _pieces(inside, links.order):
            pairs = [pair for pair in links.order if pair[1] in piece and pair not in crossing]
            pairs = [(INTO if source == at else source, target) for source, target in pairs]
            pairs += [(key, OUT_OF) for key in piece if not after.get(key)]
            tree, more = decomposed(piece, dict.fromkeys(pairs), (INTO, OUT_OF), 0)
            crossing += more
            aside = all(_is_aside(known[key]) for key in piece)
            reader = _Reader(known, links, {INTO: at}, open_ended=True)
            sides.append(Side(at, reader.series(tree, Role.SIDE if aside else Role.BRANCH)))
    return tuple(sides), crossing


def _pieces(keys: Sequence[str], pairs: Iterable[Pair]) -> list[list[str]]:
    """``keys`` in groups that links connect."""
    group = {key: {key} for key in keys}
    for source, target in pairs:
        if source in group and target in group and group[source] is not group[target]:
            merged = group[source] | group[target]
            group.update(dict.fromkeys(merged, merged))
    found: dict[int, list[str]] = defaultdict(list)
    for key in keys:
        found[id(group[key])].append(key)
    return list(found.values())


class _Reader:
    """Trees of keys as flows of parts; ``names`` are other names for ends. ``open_ended`` ones lead to nothing."""

    def __init__(
        self,
        known: Mapping[str, Box | Group],
        links: Links,
        names: Mapping[str, str] | None = None,
        *,
        open_ended: bool = False,
    ) -> None:
        self.known, self.links, self.names, self.open_ended = known, links, names or {}, open_ended

    def series(self, tree: Tree, role: Role, ends: Pair = (INTO, OUT_OF)) -> Series:
        """``tree`` as a series, whatever it is."""
        chain = tree if isinstance(tree, Chain) else Chain([], [tree])
        stops = (ends[0], *chain.keys, ends[1])
        links = [self.link(link, role, (stops[place], stops[place + 1])) for place, link in enumerate(chain.links)]
        return Series(tuple([self.known[key] for key in chain.keys]), tuple(links))

    def link(self, tree: Tree, role: Role, ends: Pair = (INTO, OUT_OF)) -> Edge | Parallel | None:
        """What links two parts; nothing leads to an input, and away from an output."""
        if isinstance(tree, tuple):
            begins = tree[0] == INTO and not self.names and self._is_end(tree[1])
            ends_here = tree[1] == OUT_OF and (self.open_ended or self._is_end(tree[0]))
            return None if begins or ends_here else self.edge(tree, role)
        return self._parallel(tree if isinstance(tree, Fork) else Fork([tree]), role, ends)

    def edge(self, pair: Pair, role: Role, *, changed: bool = False) -> Edge:
        """The edge of a pair of keys."""
        source, target = (self.names.get(key, key) for key in pair)
        role = Role.CONTROL if pair in self.links.decisions else role
        return Edge(source, target, role, self.links.labels.get((source, target), ""), changed)

    def _is_end(self, key: str) -> bool:
        part = self.known.get(key)
        return isinstance(part, Box) and part.kind is Kind.END

    def _parallel(self, fork: Fork, role: Role, ends: Pair) -> Parallel:
        join = self.known.get(ends[1])
        equal = isinstance(join, Box) and join.kind is Kind.BAR
        ways = sorted(fork.ways, key=lambda way: self._place(way, ends[1]))
        boxed = [way for way in ways if not isinstance(way, tuple)]
        deepest = max(map(self._depth, ways))
        longest = [way for way in boxed if self._depth(way) == deepest]
        passed = len(boxed) < len(ways)
        opening = ends[0] == INTO and any(self._is_end(way.keys[0]) for way in boxed if isinstance(way, Chain))
        around = not opening and (len(boxed) == 1 or (not equal and (passed or _adds(join))))
        main = longest[0] if len(longest) == 1 and around else None
        if main is None:
            if not equal and not opening:
                ways.sort(key=self._depth)
            ways = [*boxed, *[way for way in ways if way not in boxed]] if passed and equal else ways
            sub = Role.SIDE if role is Role.SIDE else Role.BRANCH
            found = [self._way(way, sub, Role.SKIP if isinstance(way, tuple) and boxed else sub, ends) for way in ways]
            return Parallel(tuple(found))
        others = sorted([way for way in ways if way is not main], key=self._depth, reverse=True)
        skips = [self._way(way, Role.SKIP, Role.SKIP, ends, changed=not isinstance(way, tuple)) for way in others]
        return Parallel((self._way(main, role, role, ends), *skips), 0)

    def _way(self, tree: Tree, inner: Role, direct: Role, ends: Pair, *, changed: bool = False) -> Series | Edge:
        if isinstance(tree, tuple):
            return self.edge(tree, direct)
        series = self.series(tree, inner, ends)
        if changed:
            links = [link._replace(changed=True) if isinstance(link, Edge) else link for link in series.links]
            return series._replace(links=tuple(links))
        return series

    def _place(self, tree: Tree, target: str) -> int:
        """Which input of ``target`` a way leads to."""
        while not isinstance(tree, tuple):
            tree = tree.links[-1] if isinstance(tree, Chain) else tree.ways[0]
        return self.links.order.get((tree[0], target), 0)

    def _depth(self, tree: Tree) -> int:
        """How many parts stand below each other at most."""
        if isinstance(tree, tuple):
            return 0
        if isinstance(tree, Fork):
            return max(map(self._depth, tree.ways))
        return len(tree.keys) + sum(map(self._depth, tree.links))


def _is_aside(part: Box | Group) -> bool:
    return part.auxiliary or (isinstance(part, Box) and part.control)


def _decides(part: Box | Group) -> bool:
    return isinstance(part, Box) and part.control


def _adds(part: Box | Group | None) -> bool:
    return isinstance(part, Box) and part.kind is Kind.JOIN and part.title == "+"
