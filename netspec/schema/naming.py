"""What names look like, as JSON Schema: the rules of ``netspec.language.names`` as patterns."""

from __future__ import annotations

from collections.abc import Iterable
from keyword import kwlist
from typing import Any

from netspec.language import names

PART = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
"""A part of a path; none of a layer's begins with ``_``."""


def layer(*, parts: int = names.MAX_PARTS) -> dict[str, Any]:
    """The path of a layer, of at most so many parts."""
    taken = "|".join(sorted({*names.MODULE_ATTRIBUTES, *kwlist}))
    return _path(rf"(?!(.*\.)?(_|({taken})(\.|$)))", parts)


def read() -> dict[str, Any]:
    """The name of what a block reads beside its input."""
    return _path(r"(?!(.*\.)?_)", names.MAX_PARTS)


def _path(free: str, parts: int) -> dict[str, Any]:
    """A path of at most so many parts that ``free`` lets begin."""
    free = rf"(?!({_reserved()}|{names.NONE})$){free}"
    return {"pattern": rf"^{free}(?=[A-Za-z]){PART}(\.{PART}){{0,{parts - 1}}}$", "maxLength": names.MAX_NAME}


def block() -> dict[str, Any]:
    """The word of a block."""
    return {"pattern": rf"^(?!({_reserved()}|{names.NONE})$)(?=[A-Za-z]){PART}$", "maxLength": names.MAX_NAME}


def title() -> dict[str, Any]:
    """The name of a network, a variant or an output."""
    return {"pattern": "^[A-Za-z0-9][A-Za-z0-9._+-]*$", "maxLength": names.MAX_NAME}


def argument() -> dict[str, Any]:
    """The name of an input."""
    return {"pattern": f"^(?!({'|'.join(kwlist)})$)[A-Za-z][A-Za-z0-9_]*$", "maxLength": names.MAX_NAME}


def parameter() -> dict[str, Any]:
    """The name of a parameter of the network."""
    return _parameter([*names.KNOWN_INSIDE, *names.ARGUMENTS])


def inner_parameter() -> dict[str, Any]:
    """The name of a parameter of a block, beside which no caller gives arguments."""
    return _parameter(names.KNOWN_INSIDE)


def _parameter(taken: Iterable[str]) -> dict[str, Any]:
    """The name of a parameter that is none of those ``taken``."""
    return {"pattern": f"^(?!({'|'.join(taken)})$)[A-Za-z_][A-Za-z0-9_]*$", "maxLength": names.MAX_NAME}


def _reserved() -> str:
    return "|".join(sorted(names.RESERVED))
