"""Arguments of functions that are not of the language: words, whole numbers, texts, and shapes of inputs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from operator import index
from pathlib import Path
from typing import Any

from netspec.errors.problem import Problem, Problems
from netspec.language.inputs import INPUT, SHAPE_HINT, SHAPE_WORDS, Sizes, misshapen
from netspec.language.python_values import python_values
from netspec.language.values import plain, shown
from netspec.limits import LARGEST_SIDE


def one_of(name: str, value: Any, known: Iterable[object]) -> Any:
    """``value``. Raises :class:`ValueError` unless it is one of those ``known``."""
    words = tuple(known)
    if value not in words:
        message = f"{name} is one of {', '.join(map(str, words))}, not {shown(value)}"
        raise ValueError(message)
    return value


def whole(name: str, value: Any, least: int = 1) -> int:
    """``value``, also if NumPy's, as a whole number from ``least``. Raises :class:`ValueError`."""
    try:
        number = 0 if isinstance(value, bool) else index(value)
    except TypeError:
        number = 0
    if number < least:
        message = f"{name} is a whole number from {least}, not {shown(value)}"
        raise ValueError(message)
    return number


def texts(what: str, given: str | Iterable[str]) -> tuple[str, ...]:
    """What is ``given`` as ``what``, one text or several. Raises :class:`TypeError` for anything else."""
    texts = (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    for text in texts:
        if not isinstance(text, str):
            message = f"{what} is a text, or several, not {shown(text)}"
            raise TypeError(message)
    return texts


def paths(what: str, given: object) -> tuple[Path, ...]:
    """What is ``given`` as ``what``, one file or folder or several. Raises :class:`TypeError` for anything else."""
    one = isinstance(given, (str, os.PathLike)) or not isinstance(given, Iterable)
    several = (given,) if one else tuple(given)  # type: ignore[arg-type]  # it is iterable
    found = []
    for path in several:
        if not isinstance(path, (str, os.PathLike)):
            message = f"{what} are files or folders, or a tensor, not {shown(path)}"
            raise TypeError(message)
        found.append(Path(path))
    return tuple(found)


def input_sizes(given: object, problems: Problems) -> Sizes:
    """The shapes that a caller gives as ``input``, a single one under that name; those that are none add a problem."""
    value = python_values({INPUT: given}, problems).get(INPUT)
    if value is None:
        return {}
    data = plain(value)
    by_name = data if isinstance(data, dict) else {INPUT: data}
    found = {}
    for name, size in by_name.items():
        code = misshapen(size)
        if code is None:
            found[name] = tuple(size)
            continue
        whose = "argument 'input'" + (f" for '{name}'" if isinstance(data, dict) else "")
        message = f"{whose} is {SHAPE_WORDS}, not {shown(size)}"
        if code == "wrong-value":
            message = f"{whose} has sides from 1 to {LARGEST_SIDE:,}, not {shown(size)}"
        problems.add(Problem(code, message, value.span, SHAPE_HINT))
    return found
