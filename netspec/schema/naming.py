"""What names look like, as JSON Schema: the rules of ``netspec.language.names`` as patterns."""

from __future__ import annotations

from typing import Any

from netspec.language import names

PART = "[A-Za-z0-9][A-Za-z0-9_]*"


def layer(*, parts: int = names.MAX_PARTS) -> dict[str, Any]:
    """The path of a layer; blocks and branches have a single part."""
    taken = "|".join(sorted({*names.MODULE_ATTRIBUTES, *names.BESIDE, *names.STRUCTURE}))
    path = rf"(?=[A-Za-z]){PART}(\.{PART}){{0,{parts - 1}}}"
    return {"pattern": rf"^(?!(.*\.)?({taken})(\.|$)){path}$", "maxLength": names.MAX_NAME}


def title() -> dict[str, Any]:
    """The name of a network, a variant or an output."""
    return {"pattern": "^[A-Za-z0-9][A-Za-z0-9._+-]*$", "maxLength": names.MAX_NAME}


def parameter() -> dict[str, Any]:
    """The name of a parameter."""
    taken = "|".join([*names.KNOWN_INSIDE, *names.ARGUMENTS])
    return {"pattern": f"^(?!({taken})$)[A-Za-z_][A-Za-z0-9_]*$", "maxLength": names.MAX_NAME}
