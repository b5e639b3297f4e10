"""The lines of a tree: what stands on one line, what is aligned, and where comments go."""

from __future__ import annotations

from typing import NamedTuple

from netspec.formatter import place, words
from netspec.formatter.place import WIDTH, Place
from netspec.formatter.remarks import Remarks
from netspec.formatter.tree import Branch, Entry, Leaf, Node

COMMENT_COLUMN = 46
"""Where comments beside short lines begin."""
STEP = 2
BRACES = 2
"""Characters of the braces that a pair in a line of its own does without."""
SHORTEST = 2
"""Characters that an entry takes at least."""
UNEVEN = 4
"""Rows whose widths differ by more in any column are no table."""


class Cell(NamedTuple):
    """A column of a value in braces: the path of its key, and its text."""

    path: str
    text: str


class Row(NamedTuple):
    """An entry with what stands before its value, and its value if that fits on the line."""

    entry: Entry
    head: str
    cells: tuple[Cell, ...] | None

    @property
    def signature(self) -> tuple[str, ...]:
        """The paths of its columns: rows that have the same form a table."""
        return tuple(cell.path for cell in self.cells or ())


def cells(node: Node, *, inner: bool = True) -> tuple[Cell, ...]:
    """``node`` on one line, cut where a mapping goes on to its next key; ``inner`` where it stands in brackets."""
    if isinstance(node, Leaf):
        return (Cell("", words.written(node, flow=inner)),)
    if not node.is_mapping or not node.entries:
        items = ", ".join(_item(entry.value) for entry in node.entries)
        return (Cell("", node.anchor + (f"{{{items}}}" if node.is_mapping else f"[{items}]")),)
    found = []
    for entry in node.entries:
        key = words.key(entry.key, flow=True) if entry.key else ""
        first, *others = cells(entry.value)
        found += [Cell(f"{key}.{first.path}", f"{key}: {first.text}")]
        found += [Cell(f"{key}.{path}", text) for path, text in others]
        found[-1] = Cell(found[-1].path, f"{found[-1].text},")
    found[0] = Cell(found[0].path, f"{node.anchor}{{{found[0].text}")
    found[-1] = Cell(found[-1].path, f"{found[-1].text[:-1]}}}")
    return tuple(found)


def _line(node: Node) -> str:
    """``node`` on one line, in brackets."""
    return " ".join(cell.text for cell in cells(node))


def _item(node: Node) -> str:
    """An item of a list in brackets: one pair needs no braces, and nothing needs a word."""
    if isinstance(node, Branch) and _is_pair(node):
        return _line(node)[1:-1]
    return _line(node) or "null"


def _pair(entry: Entry) -> str:
    """A pair that stands in a line of its own, behind a dash."""
    value = words.written(entry.value, flow=False) if isinstance(entry.value, Leaf) else _line(entry.value)
    return f"{words.key(entry.key, flow=False) if entry.key else ''}: {value}"


def _is_pair(node: Branch) -> bool:
    """Whether ``node`` is one key with a value, which can stand in a list without braces."""
    if not node.is_mapping or len(node.entries) != 1 or node.anchor:
        return False
    return not node.entries[0].value.is_empty()


def block(node: Branch, where: Place, indent: int, remarks: Remarks) -> list[str]:
    """``node`` with each entry on a line of its own."""
    rows = [_row(entry, where, indent, remarks) for entry in node.entries]
    texts = _aligned(rows, where, indent)
    column = _comment_column(
        [
            (text, remarks.beside[row.entry.number])
            for row, text in zip(rows, texts, strict=True)
            if _beside(row, remarks)
        ]
    )
    lines: list[str] = []
    for row, text in zip(rows, texts, strict=True):
        above, below = remarks.above.get(row.entry.number, []), remarks.below.get(row.entry.number, [])
        comment = remarks.beside.get(row.entry.number, "")
        lines += [" " * indent + comment for comment in above]
        first = f"{text:<{max(column, len(text) + 2)}}{comment}" if comment else text
        lines += [first] if row.cells else _opened(row, where, indent, first, remarks)
        lines += [" " * (indent + STEP * inset) + comment for inset, comment in below]
    return lines


