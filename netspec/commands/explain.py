"""``netspec explain``."""

from __future__ import annotations

import click

from netspec.commands.formats import print_report, with_format
from netspec.commands.terminal import line_width
from netspec.compiler import registry
from netspec.errors.explanations import EXPLANATIONS
from netspec.reference.lookup import found
from netspec.report.formats import Format
from netspec.report.page import Screen
from netspec.report.word_reference import WordReport
from netspec.schema.parameters import summary


@click.command()
@click.argument("word", required=False)
@with_format(WordReport)
def explain(word: str | None, form: Format) -> None:
    """Explain a WORD: an operation, a block, a parameter, a key, the code of a message, or another framework's name.

    Without WORD, list all codes, operations and blocks.
    """
    if word is None:
        for name, said in _all():
            click.echo(f"{name:<20}{said}")
        return
    result = found(word, registry.words())
    if result.nothing:
        message = f"nothing is called '{word}'. {result.near}"
        raise click.UsageError(message.rstrip())
    print_report(WordReport(result), form, Screen(line_width(None) if form.read else None))


def _all() -> list[tuple[str, str]]:
    """Every code and every word, with what it means in a line."""
    codes = [(str(code), explanation.meaning) for code, explanation in EXPLANATIONS.items()]
    return codes + [(name, summary(known).splitlines()[0]) for name, known in registry.words().items()]
