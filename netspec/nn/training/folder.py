"""A folder of images: a folder for each class, or these in ``train`` and in ``val``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from netspec.errors.problem import MAX_PROBLEMS, Problem, SpecError
from netspec.nn import images
from netspec.nn.training.arrays import CLASSES
from netspec.ops.facts import Shape, shape_text

LEARN = "train"
HELD = ("val", "valid", "validation", "test")
"""Names of a folder whose images are held out, beside one of those that are learnt from."""


class Folder(NamedTuple):
    """The files of each class; ``held`` says of each whether it is held out, where the folder does."""

    path: Path
    files: tuple[Path, ...]
    numbers: tuple[int, ...]
    classes: tuple[str, ...]
    held: tuple[bool, ...] = ()

    @property
    def says(self) -> str:
        """What it is, in a few words."""
        return f"the folder {self.path}"


class Loaded(NamedTuple):
    """The images of a folder that could be read, as a network takes them, and what is to be said of them."""

    pixels: Tensor
    labels: Tensor
    held: Tensor | None
    change: str
    problems: tuple[Problem, ...]


def found(path: Path) -> Folder:
    """The classes in the folder at ``path``. Raises :class:`SpecError` where it has none."""
    inner = _folders(path)
    held = next((path / name for name in HELD if path / name in inner), None)
    if path / LEARN in inner and held and len(inner) == len((LEARN, held)):
        parts = [path / LEARN, held]
        classes = sorted({folder.name for part in parts for folder in _folders(part)})
    else:
        parts = [path]
        classes = [folder.name for folder in inner]
    listed = [
        (file, classes.index(folder.name), part is held)
        for part in parts
        for folder in _folders(part)
        for file in images.folder(folder)
    ]
    filled = {number for _, number, _ in listed}
    if len(filled) < CLASSES:
        loose = len(images.folder(path)) - len(listed)
        what = f"{len(filled)} with images" if inner else "none"
        message = f"{path}: a folder of images has a folder for each class, and this one has {what}"
        message += f", and {loose:,} image{'s' * (loose > 1)} beside them" if loose else ""
        raise SpecError([Problem("bad-data", message, hint="DIR/cat/1.jpg, DIR/dog/1.jpg, ...")])
    empty = [name for number, name in enumerate(classes) if number not in filled]
    if empty:
        message = f"{path}: the class '{empty[0]}' has no images"
        raise SpecError([Problem("bad-data", message, hint=f"images end in {', '.join(images.ENDINGS)}")])
    paths, numbers, aside = zip(*listed, strict=True)
    return Folder(path, paths, numbers, tuple(classes), aside if held in parts else ())


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError as error:
        raise SpecError([Problem("missing-file", f"'{path}' cannot be read: {error.strerror}")]) from None


def loaded(folder: Folder, shape: Shape, *, skip: bool) -> Loaded:
    """All images, each read as :func:`netspec.nn.images.read` reads one.

    Those that cannot be read are named, and left out if ``skip`` says so. Raises :class:`SpecError`.
    """
    images.refuse_too_many(len(folder.files), shape)
    pixels = torch.empty((len(folder.files), *shape), dtype=torch.uint8)
    problems: list[Problem] = []
    kept: list[int] = []
    sizes: Counter[Shape] = Counter()
    for place, file in enumerate(folder.files):
        try:
            one = images.read(file, shape)
        except SpecError as error:
            problems += error.problems
            continue
        pixels[len(kept)] = one.pixels
        sizes[one.was] += 1
        kept.append(place)
    if problems and not skip:
        message = f"{len(problems):,} of {len(folder.files):,} images cannot be read"
        last = Problem("bad-data", message, hint="--skip-unreadable leaves them out")
        raise SpecError([*problems[:MAX_PROBLEMS], last])
    labels = torch.tensor([folder.numbers[place] for place in kept], dtype=torch.int64)
    gone = [name for number, name in enumerate(folder.classes) if not bool((labels == number).any())]
    if gone:
        message = f"{folder.path}: no image of the class '{gone[0]}' can be read"
        raise SpecError([*problems[:MAX_PROBLEMS], Problem("bad-data", message)])
    held = torch.tensor([folder.held[place] for place in kept]) if folder.held else None
    return Loaded(pixels[: len(kept)], labels, held, _change(sizes, shape), tuple(problems))


def _change(sizes: Counter[Shape], shape: Shape) -> str:
    """What became of the images, in a few words."""
    changed = sum(count for was, count in sizes.items() if was != shape)
    if not changed:
        return shape_text(shape)
    usual = shape_text(sizes.most_common(1)[0][0])
    before = f"{len(sizes)} shapes, most often {usual}" if len(sizes) > 1 else usual
    return f"{before}; {changed:,} of {sum(sizes.values()):,} resized or recoloured to {shape_text(shape)}"
