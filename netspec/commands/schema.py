"""``netspec schema``."""

from __future__ import annotations

import click

from netspec.commands.networks import spec_of
from netspec.schema.document import schema as schema_of
from netspec.schema.document import text


@click.command()
@click.argument("spec", required=False, metavar="[SPEC]")
def schema(spec: str | None) -> None:
    """Print the language as JSON Schema, for editors; with SPEC, with that spec's own blocks and parameters."""
    click.echo(text(schema_of(spec_of(spec)[0] if spec else None)), nl=False)
