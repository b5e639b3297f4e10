"""What initialisation does to images, measured on the compiled module."""

from __future__ import annotations

from pathlib import Path

import torch

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.nn import images
from netspec.nn.signal import measured
from netspec.signal.result import Measured

FEWEST = 2
"""Images that a batch has at least: normalisation takes statistics of it."""


def measured_with(graph: Graph, *, seeds: int, batch: int, data: Path) -> Measured:
    """As :func:`netspec.nn.signal.measured`, with at most ``batch`` images of the folder ``data``.

    Each channel has the mean and deviation of noise over all of them: 0 and 1. Raises :class:`SpecError` where the
    network reads no images, or there are fewer than two.
    """
    if len(graph.inputs) > 1:
        message = f"{graph.name} reads {len(graph.inputs)} inputs, and images are given to one"
        raise SpecError([Problem("wrong-value", message, hint="leave --data out: noise is given to all")])
    images.refuse_other_inputs(graph.name, graph.input.shape)
    if not data.is_dir():
        files.refuse_unreadable(data)
    paths = images.folder(data) if data.is_dir() else [data]
    if len(paths) < FEWEST:
        message = f"{data}: {'one image is' if paths else 'no images are'} there, and a batch has two at least"
        raise SpecError([Problem("wrong-value", message, hint="name a folder of images")])
    pixels = torch.stack([images.read(path, graph.input.shape).pixels for path in paths[:batch]]).float()
    own = (0, 2, 3)
    even = (pixels - pixels.mean(own, keepdim=True)) / pixels.std(own, keepdim=True).clamp_min(1e-6)
    return measured(graph, seeds=seeds, batch=len(even), images=even, said=str(data))
