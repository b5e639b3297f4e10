"""What several tests need: a graph from a few lines, torch with few threads, and torchvision as an oracle.

Where torch is not installed, tests that need it are skipped by what they do: a test that imports a package which is not
there, itself or through netspec, and a file that imports one at its top. A test that would only see how a process or a
command ends asks for the fixture ``torch``. All others must pass.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pytest

import netspec
from netspec.errors.missing_package import EXTRAS, MODULES, MissingPackage
from netspec.graph.graph import Graph
from netspec.ops.facts import Shape

CORES = os.cpu_count() or 1
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
FEW_THREADS = max(1, min(4, CORES // WORKERS))
if WORKERS > 1:  # before torch is imported, and for the processes that tests start
    os.environ.setdefault("OMP_NUM_THREADS", str(FEW_THREADS))
LIGHT = find_spec("torch") is None
"""Whether this is a light install: see CONTRIBUTING.md."""
LEFT_OUT = {MODULES.get(package, package) for packages in EXTRAS.values() for package in packages}
"""What a light install leaves out, as it is imported."""

Network = TypeVar("Network")
"""A network that is tried, by its name or otherwise."""
thorough = False
"""Whether all random and all shipped networks are checked in full, or a sample of them."""
SAMPLE = 10
"""Of how many one is in a sample."""


def sample(networks: Sequence[Network], one_of: int = SAMPLE) -> Sequence[Network]:
    """All of ``networks`` if the tests are to be thorough, else one of so many, from the first."""
    return networks if thorough else networks[::one_of]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--thorough``."""
    parser.addoption("--thorough", action="store_true", help="check all networks instead of a sample")


def pytest_configure(config: pytest.Config) -> None:
    """What the options say, before any test is imported."""
    global thorough  # noqa: PLW0603 - the options of a process
    thorough = config.getoption("thorough")


class LightModule(pytest.Module):
    """A file of tests, skipped as a whole if what it imports at its top is left out of a light install."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Its tests, if it can be imported."""
        try:
            return super().collect()
        except self.CollectError as error:
            if not _needs_more(error.__cause__):
                raise
            pytest.skip(str(error.__cause__), allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """A file of tests, as it is collected in a light install."""
    return LightModule.from_parent(parent, path=module_path) if LIGHT else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Skip a test whose fixtures need what a light install leaves out."""
    with _skipping():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skip a test that needs what a light install leaves out."""
    with _skipping():
        return (yield)


@contextmanager
def _skipping() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        if not LIGHT or not _needs_more(error):
            raise
        pytest.skip(str(error))


def _needs_more(error: BaseException | None) -> bool:
    """Whether it says that what a light install leaves out is not there."""
    return isinstance(error, MissingPackage) or (isinstance(error, ImportError) and error.name in LEFT_OUT)


def spec_of(layers: str, *, size: Shape = (3, 32, 32), **sections: str) -> str:
    """The text of a spec: ``layers`` as its stages, other sections as given."""
    text = f"netspec: 1\nname: net\ninput: {list(size)}\n"
    for name, content in {**sections, "stages": layers}.items():
        text += f"{name}:\n{textwrap.indent(textwrap.dedent(content).strip(), '  ')}\n"
    return text


@pytest.fixture(scope="session")
def graph_of() -> Callable[..., Graph]:
    """A function from layers (and further sections by name) as YAML, and a ``size``, to their graph."""

    def graph(layers: str, *, size: Shape = (3, 32, 32), **sections: str) -> Graph:
        return netspec.read(spec_of(layers, size=size, **sections)).graph

    return graph


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Torch, with no more threads than small tensors have use for, nor than this worker's share of the cores."""
    import torch

    torch.set_num_threads(FEW_THREADS)
    return torch


@pytest.fixture
def one_thread(torch: ModuleType) -> Iterator[None]:
    """Torch with one thread: small tensors are done before a second one has begun."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def torchvision(torch: ModuleType) -> ModuleType:
    """Torchvision, also where its compiled operators do not fit this torch: its models need none of them."""
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        pytest.skip("torchvision is not installed")
    _load(torch, Path(spec.origin).parent)
    if not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)
    import torchvision

    return torchvision


_KEPT: list[object] = []
"""Definitions of operators last as long as the object that made them."""


def _load(torch: ModuleType, package: Path) -> None:
    """Load the compiled operators of ``package`` if they are there and fit."""
    for library in package.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            continue
