"""``netspec list``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec import api, catalogue
from netspec.commands.options import print_json
from netspec.ops.facts import shape_text


@click.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(form: str) -> None:
    """List the shipped networks with parameters, MACs and receptive field."""
    rows = [row for path in catalogue.shipped().values() for row in _rows(path)]
    if form == "json":
        print_json(rows)
        return
    places = [row["file"] if row["variant"] is None else f"{row['file']}@{row['variant']}" for row in rows]
    names, wide = max(len(row["name"]) for row in rows), max(map(len, places))
    click.echo(f"{'name':<{names}}  {'spec':<{wide}}  {'input':>9}  {'params':>11}  {'MACs':>14}  field")
    for row, place in zip(rows, places, strict=True):
        click.echo(
            f"{row['name']:<{names}}  {place:<{wide}}  {shape_text(tuple(row['input'])):>9}"
            f"  {row['params']:>11,}  {row['macs']:>14,}  {row['receptive_field'][0]:>5}"
        )


def _rows(path: Path) -> list[dict[str, Any]]:
    """The spec at ``path`` and its variants."""
    spec, _ = catalogue.spec(path)
    rows = []
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
    return rows
