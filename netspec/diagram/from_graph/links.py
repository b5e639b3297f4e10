"""The edges of a flow: which parts data goes between, and what goes along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netspec.diagram.scene import INTO, OUT_OF, Box, Group, Pair, boxes, side_boxes


class Links(NamedTuple):
    """The edges of a flow: pair -> which of the target's inputs it is, and what goes along.

    Along those of ``decisions`` go no values, and those of ``skips`` are skip connections. Of several ``exits`` the one
    behind the longest way is the end.
    """

    order: Mapping[Pair, int]
    labels: Mapping[Pair, str]
    decisions: frozenset[Pair] = frozenset()
    skips: frozenset[Pair] = frozenset()
    exits: tuple[str, ...] = ()


def between_parts(parts: Sequence[Box | Group], links: Links) -> Links:
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
    decisions, skips = (
        frozenset([(home.get(source, source), home.get(target, target)) for source, target in pairs])
        for pairs in (links.decisions, links.skips)
    )
    return Links(order, labels, decisions, skips, tuple([home.get(key, key) for key in links.exits]))


def ended(parts: Sequence[Box | Group], links: Links) -> Links:
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
