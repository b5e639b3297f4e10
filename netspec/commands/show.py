"""``netspec show``."""

from __future__ import annotations

import click

from netspec.commands.networks import network
from netspec.commands.options import Settings, one_spec, with_input, with_set
from netspec.commands.output import print_text, say
from netspec.language.inputs import Sizes


@click.command()
@one_spec
@with_set
@with_input
@click.option("--origin", is_flag=True, help="Show the file and line behind every value.")
def show(spec: str, given: Settings, size: Sizes | None, *, origin: bool) -> None:
    """Print the resolved spec: parents merged in, the variant chosen, every parameter settled."""
    checked = network(spec, given, size)
    if not origin:
        print_text(checked.to_yaml())
        return
    rows = [(f"{path}: {value}", f"{span.source.name}:{span.line}") for path, value, span in checked.origins()]
    width = min(max(len(left) for left, _ in rows), 80)
    for left, right in rows:
        say(f"{left:<{width}}  # {right}")
