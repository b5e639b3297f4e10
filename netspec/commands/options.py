"""What several commands share: arguments for specs, sizes and settings, and how problems are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from netspec import files
from netspec.errors.problem import Problem
from netspec.errors.source import Source
from netspec.language.inputs import INPUT, Sizes
from netspec.language.reader import read_yaml
from netspec.language.values import Value
from netspec.limits import LARGEST_SIDE, MOST_AXES
from netspec.ops.facts import PerAxis, Shape

BAD_INPUT = 2

Settings = tuple[tuple[str, Value], ...]
Command = TypeVar("Command", bound=Callable[..., Any])


class Size(click.ParamType[Sizes]):
    """``3x224x224`` as the size of the one input, ``left=3x224x224+right=3x112x112`` as those of several."""

    name = "CxHxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Sizes:
        """Shapes by name, a single one as ``input``."""
        found: Sizes = {}
        for part in str(value).split("+"):
            name, equals, size = part.rpartition("=")
            if name in found or bool(equals) is not bool(name):
                self.fail(f"'{part}' is not an input of its own and its size, such as left=3x224x224", param, ctx)
            found[name or INPUT] = self._shape(size, param, ctx)
        return found

    def _shape(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> Shape:
        """One to four positive whole numbers."""
        sides = text.lower().split("x")
        sound = all(side.isdecimal() and 0 < int(side) <= LARGEST_SIDE for side in sides)
        if not sound or len(sides) > 1 + MOST_AXES:
            self.fail(f"'{text}' is not channels x height x width, such as 3x224x224", param, ctx)
        return tuple(int(side) for side in sides)


class Setting(click.ParamType[tuple[str, Value]]):
    """``name=value``, the value as in YAML."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Value]:
        """The name and the value with its place."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals or not name:
            self.fail(f"'{value}' is not name=value", param, ctx)
        return name, read_yaml(Source(f"--set {name}", text))


class Position(click.ParamType[PerAxis]):
    """``3,4``: row and column of a position; as many numbers as the map has axes."""

    name = "Y,X"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PerAxis:
        """Whole numbers from 0 on."""
        places = [place.strip() for place in str(value).split(",")]
        if not all(place.isdecimal() for place in places):
            self.fail(f"'{value}' is not row,column, such as 3,3", param, ctx)
        return tuple([int(place) for place in places])


SIZE_HELP = "Size of one image, in place of the spec's; of several inputs NAME=CxHxW+NAME=CxHxW."
one_spec = click.argument("spec", metavar="SPEC")
many_specs = click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
with_set = click.option("--set", "given", multiple=True, type=Setting(), help="Set a parameter. Repeatable.")
with_input = click.option("--input", "size", type=Size(), help=SIZE_HELP)


def with_output(text: str) -> Callable[[Command], Command]:
    """``-o FILE``; see :func:`refuse_output`."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=text)


def refuse_output(path: Path, inputs: Iterable[Path]) -> None:
    """Raise what keeps ``path`` from being written: asked before what takes time is begun."""
    if str(path) == files.STANDARD:
        raise click.UsageError("-o names a file: /dev/stdout for standard output, ./- for a file of that name")
    files.refuse_unwritable(path, inputs)


def fail(problems: Iterable[Problem]) -> NoReturn:
    """Print ``problems`` to standard error and leave with exit code 2."""
    show(problems)
    sys.exit(BAD_INPUT)


def show(problems: Iterable[Problem]) -> None:
    """Print ``problems`` to standard error."""
    for problem in problems:
        click.echo(problem.text() + "\n", err=True)
