"""What must hold before trainings begin, and what their record says of images and machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.nn.build import module
from netspec.nn.images import refuse_other_inputs
from netspec.nn.training import objective
from netspec.nn.training.prepared import Prepared
from netspec.training.settings import Settings

NORM = "batch_norm"
"""The operation that needs several values of each channel in training."""


def refuse_other_networks(graph: Graph, classes: int) -> None:
    """Raise :class:`SpecError` where a network reads no images, or gives no scores of so many ``classes``."""
    refuse_other_inputs(graph.name, graph.input.shape)
    objective.head(graph, classes)


def refuse_other_batches(graph: Graph, found: Prepared, batch: int, processes: int) -> None:
    """Raise :class:`SpecError` where there are fewer images to learn from than one batch has.

    Also where ``processes`` that share each ``batch`` would have uneven parts, or one image is too few for batch norm.
    """
    if batch % processes:
        message = f"a batch of {batch:,} images has no even shares for {processes:,} processes"
        raise SpecError([Problem("wrong-value", message, hint=f"--batch {-(-batch // processes) * processes}")])
    lone = next(
        (node for node in graph.operations if node.operation.word == NORM and not max(node.shape[1:], default=1) > 1),
        None,
    )
    if lone is not None and batch == processes:
        message = (
            f"'{lone.name}' of {graph.name} normalises each channel over one value: a process has one image at a time"
        )
        raise SpecError([Problem("wrong-value", message, lone.span, f"--batch {2 * processes} or more")])
    count = len(found.learn)
    if count < batch:
        message = f"there are {count:,} images to learn from, fewer than a batch of {batch:,}"
        raise SpecError([Problem("bad-data", message, hint=f"--batch {max(count // 4, 1)}")])


def refuse_device(device: str) -> None:
    """Raise :class:`SpecError` for a device that is not there."""
    if device != "cpu" and not torch.cuda.is_available():
        raise SpecError([Problem("wrong-value", f"there is no device '{device}' here", hint="--device cpu")])


def drawn(graph: Graph, seed: int) -> nn.Module:
    """The network with its first values, drawn from ``seed``."""
    torch.manual_seed(seed)
    return module(graph, outputs="all")


def data_record(found: Prepared) -> dict[str, Any]:
    """What identifies the images of a training, for its record."""
    return {
        "sha256": found.digest,
        "images": [len(found.learn), len(found.held)],
        "classes": list(found.classes),
        "shape": list(found.learn.pixels.shape[1:]),
        "mean": list(found.normalisation.mean),
        "std": list(found.normalisation.std),
    }


def machine_record(settings: Settings) -> Mapping[str, Any]:
    """What results depend on to the last bit beside what was asked for."""
    device = "cpu" if settings.device == "cpu" else torch.cuda.get_device_name(settings.device)
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "device": device,
    }


def _processor() -> str:
    """The name of the processor, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
