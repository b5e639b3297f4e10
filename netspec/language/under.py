"""``under``: the layers of a parent in a chain of their own, so that a child names them by longer paths.

What the parent says of its layers means what it meant: its sections run one after the other in that chain, and its
outputs and patches are those of the chain.
"""

from __future__ import annotations

from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.sections import LAYER_SECTIONS
from netspec.language.values import Mapping, Scalar, Sequence, Value

HOME = ("stages", "stem", "head")
"""The section in which the chain stands: the first of these that the child leaves to its parent."""


def name_of(document: Mapping) -> tuple[str, Span] | None:
    """The chain that ``document`` puts its parent's layers in, if any. Raises :class:`SpecError` if that is none."""
    entry = document.entries.get("under")
    if entry is None:
        return None
    span, value = entry
    if "extends" not in document.entries:
        hint = "extends: resnet50"
        raise SpecError([Problem("missing-section", "'under' stands beside 'extends'", span, hint)])
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        raise SpecError([Problem("wrong-type", "'under' is the name of a chain", value.span, "under: backbone")])
    fault = names.fault(value.value)
    if fault:
        raise SpecError([Problem("bad-name", fault, value.span)])
    return value.value, value.span


def placed_under(parent: Mapping, name: str, span: Span, child: Mapping) -> Mapping:
    """``parent`` with the layers that ``child`` leaves to it in a chain called ``name``.

    Raises :class:`SpecError` where a section of the child stands between them.
    """
    left = [key for key in LAYER_SECTIONS if key in parent.entries and key not in child.entries]
    between = [key for key in LAYER_SECTIONS if key in child.entries and _is_between(key, left)]
    if between:
        message = f"'{between[0]}' stands between the sections of the parent, which run as one chain under '{name}'"
        place = child.entries[between[0]][0]
        raise SpecError([Problem("layer-form", message, place, "replace what is before or after it too")])
    entries = {key: entry for key, entry in parent.entries.items() if key not in left}
    if left:
        layers: dict[str, tuple[Span, Value]] = {}
        for key in left:
            place, value = parent.entries[key]
            named = isinstance(value, Mapping) and "branches" not in value.entries
            layers |= value.entries if isinstance(value, Mapping) and named else {key: (place, value)}
        chain = Mapping({"chain": (span, Mapping(layers, span))}, span)
        home = next(key for key in HOME if key in left)
        entries[home] = (parent.entries[home][0], Mapping({name: (span, chain)}, span))
    if "outputs" in entries:
        place, value = entries["outputs"]
        entries["outputs"] = (place, _outputs(value, name))
    if "patch" in entries:
        place, value = entries["patch"]
        entries["patch"] = (place, _patches(value, name))
    return Mapping(entries, parent.span)


def _is_between(key: str, left: list[str]) -> bool:
    order = LAYER_SECTIONS.index
    return any(order(one) < order(key) for one in left) and any(order(one) > order(key) for one in left)


def _path(value: Value, name: str) -> Value:
    """The path of a layer of the parent, as the child has it."""
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        return value
    text = value.value
    return value._replace(value=f"{name}.$({text})" if "$" in text else f"{name}.{text}")


def _outputs(value: Value, name: str) -> Value:
    if not isinstance(value, Mapping):
        return value
    entries = {}
    for key, (span, layer) in value.entries.items():
        if isinstance(layer, Mapping) and "from" in layer.entries:
            place, source = layer.entries["from"]
            layer = layer._replace(entries={**layer.entries, "from": (place, _path(source, name))})  # noqa: PLW2901
        entries[key] = (span, layer if isinstance(layer, Mapping) else _path(layer, name))
    return value._replace(entries=entries)


def _patches(value: Value, name: str) -> Value:
    """The patches of the parent, at the paths that its layers have now."""
    if isinstance(value, Sequence):
        return value._replace(items=tuple(_patches(item, name) for item in value.items))
    if not isinstance(value, Mapping):
        return value
    entries: dict[str, tuple[Span, Value]] = {}
    for kind, (span, content) in value.entries.items():
        entries[kind] = (span, _paths(content, name))
    return value._replace(entries=entries)


def _paths(content: Value, name: str) -> Value:
    if isinstance(content, Mapping):
        return content._replace(entries={f"{name}.{path}": entry for path, entry in content.entries.items()})
    if isinstance(content, Sequence):
        return content._replace(items=tuple(_path(item, name) for item in content.items))
    return _path(content, name)
