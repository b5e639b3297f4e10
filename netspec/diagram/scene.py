"""What a diagram shows, as plain data: boxes in series and in parallel, edges with roles, panels of definitions.

A scene knows no sizes and no places. Writers of text print it as it is; the layout makes a picture of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from netspec.ops.facts import Family, Shape

if TYPE_CHECKING:
    from netspec.analysis.inputs import Inputs

Level = Literal["stage", "paper", "layer"]
INTO, OUT_OF = "in", "out"
"""Keys of the ends of a flow: where data comes from, and where it goes."""
LEVELS: tuple[Level, ...] = get_args(Level)
Pair = tuple[str, str]
"""An edge, by the keys of its ends."""


class Figures(NamedTuple):
    """Trainable parameters, and multiply-adds of one image in eval mode."""

    params: int = 0
    macs: int = 0

    def plus(self, other: Figures) -> Figures:
        """The sum of both."""
        return Figures(self.params + other.params, self.macs + other.macs)


class Kind(Enum):
    """What a box stands for."""

    LAYER = "layer"
    BLOCK = "block"
    JOIN = "join"
    BAR = "bar"
    """A concatenation, drawn as the row of what it joins."""
    END = "end"
    """An input or an output: text without a box."""


class Role(Enum):
    """What an edge is: of the spine, of one of several branches, around something, aside from it."""

    SPINE = "spine"
    BRANCH = "branch"
    SKIP = "skip"
    SIDE = "side"
    RAIL = "rail"
    """A link that crosses others, and is led around everything."""
    CONTROL = "control"
    """Along it go no values, but the places that a pool took its own from."""


Mark = Literal["added", "removed", "changed"]


class Box(NamedTuple):
    """One box. ``path`` is where it is in the network, and ``shape`` what comes out of it.

    ``title`` is what it is or is called, ``follows`` the norms and activations behind it, ``lines`` what else is said,
    each shorter than a line of print. ``figures`` are those of all its ``copies``; ``skips`` are the skip connections
    that it stands for, and ``towers`` a few groups of channels that stay apart. Where two networks are compared,
    ``mark`` says whether it is in one of them alone, or changed, and ``changes`` how.
    """

    key: str
    path: str
    kind: Kind
    title: str
    family: Family
    shape: Shape
    figures: Figures
    follows: str = ""
    lines: tuple[str, ...] = ()
    copies: int = 1
    skips: int = 0
    towers: int = 0
    auxiliary: bool = False
    control: bool = False
    mark: Mark | None = None
    changes: tuple[str, ...] = ()


class Edge(NamedTuple):
    """From one box to another. ``label`` is what goes along it, in as few words as a reader needs."""

    source: str
    target: str
    role: Role = Role.SPINE
    label: str = ""
    changed: bool = False
    """Of a skip: whether what goes along it is brought to another shape on the way."""


class Series(NamedTuple):
    """Parts below each other, with a link before, between and behind them: always one link more than parts."""

    parts: tuple[Box | Group, ...]
    links: tuple[Edge | Parallel | None, ...]
    """None where a series begins or ends at nothing."""


class Parallel(NamedTuple):
    """Ways from one box to another beside each other; ``main`` is the one that others go around, if there is one."""

    branches: tuple[Series | Edge, ...]
    main: int | None = None


class Group(NamedTuple):
    """A frame around a series: a stage, or one copy of a block that stands for all its ``copies``."""

    key: str
    path: str
    title: str
    flow: Series
    figures: Figures
    copies: int = 1
    auxiliary: bool = False
    sides: tuple[Side, ...] = ()
    depth: int = 1
    """How many forks and groups stand in one another inside, itself included."""


class Crossing(Exception):
    """Links cross each other more often than can be led around everything, or stand in one another too deep."""


class Side(NamedTuple):
    """What hangs at a part and does not come back to the spine."""

    at: str
    flow: Series


class Grid(NamedTuple):
    """A table beside a definition: numbers that differ from place to place."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Stripes(NamedTuple):
    """A dense block: what each of its layers reads, as numbers of channels in the order of their concatenation."""

    reads: tuple[tuple[int, ...], ...]
    out: tuple[int, ...]


class Drawn(NamedTuple):
    """One flow of a panel: ``note`` says which of several kinds it is."""

    note: str
    flow: Series
    sides: tuple[Side, ...] = ()
    rails: tuple[Edge, ...] = ()


class Panel(NamedTuple):
    """A part of a diagram with a title of its own: the network, or a block that it is made of."""

    key: str
    title: str
    drawn: tuple[Drawn, ...]
    grid: Grid | None = None
    stripes: Stripes | None = None


class Scene(NamedTuple):
    """A whole diagram: the network first, and beside it what it is made of."""

    name: str
    inputs: Inputs
    figures: Figures
    level: Level
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()


Flow = Series | Parallel | Edge | None
Item = Box | Group | Edge


def walked(flow: Flow, *, inside: bool = True) -> Iterator[Item]:
    """All parts and edges of a flow in running order within each branch; of groups what is ``inside``, too."""
    waiting: list[Flow | Box | Group] = [flow]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Parallel):
            waiting += reversed(one.branches)
        elif isinstance(one, Series):
            pairs = zip(one.links, (*one.parts, None), strict=True)
            waiting += reversed([either for pair in pairs for either in pair])
        elif one is not None:
            yield one
            if inside and isinstance(one, Group):
                waiting += reversed([one.flow, *[side.flow for side in one.sides]])


def boxes(flow: Flow) -> Iterator[Box]:
    """All boxes, those in groups included."""
    return (one for one in walked(flow) if isinstance(one, Box))


def side_boxes(sides: Iterable[Side]) -> Iterator[Box]:
    """All boxes beside a spine."""
    return (box for side in sides for box in boxes(side.flow))


def edges(flow: Flow) -> Iterator[Edge]:
    """All edges, those in groups included."""
    return (one for one in walked(flow) if isinstance(one, Edge))


def groups(flow: Flow) -> Iterator[Group]:
    """All groups, outer ones first."""
    return (one for one in walked(flow) if isinstance(one, Group))


def parts_of(flow: Flow) -> Iterator[Box | Group]:
    """The parts of a flow, but not those in groups."""
    return (one for one in walked(flow, inside=False) if not isinstance(one, Edge))


def box_edges(drawn: Drawn) -> list[Edge]:
    """All edges of a flow between boxes: those to and from a group are of the boxes in it that data goes between."""
    found, into, out = _between_boxes((drawn.flow, *[side.flow for side in drawn.sides]))
    return [*into, *found, *out, *drawn.rails]


def _between_boxes(flows: Iterable[Series]) -> tuple[list[Edge], list[Edge], list[Edge]]:
    """The edges between boxes, those that come from outside, and those that go there."""
    inner: list[Edge] = []
    doors: dict[str, tuple[list[str], list[str]]] = {}
    level: list[Edge] = []
    for flow in flows:
        for item in walked(flow, inside=False):
            if isinstance(item, Edge):
                level.append(item)
            elif isinstance(item, Group):
                edges_, into, out = _between_boxes((item.flow, *[side.flow for side in item.sides]))
                inner += edges_
                doors[item.key] = ([edge.target for edge in into], [edge.source for edge in out])
    into, out = [], []
    for edge in level:
        sources = doors[edge.source][1] if edge.source in doors else [edge.source]
        targets = doors[edge.target][0] if edge.target in doors else [edge.target]
        for one in [edge._replace(source=source, target=target) for source in sources for target in targets]:
            (into if one.source == INTO else out if one.target == OUT_OF else inner).append(one)
    return inner, into, out
