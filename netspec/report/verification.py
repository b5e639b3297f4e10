"""Figures beside those of the oracles: the network's, how many operations agree, and each difference with its note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

from netspec.analysis.inputs import inputs_text
from netspec.ops.facts import amount, shape_text
from netspec.report.page import Page
from netspec.report.table import WIDE_GAP, Table, numbers, words
from netspec.verify.result import Check, Value, Verdict, Verification

LINES = 20
"""How many explained differences are listed."""
SHAPES = ("output", "shape")
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class VerificationReport(NamedTuple):
    """Verifications, printed one by one as they are done where that is possible."""

    found: Iterable[Verification]

    def pages(self, width: int | None) -> Iterator[Page]:  # noqa: ARG002 - notes of checks are told in full
        """A page for each network, its outcome at the end."""
        for one in self.found:
            parts = tuple(table.filled() for table in tables(one))
            yield Page(f"{one.name}   input {inputs_text(one.inputs)}", parts, (("", _outcome(one)),))

    def data(self) -> Any:
        """Every check of a network; a list where there are several networks."""
        found = [one.to_dict() for one in self.found]
        return found[0] if len(found) == 1 else found


def tables(found: Verification) -> list[Table]:
    """The tables, those without rows left out."""
    parts = [
        _network(found),
        _operations(found),
        _listed("explained", found.explained, LINES),
        _listed("not checked", found.unchecked, LINES),
        _listed("differs", found.differing, len(found.differing)),
    ]
    return [part for part in parts if part.rows]


def _network(found: Verification) -> Table:
    """A row for each figure of the whole network, a column for each oracle."""
    oracles = list(dict.fromkeys(check.oracle for check in found.checks))
    rows: dict[tuple[str, str], list[Check]] = {}
    for check in found.checks:
        if not check.of:
            rows.setdefault((check.figure, _shown(check.figure, check.ours)), []).append(check)
    cells = []
    for (figure, ours), checks in rows.items():
        by_oracle = {check.oracle: _shown(check.figure, check.theirs) for check in checks}
        worst = max((check.verdict for check in checks), key=VERDICTS.index)
        cells.append((figure, ours, *(by_oracle.get(oracle, "") for oracle in oracles), worst))
    return Table((*words("figure"), *numbers("netspec", *oracles), *words("verdict")), tuple(cells), gap=WIDE_GAP)


def _operations(found: Verification) -> Table:
    """How many operations, or positions of them, agree in each figure with each oracle."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for check in found.checks:
        if check.of:
            counts.setdefault((check.figure, check.oracle), Counter())[check.verdict] += 1
    shown = [verdict for verdict in VERDICTS if verdict != "not checked" or found.unchecked]
    rows = [
        (*key, *(f"{count[verdict]:,}" if count[verdict] else "" for verdict in shown)) for key, count in counts.items()
    ]
    return Table((*words("figure", "oracle"), *numbers(*shown)), tuple(rows), "one by one", gap=WIDE_GAP)


def _listed(title: str, checks: tuple[Check, ...], lines: int) -> Table:
    """Each of ``checks``: what it is of, both values, and why they differ."""
    rows = [
        (
            check.figure,
            check.of,
            _shown(check.figure, check.ours),
            _shown(check.figure, check.theirs),
            check.oracle,
            check.note,
        )
        for check in checks
    ]
    columns = (*words("figure", "of"), *numbers("netspec", "other"), *words("oracle", "note"))
    return Table(columns, tuple(rows), f"{title}: {len(checks):,}", gap=WIDE_GAP).limited(lines)


def _shown(figure: str, value: Value | None) -> str:
    """A number with its thousands apart, a shape, or one number for all axes; nothing where an oracle cannot say."""
    if value is None:
        return ""
    if not isinstance(value, tuple):
        return amount(value)
    if figure not in SHAPES and len(set(value)) == 1:
        return amount(value[0])
    return shape_text(value) or "none"


def _outcome(found: Verification) -> str:
    """One sentence."""
    count = f"{len(found.checks):,} figures"
    if found.failed:
        return f"not verified: {len(found.differing):,} of {count} differ, and nothing that netspec states explains it"
    said = []
    if found.explained:
        said.append(f"{len(found.explained):,} of them other than netspec's as explained")
    if found.unchecked:
        said.append(f"{len(found.unchecked):,} of them not checked")
    return f"verified: {count}, {' and '.join(said) or 'all equal'}"
