"""Options of commands that draw: how much is opened, the page, the theme."""

from __future__ import annotations

from typing import get_args

import click

from netspec.diagram.layout.paper import PAPERS
from netspec.diagram.scene import LEVELS
from netspec.drawing.theme import Theme

with_level = click.option("--level", type=click.Choice(LEVELS), default="paper", show_default=True, help=(
    "stage: a box for each stage, with its share. paper: the network, and each kind of block once beside it. "
    "layer: one copy of every block opened where it stands."
))  # fmt: skip
with_page = click.option("--page", type=click.Choice([*PAPERS]), default="text", show_default=True, help=(
    "What it is made to fit: a column or the width of the text of a paper, or a screen."
))  # fmt: skip
with_theme = click.option("--theme", type=click.Choice(get_args(Theme)), default="auto", show_default=True, help=(
    "Of pictures: auto follows the reader's preference for light or dark; print does without colours."
))  # fmt: skip
