"""``netspec diagram``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import click

from netspec import files
from netspec.api import Network
from netspec.commands.options import Settings, family, one_spec, refuse_output, with_input, with_output, with_set
from netspec.commands.output import print_text, say
from netspec.diagram.dot import dot_text
from netspec.diagram.drawing import DEPTHS, Drawing, Engine
from netspec.diagram.paper import PAPERS, Page
from netspec.diagram.scene import LEVELS, Level
from netspec.drawing.theme import Theme
from netspec.errors.problem import Problem, SpecError
from netspec.language.inputs import Sizes
from netspec.pictures import draw, endings, picture_format

ENGINES = get_args(Engine)
THEMES = get_args(Theme)


@click.command()
@one_spec
@with_set
@with_input
@with_output(f"{endings(Drawing)}. Default: NAME.svg. In a folder: NAME.svg there.")
@click.option("--level", type=click.Choice(LEVELS), default="paper", show_default=True, help=(
    "stage: a box for each stage, with its share. paper: the network, and each kind of block once beside it. "
    "layer: one copy of every block opened where it stands."
))  # fmt: skip
@click.option("--open", "opened", multiple=True, metavar="PATH", help="Open the part of that path. Repeatable.")
@click.option("--page", type=click.Choice([*PAPERS]), default="text", show_default=True, help=(
    "What it is made to fit: a column or the width of the text of a paper, or a screen."
))  # fmt: skip
@click.option("--theme", type=click.Choice(THEMES), default="auto", show_default=True, help=(
    "auto follows the reader's preference for light or dark; print does without colours."
))  # fmt: skip
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True, help=(
    "auto asks Graphviz only where too many links cross."
))  # fmt: skip
@click.option("--depth", type=click.IntRange(0, 2), help="Old word for --level: 0 stage, 1 paper, 2 layer.")
def diagram(  # noqa: PLR0913 - one argument for each option
    spec: str,
    *,
    given: Settings,
    size: Sizes | None,
    output: Path | None,
    level: Level,
    opened: tuple[str, ...],
    page: Page,
    theme: Theme,
    engine: Engine,
    depth: int | None,
) -> None:
    """Draw a network, in the format that the file's ending says; - prints the text for Graphviz.

    A family without a default is drawn as one file for each variant.
    """
    networks = family(spec, given, size, whole=False)
    if depth is not None:
        level = DEPTHS[depth]
    drawings = [
        Drawing(network.graph, level, opened=opened, page=page, theme=theme, engine=engine) for network in networks
    ]
    if output == Path(files.STANDARD) and len(networks) == 1:
        print_text(dot_text(drawings[0].scene))
        return
    places = _places(networks, output, spec)
    for network, path in zip(networks, places, strict=True):
        refuse_output(path, network.spec.files)
        picture_format(Drawing, path)
    for network, drawing, path in zip(networks, drawings, places, strict=True):
        draw(drawing, path)
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
