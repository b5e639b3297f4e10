"""Receptive fields in words: what ``netspec rf`` prints, and lines that other reports add below their figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netspec.analysis.full_view import first_that_sees_all
from netspec.analysis.misalignment import Misaligned, Path, misalignments
from netspec.analysis.receptive_field import Field, Region
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Shape, brief, shape_text
from netspec.report.columns import GLOBAL

if TYPE_CHECKING:
    from netspec.analysis.effective_field import Effective
    from netspec.analysis.position_field import PositionField

AXES = {1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
"""What the axes of an image are called, by how many there are."""


def footer(graph: Graph, fields: dict[Node, Field]) -> list[str]:
    """What a report on the whole network says of its fields: the first node that sees all, and what is out of line."""
    first = first_that_sees_all(graph)
    none = f"no operation {_sees(graph.input.shape, *fields.values())}"
    seen = f"the whole input is first seen by {first.name}" if first else none
    return [seen, *warnings(misalignments(graph, fields))]


def warnings(found: Iterable[Misaligned]) -> list[str]:
    """Four lines for each join whose paths are out of line: the join, both paths, and how far they are apart."""
    lines: list[str] = []
    for finding in found:
        names = [_path(path) for path in (finding.path_a, finding.path_b)]
        width = max(len(name) for name in names)
        lines.append(f"warning: paths that are not aligned meet in {finding.node.name}")
        for name, centre, jump in zip(names, finding.centers, finding.jumps, strict=True):
            lines.append(f"   {name:<{width}}  centre {numbers(centre)}, stride {brief(jump)}")
        lines.append(f"   {_distance(finding)}")
    return lines


def page(sight: PositionField, effective: Effective | None = None) -> str:
    """The figures of one position, an axis a column, without the picture."""
    head = f"{sight.network}   {sight.node.name}   {shape_text(sight.node.shape)}   input {shape_text(sight.input)}"
    lines = [head, "", *_table(sight), ""]
    if effective:
        lines += [*_holdings(sight, effective), ""]
    return "\n".join([*lines, *_remarks(sight), *warnings(sight.misaligned)])


def numbers(point: tuple[float, ...]) -> str:
    """``15.5``, or ``15.5, 7`` where the axes differ."""
    return ", ".join(f"{place:g}" for place in (point[:1] if len(set(point)) == 1 else point))


def interval(region: Region, axis: int) -> str:
    """``-117 to 309``; empty intervals are said to be so."""
    first, last = region[axis]
    return f"{first} to {last}" if first <= last else "nothing"


def figures(sight: PositionField) -> list[tuple[str, ...]]:
    """The figures of ``sight``: what it is, and its value on each axis."""
    field, whole = sight.field, sight.field.whole and sight.node.positions == 1
    local = (
        ("size", *map(str, field.size)),
        ("stride", *map(str, field.jump)),
        ("padding", *map(str, field.left_padding)),
        ("first centre", *(f"{place:g}" for place in field.center)),
        ("position", *map(str, sight.at)),
    )
    axes = range(len(field.size))
    return [
        *((("size", *(GLOBAL for _ in axes)),) if whole else local),
        ("centre", *(f"{place:g}" for place in sight.center)),
        ("sees", *(interval(sight.seen, axis) for axis in axes)),
        ("in the image", *(interval(sight.clipped, axis) for axis in axes)),
    ]


def _table(sight: PositionField) -> list[str]:
    rows = [("", *AXES.get(len(sight.at), [f"axis {axis}" for axis in range(len(sight.at))])), *figures(sight)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{cell:>{size}}" for cell, size in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _holdings(sight: PositionField, effective: Effective) -> list[str]:
    theoretical = brief(tuple([last - first + 1 for first, last in sight.seen]))
    sizes = [brief(one.size) for one in effective.holdings]
    width = max(map(len, [*sizes, theoretical]))
    return [
        f"effective field: the gradient, {effective.draws}",
        *(
            f"   {one.percent:>3} %  within {size:>{width}}"
            for one, size in zip(effective.holdings, sizes, strict=True)
        ),
        f"   all    within {theoretical:>{width}} (the theoretical field)",
    ]


def _remarks(sight: PositionField) -> list[str]:
    field, remarks = sight.field, []
    if field.whole and sight.node.positions > 1:
        remarks.append(f"{GLOBAL}: a gate sees every position; size, stride and padding are of the ways beside it")
    elif field.whole:
        remarks.append(f"{GLOBAL}: it sees every position of the map before it was pooled or flattened")
    if sight.sees_all and sight.first is not sight.node:
        remarks.append(f"sees the whole input, as does {sight.first.name} before it" if sight.first else "")
    elif sight.sees_all:
        remarks.append("the first operation that sees the whole input")
    else:
        later = f"; the first that does is {sight.first.name}" if sight.first else ", nor any of another operation"
        remarks.append(f"no position of {sight.node.name} {_sees(sight.input, field)}{later}")
    if sight.misaligned:
        drift = any(finding.jumps[0] != finding.jumps[1] for finding in sight.misaligned)
        room = ", with room for how far they drift apart" if drift else ""
        remarks.append(f"paths that are not aligned have met: the field is the interval around all of them{room}")
    if not field.even:
        remarks.append("windows of uneven size or distance: the field is the smallest evenly spaced one that holds all")
    return remarks


def _sees(size: Shape, *fields: Field) -> str:
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
