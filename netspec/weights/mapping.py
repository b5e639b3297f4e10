"""Files that say which layer of a network is which of a file of weights: a line for each, to be read and corrected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from netspec import files
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Source
from netspec.language.reader import read_yaml
from netspec.language.values import Mapping as MappingValue
from netspec.language.values import Scalar
from netspec.limits import LIMITS
from netspec.weights.pairing import Pairing
from netspec.weights.wanted import layer_of

OPEN = "?"
"""Stands where a person has to decide."""
PLAIN = re.compile(r"[A-Za-z_][\w./-]*")


def write(pairing: Pairing, network: str, weights: str, path: Path) -> None:
    """Write ``pairing`` as the file at ``path``. Raises :class:`SpecError` where that cannot be."""
    files.write("".join([f"{line}\n" for line in _lines(pairing, network, weights)]).encode(), path)


def _lines(pairing: Pairing, network: str, weights: str) -> Iterator[str]:
    yield f"# Layers of {_comment(network)}, and what {_comment(weights)} calls each. A line can also name one tensor."
    for ours, theirs in pairing.pairs.items():
        yield f"{_name(ours)}: {_name(theirs)}"
    for ours, several in pairing.open.items():
        yield f"{_name(ours)}: '{OPEN}'  # {_comment(' or '.join(several[:4]))}"
    for title, names in (("Nothing in the file is like", pairing.ours), ("Nothing here is like", pairing.theirs)):
        yield from (f"# {title} {_comment(name)}" for name in names)


def _name(name: str) -> str:
    return name if PLAIN.fullmatch(name) and name not in ("null", "true", "false") else json.dumps(name)


def _comment(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)


def read(path: Path) -> dict[str, str]:
    """The names in the file at ``path``, ours to theirs. Raises :class:`SpecError` at what is no name."""
    source = Source(str(path), files.text(path, files.read(path, LIMITS.characters)))
    value = read_yaml(source)
    problems = Problems()
    found: dict[str, str] = {}
    if not isinstance(value, MappingValue):
        problems.add(Problem("not-a-mapping", "pairs of layers are lines 'ours: theirs'", value.span))
        problems.check()
        return found
    for ours, (_, theirs) in value.entries.items():
        if not isinstance(theirs, Scalar) or not isinstance(theirs.value, str):
            hint = "names that begin with a digit stand in quotes"
            problems.add(Problem("wrong-type", f"'{ours}' has no name of a layer beside it", theirs.span, hint))
        elif theirs.value == OPEN:
            hint = "write the name of the file's layer in place of the question mark, or take the line out"
            problems.add(Problem("wrong-value", f"which layer '{ours}' is has not been decided", theirs.span, hint))
        else:
            found[ours] = theirs.value
    problems.check()
    return found


def names(pairs: Mapping[str, str], wanted: Mapping[str, object], given: Mapping[str, object]) -> dict[str, str]:
    """The tensors that are ``wanted`` with the ``given`` one that ``pairs`` of layers, or of tensors, mean."""
    found = {}
    for name in wanted:
        layer, _, last = name.rpartition(".")
        of_layer = f"{pairs[layer]}.{last}".removeprefix(".") if layer in pairs else ""
        theirs = pairs.get(name, of_layer)
        if theirs in given:
            found[name] = theirs
    return found


def unknown(pairs: Mapping[str, str], wanted: Mapping[str, object], given: Mapping[str, object]) -> list[str]:
    """The names in ``pairs`` that neither the network nor the file has."""
    ours = {*wanted, *map(layer_of, wanted)}
    theirs = {*given, *map(layer_of, given)}
    return [one for one in pairs if one not in ours] + [one for one in pairs.values() if one not in theirs]
