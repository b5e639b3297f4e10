"""``netspec see``."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any, get_args

import click

from netspec import api, files
from netspec.analysis.seen import Method, Show
from netspec.analysis.units import asked
from netspec.commands.formats import with_format
from netspec.commands.networks import network
from netspec.commands.options import (
    Position,
    Settings,
    one_spec,
    show,
    with_input,
    with_output,
    with_set,
)
from netspec.commands.picture_options import with_theme
from netspec.commands.picture_output import deliver, refuse_picture
from netspec.commands.weights_options import WeightsAsked, with_weights_options
from netspec.drawing.theme import Theme
from netspec.errors.missing_package import require
from netspec.language.inputs import Sizes
from netspec.ops.facts import PerAxis
from netspec.report.formats import Format
from netspec.report.picture_file import endings
from netspec.report.seen import SeenReport

DEFAULTS = "of netspec train's folder; else ImageNet's for three channels, {} otherwise"


class Numbers(click.ParamType[tuple[float, ...]]):
    """``0.5,0.4,0.3``: a number for each channel, or one for all."""

    name = "R,G,B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Finite numbers."""
        try:
            found = tuple([float(part) for part in str(value).split(",")])
        except ValueError:
            found = ()
        if not found or not all(map(isfinite, found)):
            self.fail(f"'{value}' is not numbers for channels, such as 0.5,0.5,0.5", param, ctx)
        return found


@click.command()
@one_spec
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="")
@click.option("--weights", "file", type=click.Path(path_type=Path), required=True, metavar="FILE", help=(
    "The trained weights: .safetensors, .pth, .pt or .index.json."
))  # fmt: skip
@click.option("--image", "images", multiple=True, type=click.Path(path_type=Path), metavar="FILE...", help=(
    "Images, or folders of them. They are scaled to cover what the network reads, and cut."
))  # fmt: skip
@click.option("--node", help="The operation, or a block for its last one. Default: the last map before global pooling.")
@click.option(
    "--at", type=Position(), help="The position of its map, counted from 0,0. Default: of each the strongest."
)
@click.option("--channel", "channels", multiple=True, type=click.IntRange(0), metavar="C", help=(
    "A channel of it, counted from 0; of Grad-CAM one of the output. Default: the strongest. Repeatable."
))  # fmt: skip
@click.option("--top", type=click.IntRange(1), default=9, show_default=True, help=(
    "How many images are shown, the strongest first; of layers, how many channels of each."
))  # fmt: skip
@click.option("--method", type=click.Choice(get_args(Method)), default="deconvnet", show_default=True, help=(
    "What is done on the way back at each rectifier; see docs/experiments.md."
))  # fmt: skip
@click.option("--show", "shown", type=click.Choice(get_args(Show)), default="patches", show_default=True, help=(
    "patches: pieces of images beside what comes back to them. layers: the strongest channels of each layer up to "
    "NODE. filters: the weights of the first convolution, without images."
))  # fmt: skip
@click.option("--mean", type=Numbers(), help=f"What is taken from pixels from 0 to 1. Default: {DEFAULTS.format(0)}.")
@click.option("--std", type=Numbers(), help=f"What the rest is divided by. Default: {DEFAULTS.format(1)}.")
@click.option("--class-names", type=click.Path(path_type=Path), metavar="FILE", help=(
    "Names of the outputs that Grad-CAM explains, one a line. Default: those of netspec train's folder."
))  # fmt: skip
@click.option("--skip-unreadable", is_flag=True, help="Leave out what holds no image, and say so.")
@with_set
@with_input
@with_weights_options
@with_output(f"A picture, {endings(SeenReport)}.")
@with_theme
@with_format(SeenReport)
def see(  # noqa: PLR0913 - one argument for each option
    spec: str,
    more: tuple[Path, ...],
    *,
    given: Settings,
    size: Sizes | None,
    file: Path,
    images: tuple[Path, ...],
    node: str | None,
    at: PerAxis | None,
    channels: tuple[int, ...],
    top: int,
    method: Method,
    shown: Show,
    output: Path | None,
    theme: Theme,
    form: Format,
    **how: Any,
) -> None:
    """What units of a trained network answer to in images: the strongest patches, and what comes back to them."""
    weights = WeightsAsked(*[how.pop(name) for name in WeightsAsked._fields])
    checked = network(spec, given, size)
    every = (*images, *more)
    if bool(every) is (shown == "filters"):
        raise click.UsageError("--show filters reads no images" if every else "--image names the images to look at")
    if how["class_names"] and method != "gradcam":
        raise click.UsageError("--class-names are of the outputs that --method gradcam explains")
    if every:
        asked(checked.graph, node, channels, at, top=top, method=method, show=shown)
    _refuse_files(
        output, [one for one in (file, weights.pairs, how["class_names"]) if one], [*checked.spec.files, *every]
    )
    require("see")
    module, told = _loaded(checked, file, weights)
    how |= {"node": node, "channel": channels, "at": at, "top": top, "method": method, "show": shown, "theme": theme}
    report = checked.see(module, every, beside=file, **how)
    deliver(report, form, output, what=report.title, lines=told)


def _refuse_files(output: Path | None, weights: list[Path], others: list[Path]) -> None:
    """Raise what keeps the picture from being written, or the weights from being read, before torch is imported."""
    if output:
        inside = [one for one in others if one.is_dir() and output.resolve().is_relative_to(one.resolve())]
        # an image in a folder that is read
        refuse_picture(SeenReport, output, [*weights, *others, *([output] if inside else [])])
    for one in weights:
        files.refuse_unreadable(one)


def _loaded(checked: api.Network, file: Path, weights: WeightsAsked) -> tuple[Any, list[str]]:
    """The network with its weights as a module, and what is told of these: nothing where each has its own."""
    module = checked.compile(device="meta")
    found, odd = api.given_weights(module, file, **weights._asdict())
    show(odd)
    if found.fresh:
        checked.initialise(module, found.fresh)
    return module, list(found.lines()) if found.fresh or found.adapted or found.unused else []