def _beside(row: Row, remarks: Remarks) -> bool:
    return row.entry.number in remarks.beside


def _row(entry: Entry, where: Place, indent: int, remarks: Remarks) -> Row:
    """``entry``, on one line if that is allowed and fits."""
    head = f"{words.key(entry.key, flow=False)}:" if entry.key else "-"
    value = entry.value
    if isinstance(value, Leaf):
        text = words.written(value, flow=False)
        is_long = indent + len(head) + 1 + len(text) > WIDTH or words.has_lines(value)
        can_fold = not any(inset for inset, _ in remarks.below.get(entry.number, ()))  # they would be more of the text
        is_folded = is_long and can_fold and words.folded(value, WIDTH - indent)
        return Row(entry, head, None if is_folded else (Cell("", text),))
    inside = place.inside(where, entry)
    # Found out first: what is nested would be measured at every level.
    is_long = SHORTEST * value.size > WIDTH or indent + value.shortest - BRACES > WIDTH
    if (inside.open and value.entries) or is_long or remarks.within(value):
        return Row(entry, head, None)
    found = (Cell("", _pair(value.entries[0])),) if entry.key is None and _is_pair(value) else cells(value)
    fits = indent + len(head) + sum(1 + len(cell.text) for cell in found) <= inside.width
    return Row(entry, head, found if fits or not value.entries else None)


def _aligned(rows: list[Row], where: Place, indent: int) -> list[str]:
    """The rows' first lines: in columns where all of them fit, and with as few of those as need be otherwise."""
    width = max((len(row.head) for row in rows if row.cells), default=0) if where.aligned else 0
    texts: list[str] = []
    for names, table in ((width, True), (width, False), (0, True), (0, False)):
        widths = _widths(rows) if table else {}
        texts = [" " * indent + _first_line(row, names, widths.get(row.signature, ())) for row in rows]
        if all(len(text) <= WIDTH for text in texts):
            break
    return texts


def _widths(rows: list[Row]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """For each form that several rows share, the widths of its columns."""
    shared: dict[tuple[str, ...], list[tuple[Cell, ...]]] = {}
    for row in rows:
        if row.cells and len(row.cells) > 1:
            shared.setdefault(row.signature, []).append(row.cells)
    found = {}
    for signature, same in shared.items():
        columns = [[len(cell.text) for cell in column] for column in zip(*same, strict=True)]
        if all(max(column) - min(column) <= UNEVEN for column in columns[:-1]):
            found[signature] = tuple(map(max, columns))
    return found


def _first_line(row: Row, names: int, widths: tuple[int, ...]) -> str:
    if row.cells is None:
        return f"{row.head} {row.entry.value.anchor}".rstrip()
    padded = [cell.text.ljust(widths[index]) if widths else cell.text for index, cell in enumerate(row.cells[:-1])]
    return f"{row.head:<{names}} {' '.join([*padded, row.cells[-1].text])}".rstrip()


def _comment_column(commented: list[tuple[str, str]]) -> int:
    """Where the comments beside several lines begin, if all of them fit there; else where those of short lines do."""
    column = max([COMMENT_COLUMN, *(len(text) + 2 for text, _ in commented)])
    fits = all(column + len(comment) <= WIDTH for _, comment in commented)
    return column if fits else COMMENT_COLUMN


def _opened(row: Row, where: Place, indent: int, first: str, remarks: Remarks) -> list[str]:
    """An entry whose value takes several lines."""
    value = row.entry.value
    if isinstance(value, Leaf):
        header, *lines = words.folded(value, WIDTH - indent)
        text, sign, comment = first.partition(" #") if _beside(row, remarks) else (first, "", "")
        head = f"{text.rstrip()} {header}"
        first = f"{head:<{max(COMMENT_COLUMN, len(head) + 2)}}{sign[1:]}{comment}" if sign else head
        return [first, *(" " * (indent + STEP) + line if line else "" for line in lines)]
    lines = block(value, place.inside(where, row.entry), indent + STEP, remarks)
    begins = value.entries[0].number not in remarks.above
    if row.entry.key is None and not value.anchor and not _beside(row, remarks) and begins:
        return [" " * indent + "- " + lines[0].lstrip(), *lines[1:]]
    return [first, *lines]
