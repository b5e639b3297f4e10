"""Batches of images, drawn anew for every epoch from the seed and the number of the epoch alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from netspec.nn.images import Normalisation
from netspec.nn.training.prepared import Part
from netspec.training.settings import Settings

MOST_EPOCHS = 1_000_000
"""More would give one epoch of a seed the random numbers of another seed's."""

Batch = tuple[Tensor, Tensor]
"""Normalised images and their classes."""


class Share(NamedTuple):
    """Which of ``size`` processes that train one network this is: each takes every ``size``-th image of a batch."""

    rank: int = 0
    size: int = 1


class Draws(NamedTuple):
    """The random choices of an epoch: the order of images, where each is cut out, and which are mirrored."""

    order: Tensor
    corners: Tensor
    mirrored: Tensor


def epoch_seed(seed: int, epoch: int) -> int:
    """The seed of an epoch: a training that begins again in the middle draws what it would have drawn."""
    return seed * MOST_EPOCHS + epoch


def draws(seed: int, epoch: int, count: int, settings: Settings) -> Draws:
    """What is drawn in an epoch for ``count`` images; ``settings`` say which of it is used."""
    random = torch.Generator().manual_seed(epoch_seed(seed, epoch))
    order = torch.randperm(count, generator=random)
    corners = torch.randint(2 * settings.pad + 1, (count, 2), generator=random)
    return Draws(order, corners, torch.rand(count, generator=random) < 0.5)  # noqa: PLR2004 - every second one


class Images(Dataset[Batch]):
    """Batches by the places of their images; ``drawn`` says how each is cut out and whether it is mirrored."""

    def __init__(
        self, part: Part, normalisation: Normalisation, settings: Settings, drawn: Draws | None = None
    ) -> None:
        self.part, self.normalisation, self.settings, self.drawn = part, normalisation, settings, drawn

    def __getitem__(self, places: Tensor) -> Batch:
        pixels = self.part.pixels[places]
        if self.drawn is not None:
            if self.settings.pad:
                pixels = cut(pixels, self.drawn.corners[places], self.settings.pad)
            if self.settings.flip:
                pixels = torch.where(self.drawn.mirrored[places].view(-1, 1, 1, 1), pixels.flip(3), pixels)
        images = self.normalisation(pixels.float() / 255)
        if self.settings.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        return images, self.part.labels[places]


def cut(pixels: Tensor, corners: Tensor, pad: int) -> Tensor:
    """Each image between zeros, ``pad`` on every side, cut to its own size with its upper left corner where it says."""
    high, wide = pixels.shape[2:]
    padded = functional.pad(pixels, (pad,) * 4)
    parts = [
        one[:, top : top + high, left : left + wide] for one, (top, left) in zip(padded, corners.tolist(), strict=True)
    ]
    return torch.stack(parts)


def learning(part: Part, normalisation: Normalisation, settings: Settings, drawn: Draws, share: Share) -> Loader:
    """This process's share of every full batch of an epoch; what fills none is left out, each time another rest."""
    full = _parts(drawn.order, settings.batch)[: len(part) // settings.batch]
    return Loader(Images(part, normalisation, settings, drawn), [batch[share.rank :: share.size] for batch in full])


def held_out(part: Part, normalisation: Normalisation, settings: Settings, share: Share) -> Loader:
    """This process's share of the images of ``part``, as they are."""
    mine = torch.arange(share.rank, len(part), share.size)
    return Loader(Images(part, normalisation, settings), _parts(mine, settings.batch))


def _parts(places: Tensor, length: int) -> list[Tensor]:
    return [places[begin : begin + length] for begin in range(0, len(places), length)]


class Loader:
    """Batches at ``places``, one after the other, read by torch's loader in this process."""

    def __init__(self, images: Images, places: list[Tensor]) -> None:
        self.places = places
        self._loader: DataLoader[Batch] = DataLoader(images, batch_size=None, sampler=places)

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Batch]:
        yield from self._loader
