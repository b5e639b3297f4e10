"""The folder of a training: ``run.json``, which says how it is done, and what keeps two trainings out of one folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.errors.text import cleaned

RECORD, FORMAT = "run.json", 1
MOST_BYTES = 2**24
DRAFTS = ".*.netspec"
"""What a process that was killed has left: files that it was writing."""
MACHINE = "machine"
"""Part of the record that may change: results are then equal no more to the last bit."""
ANOTHER = "name another folder with -o"
GO_ON = "--resume goes on with it, by the line that began it; or name another folder with -o"


@contextmanager
def claimed(folder: Path, *, resume: bool) -> Iterator[None]:
    """``folder``, made if it is not there, for this process alone.

    Raises :class:`SpecError` where it holds a run that is not to be gone on with, anything else, or is taken.
    """
    if folder.exists() and not folder.is_dir():
        raise _other(f"{folder}: this is a file, and a training is written to a folder", ANOTHER)
    has_run = (folder / RECORD).is_file()
    if resume and not has_run:
        raise _other(f"{folder}: there is no training to go on with: it has no {RECORD}", "leave --resume away")
    if has_run and not resume:
        raise _other(f"{folder}: it holds a training already", GO_ON)
    if not has_run and folder.is_dir() and any(not one.match(DRAFTS) for one in folder.iterdir()):
        raise _other(f"{folder}: it is not empty, and holds no training", ANOTHER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    except OSError as error:
        raise SpecError([Problem("unwritable", f"{folder}: cannot be written: {error.strerror}")]) from None
    try:
        for draft in folder.glob(DRAFTS):
            draft.unlink(missing_ok=True)
        yield
    finally:
        if lock is not None:
            os.close(lock)
        with suppress(OSError):
            folder.rmdir()  # only an empty one goes: nothing was begun


def _locked(folder: Path) -> int | None:
    """A descriptor that holds ``folder`` until it is closed; None on a system that has no such locks."""
    if find_spec("fcntl") is None:
        return None
    fcntl = import_module("fcntl")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise _other(f"{folder}: another process is training in it", ANOTHER) from None
    return descriptor


def begin(folder: Path, record: Mapping[str, Any], *, resume: bool) -> list[str]:
    """Write ``record``, or hold it against the one that is there; what of the machine is another one now.

    Raises :class:`SpecError` where anything else differs: the results would not be those of one training.
    """
    told: dict[str, Any] = json.loads(json.dumps({"netspec_run": FORMAT, **record}))
    path = folder / RECORD
    if not resume:
        files.write((json.dumps(told, indent=2) + "\n").encode(), path)
        return []
    before = read(path)
    _refuse_differences(path, before, told)
    return [
        f"{name} was {cleaned(str(value))}, and is {cleaned(str(told[MACHINE].get(name)))}"
        for name, value in before.get(MACHINE, {}).items()
        if told[MACHINE].get(name) != value
    ]


def read(path: Path) -> dict[str, Any]:
    """The record at ``path``. Raises :class:`SpecError` where it is none."""
    try:
        found = json.loads(files.text(path, files.read(path, MOST_BYTES)))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("netspec_run") != FORMAT or not isinstance(found.get(MACHINE), dict):
        raise _other(f"{path}: this is no record of a training of format {FORMAT}", ANOTHER)
    return found


def normalisation(weights: Path, shape: Sequence[int]) -> tuple[list[float], list[float]] | None:
    """Mean and deviation of each channel by which a network that reads ``shape`` was trained to the file ``weights``.

    None where that does not lie in the folder of a training of such networks.
    """
    images = _images(weights, shape)
    try:
        return ([float(one) for one in images["mean"]], [float(one) for one in images["std"]]) if images else None
    except (LookupError, TypeError, ValueError):
        return None


def classes(weights: Path, shape: Sequence[int]) -> tuple[str, ...]:
    """The names of the classes that it was trained on, in the order of its outputs; none where that is not known."""
    images = _images(weights, shape)
    names = images.get("classes") if images else None
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _images(weights: Path, shape: Sequence[int]) -> dict[str, Any] | None:
    """What the record beside ``weights`` says of the images of networks that read ``shape``."""
    path = weights.parent / RECORD
    if not path.is_file():
        return None
    try:
        found: list[dict[str, Any]] = read(path)["data"]["read"]
        return next((one for one in found if one["shape"] == [*shape]), None)
    except (SpecError, LookupError, TypeError):
        return None


def _refuse_differences(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    flat_before, flat_now = dict(_flat(before)), dict(_flat(now))
    names = [name for name in {**flat_before, **flat_now} if flat_before.get(name) != flat_now.get(name)]
    if names:
        name = names[0]
        was, is_ = (cleaned(str(one.get(name, "nothing"))) for one in (flat_before, flat_now))
        more = f", and {len(names) - 1} more differ" if len(names) > 1 else ""
        raise _other(f"{path}: the training that it records had {name} {was}, not {is_}{more}", GO_ON)


def _flat(record: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value but those of the machine by the names that lead to it."""
    for name, value in record.items():
        if not path and name == MACHINE:
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for place, one in enumerate(value):
                yield from _flat(one, f"{path}{name}.{place}.")
        else:
            yield f"{path}{name}", value


def _other(message: str, hint: str) -> SpecError:
    return SpecError([Problem("other-run", message, hint=hint)])
