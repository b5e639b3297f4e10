"""Boxes and edges as flows: which of them are the spine, branches, skips, and what hangs aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from netspec.diagram.from_graph.links import Links, between_parts, ended
from netspec.diagram.from_graph.series_parallel import decomposed, depth_of
from netspec.diagram.from_graph.tree_reader import TreeReader
from netspec.diagram.scene import (
    INTO,
    OUT_OF,
    Box,
    Crossing,
    Edge,
    Group,
    Kind,
    Pair,
    Role,
    Series,
    Side,
)

MOST_DEPTH = 40
"""Forks and groups in one another, behind which a picture would be none any more."""
MOST_RAILS = 6
"""Links that are led around everything in one flow; more of them would be a tangle."""


class Flow(NamedTuple):
    """A spine, what hangs at it, and what crosses it; ``depth`` says how many forks and groups stand in one another."""

    series: Series
    sides: tuple[Side, ...]
    rails: tuple[Edge, ...]
    depth: int


def flow(parts: Sequence[Box | Group], links: Links) -> Flow:
    """The flow of ``parts``, which are in running order, from ``INTO`` to ``OUT_OF``.

    Where too many links cross, or one that cannot be led around, or forks stand in one another too deep, it is a mere
    list of the parts: each link that does not lead to the next part is a rail.
    """
    links = ended(parts, between_parts(parts, links))
    reached = {target for _, target in links.order}
    known = {part.key: part for part in parts if part.key in reached or not _decides(part)}
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in links.order:
        after[source].append(target)
        before[target].append(source)
    spine = _reaching(before, OUT_OF)
    inner = max([part.depth for part in parts if isinstance(part, Group)], default=0)
    keys = [key for key in known if key in spine]
    pairs = [pair for pair in links.order if pair[0] in spine and pair[1] in spine]
    try:
        tree, crossing = decomposed(keys, pairs, (INTO, OUT_OF), MOST_RAILS)
        depth = inner + depth_of(tree)
        if depth > MOST_DEPTH:
            return _listed(known, links, inner)
        series = TreeReader(known, links).series(tree, Role.SPINE)
        sides, more = _sides(known, links, spine, after, before)
    except Crossing:
        return _listed(known, links, inner)
    rails = [*crossing, *more]
    stops = {part.key for part in series.parts}
    if any(source not in stops or target not in stops for source, target in rails):
        return _listed(known, links, inner)
    reader = TreeReader(known, links)
    return Flow(series, sides, tuple([reader.edge(pair, Role.RAIL) for pair in rails]), depth)


def _listed(known: Mapping[str, Box | Group], links: Links, depth: int) -> Flow:
    """All parts below each other, with every link between parts that are no neighbours led around them."""
    reader = TreeReader(known, links)
    straight = list(pairwise([INTO, *known, OUT_OF]))
    series = Series(
        tuple(known.values()),
        tuple([reader.link(pair, Role.SPINE) if pair in links.order else None for pair in straight]),
    )
    starts = {part.key for part in known.values() if isinstance(part, Box) and part.kind is Kind.END}
    rest = [
        (source, target)
        for source, target in links.order
        if (source, target) not in straight and target != OUT_OF and not (source == INTO and target in starts)
    ]
    return Flow(series, (), tuple([reader.edge(pair, Role.RAIL) for pair in rest]), depth)


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
            if depth_of(tree) > MOST_DEPTH:
                raise Crossing
            aside = all(_is_aside(known[key]) for key in piece)
            reader = TreeReader(known, links, {INTO: at}, open_ended=True)
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


def _is_aside(part: Box | Group) -> bool:
    return part.auxiliary or (isinstance(part, Box) and part.control)


def _decides(part: Box | Group) -> bool:
    return isinstance(part, Box) and part.control
