"""Trees of keys as series of parts: which way is the main one, which are branches, and which are skips."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagram.from_graph.links import Links
from netspec.diagram.from_graph.series_parallel import Chain, Fork, Tree
from netspec.diagram.scene import INTO, OUT_OF, Box, Edge, Group, Kind, Pair, Parallel, Role, Series


class TreeReader:
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
            found = [self._way(way, sub, self._direct(way, sub) if boxed else sub, ends) for way in ways]
            return Parallel(tuple(found))
        others = sorted([way for way in ways if way is not main], key=self._depth, reverse=True)
        skips = [
            self._way(way, Role.SKIP, self._direct(way, Role.BRANCH), ends, changed=not isinstance(way, tuple))
            for way in others
        ]
        return Parallel((self._way(main, role, role, ends), *skips), 0)

    def _direct(self, way: Tree, role: Role) -> Role:
        """The role of a way without anything on it: what a box gives beside what others read is no skip."""
        return Role.SKIP if isinstance(way, tuple) and way in self.links.skips else role

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


def _adds(part: Box | Group | None) -> bool:
    return isinstance(part, Box) and part.kind is Kind.JOIN and part.title == "+"
