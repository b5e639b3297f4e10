"""``netspec build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec import api, files
from netspec.commands.networks import network
from netspec.commands.options import Settings, one_spec, refuse_output, show, with_input, with_output, with_set
from netspec.commands.output import say
from netspec.commands.weights_options import WeightsAsked, with_weights_options
from netspec.errors.problem import Problems
from netspec.language.inputs import Sizes
from netspec.ops.facts import shape_text


@click.command()
@one_spec
@with_set
@with_input
@with_output("Default: NAME.safetensors.")
@click.option(
    "--weights",
    "file",
    type=click.Path(path_type=Path),
    help="Start from these: .safetensors, .pth, .pt or .index.json.",
)
@with_weights_options
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the initial weights.")
def build(
    spec: str,
    *,
    given: Settings,
    size: Sizes | None,
    output: Path | None,
    file: Path | None,
    seed: int,
    **asked: Any,
) -> None:
    """Compile a network, prove it with one forward pass, and write weights and spec to one safetensors file."""
    wanted = WeightsAsked(**asked)
    if file is None and any(wanted):
        raise click.UsageError("--key, --partial, --allow-fresh, --adapt and --map say how --weights FILE is read")
    checked = network(spec, given, size)
    Problems(checked.over_budget()).check()
    path = output or Path(f"{checked.name}.safetensors")
    read = [one for one in (file, wanted.pairs) if one]
    refuse_output(path, [*checked.spec.files, *read])
    for one in read:
        files.refuse_unreadable(one)
    from netspec.nn import smoke_test

    module, shapes = smoke_test.built(checked.graph, seed)
    told = []
    if file:
        found, remarks = api.given_weights(module, file, **wanted._asdict())
        show(remarks)
        told = [f"  {line}" for line in found.lines()]
    api.save(module, checked, path)
    totals = checked.stats().totals
    lines = [
        f"built {checked.name} from {files.shown(spec)}",
        f"  parameters  {totals.params:,} ({totals.buffers:,} elements in buffers)",
        *(f"  {node.name:<10}  1x{shape_text(node.shape)}" for node in checked.graph.inputs),
        *(f"  {name:<10}  {shape_text(shape)}" for name, shape in shapes.items()),
        *[line.replace("  ", "  weights     ", 1) for line in told[:1]],
        *told[1:],
        f"  written to  {path}" + (f" ({path.stat().st_size:,} bytes)" if path.is_file() else ""),
    ]
    for line in lines:
        say(line, err=files.is_standard_output(path))
