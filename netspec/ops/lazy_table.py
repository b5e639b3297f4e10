"""Tables of classes by their word, each imported when it is first asked for: a network uses few of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


class LazyTable(Mapping[str, type[T]]):
    """Word -> class, from word -> ``module:Class``. The words themselves are known without an import."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places
        self._found: dict[str, type[T]] = {}

    def __getitem__(self, word: str) -> type[T]:
        found = self._found.get(word)
        if found is None:
            module, _, name = self._places[word].partition(":")
            found = self._found[word] = getattr(import_module(module), name)
        return found

    def __contains__(self, word: object) -> bool:
        return word in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
