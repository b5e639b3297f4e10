"""What the command needs of torch, in one place: images, the first weights, the machine, and all trainings."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.nn import weights
from netspec.nn.build import module
from netspec.nn.images import refuse_other_inputs
from netspec.nn.training import objective, run, several, shares
from netspec.nn.training import prepared as images
from netspec.training.settings import Settings
from netspec.weights.transfer import LoadedWeights, Terms

Job = run.Job
history_of = run.history_of
train = several.train
source = images.source
prepared = images.prepared
group = shares.group
started_by_torchrun = shares.started_by_torchrun


def refuse_other_networks(graph: Graph, classes: int) -> None:
    """Raise :class:`SpecError` where a network reads no images, or gives no scores of so many ``classes``."""
    refuse_other_inputs(graph.name, graph.input.shape)
    objective.head(graph, classes)


def refuse_few(found: images.Prepared, batch: int) -> None:
    """Raise :class:`SpecError` where there are fewer images to learn from than one batch has."""
    count = len(found.learn)
    if count < batch:
        message = f"there are {count:,} images to learn from, fewer than a batch of {batch:,}"
        raise SpecError([Problem("bad-data", message, hint=f"--batch {max(count // 4, 1)}")])


def refuse_device(device: str) -> None:
    """Raise :class:`SpecError` for a device that is not there."""
    if device != "cpu" and not torch.cuda.is_available():
        raise SpecError([Problem("wrong-value", f"there is no device '{device}' here", hint="--device cpu")])


def first_weights(
    graph: Graph, seed: int, path: Path, terms: Terms, **how: Any
) -> tuple[dict[str, Tensor], LoadedWeights, tuple[Problem, ...]]:
    """The weights of ``graph`` with those of a file that fit, the rest drawn from ``seed``; what is said of it.

    Raises :class:`SpecError` where they do not fit, as :func:`netspec.load_weights` has it.
    """
    torch.manual_seed(seed)
    whole = module(graph, outputs="all")
    found, remarks = weights.load_weights(whole, path, terms, **how)
    return dict(whole.state_dict()), found, remarks


def data_record(found: images.Prepared) -> dict[str, Any]:
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
