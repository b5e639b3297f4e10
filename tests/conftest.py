"""What several tests need: a graph from a few lines, torch with few threads, and torchvision as an oracle.

Where torch is not installed, tests that need it are skipped by what they do: a test that imports a package which is not
there, itself or through netspec, and a file that imports one at its top. A test that would only see how a process or a
command ends asks for the fixture ``torch``. All others must pass.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import netspec
from netspec.errors.missing_package import EXTRAS, MissingPackage
from netspec.graph.graph import Graph
from netspec.ops.facts import Shape

FEW_THREADS = 4
LIGHT = find_spec("torch") is None
"""Whether this is a light install: see CONTRIBUTING.md."""
HEAVY = re.compile(rf"^(?:from|import) (?:netspec\.(?:nn|verify)|{'|'.join(EXTRAS['verify'])})\b", re.MULTILINE)
"""An import of what a light install leaves out, or of what needs it, at the top of a file."""
if LIGHT:
    tests = Path(__file__).parent.glob("test_*.py")
    collect_ignore = [path.name for path in tests if HEAVY.search(path.read_text(encoding="utf-8"))]


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
        if not LIGHT or not (isinstance(error, MissingPackage) or error.name in EXTRAS["verify"]):
            raise
        pytest.skip(str(error))


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
    """Torch, with no more threads than small tensors have use for."""
    import torch

    torch.set_num_threads(min(FEW_THREADS, torch.get_num_threads()))
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
