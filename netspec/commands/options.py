"""What several commands share: arguments for specs, sizes and settings, and how problems are shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from netspec import api, catalogue
from netspec.errors import Problem, Problems, Source, SpecError
from netspec.facts import MAP, Shape
from netspec.language import source as yaml_source
from netspec.language.source import Value

BAD_INPUT = 2
LARGEST_SIDE = 65_536

Settings = tuple[tuple[str, Value], ...]


class Size(click.ParamType[Shape]):
    """``3x224x224`` as a tuple."""

    name = "CxHxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shape:
        """Three positive whole numbers."""
        parts = str(value).lower().split("x")
        if len(parts) != MAP or not all(part.isdecimal() and 0 < int(part) <= LARGEST_SIDE for part in parts):
            self.fail(f"'{value}' is not channels x height x width, such as 3x224x224", param, ctx)
        return tuple(int(part) for part in parts)


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
        return name, yaml_source.read(Source(f"--set {name}", text))


one_spec = click.argument("spec", metavar="SPEC")
many_specs = click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
with_set = click.option("--set", "given", multiple=True, type=Setting(), help="Set a parameter. Repeatable.")
with_input = click.option("--input", "size", type=Size(), help="Size of one image, in place of the spec's.")


def network(word: str, given: Settings, size: Shape | None) -> api.Network:
    """The one network that ``word`` names."""
    spec, variant = catalogue.spec(word, root())
    return api.network(spec, variant, dict(given), size)


def root() -> Path | None:
    """The folder that ``extends`` may reach, where the caller has widened it."""
    chosen = click.get_current_context().find_root().params.get("root")
    return chosen if isinstance(chosen, Path) else None


def networks(word: str, given: Settings, size: Shape | None, *, whole: bool = False) -> list[api.Network]:
    """The network that ``word`` names; without a variant the ``whole`` family, or one that is nothing but variants."""
    spec, chosen = catalogue.spec(word, root())
    values = dict(given)
    variants = spec.family(values)
    if chosen or (None in variants and not whole) or not variants:
        variants = [chosen]
    problems = Problems()
    family = []
    for variant in variants:
        try:
            family.append(api.network(spec, variant, values, size))
        except SpecError as error:
            for problem in error.problems:
                problems.add(problem)
    problems.check()
    return family


def fail(problems: Iterable[Problem]) -> NoReturn:
    """Print ``problems`` to standard error and leave with exit code 2."""
    show(problems)
    sys.exit(BAD_INPUT)


def show(problems: Iterable[Problem]) -> None:
    """Print ``problems`` to standard error."""
    for problem in problems:
        click.echo(problem.text() + "\n", err=True)
