"""What several commands share: arguments for specs, sizes and settings, and how problems are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from netspec import api, catalogue, files
from netspec.compiler.limits import Work
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Source
from netspec.language.inputs import INPUT, Sizes
from netspec.language.reader import read_yaml
from netspec.language.spec import Spec
from netspec.language.values import Value
from netspec.limits import LARGEST_SIDE, LIMITS, MOST_AXES, Limits
from netspec.ops.facts import Shape

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


def network(word: str, given: Settings, size: Sizes | None) -> api.Network:
    """The one network that ``word`` names. Raises :class:`SpecError`, also where it names several."""
    spec, chosen = spec_of(word)
    if chosen != catalogue.EVERY:
        return api.network(spec, chosen, dict(given), size)
    variants = _meant(spec, chosen, given, whole=True)
    if len(variants) > 1:
        name = word.removesuffix(f"@{chosen}")
        known = ", ".join(f"{name}@{variant}" if variant else name for variant in variants)
        message = f"'{word}' names {len(variants)} networks, and one is needed"
        raise SpecError([Problem("missing-variant", message, hint=f"choose one: {known}")])
    return api.network(spec, variants[0], dict(given), size)


def spec_of(word: str) -> tuple[Spec, str | None]:
    """The spec that ``word`` refers to, and the variant that is meant, within what the caller allows."""
    allowed = click.get_current_context().find_root().params
    return catalogue.spec(word, allowed.get("root"), Limits(allowed.get("max_nodes") or LIMITS.nodes))


def members(word: str, given: Settings, *, whole: bool = False) -> list[tuple[Spec, str | None]]:
    """The spec that ``word`` names and the variants meant: the one that it names, or the ``whole`` family.

    A family that is nothing but variants is always meant as a whole.
    """
    spec, chosen = spec_of(word)
    return [(spec, variant) for variant in _meant(spec, chosen, given, whole=whole)]


def _meant(spec: Spec, chosen: str | None, given: Settings, *, whole: bool) -> list[str | None]:
    """The variants of ``spec`` that are meant; None is the spec itself."""
    family = spec.family(dict(given))
    if chosen == catalogue.EVERY:
        return family or [None]
    is_alone = chosen is not None or not family or (not whole and spec.is_network(dict(given)))
    return [chosen] if is_alone else family


def family(word: str, given: Settings, size: Sizes | None, *, whole: bool = True) -> list[api.Network]:
    """The networks that ``word`` names, as :func:`members` has it. Raises with what is wrong in any of them."""
    problems = Problems()
    found = []
    family_of = members(word, given, whole=whole)
    work = Work(family_of[0][0].limits)
    for spec, variant in family_of:
        try:
            found.append(api.network(spec, variant, dict(given), size, work))
        except SpecError as error:
            for problem in error.problems:
                problems.add(problem)
    problems.check()
    return found


def fail(problems: Iterable[Problem]) -> NoReturn:
    """Print ``problems`` to standard error and leave with exit code 2."""
    show(problems)
    sys.exit(BAD_INPUT)


def show(problems: Iterable[Problem]) -> None:
    """Print ``problems`` to standard error."""
    for problem in problems:
        click.echo(problem.text() + "\n", err=True)
