"""A report as an object of Python: text, plain data, and a picture of it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec.report.formats import formats_of
from netspec.report.page import Page, Screen
from netspec.report.picture_file import draw


class Drawable(ABC):
    """A report that draws itself. ``str`` is its text; notebooks show the picture; :meth:`save` writes it as a file."""

    __slots__ = ()

    @abstractmethod
    def pages(self, width: int | None) -> Sequence[Page]:
        """The pages for lines of ``width`` characters."""

    @abstractmethod
    def data(self) -> Any:
        """Everything as plain data."""

    def to_dict(self) -> dict[str, Any]:
        """Everything that ``--format json`` prints, as plain data."""
        found: dict[str, Any] = self.data()
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture, whole or not at all, in the format that the file's ending says; see :func:`draw`."""
        draw(self, Path(path))

    def __str__(self) -> str:
        return "".join(formats_of(type(self))["text"].load()(self, Screen()))

    def _repr_svg_(self) -> str:
        """What notebooks show."""
        content: bytes = formats_of(type(self), picture=True)["svg"].load()(self)
        return content.decode()
