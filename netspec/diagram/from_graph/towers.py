"""Groups of channels that stay apart as towers beside each other, as AlexNet's paper draws them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from netspec.diagram.labels import grouped
from netspec.diagram.scene import Box, Edge, Group, Parallel, Role, Series


def with_towers(series: Series, fixed: Collection[str]) -> Series:
    """``series`` with convolutions of a few groups as so many ways beside each other; others in a row go on in them.

    Parts with keys that are ``fixed`` stay as they are.
    """
    parts: list[Box | Group] = []
    links = [series.links[0]]
    place = 0
    while place < len(series.parts):
        stop = place
        groups = _towers(series, place, fixed)
        while groups and stop < len(series.parts) and _towers(series, stop, fixed) == groups:
            stop += 1
        if groups and parts:
            links[-1] = Parallel(tuple([_tower(series, place, stop, number, groups) for number in range(groups)]))
        else:
            stop = place + 1
            parts.append(series.parts[place])
            links.append(series.links[stop])
        place = stop
    return Series(tuple(parts), tuple(links))


def _towers(series: Series, place: int, fixed: Collection[str]) -> int:
    """How many towers a part is that stands between two single links; 0 for others."""
    part, links = series.parts[place], series.links[place : place + 2]
    alone = all(isinstance(link, Edge) for link in links) and part.key not in fixed
    return part.towers if isinstance(part, Box) and part.copies == 1 and alone else 0


def _tower(series: Series, first: int, last: int, number: int, groups: int) -> Series:
    """The parts from ``first`` to before ``last`` as one of ``groups`` towers."""
    found = [_one_group(part, number, groups) for part in series.parts[first:last] if isinstance(part, Box)]
    outside = [series.links[first], series.links[last]]
    into, out = [link for link in outside if isinstance(link, Edge)]
    keys = [into.source, *[box.key for box in found], out.target]
    edges = [Edge(source, target, Role.BRANCH) for source, target in pairwise(keys)]
    return Series(tuple(found), tuple(edges))


def _one_group(box: Box, number: int, groups: int) -> Box:
    channels, *grid = box.shape
    mine = channels // groups
    title = box.title.removesuffix(grouped(channels, groups))
    figures = box.figures._replace(params=box.figures.params // groups, macs=box.figures.macs // groups)
    return box._replace(
        key=f"{box.key}t{number}", title=f"{title}, {mine}", shape=(mine, *grid), figures=figures, lines=(), towers=0
    )
