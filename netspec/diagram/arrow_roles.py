"""Roles of the arrows of a diagram: which are the spine, which go around something; and what stands side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from netspec.diagram.view import Arrow, Box, Frame, Level, Role, boxes, frames

CONCAT = "C"


@dataclass(slots=True)
class ArrowRoles:
    """What is known of the arrows of a diagram, and the roles that follow.

    ``into`` and ``out`` are the arrows at each key, and ``rank`` how many arrows lead to it on the longest path.

    A skip arrow has a longer path beside it. At a join other than a concat the shorter paths are side paths, such as
    projection shortcuts. All paths into a concat are branches.
    """

    all: list[Arrow]
    into: dict[str, list[Arrow]]
    out: dict[str, list[Arrow]]
    rank: dict[str, int]
    roles: dict[Arrow, Role] = field(default_factory=dict)
    beside: list[Level] = field(default_factory=list)

    @classmethod
    def of(cls, arrows: list[Arrow], parts: Iterable[Box | Frame]) -> ArrowRoles:
        """The roles of ``arrows`` between ``parts``."""
        into: dict[str, list[Arrow]] = defaultdict(list)
        out: dict[str, list[Arrow]] = defaultdict(list)
        for arrow in arrows:
            into[arrow.target].append(arrow)
            out[arrow.source].append(arrow)
        found = cls(arrows, into, out, _ranks(into, out))
        marks = {box.key: box.mark for box in boxes(parts)}
        for target, entering in into.items():
            if len(entering) > 1:
                found._assign(entering, equal=marks.get(target) == CONCAT)
        return found

    def arrows(self) -> tuple[Arrow, ...]:
        """The arrows with their roles."""
        return tuple(replace(arrow, role=self._role(arrow)) for arrow in self.all)

    def levels(self, parts: Iterable[Box | Frame]) -> tuple[Level, ...]:
        """What stands side by side; only what is in one frame can."""
        home = {part.key: frame.key for frame in frames(parts) for part in frame.parts}
        return tuple(level for level in self.beside if len({home.get(key, "") for key in level.keys}) == 1)

    def _assign(self, entering: list[Arrow], *, equal: bool) -> None:
        """Give the arrows into one key their roles; ``equal`` if no path there comes before another."""
        skips = [arrow for arrow in entering if self._is_bypassed(arrow, entering)]
        self.roles.update(dict.fromkeys(skips, Role.SKIP))
        rest = [arrow for arrow in entering if arrow not in skips]
        if len(rest) < 2:  # noqa: PLR2004 - a single path has nothing beside it
            return
        self.roles.update(dict.fromkeys(rest, Role.BRANCH))
        main = max(rest, key=lambda arrow: self.rank[arrow.source])
        shorter = [arrow for arrow in rest if not equal and self.rank[arrow.source] < self.rank[main.source]]
        if shorter:
            self.roles[main] = Role.MAIN
        for arrow in shorter:
            path = self._back(arrow)
            self.roles.update(dict.fromkeys(path, Role.SIDE))
            around = [step.source for step in self._back(main)[:-1]]
            if len(path) == 2 and around:  # noqa: PLR2004 - an arrow to the only box and one from it
                self.beside.append(Level((around[len(around) // 2], arrow.source)))
        if not shorter:
            self._align(rest)

    def _align(self, branches: list[Arrow]) -> None:
        """Put the ends of ``branches`` side by side, and where they join right under where they part."""
        paths = [self._back(arrow) for arrow in branches]
        forks = {path[-1].source for path in paths}
        if len(branches) % 2:
            self.roles.update(dict.fromkeys(paths[len(paths) // 2], Role.MAIN))
        lane = (forks.pop(), branches[0].target) if len(forks) == 1 else None
        self.beside.append(Level(tuple(arrow.source for arrow in branches), lane))

    def _role(self, arrow: Arrow) -> Role:
        known = self.roles.get(arrow)
        if known:
            return known
        beside = [other for other in self.out[arrow.source] if self.roles.get(other) not in (Role.SKIP, Role.SIDE)]
        alone = len([other for other in beside if not other.auxiliary]) == 1 and not arrow.auxiliary
        return Role.MAIN if alone else Role.BRANCH

    def _is_bypassed(self, arrow: Arrow, entering: list[Arrow]) -> bool:
        """Whether another path leads from the source of ``arrow`` to its target."""
        floor = self.rank[arrow.source]
        waiting = [other.source for other in entering if self.rank[other.source] > floor]
        seen = set(waiting)
        while waiting:
            for before in self.into.get(waiting.pop(), ()):
                if before.source == arrow.source:
                    return True
                if before.source not in seen and self.rank[before.source] > floor:
                    seen.add(before.source)
                    waiting.append(before.source)
        return False

    def _back(self, arrow: Arrow) -> list[Arrow]:
        """The arrows of a path, from its end back to where it parts from others."""
        path = [arrow]
        while len(self.out[path[-1].source]) == 1 and len(self.into.get(path[-1].source, ())) == 1:
            path.append(self.into[path[-1].source][0])
        return path


def _ranks(into: dict[str, list[Arrow]], out: dict[str, list[Arrow]]) -> dict[str, int]:
    """How many arrows lead to each key on the longest path from what none leads to."""
    rank = {key: 0 for key in out if key not in into}
    missing = {target: len(entering) for target, entering in into.items()}
    ready = list(rank)
    while ready:
        key = ready.pop()
        for arrow in out.get(key, ()):
            rank[arrow.target] = max(rank.get(arrow.target, 0), rank[key] + 1)
            missing[arrow.target] -= 1
            if not missing[arrow.target]:
                ready.append(arrow.target)
    return rank
