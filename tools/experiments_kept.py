"""What the kept figures of an experiment depend on, and what of that is another one now. Needs no torch.

Beside its rows a training keeps its settings, those that its line leaves to the defaults too, a digest of each network,
what its images were, and which torch it ran on.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from docs_experiments import RESULTS, ROOT, Training, name_of, scripts, trainings

from netspec import api
from netspec.commands.train import train
from netspec.training.settings import Settings

AGAIN = "python tools/experiments.py"
"""Runs what :func:`stale` names."""
PINNED = "torch=="


def wanted() -> dict[str, Training]:
    """Options -> all that are trained with them, each network once."""
    found: dict[str, Training] = {}
    for one in trainings():
        known = found.get(one.options, one)
        specs, then = (tuple(dict.fromkeys(lines)) for lines in ((*known.specs, *one.specs), (*known.then, *one.then)))
        found[one.options] = Training(specs, one.options, known.picture or one.picture, then)
    return found


def kept() -> dict[str, Any]:
    """Options -> what is kept of their training."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    return found


def settings(options: str) -> dict[str, Any]:
    """How a line with these options trains, as its record says it: every choice, and what is held out."""
    chosen = train.make_context("train", ["SPEC", *shlex.split(options)]).params
    how = Settings(**{field.name: chosen[field.name] for field in fields(Settings)})
    return {**how.to_dict(), "held_out": chosen["held_out"]}


def digest(spec: str, images: Mapping[str, Any]) -> str:
    """SHA-256 of the network that ``spec`` makes for these images: its operations, what they read, its first values.

    Names, remarks and places in files are not part of it, nor is what an operation leaves at its default.
    """
    graph = api.read(spec, input=images["shape"], classes=images["classes"]).graph
    facts = (
        [
            (
                node.operation.word,
                node.operation.model_dump(mode="json", exclude_defaults=True),
                [one.index for one in node.inputs],
                node.shape,
                node.shares.index if node.shares else None,
            )
            for node in graph.nodes
        ],
        [(output.node.index, output.training) for output in graph.outputs],
        [(word, tensor, repr(scheme)) for word, tensor, scheme in graph.init],
    )
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def behind(one: Training) -> str | None:
    """SHA-256 of the lines that are run behind a training, and of all scripts; None where there are none."""
    return hashlib.sha256("\n".join([*one.then, *scripts()]).encode()).hexdigest() if one.then else None


def changed(one: Training, found: Mapping[str, Any] | None, torch: str) -> Iterator[str]:
    """Why the figures that were ``found`` are none of this training any more; nothing where they are.

    ``torch`` is the version that netspec is developed with.
    """
    names = {name_of(spec): spec for spec in one.specs}
    missing = {*names} - {row["network"] for row in found["rows"]} if found else {*names}
    if not found or missing:
        yield f"nothing is kept of {', '.join(sorted(missing))}"
        return
    then = found["machine"]["torch"].partition("+")[0]
    if then != torch:
        yield f"torch was {then}, and is {torch}"
    now = settings(one.options)
    for name in sorted({*now, *found["settings"]}):
        was, is_ = (of.get(name, "nothing") for of in (found["settings"], now))
        if was != is_:
            yield f"{name} was {was}, and is {is_}"
    if found.get("then") != behind(one):
        yield "what is run behind it is another one now"
    for name, spec in names.items():
        if digest(spec, found["images"]) != found["networks"][name]:
            yield f"{name} is another network now"


def stale() -> dict[str, list[str]]:
    """Options -> why what is kept of their training is not true any more, or that nothing wants it.

    To be called where the specs of the page are (:func:`docs_experiments.specs_beside`).
    """
    lines, results, torch = wanted(), kept(), torch_version()
    why = {options: [*changed(one, results.get(options), torch)] for options, one in lines.items()}
    why |= {options: ["the page has no line with these options"] for options in results if options not in lines}
    return {options: reasons for options, reasons in why.items() if reasons}


def torch_version(path: Path = ROOT / "constraints.txt") -> str:
    """The version of torch that is pinned."""
    (found,) = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(PINNED)]
    return found.removeprefix(PINNED)
