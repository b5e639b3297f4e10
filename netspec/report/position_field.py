"""What ``netspec rf`` says: what one position of an operation sees of the input, in figures and as a picture."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.analysis.effective_field import Effective
from netspec.analysis.position_field import PositionField
from netspec.drawing.theme import Theme
from netspec.ops.facts import brief, shape_text
from netspec.report.cells import GLOBAL
from netspec.report.page import Note, Page
from netspec.report.receptive_field import interval, sees, warnings, whole_of
from netspec.report.receptive_field_drawing import PLANE, picture
from netspec.report.table import Cells, Table, numbers, words

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes of an image are called, by how many there are."""


class PositionReport(NamedTuple):
    """The receptive field of one position and, where it was asked for, where in it the gradient lies.

    ``theme`` is that of a picture.
    """

    position: PositionField
    effective: Effective | None = None
    theme: Theme = "auto"

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - the picture has a width of its own
        """Figures, remarks and, of an input of two axes, a drawing."""
        if len(self.position.at) != PLANE:
            return self.tables()
        return [page._replace(drawing=picture(self.position, self.effective)) for page in self.tables()]

    def tables(self) -> list[Page]:
        """Figures and remarks."""
        found = self.position
        node, origin = found.node, found.node.origin
        heading = f"{found.network}   {node.name}   {shape_text(node.shape)}   {origin.name} {shape_text(found.input)}"
        axes = AXES.get(len(found.at)) or [f"axis {axis}" for axis in range(len(found.at))]
        tables = [Table((*words(""), *numbers(*axes)), tuple(figures(found)))]
        if self.effective:
            tables.append(_gradient(found, self.effective))
        notes: list[Note] = [("", line) for line in (*remarks(found), *warnings(found.misaligned))]
        return [Page(heading, tuple(tables), tuple(notes))]

    def data(self) -> Any:
        """The figures as plain data."""
        more = {"effective": self.effective.to_dict()} if self.effective else {}
        return {**self.position.to_dict(), **more}


def figures(found: PositionField) -> list[Cells]:
    """The figures of ``found``: what it is, and its value on each axis."""
    field, whole = found.field, found.field.whole and found.node.positions == 1
    local = (
        ("size", *map(str, field.size)),
        ("stride", *map(str, field.jump)),
        ("padding", *map(str, field.left_padding)),
        ("first centre", *[f"{place:g}" for place in field.center]),
        ("position", *map(str, found.at)),
    )
    axes = range(len(field.size))
    return [
        *((("size", *[GLOBAL] * len(axes)),) if whole else local),
        ("centre", *[f"{place:g}" for place in found.center]),
        ("sees", *[interval(found.seen, axis) for axis in axes]),
        ("in the image", *[interval(found.clipped, axis) for axis in axes]),
    ]


def remarks(found: PositionField) -> list[str]:
    """What the figures alone do not tell."""
    field, said, whole = found.field, [], whole_of(found.node.origin)
    if field.whole and found.node.positions > 1:
        said.append(f"{GLOBAL}: a gate sees every position; size, stride and padding are of the paths beside it")
    elif field.whole:
        said.append(f"{GLOBAL}: it sees every position of the map before it was pooled or flattened")
    if found.sees_all and found.first is not found.node:
        said.append(f"sees {whole}, as does {found.first.name} before it" if found.first else "")
    elif found.sees_all:
        said.append(f"the first operation that sees {whole}")
    else:
        later = f"; the first that does is {found.first.name}" if found.first else ", nor any of another operation"
        said.append(f"no position of {found.node.name} {sees(found.node.origin, field)}{later}")
    if found.also_from:
        others = ", ".join(found.also_from)
        said.append(f"{found.node.name} comes from {others}, too: --of {found.also_from[0]} says what is seen of that")
    if found.misaligned:
        drift = any(finding.jumps[0] != finding.jumps[1] for finding in found.misaligned)
        room = ", with room for how far they drift apart" if drift else ""
        said.append(
            f"paths that are not aligned have met: the receptive field is the interval around all of them{room}"
        )
    if not field.even:
        said.append(
            "windows of uneven size or distance: the receptive field is the smallest evenly spaced one that holds all"
        )
    return said


def _gradient(found: PositionField, effective: Effective) -> Table:
    """Windows that hold shares of the gradient, and the one that holds all of it."""
    seen = tuple([last - first + 1 for first, last in found.seen])
    rows = [(f"{one.percent} %", "within", brief(one.size), "") for one in effective.holdings]
    rows.append(("all", "within", brief(seen), "(the theoretical receptive field)"))
    columns = (*words(""), *words(""), *numbers(""), *words(""))
    return Table(columns, tuple(rows), f"effective receptive field: the gradient, {effective.draws}")
