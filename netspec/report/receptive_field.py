"""Receptive fields in words that several reports use."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.analysis.full_view import first_that_sees_all
from netspec.analysis.misalignment import Misaligned, Path, misalignments
from netspec.analysis.receptive_field import Field, Region
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Shape, brief


def footer(graph: Graph, fields: dict[Node, Field]) -> list[str]:
    """Of a whole network: the first node that sees all of the input, and warnings of paths that are not aligned."""
    first = first_that_sees_all(graph)
    none = f"no operation {sees(graph.input.shape, *fields.values())}"
    seen = f"the whole input is first seen by {first.name}" if first else none
    return [seen, *warnings(misalignments(graph, fields))]


def warnings(found: Iterable[Misaligned]) -> list[str]:
    """Four lines for each join whose paths are not aligned: the join, both paths, and how far they are apart."""
    lines: list[str] = []
    for finding in found:
        names = [_path(path) for path in (finding.path_a, finding.path_b)]
        width = max(len(name) for name in names)
        lines.append(f"warning: paths that are not aligned meet in {finding.node.name}")
        for name, centre, jump in zip(names, finding.centers, finding.jumps, strict=True):
            lines.append(f"   {name:<{width}}  centre {numbers(centre)}, stride {brief(jump)}")
        lines.append(f"   {_distance(finding)}")
    return lines


def numbers(point: tuple[float, ...]) -> str:
    """``15.5``, or ``15.5, 7`` where the axes differ."""
    return ", ".join(f"{place:g}" for place in (point[:1] if len(set(point)) == 1 else point))


def interval(region: Region, axis: int) -> str:
    """``-117 to 309``; empty intervals are said to be so."""
    first, last = region[axis]
    return f"{first} to {last}" if first <= last else "nothing"


def sees(size: Shape, *fields: Field) -> str:
    """What none of ``fields`` does of an input of ``size``, or is only not known to do."""
    large = any(
        all(shared or seen >= whole for shared, seen, whole in zip(field.shared, field.size, size[1:], strict=True))
        for field in fields
    )
    return "is known to see the whole input" if large else "sees the whole input"


def _path(path: Path) -> str:
    return " ... ".join(path.names())


def _distance(finding: Misaligned) -> str:
    """How far the paths are apart, in pixels and in positions of the map where they part."""
    fork = finding.path_a.fork.name
    if finding.jumps[0] != finding.jumps[1]:
        return f"from {fork} on they step differently, so their distance grows from position to position"
    offset = finding.offset
    steps = tuple([distance / unit for distance, unit in zip(offset, finding.unit, strict=True)])
    return f"{_many(offset, 'input pixel')} apart: {_many(steps, 'position')} of {fork}, where they part"


def _many(offset: tuple[float, ...], unit: str) -> str:
    """``2 input pixels``: the size of an offset with its unit."""
    size = numbers(tuple(map(abs, offset)))
    return f"{size} {unit}" + ("" if size == "1" else "s")
