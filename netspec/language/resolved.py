"""A spec with every choice made: one network, complete in itself."""

from __future__ import annotations

from typing import Any

import yaml

from netspec.language.source import plain
from netspec.language.spec import Spec


def resolved(spec: Spec, name: str, size: tuple[int, ...], values: dict[str, Any]) -> str:
    """The text of ``spec`` with ``values`` as its parameters' defaults, for images of ``size``, without variants."""
    document = plain(spec.document)
    document |= {"name": name, "input": list(size)}
    document.pop("variants", None)
    for parameter in spec.params.values():
        written = document["params"][parameter.name]
        if isinstance(written, dict):
            written["default"] = values[parameter.name]
        else:
            document["params"][parameter.name] = values[parameter.name]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
