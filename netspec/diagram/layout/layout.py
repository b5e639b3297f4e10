"""Where everything stands: parts of a series below each other on one axis, branches beside each other, recursively.

Nothing is searched for: the place of a part follows from the sizes of what it stands with, so equal blocks look equal
and opening one moves only what is around it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from netspec.diagram.labels import TIMES, elided
from netspec.diagram.layout.beside import BESIDE, add_rails, add_sides, hanging
from netspec.diagram.layout.box_shapes import BAR, CIRCLE, LEAD, LOOP, SMALL, Density, bar, draw, mark_shapes, size
from netspec.diagram.layout.wires import BUS, Laid, Wire, begin, end, finish, finished
from netspec.diagram.scene import INTO, Box, Edge, Group, Kind, Parallel, Series, Side
from netspec.drawing.picture import Part, Rect, Shape, Text
from netspec.drawing.text_width import text_width

HEADER = 15
"""Height of a frame's title."""
PADDING = 8
LONGEST_PATH = 22
"""Characters of a path in the title of a frame; of a longer one the end is shown."""


class Layout:
    """Lays out flows with one density of text."""

    def __init__(self, density: Density) -> None:
        self.density = density
        self._known: dict[Hashable, Laid] = {}
        """What has been laid out: it is asked for again with every number of columns that is tried."""
        self._sizes: dict[int, tuple[float, float]] = {}

    def series(
        self,
        series: Series,
        sides: Sequence[Side] = (),
        rails: Sequence[Edge] = (),
        like: Sequence[Box | Group] | None = None,
    ) -> Laid:
        """Parts below each other, as wide as those that they are ``like``; wires to the outside are left open.

        ``sides`` may hang at parts of branches, too.
        """
        laid = Laid()
        width, reach = self._common_width(like or series.parts), self._reach(like or series.parts)
        y, source = 0.0, None
        for place, link in enumerate(series.links):
            target = series.parts[place] if place < len(series.parts) else None
            wires: list[Wire] = []
            if link is not None:
                between = self._link(link, source is not None, target, sides)
                known = len(laid.wires)
                laid.take(between, 0, y)
                laid.inner += [(part, top + y, height) for part, top, height in between.inner]
                wires = laid.wires[known:]
                if source is not None:
                    for wire in wires:
                        begin(wire, (0, y))
                y += between.height
            elif source is not None and target is not None:
                y += self.density.gap
            if target is None:
                break
            wires = [wire for wire in wires if not wire.ends]
            part = self._part(target, wires, width, reach)
            for wire in wires:
                end(wire, target, part, y)
            laid.take(part, 0, y)
            laid.stops.append((target, y, part.height, part.right))
            y += part.height
            source = target
        laid.height = y
        add_rails(laid, rails)
        stops = {INTO, *[part.key for part in series.parts]}
        add_sides(laid, [(side, self.series(side.flow)) for side in sides if side.at in stops])
        finish(laid)
        return laid

    def whole(self, series: Series) -> Laid:
        """A series as :meth:`series` lays it out, once for all that ask."""
        if id(series) not in self._known:
            self._known[id(series)] = self.series(series)
        return self._known[id(series)]

    def group(self, group: Group, reach: tuple[float, float] = (0, 0)) -> Laid:
        """A series in a frame with its title at the top; it reaches so far to the left and right at least."""
        inner = self.series(group.flow, group.sides)
        title = group.title + (f" {TIMES}{group.copies}" if group.copies > 1 else "")
        name = elided(group.path, LONGEST_PATH) if group.path != group.title else ""
        room = max(text_width(title, SMALL, bold=True), text_width(name, SMALL)) + 2 * PADDING
        left, right = max(inner.left + PADDING, room, reach[0]), max(inner.right + PADDING, reach[1])
        header = HEADER + (LEAD[SMALL] if name else 0)
        height = header + inner.height + 2
        shapes: list[Shape] = [
            Rect(-left, 0, left + right, height, "frame", 6),
            Text(-left + PADDING, HEADER - 4, title, SMALL, "bold", "start"),
        ]
        if name:
            shapes.append(Text(-left + PADDING, header - 4, name, SMALL, "muted", "start"))
        laid = Laid(left, right, height)
        laid.take(inner, 0, header)
        for wire in laid.wires:
            if not wire.begins:
                begin(wire, (0, header - BUS))
                wire.points.insert(0, (0, 0))
            if not wire.ends:
                meet = height - 5
                wire.points += [(wire.bottom[0], meet), (0, meet), (0, height)] if wire.bottom[0] else [(0, height)]
                wire.ends = True
        laid.shapes = [Part(group.path, title, (*shapes, *finished(laid), *laid.shapes))]
        return laid

    def _reach(self, parts: Sequence[Box | Group]) -> tuple[float, float]:
        """How far the frames of a series reach to both sides: all as far as one of them must."""
        frames = [self._part(part, [], 0) for part in parts if isinstance(part, Group)]
        return max([one.left for one in frames], default=0), max([one.right for one in frames], default=0)

    def _common_width(self, parts: Sequence[Box | Group]) -> float:
        """One width for the boxes of a series that are nearly as wide as each other."""
        widths = [self._size(part)[0] for part in parts if isinstance(part, Box) and _is_wide(part)]
        return max(widths, default=0)

    def _part(self, part: Box | Group, wires: list[Wire], width: float, reach: tuple[float, float] = (0, 0)) -> Laid:
        if isinstance(part, Group):
            key = part.key
            if (key, reach) not in self._known:
                self._known[key, reach] = self.group(part, reach)
            return self._known[key, reach]
        own, height = self._size(part)
        if part.kind is Kind.BAR and len(wires) > 1:
            ends = sorted((wire.bottom[0], wire.edge.label) for wire in wires)
            half = max([text_width(label, SMALL) / 2 for _, label in ends]) + 5
            left, right = min(ends[0][0] - half, -CIRCLE), max(ends[-1][0] + half, CIRCLE)
            return Laid(-left, right, BAR, [bar(part, ends, left, right)])
        if _is_wide(part):
            own = max(own, width)
        loop = LOOP + 3 if part.kind is Kind.BLOCK and part.skips else 0
        known = (id(part), own)
        if known not in self._known:
            shapes = [draw(part, own, height, self.density), *mark_shapes(part, own, height)]
            self._known[known] = Laid(own / 2, own / 2 + loop, height, shapes)
        return self._known[known]

    def _size(self, part: Box) -> tuple[float, float]:
        """Width and height of a box, once for all that ask."""
        if id(part) not in self._sizes:
            self._sizes[id(part)] = size(part, self.density)
        return self._sizes[id(part)]

    def _link(
        self,
        link: Edge | Parallel,
        inside: bool,  # noqa: FBT001 - of a source
        target: Box | Group | None,
        sides: Sequence[Side],
    ) -> Laid:
        if isinstance(link, Parallel):
            key = (id(link), inside, target.key if target else "")
            if key not in self._known:
                self._known[key] = self._parallel(link, inside, target, sides)
            return self._known[key]
        gap = self.density.gap if inside and target is not None else self.density.gap * 0.6
        return Laid(height=gap, wires=[Wire([(0, gap / 2)], link)])

    def _parallel(
        self,
        link: Parallel,
        inside: bool,  # noqa: FBT001 - of a source
        target: Box | Group | None,
        sides: Sequence[Side],
    ) -> Laid:
        into_bar = isinstance(target, Box) and target.kind is Kind.BAR
        branches = [
            self.series(branch, hanging(branch, sides)) if isinstance(branch, Series) else _lane(branch, into_bar)
            for branch in link.branches
        ]
        before = BUS if inside else 0
        after = 0 if target is None or into_bar else BUS
        if link.main is not None and isinstance(target, Box) and target.kind is Kind.JOIN:
            after = 0
        tallest = max(branch.height for branch in branches)
        laid = Laid(height=before + tallest + after)
        for way, branch, x in zip(link.branches, branches, _axes(branches, link.main), strict=True):
            free = tallest - branch.height
            opens = isinstance(way, Series) and way.links[0] is None
            down = 0 if opens else free if into_bar else free / 2
            for wire in branch.wires:
                if not wire.ends:
                    wire.points.append((wire.bottom[0], branch.height + free - down))
                if not wire.begins:
                    wire.points.insert(0, (wire.top[0], -down))
            laid.take(branch, x, before + down)
            if link.main is not None and way is link.branches[link.main]:
                stops = [*[stop[:3] for stop in branch.stops], *branch.inner]
                laid.inner = [(part, top + before + down, height) for part, top, height in stops]
        return laid


def _lane(edge: Edge, into_bar: bool) -> Laid:  # noqa: FBT001 - what it leads to
    """A way without anything on it; before a bar it needs room for its label there."""
    half = max(4.0, text_width(edge.label, SMALL) / 2 + 4 if into_bar else 0)
    return Laid(half, half, 0, [], [Wire([(0, 0)], edge)])


def _axes(branches: Sequence[Laid], main: int | None) -> list[float]:
    """Where the axes of branches are, seen from the axis of what they stand between."""
    axes: list[float] = []
    at = 0.0
    for place, branch in enumerate(branches):
        if place:
            at += branches[place - 1].right + BESIDE + branch.left
        axes.append(at)
    middle = axes[main] if main is not None else (axes[0] + axes[-1]) / 2
    return [axis - middle for axis in axes]


def _is_wide(part: Box) -> bool:
    """Whether a box is as wide as the others of its series: ends and signs are not."""
    return part.kind in (Kind.LAYER, Kind.BLOCK)
