"""The words that a spec may use: operations, built-in blocks, and what the caller has registered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from netspec.blocks import BLOCKS
from netspec.blocks.block import Block
from netspec.language import names
from netspec.ops import OPERATIONS, Operation

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Word = type[Operation] | type[Block]
ENTRY_POINTS = "netspec.blocks"
_registered: dict[str, Word] = {}


def register(block: Word) -> Word:
    """Make an operation or block of the caller's known to specs under its ``word``; returns it, so it can decorate.

    It hides one of netspec's with the same word.

    Raises :class:`ValueError` when the word is taken by another class, or is none that a block of a spec could have,
    and :class:`TypeError` for anything else than a subclass of :class:`netspec.Block` or :class:`netspec.Operation`
    with a ``word`` of its own.
    """
    word = vars(block).get("word") if isinstance(block, type) else None
    if not (isinstance(word, str) and issubclass(block, (Block, Operation))):
        message = f"{block!r} is no subclass of netspec.Block or netspec.Operation with a 'word' of its own"
        raise TypeError(message)
    fault = names.block_fault(word)
    if fault:
        message = f"a block cannot be called '{word}': {fault}"
        raise ValueError(message)
    known = _registered.get(word, block)
    same = (known.__module__, known.__qualname__) == (block.__module__, block.__qualname__)
    if not same:
        message = f"the word '{word}' is taken by {known.__module__}.{known.__qualname__}"
        raise ValueError(message)
    _registered[word] = block
    return block


def find(word: str) -> Word | None:
    """The class behind ``word``, a registered one first; installed packages are asked when nothing else knows it."""
    known = _registered.get(word) or OPERATIONS.get(word) or BLOCKS.get(word)
    if known is None:
        for entry in _installed().get(word, ()):
            register(entry.load())
        known = _registered.get(word)
    return known


@cache
def _installed() -> dict[str, list[EntryPoint]]:
    """What installed packages offer, looked up once: a spec full of unknown words must not read their files again."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - it takes long to import, and few specs ask

    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        found.setdefault(entry.name, []).append(entry)
    return found


def has_registered() -> bool:
    """Whether a word is known that is not netspec's own, and could hide one that is."""
    return bool(_registered)


def known() -> list[str]:
    """All words that are known without asking installed packages."""
    return [*OPERATIONS, *BLOCKS, *_registered]


def words() -> Mapping[str, Word]:
    """The classes behind :func:`known`."""
    return {**OPERATIONS, **BLOCKS, **_registered}
