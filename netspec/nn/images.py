"""Images from files, for networks to read: grey or RGB, of the network's height and width, with 8 bits a channel.

An image of another shape is scaled until it covers what the network reads, and its middle is kept. A grey image is
repeated for a network that reads colours, colours become luma (ITU-R 601) for one that reads grey, and what is
transparent lies on white. What was changed is told (:attr:`Picture.changed`).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterable, Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from netspec import files
from netspec.errors.missing_package import require
from netspec.errors.problem import Problem, SpecError
from netspec.errors.text import exception_text
from netspec.ops.facts import MAP, Shape, shape_text

require("see")

from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: E402 - the line above says how to install it

MODES = {1: "L", 3: "RGB"}
"""Channels that a network reads -> what Pillow calls such an image."""
DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I")
"""Grey with 16 bits, as Pillow calls it."""
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""What files of images in a folder end in."""
UNREADABLE = (
    *(OSError, EOFError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError),
    *(RuntimeError, AttributeError, struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow raises for files that are damaged, of another kind, or unpack to more pixels than any photograph has."""
WHITE = (255, 255, 255, 255)
MOST_BYTES = 2**32
"""Of images in memory, and of an array in a file once it is unpacked."""


class Picture(NamedTuple):
    """An image for a network: ``pixels`` are C x H x W, of 8 bits; ``was`` is its shape in the file."""

    path: Path
    pixels: Tensor
    was: Shape

    @property
    def changed(self) -> str:
        """``3x480x640 -> 1x28x28``, or nothing where it was read as it is."""
        now = tuple(self.pixels.shape)
        return "" if now == self.was else f"{shape_text(self.was)} -> {shape_text(now)}"


class Normalisation(NamedTuple):
    """What is taken from each channel, from 0 to 1, and what the rest is divided by, before a network reads it."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def usual(cls, channels: int) -> Normalisation:
        """That of torchvision's weights, the statistics of ImageNet, for colours; pixels as they are otherwise."""
        if channels == len(IMAGENET.mean):
            return IMAGENET
        return cls((0.0,) * channels, (1.0,) * channels)

    def __call__(self, pixels: Tensor) -> Tensor:
        """``pixels``, ... x C x H x W, as the network reads them."""
        mean, std = (pixels.new_tensor(values).view(-1, 1, 1) for values in self)
        return (pixels - mean) / std


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def refuse_other_inputs(name: str, shape: Shape) -> None:
    """Raise :class:`SpecError` where a network called ``name`` that reads ``shape`` reads no grey or RGB image."""
    if len(shape) != MAP or shape[0] not in MODES:
        message = f"{name} reads {shape_text(shape)}, which is no image of one or three channels, height and width"
        raise SpecError([Problem("wrong-value", message)])


def refuse_too_many(count: int, shape: Shape) -> None:
    """Raise :class:`SpecError` where ``count`` images of ``shape`` would take more memory than is allowed."""
    size = count * prod(shape)
    if size > MOST_BYTES:
        message = f"{count:,} images of {shape_text(shape)} take {size:,} bytes, the limit is {MOST_BYTES:,}"
        raise SpecError([Problem("limit", message, hint="smaller images with --input, or fewer of them")])


def read(path: Path, shape: Shape) -> Picture:
    """The image in the file at ``path`` for a network that reads ``shape``.

    Raises :class:`SpecError` with the name of a file that holds no image that can be read.
    """
    image, channels = opened(path, shape[0])
    was = (channels, image.height, image.width)
    return Picture(path, pixels(fitted(image, (shape[1], shape[2]))), was)


def readable(paths: Iterable[Path], shape: Shape) -> tuple[list[Picture], list[Problem]]:
    """Those of the images at ``paths`` that can be read, as :func:`read` has them, and a problem for each other."""
    found: list[Picture] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found.append(read(path, shape))
        except SpecError as error:
            problems += error.problems
    return found, problems


def opened(path: Path, channels: int) -> tuple[Image.Image, int]:
    """The image in the file at ``path``, upright, in grey or RGB by ``channels``; and the channels that it had.

    Of several in one file it is the first. Raises :class:`SpecError`.
    """
    files.refuse_unreadable(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                return _as_read(ImageOps.exif_transpose(image), channels)
    except UNREADABLE as error:
        reason = "no image of a format that Pillow knows"
        if not isinstance(error, UnidentifiedImageError):
            reason = exception_text(error)
        raise SpecError(
            [Problem("bad-image", f"{path}: this file holds no image that can be read: {reason}")]
        ) from None


def _as_read(image: Image.Image, channels: int) -> tuple[Image.Image, int]:
    """``image`` in grey or RGB, and the channels that it had, without what is transparent."""
    if image.mode == "F":
        message = "its pixels are fractions, and nothing says of what"
        raise ValueError(message)
    if image.mode in DEEP:
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        grey = image.mode in ("LA", "La")
        ground = Image.new("RGBA", image.size, WHITE)
        image = Image.alpha_composite(ground, image.convert("RGBA")).convert("L" if grey else "RGB")
    own = 1 if image.mode in ("1", "L") else len(MODES[3])
    if own != 1:  # Pillow knows no way from CIELAB to grey
        image = image.convert(MODES[own])
    return image.convert(MODES[channels]), own


def fitted(image: Image.Image, size: Sequence[int]) -> Image.Image:
    """``image`` scaled until it covers a height and width of ``size``, and the middle of it that has that size."""
    high, wide = size
    if image.size == (wide, high):
        return image
    return ImageOps.fit(image, (wide, high), Image.Resampling.BILINEAR)


def pixels(image: Image.Image) -> Tensor:
    """C x H x W, of 8 bits."""
    content = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return content.view(image.height, image.width, -1).permute(2, 0, 1).contiguous()


def folder(path: Path) -> list[Path]:
    """The images below a folder, in the order of their names; what does not end as an image does is no such.

    A link that leads nowhere, a pipe and whatever else cannot be read is among them, to be named where it is read.
    """
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and not file.is_dir())
