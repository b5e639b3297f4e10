"""``netspec explain``."""

from __future__ import annotations

from typing import get_args

import click

from netspec.errors.codes import Code
from netspec.errors.explanations import EXPLANATIONS
from netspec.errors.suggestions import did_you_mean


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain the CODE of a message, with an example and its mend; without CODE, list all codes."""
    if code is None:
        for known, explanation in EXPLANATIONS.items():
            click.echo(f"{known:<20}{explanation.meaning}")
        return
    for known in EXPLANATIONS:
        if known == code:
            click.echo(EXPLANATIONS[known].text(known))
            return
    raise click.UsageError(f"there is no code '{code}'. {did_you_mean(code, get_args(Code))}")
