"""Changes in words: of parameters, shapes and inputs."""

from __future__ import annotations

from netspec.diff.difference import INPUTS, SHAPE, WORD, Change, Plain
from netspec.ops.facts import MAP, shape_text

ARROW = " -> "


def is_explained(change: Change, near: set[str]) -> bool:
    """Whether a change of inputs follows from what was added and removed."""
    return not near.isdisjoint((*change.old, *change.new))


def change_text(change: Change) -> str:
    """``kernel 3 -> 5``."""
    if change.what == SHAPE:
        return _shapes(change)
    name = {WORD: "", INPUTS: "reads "}.get(change.what, f"{change.what} ")
    return f"{name}{value_text(change, change.old)}{ARROW}{value_text(change, change.new)}"


def _shapes(change: Change) -> str:
    """What differs of two shapes: channels, positions, or all."""
    old, new = tuple(change.old), tuple(change.new)
    if len(old) == len(new) == MAP and old[0] == new[0]:
        return f"map {shape_text(old[1:])}{ARROW}{shape_text(new[1:])}"
    if len(old) == len(new) and old[1:] == new[1:]:
        return f"{'channels' if len(old) == MAP else 'features'} {old[0]}{ARROW}{new[0]}"
    return f"shape {shape_text(old)}{ARROW}{shape_text(new)}"


def value_text(change: Change, value: Plain) -> str:
    """A value as a spec has it; shapes and pairs as people write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and change.what == INPUTS:
        return ", ".join(value)
    if isinstance(value, list) and all(isinstance(number, int) for number in value):
        return str(value[0]) if len(value) == len("hw") and value[0] == value[1] else shape_text(tuple(value))
    return "none" if value is None else str(value)
