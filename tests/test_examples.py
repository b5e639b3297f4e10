"""The scripts of ``examples/`` run, and several processes train as one does."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import netspec

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PLAIN = """\
netspec: 1
name: plain
input: [3, 16, 16]
stages:
  layer1: {chain: [{conv: {out: 8, kernel: 3, padding: 1}}, relu, {conv: {out: 8, kernel: 3, stride: 2}}, relu]}
  layer2: {chain: [{conv: {out: 16, kernel: 3, padding: 1}}, relu, {conv: {out: 16, kernel: 3, stride: 2}}, relu]}
head: {pool: global_avg_pool, fc: {linear: 10}}
init: {conv.weight: kaiming_normal}
"""


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_thread: None) -> None:  # noqa: ARG001 - processes share cores
    """The folder of examples on the path, and a folder to write to."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)


def member(name: str, spec: str, rank: int, count: int, folder: Path) -> None:
    """One of ``count`` processes that run an example, and write what its ``main`` returns."""
    import torch
    import torch.distributed as dist

    os.chdir(folder)
    sys.path.insert(0, str(EXAMPLES))
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / "store"), count)
    dist.init_process_group("gloo", rank=rank, world_size=count, store=store)
    torch.save(import_module(name).main(spec), folder / f"{rank}.pt")
    dist.destroy_process_group()


def trained(name: str, spec: str, folder: Path, torch: ModuleType, count: int = 2) -> list[dict[str, Any]]:
    """The weights that each of ``count`` processes has after an example."""
    context = multiprocessing.get_context("fork")  # torch is imported already
    members = [context.Process(target=member, args=(name, spec, rank, count, folder)) for rank in range(count)]
    for one in members:
        one.start()
    for one in members:
        one.join(120)
    for one in members:
        one.kill()
        one.join()
    assert [one.exitcode for one in members] == [0] * count
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(count)]


def alone(spec: str, parts: int, torch: ModuleType) -> dict[str, Any]:
    """The weights after the same steps in this process, which normalises ``parts`` of each batch by themselves."""
    ddp = import_module("ddp")
    network = netspec.read(spec)
    torch.manual_seed(0)
    model = network.compile().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(ddp.STEPS):
        images, classes = ddp.batch(step, network.graph.input.shape)
        optimizer.zero_grad()
        for part, of in zip(images.chunk(parts), classes.chunk(parts), strict=True):
            (torch.nn.functional.cross_entropy(model(part), of) / parts).backward()
        optimizer.step()
    return dict(model.named_parameters())


@pytest.mark.parametrize("spec", [PLAIN, "resnet20"], ids=["without norms", "resnet20"])
@pytest.mark.parametrize("name", ["ddp", "fsdp2", "pipeline"])
def test_several_processes_train_as_one(name: str, spec: str, torch: ModuleType, tmp_path: Path) -> None:
    """After three steps the parameters are those of one process that normalises the same parts of each batch."""
    found = trained(name, spec, tmp_path, torch)
    expected = alone(spec, 2, torch)
    parameters = {name: value for state in found for name, value in state.items() if name in expected}

    assert {*parameters} == {*expected}
    for key, value in expected.items():
        assert torch.allclose(parameters[key], value, rtol=1e-4, atol=1e-6), key


def test_what_was_trained_is_saved(torch: ModuleType, tmp_path: Path) -> None:
    """Data parallel and sharded trainings write the same artefact."""
    for name in ("ddp", "fsdp2"):
        (tmp_path / name).mkdir()
        trained(name, PLAIN, tmp_path / name, torch)
    found = [netspec.load(tmp_path / name / f"plain-{name}.safetensors").state_dict() for name in ("ddp", "fsdp2")]

    assert all(torch.allclose(value, found[1][name], rtol=1e-4, atol=1e-6) for name, value in found[0].items())


@pytest.mark.parametrize(
    ("word", "stages"),
    [
        ("resnet50", ["layer1", "layer2", "layer3", "layer4"]),
        ("densenet121", [f"features.{name}" for name in ("denseblock1", "denseblock2", "denseblock3", "norm5")]),
    ],
)
def test_a_pyramid_stands_on_any_network(word: str, stages: list[str], torch: ModuleType) -> None:
    """In fewer than thirty lines a pyramid has maps of equal width, each twice as fine as the next."""
    lines = (EXAMPLES / "pyramid.py").read_text(encoding="utf-8").partition("if __name__")[0].splitlines()
    with torch.device("meta"):
        pyramid = import_module("pyramid").Pyramid(netspec.read(word), stages, width=32)
        maps = pyramid(torch.empty(2, 3, 64, 64))

    assert [tuple(one.shape) for one in maps] == [(2, 32, side, side) for side in (16, 8, 4, 2)]
    assert len([line for line in lines if line.strip()]) < 30


@pytest.mark.usefixtures("torchvision")  # which Lightning imports where it is there
def test_lightning_trains_a_network(torch: ModuleType) -> None:
    """Lightning trains a network, and its checkpoint loads into one without Lightning."""
    pytest.importorskip("pytorch_lightning")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning has advice on workers and logs
        report = import_module("lightning_module").main(PLAIN, (3, 16, 16))

    assert report.source == "under 'state_dict', prefix 'model.'"
    assert not report.fresh
    assert torch.load("trained.ckpt", weights_only=True)["global_step"] == 2


def test_every_example_is_tried(request: pytest.FixtureRequest) -> None:
    """No script stands in the folder that no test runs."""
    text = Path(request.path).read_text(encoding="utf-8")

    assert [path.stem for path in EXAMPLES.glob("*.py") if f'"{path.stem}"' not in text] == []
