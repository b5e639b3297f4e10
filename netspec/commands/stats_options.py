"""From the options of ``netspec stats`` to what a report shows; names that are unknown are refused."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from netspec.analysis.summary import Summary
from netspec.errors.suggestions import did_you_mean
from netspec.report import comparison
from netspec.report.cells import number
from netspec.report.columns import FIGURES, whole_of
from netspec.report.formats import Format
from netspec.report.grouping import By, Group, View, chosen
from netspec.report.stats import Wanted

WITHOUT_MEANING = ("batch", "dtype", "optimizer", "width")
"""Options for other bytes than those that --verify holds, and for the width of a table."""


UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


class Bytes(click.ParamType[int]):
    """``4GiB`` as a number of bytes."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """A number with a unit: ``4GiB``, ``800MB``, or bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)\s*([KMGT]?I?)B?", str(value).strip(), re.IGNORECASE | re.ASCII)
        if not found or found[2].upper() not in UNITS:
            self.fail(f"'{value}' is no size such as 4GiB or 800MB", param, ctx)
        return int(float(found[1]) * UNITS[found[2].upper()])


class Asked(NamedTuple):
    """What the options for the table say."""

    by: By | None
    depth: int | None
    whole: bool
    columns: tuple[str, ...] | None
    sort: str | None
    top: int | None
    only: str | None

    @property
    def layers(self) -> bool:
        """Whether they ask for what is inside networks."""
        return self.by is not None or self.depth is not None or self.whole or self.only is not None

    @property
    def grouped(self) -> bool:
        """Whether they ask for other rows than those of a format's own."""
        return self.layers or self.sort is not None or self.top is not None


def refuse_clashes(asked: Asked, form: Format, width: int | None) -> None:
    """Raise :class:`click.UsageError` for options of which one would have no effect beside another."""
    given = {"--all": asked.whole, "--by": asked.by is not None, "--depth": asked.depth is not None}
    rows = [name for name, is_given in given.items() if is_given]
    if len(rows) > 1:
        raise click.UsageError(f"{' and '.join(rows)} do not go together: each says what has a row of its own")
    if width is not None and not form.read:
        raise click.UsageError(f"--width is for text: {form.name} has no lines that must fit")


def refuse_clashes_with_plan(asked: Asked, *, verify: bool, width: int | None) -> None:
    """Raise :class:`click.UsageError` for options that say something of a table where there is a plan."""
    if verify or width is not None or asked.grouped or asked.columns is not None:
        raise click.UsageError("--checkpoint prints a plan in place of the table; options of that do not go with it")


def refuse_clashes_with_verify(asked: Asked) -> None:
    """Raise :class:`click.UsageError` for options that choose rows and columns, or that change nothing that is held."""
    if asked.grouped or asked.columns is not None:
        raise click.UsageError("--verify is of all operations; options that choose rows and columns do not go with it")
    context = click.get_current_context()
    for name in WITHOUT_MEANING:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} does not go with --verify: it changes nothing that is held")


def wanted(summaries: list[Summary], asked: Asked, form: Format, failed: int = 0) -> Wanted:
    """What the options come to for these networks: several are compared unless their layers are asked for.

    ``failed`` others, of which only a beginning can be shown, are counted among the several. Raises
    :class:`click.UsageError` for names that are unknown and for columns that ``form`` has no use for.
    """
    compare = len(summaries) + failed > 1 and not asked.layers
    _check_columns(asked, compare=compare)
    if form.content == "data" and asked.columns is not None and (compare or not asked.grouped):
        raise click.UsageError(
            "--columns chooses the keys of JSON's groups, and there are none: "
            "give --by, --depth, --all, --only, or --sort or --top of one network"
        )
    if compare:
        return Wanted(View(), asked.columns, compare=True)
    if not failed:
        _check_glob(summaries, asked.only)
    key = asked.sort or ("macs" if asked.top else None)
    bar = key if key and FIGURES[key].sums else "macs"
    return Wanted(_view(summaries, asked, key), asked.columns, bar, grouped=asked.grouped)


def cut_off(summaries: list[Summary], asked: Asked) -> Wanted:
    """The same for networks that end at a mistake: a row for each operation unless other rows are asked for."""
    sort = asked.sort if asked.sort in FIGURES else None
    view = _view(summaries, asked, sort or ("macs" if asked.top else None))
    if view.by == "tree" and not view.depth and not view.whole:
        view = view._replace(by="node")
    keys = tuple(key for key in asked.columns or () if key in FIGURES)
    return Wanted(view._replace(cut=True), keys or None)


def ranked(summaries: list[Summary], asked: Asked) -> list[Summary]:
    """Networks by what ``--sort`` names, as many as ``--top`` says."""
    if asked.sort is None and asked.top is None:
        return summaries
    _, value = comparison.FIGURES[asked.sort or "macs"]
    return sorted(summaries, key=lambda one: number(value(one)), reverse=True)[: asked.top]


def _check_columns(asked: Asked, *, compare: bool) -> None:
    """Raise :class:`click.BadParameter` for columns that there are not, and for text to sort by."""
    words: Container[str] = comparison.WORDS if compare else [figure.key for figure in FIGURES.values() if figure.words]
    names = list(comparison.FIGURES if compare else FIGURES)
    for name in asked.columns or ():
        _check_name(name, names, "--columns")
    if asked.sort:
        _check_name(asked.sort, names, "--sort")
        if asked.sort in words:
            raise click.BadParameter(f"'{asked.sort}' is text; rows are sorted by numbers", param_hint="--sort")


def _check_name(key: str, names: list[str], option: str) -> None:
    if not key:
        raise click.BadParameter(f"a name is missing; columns are {', '.join(names)}", param_hint=option)
    if key not in names:
        hint = did_you_mean(key, names) or f"known: {', '.join(names)}"
        raise click.BadParameter(f"there is no column '{key}'; {hint}", param_hint=option)


def _check_glob(summaries: list[Summary], only: str | None) -> None:
    rows = [row for one in summaries for row in one.rows]
    if only is None or any(chosen(row, only) for row in rows):
        return
    names = [name for row in rows for name in (row.name, *(scope.name for scope in row.parts))]
    hint = did_you_mean(only, names)
    raise click.BadParameter(f"no operation is called '{only}'" + (f"; {hint}" if hint else ""), param_hint="--only")


def _view(summaries: list[Summary], asked: Asked, key: str | None) -> View:
    whole = whole_of(row for one in summaries for row in one.rows)

    def size(group: Group) -> float:
        return number(FIGURES[key].value(group, whole)) if key else 0

    return View(
        by=asked.by or "tree",
        depth=asked.depth or 0,
        whole=asked.whole,
        only=asked.only or "",
        sort=size if key else None,
        top=asked.top,
    )
