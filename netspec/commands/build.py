"""``netspec build``."""

from __future__ import annotations

from pathlib import Path

import click

from netspec import api, files
from netspec.commands.options import Settings, network, one_spec, refuse_output, show, with_input, with_output, with_set
from netspec.commands.output import say
from netspec.errors.problem import Problems
from netspec.ops.facts import Shape, shape_text


@click.command()
@one_spec
@with_set
@with_input
@with_output("Default: NAME.safetensors.")
@click.option("--weights", type=click.Path(path_type=Path), help="Start from these: .safetensors or .pth.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the initial weights.")
def build(spec: str, given: Settings, size: Shape | None, output: Path | None, weights: Path | None, seed: int) -> None:
    """Compile a network, prove it with one forward pass, and write weights and spec to one safetensors file."""
    checked = network(spec, given, size)
    Problems(checked.over_budget()).check()
    path = output or Path(f"{checked.name}.safetensors")
    refuse_output(path, [*checked.spec.files, *([weights] if weights else [])])
    if weights:
        files.refuse_unreadable(weights)
    from netspec.nn.smoke_test import built
    from netspec.nn.weights import load_weights

    module, shapes = built(checked.graph, seed)
    if weights:
        show(load_weights(module, weights))
    api.save(module, checked, path)
    totals = checked.stats().totals
    lines = [
        f"built {checked.name} from {files.shown(spec)}",
        f"  parameters  {totals.params:,} ({totals.buffers:,} elements in buffers)",
        f"  input       1x{shape_text(checked.graph.input.shape)}",
        *(f"  {name:<10}  {shape_text(shape)}" for name, shape in shapes.items()),
        f"  written to  {path}" + (f" ({path.stat().st_size:,} bytes)" if path.is_file() else ""),
    ]
    for line in lines:
        say(line, err=files.is_standard_output(path))
