"""``netspec build``."""

from __future__ import annotations

from pathlib import Path

import click

from netspec import api
from netspec.commands.options import Settings, network, one_spec, with_input, with_set
from netspec.errors.problem import Problems
from netspec.ops.facts import Shape, shape_text


@click.command()
@one_spec
@with_set
@with_input
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: NAME.safetensors.")
@click.option("--weights", type=click.Path(path_type=Path), help="Start from these: .safetensors or .pth.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the initial weights.")
def build(spec: str, given: Settings, size: Shape | None, output: Path | None, weights: Path | None, seed: int) -> None:
    """Compile a network, prove it with one forward pass, and write weights and spec to one safetensors file."""
    checked = network(spec, given, size)
    Problems(checked.over_budget()).check()
    from netspec.nn.smoke_test import built

    module, shapes = built(checked.graph, seed)
    if weights:
        api.load_weights(module, weights)
    path = output or Path(f"{checked.name}.safetensors")
    api.save(module, checked, path)
    totals = checked.stats().totals
    click.echo(f"built {checked.name} from {spec}")
    click.echo(f"  parameters  {totals.params:,} ({totals.buffers:,} elements in buffers)")
    click.echo(f"  input       1x{shape_text(checked.graph.input.shape)}")
    for name, shape in shapes.items():
        click.echo(f"  {name:<10}  {shape_text(shape)}")
    click.echo(f"  written to  {path} ({path.stat().st_size:,} bytes)")
