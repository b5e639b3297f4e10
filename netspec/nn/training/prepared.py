"""Images as one network takes them: read, split into those to learn from and those held out, and their statistics."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from netspec.errors.problem import Problem, SpecError
from netspec.errors.text import cleaned
from netspec.nn.images import Normalisation
from netspec.nn.training import arrays, folder
from netspec.ops.facts import Shape

SPLIT_SEED = 0
"""All runs hold the same images out, whatever their own seed is."""
Source = arrays.Arrays | folder.Folder


class Part(NamedTuple):
    """Images, N x C x H x W as bytes, and the number of each one's class."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


class Prepared(NamedTuple):
    """Images for a network: ``learn`` and ``held``, how pixels from 0 to 1 are normalised, and what is said of them.

    ``digest`` is a SHA-256 of all pixels and classes, in their parts.
    """

    learn: Part
    held: Part
    normalisation: Normalisation
    classes: tuple[str, ...]
    change: str
    digest: str
    problems: tuple[Problem, ...] = ()


def source(word: str) -> Source:
    """The images that ``--data`` names: a known word, an ``.npz`` file, or a folder. Raises :class:`SpecError`."""
    if word in arrays.PLACES:
        return arrays.packaged(word)
    path = Path(word)
    if path.is_dir():
        return folder.found(path)
    if path.suffix.lower() == ".npz":
        return arrays.archived(path)
    known = ", ".join(arrays.PLACES)
    what = "is no folder and does not end in .npz" if path.exists() else "is neither a known word nor a file"
    raise SpecError([Problem("missing-file", f"'{word}' {what}", hint=f"known: {known}, DIR, FILE.npz")])


def prepared(images: Source, shape: Shape, share: float, *, skip: bool = False) -> Prepared:
    """``images`` for a network that reads ``shape``.

    ``share`` of them are held out, or as many as it says where it is 1 or more: of each class alike, drawn once for
    all, unless a folder says which. Raises :class:`SpecError`.
    """
    if isinstance(images, folder.Folder):
        read = folder.loaded(images, shape, skip=skip)
        pixels, labels, given, change, problems = read
    else:
        pixels, labels, given, change, problems = images.read(shape), images.labels, None, images.change(shape), ()
    is_held = given if given is not None else _drawn(labels, share)
    learn, held = (Part(pixels[one].contiguous(), labels[one]) for one in (~is_held, is_held))
    if not len(learn) or not len(held):
        message = f"of {len(labels):,} images {len(learn):,} would be learnt from and {len(held):,} held out"
        raise SpecError(
            [Problem("wrong-value", message, hint="--held-out is a share such as 0.2, or a number of images")]
        )
    _refuse_unlearnt(images.classes, learn)
    return Prepared(learn, held, _statistics(learn.pixels), images.classes, change, _digest(learn, held), problems)


def _refuse_unlearnt(classes: tuple[str, ...], learn: Part) -> None:
    """Raise :class:`SpecError` where all images of a class are held out."""
    unlearnt = [name for name, count in zip(classes, _counts(learn, len(classes)), strict=True) if not count]
    if unlearnt:
        first = f"'{cleaned(unlearnt[0])}'" + " among them" * (len(unlearnt) > 1)
        message = f"{len(unlearnt):,} of {len(classes):,} classes have no image to learn from: {first}"
        raise SpecError([Problem("bad-data", message, hint="more images of each class, or a smaller --held-out")])


def _counts(part: Part, classes: int) -> list[int]:
    found: list[int] = torch.bincount(part.labels, minlength=classes).tolist()
    return found


def _drawn(labels: Tensor, share: float) -> Tensor:
    """Which images are held out: as even a part of every class as there can be."""
    count = min(round(share * len(labels)) if share < 1 else int(share), len(labels))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(SPLIT_SEED))
    place = torch.empty(len(labels), dtype=torch.float64)
    for number in range(int(labels.max()) + 1):
        mine = order[labels[order] == number]
        place[mine] = (torch.arange(len(mine), dtype=torch.float64) + 0.5) / len(mine)
    held = torch.zeros(len(labels), dtype=torch.bool)
    held[order[place[order].argsort(stable=True)[: max(count, 1)]]] = True
    return held


def _statistics(pixels: Tensor) -> Normalisation:
    """Mean and standard deviation of each channel; one that never changes is left as it is, less its mean."""
    mean, std = [], []
    for channel in range(pixels.shape[1]):
        counts = torch.bincount(pixels[:, channel].flatten(), minlength=256).double()
        values = torch.arange(256, dtype=torch.float64) / 255
        total = counts.sum()
        middle = (counts * values).sum() / total
        spread = ((counts * (values - middle) ** 2).sum() / total).sqrt()
        mean.append(float(middle))
        std.append(float(spread) or 1.0)
    return Normalisation(tuple(mean), tuple(std))


def _digest(*parts: Part) -> str:
    found = hashlib.sha256()
    for part in parts:
        for tensor in part:
            found.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            found.update(tensor.contiguous().numpy().data)
    return found.hexdigest()
