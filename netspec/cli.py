"""The command line: parses, calls, prints. All work is done elsewhere."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from netspec import __version__, api, catalogue
from netspec.compiler import spec_of
from netspec.errors import Problem, Source, SpecError
from netspec.facts import MAP, Shape, shape_text
from netspec.language import source as yaml_source
from netspec.language.source import Value
from netspec.report.table import table

BAD_INPUT = 2


class Size(click.ParamType[Shape]):
    """``3x224x224`` as a tuple."""

    name = "CxHxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shape:
        """Three positive whole numbers."""
        parts = str(value).lower().split("x")
        if len(parts) != MAP or not all(part.isdecimal() and 0 < int(part) <= LARGEST for part in parts):
            self.fail(f"'{value}' is not channels x height x width, such as 3x224x224", param, ctx)
        return tuple(int(part) for part in parts)


LARGEST = 65_536


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


class Commands(click.Group):
    """Shows what is wrong with a spec as text, without a traceback, and leaves with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except SpecError as error:
            fail(error.problems)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="netspec")
@click.option("--plugin", multiple=True, metavar="MODULE", help="Import a module that registers blocks. Repeatable.")
def main(plugin: tuple[str, ...]) -> None:
    """Convolutional networks as YAML: checked, described, drawn and compiled.

    SPEC is a path, path@variant, or the name of a shipped network (see netspec list).
    """
    sys.path.insert(0, "")
    for name in plugin:
        try:
            import_module(name)
        except ImportError as error:
            raise SpecError([Problem("missing-plugin", f"the plugin '{name}' cannot be imported: {error}")]) from None


with_set = click.option("--set", "given", multiple=True, type=Setting(), help="Set a parameter. Repeatable.")
with_input = click.option("--input", "size", type=Size(), help="Size of one image, in place of the spec's.")
with_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@main.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@with_set
@with_input
@with_format
def check(specs: tuple[str, ...], given: tuple[tuple[str, Value], ...], size: Shape | None, form: str) -> None:
    """Check networks; of a family, every variant. Exit code 2 if anything is wrong."""
    problems: list[Problem] = []
    for word in specs:
        try:
            networks = _networks(word, given, size, whole=True)
        except SpecError as error:
            problems += error.problems
            continue
        if form == "text":
            click.echo(f"{word}: ok ({', '.join(network.name for network in networks)})")
    if form == "json":
        click.echo(json.dumps({"ok": not problems, "problems": [problem.to_dict() for problem in problems]}))
    if problems:
        fail(problems if form == "text" else ())


@main.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@with_set
@with_input
@with_format
@click.option("--depth", type=click.IntRange(min=0), help="Fold blocks below this depth into one line.")
def stats(
    specs: tuple[str, ...], given: tuple[tuple[str, Value], ...], size: Shape | None, form: str, depth: int | None
) -> None:
    """Parameters, MACs, shapes and receptive fields, layer by layer; of a family, of every variant."""
    summaries = [network.stats() for word in specs for network in _networks(word, given, size)]
    if form == "json":
        data = [summary.to_dict() for summary in summaries]
        click.echo(json.dumps(data[0] if len(data) == 1 else data, indent=1))
    else:
        click.echo("\n\n".join(table(summary, depth=depth) for summary in summaries))


@main.command()
@click.argument("spec", metavar="SPEC")
@with_set
@with_input
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: NAME.safetensors.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the initial weights.")
def build(spec: str, given: tuple[tuple[str, Value], ...], size: Shape | None, output: Path | None, seed: int) -> None:
    """Compile a network, prove it with one forward pass, and write weights and spec to one safetensors file."""
    network = _network(spec, given, size)
    from netspec.nn.proof import built

    module, shapes = built(network.graph, seed)
    path = output or Path(f"{network.name}.safetensors")
    api.save(module, network, path)
    totals = network.stats().totals
    click.echo(f"built {network.name} from {spec}")
    click.echo(f"  parameters  {totals.params:,} ({totals.buffers:,} elements in buffers)")
    click.echo(f"  input       1x{shape_text(network.graph.input.shape)}")
    for name, shape in shapes.items():
        click.echo(f"  {name:<10}  {shape_text(shape)}")
    click.echo(f"  written to  {path} ({path.stat().st_size:,} bytes)")


@main.command()
@click.argument("spec", metavar="SPEC")
@with_set
@with_input
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: NAME.svg.")
@click.option("--depth", type=click.IntRange(0, 2), default=1, show_default=True, help="How far blocks are opened.")
def diagram(
    spec: str, given: tuple[tuple[str, Value], ...], size: Shape | None, output: Path | None, depth: int
) -> None:
    """Draw a network: .svg, .png or .pdf through Graphviz, or .dot, by the file's ending; - prints the DOT text."""
    network = _network(spec, given, size)
    text = network.diagram(depth=depth)
    if output == Path("-"):
        click.echo(text)
        return
    from netspec.diagram.render import render

    path = output or Path(f"{network.name}.svg")
    render(text, path)
    click.echo(f"drew {network.name} to {path}")


@main.command("list")
@with_format
def list_(form: str) -> None:
    """List the shipped networks with parameters, MACs and receptive field."""
    rows: list[dict[str, Any]] = []
    for path in catalogue.shipped().values():
        spec = spec_of(catalogue.text(path))
        for variant in spec.family():
            summary = api.network(spec, variant, {}).stats()
            rows.append(
                {
                    "name": summary.name,
                    "file": path.name,
                    "variant": variant,
                    "params": summary.totals.params,
                    "macs": summary.totals.macs,
                    "receptive_field": list(summary.field.size),
                    "input": list(summary.input),
                }
            )
    if form == "json":
        click.echo(json.dumps(rows, indent=1))
        return
    click.echo(f"{'name':<28}{'spec':<36}{'input':>12}{'params':>14}{'MACs':>18}{'field':>7}")
    for row in rows:
        spec_name = row["file"] if row["variant"] is None else f"{row['file']}@{row['variant']}"
        click.echo(
            f"{row['name']:<28}{spec_name:<36}{shape_text(tuple(row['input'])):>12}"
            f"{row['params']:>14,}{row['macs']:>18,}{row['receptive_field'][0]:>7}"
        )


def _networks(
    word: str, given: tuple[tuple[str, Value], ...], size: Shape | None, *, whole: bool = False
) -> list[api.Network]:
    """The network that ``word`` names; without a variant the ``whole`` family, or one that is nothing but variants."""
    found = catalogue.reference(word)
    spec = spec_of(catalogue.text(found.path))
    values = dict(given)
    variants = spec.family(values)
    if found.variant or (None in variants and not whole) or not variants:
        variants = [found.variant]
    problems: list[Problem] = []
    networks = []
    for variant in variants:
        try:
            networks.append(api.network(spec, variant, values, size))
        except SpecError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise SpecError(problems)
    return networks


def _network(word: str, given: tuple[tuple[str, Value], ...], size: Shape | None) -> api.Network:
    found = catalogue.reference(word)
    return api.network(spec_of(catalogue.text(found.path)), found.variant, dict(given), size)


def fail(problems: Any) -> None:
    """Print ``problems`` to standard error and leave with exit code 2."""
    for problem in problems:
        click.echo(problem.text() + "\n", err=True)
    sys.exit(BAD_INPUT)
