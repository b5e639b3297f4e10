"""What initialisation does to images, measured on the compiled module."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.nn import signal
from netspec.nn.images import folder, read, refuse_other_inputs
from netspec.ops.facts import shape_text
from netspec.signal.result import Measured

FEWEST = 2
"""Images that a batch has at least: normalisation takes statistics of it."""


def measured(graph: Graph, *, seeds: int, batch: int, images: Tensor | Sequence[str | os.PathLike[str]]) -> Measured:
    """As :func:`netspec.nn.signal.measured`, with the first ``batch`` of the ``images``.

    They are a tensor, N x C x H x W, which is read as it is; or files and folders, read so that each channel has the
    mean and deviation of noise over all of them: 0 and 1. Raises :class:`SpecError` where the network reads no such
    images, or there are fewer than two.
    """
    if len(graph.inputs) > 1:
        message = f"{graph.name} reads {len(graph.inputs)} inputs, and images are given to one"
        raise SpecError([Problem("wrong-value", message, hint="noise is given to all: measure without images")])
    if isinstance(images, Tensor):
        return _of_tensor(graph, seeds, batch, images)
    shape = graph.input.shape
    refuse_other_inputs(graph.name, shape)
    paths: list[Path] = []
    for path in map(Path, images):
        if not path.is_dir():
            files.refuse_unreadable(path)
        paths += folder(path) if path.is_dir() else [path]
    said = ", ".join(map(str, images)) or "images"
    _refuse_few(len(paths), said)
    pixels = torch.stack([read(path, shape).pixels for path in paths[:batch]]).float()
    own = (0, 2, 3)
    even = (pixels - pixels.mean(own, keepdim=True)) / pixels.std(own, keepdim=True).clamp_min(1e-6)
    return signal.measured(graph, seeds=seeds, batch=len(even), images=even, said=said)


def _of_tensor(graph: Graph, seeds: int, batch: int, images: Tensor) -> Measured:
    """The same with a tensor."""
    shape = graph.input.shape
    if images.shape[1:] != shape:
        message = f"{graph.name} reads N x {shape_text(shape)}, not {shape_text(tuple(images.shape))}"
        raise SpecError([Problem("wrong-value", message)])
    _refuse_few(len(images), "a tensor")
    first = images[:batch].detach().cpu().float()
    if not bool(first.isfinite().all()):
        raise SpecError([Problem("wrong-value", "the images have values that are no finite numbers")])
    return signal.measured(graph, seeds=seeds, batch=len(first), images=first, said="a tensor")


def _refuse_few(count: int, said: str) -> None:
    if count < FEWEST:
        message = f"{said}: {'one image is' if count else 'no images are'} there, and a batch has two at least"
        raise SpecError([Problem("wrong-value", message, hint="name a folder of images")])
