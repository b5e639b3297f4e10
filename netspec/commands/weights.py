"""``netspec weights``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from netspec import api, files
from netspec.commands.formats import print_report, with_format
from netspec.commands.networks import network
from netspec.commands.options import BAD_INPUT, Settings, one_spec, refuse_output, show, with_input, with_set
from netspec.commands.weights_options import WeightsAsked, with_weights_options
from netspec.errors.problem import SpecError
from netspec.language.inputs import Sizes
from netspec.report.formats import Format
from netspec.report.weights import WeightsReport
from netspec.weights import mapping
from netspec.weights.pairing import pair
from netspec.weights.transfer import refuse, transfer
from netspec.weights.wanted import wanted


@click.command()
@one_spec
@click.argument("file", type=click.Path(path_type=Path))
@with_set
@with_input
@with_weights_options
@with_format(WeightsReport)
def weights(spec: str, file: Path, *, given: Settings, size: Sizes | None, form: Format, **how: Any) -> None:
    """Which weights of a file load into a network, and which do not, without building it.

    Where --map names a file that is not there yet, layers are paired by shapes and structure, and the pairs are written
    to it, to be read and corrected. The exit code is 2 where the weights do not fit.
    """
    asked = WeightsAsked(**how)
    checked = network(spec, given, size)
    pairs = mapping.read(asked.pairs) if asked.pairs and files.kind(asked.pairs) is not None else None
    if asked.pairs and pairs is None:
        refuse_output(asked.pairs, [*checked.spec.files, file])
    files.refuse_unreadable(file)
    from netspec.nn import artefact, weights

    needed = wanted(checked.graph)
    held = weights.Weights(file, needed, asked.key)
    old = api.written_for(artefact.spec_in(file), file)
    choice = held.choice
    paired = None
    if pairs is not None:
        choice = held.renamed(pairs)
    elif asked.pairs:
        paired = pair(checked.graph, needed, choice.dictionary.shapes, ordered=held.ordered)
        mapping.write(paired, checked.name, str(file), asked.pairs)
        choice = held.renamed(paired.pairs)
    elif old is not None:
        choice = held.of(old, checked.graph)
    found = transfer(str(file), choice, needed, asked.terms)
    print_report(WeightsReport(checked.name, found, paired, asked.pairs), form)
    if paired and paired.open:
        sys.exit(BAD_INPUT)
    try:
        refuse(found, needed, asked.terms, choice)
    except SpecError as error:
        show(error.problems)
        sys.exit(BAD_INPUT)
