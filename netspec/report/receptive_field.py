"""Receptive fields in words that several reports use."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.analysis.full_view import seeing_positions
from netspec.analysis.misalignment import Misaligned, Path, misalignments
from netspec.analysis.receptive_field import Field, Region
from netspec.graph.graph import INPUT, Graph, Node
from netspec.ops.facts import brief


def footer(graph: Graph, fields: dict[Node, Field]) -> list[str]:
    """Of a whole network: the first node that sees all of each input, and warnings of paths that are not aligned."""
    first = {node.origin: node for node, at in reversed([*seeing_positions(graph)]) if at is not None}
    said = []
    for origin in graph.inputs:
        told = [field for node, field in fields.items() if node.origin is origin]
        if len(told) > 1:  # others are told in an input before this one
            whole = whole_of(origin)
            by = f"{whole} is first seen by {first[origin].name}" if origin in first else ""
            said.append(by or f"no operation {sees(origin, *told)}")
    return ["; ".join(said), *warnings(misalignments(graph, fields))]


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


def whole_of(origin: Node) -> str:
    """``the whole input``, or ``the whole of left``, which is one of several."""
    return "the whole input" if origin.name == INPUT else f"the whole of {origin.name}"


def sees(origin: Node, *fields: Field) -> str:
    """What none of ``fields`` does of the input ``origin``, or is only not known to do."""
    sizes = origin.shape[1:]
    large = any(
        all(shared or seen >= whole for shared, seen, whole in zip(field.shared, field.size, sizes, strict=True))
        for field in fields
    )
    return f"is known to see {whole_of(origin)}" if large else f"sees {whole_of(origin)}"


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
