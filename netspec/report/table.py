"""The summary as an aligned table, indented by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netspec.analysis.summary import Row, Summary
from netspec.facts import Pair, shape_text
from netspec.graph import Scope

COLUMNS = ("name", "operation", "output", "params", "MACs", "field")
LEFT = 3  # the first columns hold words
CONVENTION = (
    "MACs: multiply-adds of convolutions and linear layers, one image, eval mode; FLOPs = 2 x MACs. "
    "Field: receptive field in input pixels."
)


@dataclass(slots=True)
class Line:
    """One line of the table: an operation, a block with the sum of what is in it, or a folded block."""

    indent: int
    name: str
    operation: str
    rows: list[Row]

    def cells(self) -> tuple[str, ...]:
        """The texts of the columns."""
        last = self.rows[-1]
        return (
            "  " * self.indent + self.name,
            self.operation,
            shape_text(last.output_shape),
            _count(sum(row.params for row in self.rows)),
            "training" if last.auxiliary else _count(sum(row.macs for row in self.rows)),
            _extent(last.field.size),
        )


def table(summary: Summary, *, depth: int | None = None) -> str:
    """The table of ``summary``; blocks below ``depth`` are folded into one line each."""
    lines = [line.cells() for line in _lines(summary.rows, depth)]
    totals = summary.totals
    total = ("total", "", "", _count(totals.params), _count(totals.macs), _extent(summary.field.size))
    head = [f"{summary.name}   input {shape_text(summary.input)}", ""]
    return "\n".join([*head, *_aligned([COLUMNS, *lines, total]), "", *_footer(summary)])


def _lines(rows: Iterable[Row], depth: int | None) -> list[Line]:
    """Lines in running order: a block's own line comes before those inside it."""
    lines: list[Line] = []
    open_lines: list[tuple[Scope, Line]] = []
    for row in rows:
        parts = [scope for scope in row.parts if not scope.flat]
        shared = 0
        while shared < min(len(open_lines), len(parts)) and open_lines[shared][0] is parts[shared]:
            shared += 1
        del open_lines[shared:]
        for level in range(shared, len(parts) if depth is None else min(len(parts), depth + 1)):
            line = Line(
                level, _last(parts[level].name, parts[level - 1].name if level else ""), _kind(parts[level]), []
            )
            lines.append(line)
            open_lines.append((parts[level], line))
        for _, line in open_lines:
            line.rows.append(row)
        if depth is None or len(parts) <= depth:
            outer = parts[-1].name if parts else ""
            lines.append(Line(len(parts), _last(row.name, outer), row.label, [row]))
    return lines


def _last(name: str, outer: str) -> str:
    return name.removeprefix(f"{outer}.") if outer else name


def _kind(scope: Scope) -> str:
    if scope.block == "repeat":
        inner = next((child for child in scope.children if isinstance(child, Scope)), None)
        return f"{inner.block if inner else 'repeat'} x{len(scope.children)}"
    return "" if scope.block in ("path", "chain") else scope.block


def _aligned(lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines with equal column widths, words to the left, numbers to the right; rules around the rows."""
    widths = [max(len(cells[column]) for cells in lines) for column in range(len(COLUMNS))]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    texts = [
        "  ".join(
            cell.ljust(width) if column < LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in lines
    ]
    return [texts[0], rule, *texts[1:-1], rule, texts[-1]]


def _footer(summary: Summary) -> list[str]:
    totals, field = summary.totals, summary.field
    lines = [f"params {_count(totals.params)}, buffers {_count(totals.buffers)}"]
    if totals.auxiliary_params:
        main = totals.params - totals.auxiliary_params
        lines[0] += f" (of which heads for training {_count(totals.auxiliary_params)}, without them {_count(main)})"
    lines.append(f"MACs {_count(totals.macs)}, FLOPs {_count(totals.flops)}, layers with weights {totals.depth}")
    seen = f"receptive field {_extent(field.size)}, stride {_extent(field.jump)}, at {summary.field_node}"
    lines.append(seen + ("" if field.aligned else " (paths with different centres meet: the field is their union)"))
    return [*lines, CONVENTION]


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _extent(size: Pair) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"
