"""``netspec diagram``."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import get_args

import click

from netspec import files
from netspec.api import Network
from netspec.commands.networks import family
from netspec.commands.options import Settings, many_specs, with_input, with_output, with_set
from netspec.commands.output import print_text, say
from netspec.commands.picture_options import with_level, with_page, with_theme
from netspec.commands.picture_output import refuse_picture
from netspec.diagram.drawing import DEPTHS, Drawing, Engine
from netspec.diagram.layout.paper import Page
from netspec.diagram.scene import Level
from netspec.diagram.writers.dot import dot_text
from netspec.diagram.writers.pictures import on_pages
from netspec.drawing.theme import Theme
from netspec.errors.problem import Problem, SpecError
from netspec.language.inputs import Sizes
from netspec.report.picture_file import draw, endings, picture_format

ENGINES = get_args(Engine)


@click.command()
@many_specs
@with_set
@with_input
@with_output(f"{endings(Drawing)}. Default: NAME.svg. In a folder: a NAME.svg for each network.")
@with_level
@click.option("--open", "opened", multiple=True, metavar="PATH", help="Open the part of that path. Repeatable.")
@with_page
@with_theme
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True, help=(
    "auto asks Graphviz only where too many links cross."
))  # fmt: skip
@click.option("--depth", type=click.IntRange(0, 2), help="Old word for --level: 0 stage, 1 paper, 2 layer.")
def diagram(  # noqa: PLR0913 - one argument for each option
    specs: tuple[str, ...],
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

    Several SPECs, or a family (SPEC@*), are one picture: a column each, what has the same output size beside each
    other. What has no room on one page goes on, on NAME-2.svg and so on.
    """
    networks = [network for spec in specs for network in family(spec, given, size, whole=False)]
    if depth is not None:
        level = DEPTHS[depth]
    asked = partial(Drawing, level=level, opened=opened, page=page, theme=theme, engine=engine)
    graphs = [network.graph for network in networks]
    if output == Path(files.STANDARD):
        print_text(dot_text(asked(graphs[0], others=tuple(graphs[1:])).scenes))
        return
    if output and output.is_dir():
        drawings = [(asked(graph), output / f"{graph.name}.svg") for graph in graphs]
        _refuse_equal_names(networks, specs)
    else:
        drawings = _numbered(asked(graphs[0], others=tuple(graphs[1:])), output or Path(f"{_name(networks)}.svg"))
    for _, path in drawings:
        refuse_picture(Drawing, path, [file for network in networks for file in network.spec.files])
    for drawing, path in drawings:
        draw(drawing, path)
        names = ", ".join([graph.name for graph in drawing.graphs])
        say(f"drew {names} to {path}", err=files.is_standard_output(path))


def _numbered(drawing: Drawing, path: Path) -> list[tuple[Drawing, Path]]:
    """What is drawn in which file: on several pages in files with numbers.

    Raises :class:`netspec.SpecError` where the ending says no format, or a pipe is to take several pages.
    """
    parts = on_pages(drawing, picture_format(Drawing, path).name)
    if len(parts) == 1:
        return [(drawing, path)]
    if files.is_stream(path):
        message = f"{len(drawing.graphs)} networks beside each other are {len(parts)} pages, and '{path}' takes one"
        raise SpecError([Problem("layout", message, hint="--page screen works, and so does a file")])
    return [(part, path.with_stem(f"{path.stem}-{number}")) for number, part in enumerate(parts, 1)]


def _name(networks: list[Network]) -> str:
    """What a picture is called: as the network, or as the file that several come from."""
    if len(networks) == 1:
        return networks[0].name
    names = dict.fromkeys([network.spec.header.name for network in networks])
    return next(iter(names)) if len(names) == 1 else "networks"


def _refuse_equal_names(networks: list[Network], words: tuple[str, ...]) -> None:
    """Raise :class:`netspec.SpecError` where two networks would be one file of a folder."""
    again = [name for name, count in Counter(network.name for network in networks).items() if count > 1]
    if again:
        message = f"several networks of '{' '.join(words)}' are called '{again[0]}', and would be one file"
        raise SpecError([Problem("duplicate-name", message, hint="draw them one by one, each with -o")])
