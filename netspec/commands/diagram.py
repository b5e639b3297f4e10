"""``netspec diagram``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from netspec import files
from netspec.api import Network
from netspec.commands.formats import draw, endings, refuse_ending
from netspec.commands.options import Settings, family, one_spec, refuse_output, with_input, with_output, with_set
from netspec.commands.output import print_text, say
from netspec.diagram.dot import Drawing, to_dot
from netspec.errors.problem import Problem, SpecError
from netspec.language.inputs import Sizes


@click.command()
@one_spec
@with_set
@with_input
@with_output(f"{endings(Drawing)}. Default: NAME.svg. In a folder: NAME.svg there.")
@click.option("--depth", type=click.IntRange(0, 2), default=1, show_default=True, help="How far blocks are opened.")
def diagram(spec: str, given: Settings, size: Sizes | None, output: Path | None, depth: int) -> None:
    """Draw a network, in the format that the file's ending says; - prints the DOT text.

    A family without a default is drawn as one file for each variant.
    """
    networks = family(spec, given, size, whole=False)
    if output == Path(files.STANDARD) and len(networks) == 1:
        print_text(to_dot(networks[0].graph, depth=depth) + "\n")
        return
    places = _places(networks, output, spec)
    for network, path in zip(networks, places, strict=True):
        refuse_output(path, network.spec.files)
        refuse_ending(Drawing, path)
    for network, path in zip(networks, places, strict=True):
        draw(Drawing(network.graph, depth), path)
        say(f"drew {network.name} to {path}", err=files.is_standard_output(path))


def _places(networks: list[Network], output: Path | None, word: str) -> list[Path]:
    """A file for each network: in a folder one called as it is, else the one that was named."""
    if output and not output.is_dir():
        if len(networks) > 1:
            known = ", ".join(network.name for network in networks)
            message = f"-o {output} is one file, and '{word}' names {len(networks)} networks ({known})"
            raise click.UsageError(f"{message}: name a folder, or one of them behind an @")
        return [output]
    again = [name for name, count in Counter(network.name for network in networks).items() if count > 1]
    if again:
        message = f"several networks of '{word}' are called '{again[0]}', and would be one file"
        raise SpecError([Problem("duplicate-name", message, hint="draw them one by one, each with -o")])
    return [(output or Path()) / f"{network.name}.svg" for network in networks]
