"""Artefacts: weights and network in one file that holds no code, written whole or not at all, refused when damaged."""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

import netspec
from netspec import catalogue
from netspec.cli import main
from netspec.errors.problem import Problem, SpecError
from netspec.nn import artefact

SPEC = """\
netspec: 1
name: small
input: [3, 8, 8]
params: {classes: 5, width: 4}
variants: {wide: {width: 8}}
blocks: {head: {params: {classes: int}, body: [global_avg_pool, {linear: $classes}]}}
stages:
  conv: {conv: {out: $width, kernel: 3, bias: false}}
  bn: batch_norm
  relu: relu
head:
  main: {head: {classes: $classes}}
  aux: {head: {classes: $classes}, from: conv}
outputs: {main: main, aux: {from: aux, when: training}}
"""


@pytest.fixture
def network() -> netspec.Network:
    """A small network with buffers and a head for training."""
    return netspec.read(SPEC, classes=7)


@pytest.fixture
def written(network: netspec.Network, torch: ModuleType, tmp_path: Path) -> tuple[Any, Path]:
    """A module of that network whose statistics have moved, and its artefact."""
    torch.manual_seed(0)
    module = network.compile()
    module(torch.randn(4, 3, 8, 8))
    path = tmp_path / "small.safetensors"
    netspec.save(module.eval(), network, path)
    return module, path


def refused(call: Callable[[], object]) -> Problem:
    """The one problem that ``call`` ends in."""
    with pytest.raises(SpecError) as caught:
        call()
    (problem,) = caught.value.problems
    return problem


def test_outputs_and_state_survive(written: tuple[Any, Path], torch: ModuleType) -> None:
    """A loaded network is in eval mode, trainable, equal in every tensor, and computes the same to the last bit."""
    module, path = written
    loaded = netspec.load(path)
    x = torch.randn(2, 3, 8, 8)

    assert not loaded.training
    assert torch.equal(loaded(x), module(x))
    assert list(loaded.state_dict()) == list(module.state_dict())
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in module.state_dict().items())
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert loaded.bn.num_batches_tracked == 1


def test_heads_for_training_come_back(written: tuple[Any, Path], torch: ModuleType) -> None:
    """``outputs="all"`` of a loaded network returns the heads for training, with their weights."""
    module, path = written
    loaded = netspec.load(str(path), outputs="all")
    x = torch.randn(2, 3, 8, 8)

    assert torch.equal(loaded(x)["main"], module(x))
    assert torch.equal(loaded.aux[1].weight, module.aux[1].weight)


def test_half_precision_survives(network: netspec.Network, torch: ModuleType, tmp_path: Path) -> None:
    """Weights keep their precision."""
    path = tmp_path / "half.safetensors"
    netspec.save(network.compile().to(torch.bfloat16), network, path)

    assert {parameter.dtype for parameter in netspec.load(path).parameters()} == {torch.bfloat16}


def test_tied_weights_are_written_for_each_name(network: netspec.Network, torch: ModuleType, tmp_path: Path) -> None:
    """Weights that share memory are written once for each name, and channels-last ones in the usual order."""
    module = network.compile().to(memory_format=torch.channels_last)
    module.aux[1].weight = torch.nn.Parameter(module.aux[1].weight.detach())
    module.bn.bias = torch.nn.Parameter(module.bn.weight.detach()[:4])
    path = tmp_path / "tied.safetensors"
    netspec.save(module, network, path)
    loaded = netspec.load(path)

    assert torch.equal(loaded.bn.bias, module.bn.bias)
    assert torch.equal(loaded.conv.weight, module.conv.weight)
    assert loaded.conv.weight.is_contiguous()


def test_the_file_holds_the_resolved_spec(written: tuple[Any, Path], network: netspec.Network) -> None:
    """The spec inside is the whole network with every choice made, readable without this package."""
    _, path = written
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["netspec"])
    inside = netspec.read(header["spec"])

    assert header["format"] == 1
    assert inside.params == {"classes": 7, "width": 4}
    assert "variants" not in header["spec"]
    assert inside.stats().to_dict() == network.stats().to_dict()
    assert artefact.contents(path).spec == header["spec"]


def test_a_changed_weight_is_noticed(written: tuple[Any, Path]) -> None:
    """One flipped bit in the weights is enough for the file to be refused."""
    _, path = written
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)

    assert "changed after it was written" in refused(lambda: netspec.load(path)).message


FAMILIES = {
    path.stem: [f"{path}@{variant}" if variant else str(path) for variant in catalogue.spec(path)[0].family({})]
    for path in catalogue.shipped().values()
}


@pytest.mark.parametrize("name", FAMILIES)
def test_resolved_specs_are_the_same_network(name: str) -> None:
    """The resolved spec of every shipped network and variant is itself a spec, of a network with equal figures."""
    for word in FAMILIES[name]:
        network = netspec.read(word)
        again = netspec.read(network.to_yaml())

        assert again.stats().to_dict() == network.stats().to_dict(), word
        assert again.to_yaml() == network.to_yaml(), word


RESOLVED: dict[str, tuple[str, dict[str, Any]]] = {
    "a parameter that only the input reads": (
        "input: [3, $size, $size]\nparams: {size: 8}\nstages: {r: relu}",
        {"size": 16},
    ),
    "a parameter that only another one reads": (
        "input: [3, 8, 8]\nparams: {a: 1, b: $a + 1}\nstages: {c: {conv: {out: $b, kernel: 1}}}",
        {"a": 3},
    ),
    "a parameter that is given, not worked out": (
        "input: [3, 8, 8]\nparams: {a: 1, b: $a + 1}\nstages: {c: {conv: {out: $b, kernel: 1}}}",
        {"b": 5},
    ),
    "a block that is not chosen": (
        """\
input: [3, 8, 8]
params: {which: l}
variants: {v: {which: r}}
blocks: {l: {body: [relu]}, r: {body: [tanh]}}
stages: {c: $which}""",
        {"which": "r"},
    ),
}


@pytest.mark.parametrize("case", RESOLVED)
def test_what_a_choice_leaves_unread_is_gone(case: str) -> None:
    """Parameters and blocks that only the choices made needed are no mistake in the resolved spec."""
    layers, params = RESOLVED[case]
    network = netspec.read(f"netspec: 1\nname: net\n{layers}\n", **params)

    assert netspec.read(network.to_yaml()).stats().to_dict() == network.stats().to_dict()


def test_no_pickle_is_used(
    written: tuple[Any, Path], network: netspec.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither writing nor reading touches pickle."""
    module, path = written

    def forbidden(*_: object, **__: object) -> NoReturn:
        message = "pickle was used"
        raise AssertionError(message)

    for name in ("load", "loads", "dump", "dumps", "Unpickler", "Pickler", "_Unpickler", "_Pickler"):
        monkeypatch.setattr(pickle, name, forbidden)
    netspec.save(module, network, path)

    assert list(netspec.load(path).state_dict()) == list(module.state_dict())


# -- damaged and foreign files ------------------------------------------------------------------------------------

INCOMPLETE = "this is no complete safetensors file: Error while deserializing header: "
AGAIN = "write it again with netspec build"


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        (0.0, "header too small"),
        (0.2, "invalid header length"),
        (0.8, "incomplete metadata, file not fully covered"),
        (0.9999, "incomplete metadata, file not fully covered"),
    ],
)
def test_truncated_files_are_refused(keep: float, reason: str, written: tuple[Any, Path]) -> None:
    """A file that ends early is refused with what is missing, wherever it was cut."""
    _, path = written
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    problem = refused(lambda: netspec.load(path))

    assert problem == Problem("bad-artefact", f"{path}: {INCOMPLETE}{reason}", hint=AGAIN)


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    """Bytes that are no safetensors file are refused as such."""
    path = tmp_path / "noise.safetensors"
    path.write_bytes(b"\xff" * 500)

    assert refused(lambda: netspec.load(path)) == Problem(
        "bad-artefact", f"{path}: {INCOMPLETE}header too large", hint=AGAIN
    )


def test_pickles_are_refused(torch: ModuleType, tmp_path: Path) -> None:
    """A checkpoint of ``torch.save`` is refused, not unpickled."""
    path = tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(3)}, path)
    problem = refused(lambda: netspec.load(path))

    assert problem.code == "bad-artefact"
    assert problem.message.startswith(f"{path}: this is no complete safetensors file: ")


@pytest.mark.parametrize(
    "metadata", [None, {"format": "pt"}, {"netspec": '{"format": 2, "spec": "x", "digest": "x"}'}, {"netspec": "{"}]
)
def test_foreign_safetensors_are_refused(metadata: dict[str, str] | None, torch: ModuleType, tmp_path: Path) -> None:
    """A sound safetensors file without a spec of our version is refused."""
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata=metadata)

    assert refused(lambda: netspec.load(path)) == Problem(
        "bad-artefact", f"{path}: the file holds no spec of format 1; it was not written by netspec build", hint=AGAIN
    )


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    """What is not there, or no file, is refused by its name."""
    path = tmp_path / "nothing.safetensors"

    assert refused(lambda: netspec.load(path)) == Problem("missing-file", f"there is no file '{path}'")
    assert refused(lambda: netspec.load(tmp_path)) == Problem(
        "missing-file", f"'{tmp_path}' cannot be read: Is a directory"
    )


def test_a_tampered_spec_is_refused_at_its_line(written: tuple[Any, Path], network: netspec.Network) -> None:
    """A mistake in the spec inside is answered like one in a file, with the artefact's name and the line."""
    module, path = written
    spec = network.to_yaml().replace("kernel: 3", "kernal: 3")
    artefact.save(module.state_dict(), spec, path)
    with pytest.raises(SpecError) as caught:
        netspec.load(path)
    problem = caught.value.problems[0]

    assert (problem.code, problem.message) == ("unknown-parameter", "conv has no parameter 'kernal'")
    assert problem.span
    assert problem.span.source.name == f"{path} (spec)"
    assert "kernal: 3" in problem.span.source.line(problem.span.line)


def test_a_spec_that_is_no_spec_is_refused(written: tuple[Any, Path]) -> None:
    """Text that is no network is a mistake in the spec, not a traceback."""
    module, path = written
    for text, code in (("", "not-a-mapping"), ("[", "yaml-syntax"), ("netspec: 1\nname: x\n", "missing-section")):
        artefact.save(module.state_dict(), text, path)

        assert code in {problem.code for problem in _problems(path)}, text


def _problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        netspec.load(path)
    return caught.value.problems


def test_weights_that_do_not_fit_are_refused(written: tuple[Any, Path], network: netspec.Network) -> None:
    """Weights of other shapes, missing and surplus ones are counted, and the first of them named."""
    module, path = written
    artefact.save(module.state_dict(), network.to_yaml().replace("width: 4", "width: 6"), path)
    problem = refused(lambda: netspec.load(path))

    assert problem == Problem(
        "bad-artefact",
        f"{path}: its weights do not fit its spec: 7 missing or of another kind, 0 unknown "
        "(conv.weight, bn.weight, bn.bias)",
        hint=AGAIN,
    )


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (
            lambda state, torch: {**state, "bn.bias": torch.zeros(4, dtype=torch.int64)},
            "1 missing or of another kind, 0",
        ),
        (lambda state, torch: {**state, "extra": torch.zeros(1)}, "0 missing or of another kind, 1"),
        (
            lambda state, _: {name: value for name, value in state.items() if name != "bn.bias"},
            "1 missing or of another",
        ),
    ],
    ids=["whole numbers", "surplus", "missing"],
)
def test_other_weights_are_refused(
    change: Callable[..., dict[str, Any]],
    count: str,
    written: tuple[Any, Path],
    network: netspec.Network,
    torch: ModuleType,
) -> None:
    """One tensor too many, too few or of whole numbers is enough."""
    module, path = written
    save_file(change(module.state_dict(), torch), path, metadata={"netspec": artefact._header(network.to_yaml(), {})})
    problem = refused(lambda: netspec.load(path))

    assert problem.code == "bad-artefact"
    assert count in problem.message


# -- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (SafetensorError("Error while serializing: I/O error"), "Error while serializing: I/O error"),
    ],
)
def test_a_failed_write_leaves_the_old_file(
    error: Exception,
    reason: str,
    written: tuple[Any, Path],
    network: netspec.Network,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When writing fails half-way the old file is there unchanged, and nothing else."""
    module, path = written
    before = path.read_bytes()

    def broken(_: object, draft: str, **__: object) -> NoReturn:
        Path(draft).write_bytes(b"half")
        raise error

    monkeypatch.setattr(artefact, "save_file", broken)
    problem = refused(lambda: netspec.save(module, network, path))

    assert problem == Problem("unwritable", f"{path}: cannot be written: {reason}")
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names are what is compared


def test_a_write_that_is_killed_leaves_the_old_file(
    written: tuple[Any, Path], network: netspec.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed half-way has not touched the old file, which loads as before."""
    module, path = written
    before = path.read_bytes()

    def killed(_: object, draft: str, **__: object) -> NoReturn:
        Path(draft).write_bytes(before[:100])
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    monkeypatch.setattr(artefact, "save_file", killed)
    child = os.fork()
    if not child:
        netspec.save(module, network, path)
        os._exit(0)

    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert path.read_bytes() == before
    assert list(netspec.load(path).state_dict()) == list(module.state_dict())


def test_an_interrupted_write_leaves_the_old_file(
    written: tuple[Any, Path], network: netspec.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt is passed on, and leaves no draft behind."""
    module, path = written
    before = path.read_bytes()

    def interrupted(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(artefact, "save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        netspec.save(module, network, path)

    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names are what is compared


def test_places_that_cannot_be_written_are_refused(
    written: tuple[Any, Path], network: netspec.Network, tmp_path: Path
) -> None:
    """A folder that is not there, or a folder in place of the file, is refused."""
    module, _ = written
    nowhere = tmp_path / "nowhere" / "x.safetensors"

    assert refused(lambda: netspec.save(module, network, nowhere)) == Problem(
        "unwritable", f"{nowhere}: cannot be written: No such file or directory"
    )
    (tmp_path / "folder").mkdir()
    assert refused(lambda: netspec.save(module, network, tmp_path / "folder")).code == "unwritable"
    assert sorted(os.listdir(tmp_path)) == ["folder", "small.safetensors"]  # noqa: PTH208 - as above


def test_weights_without_values_are_refused(network: netspec.Network, tmp_path: Path) -> None:
    """A module on the device meta has nothing to write."""
    path = tmp_path / "meta.safetensors"
    problem = refused(lambda: netspec.save(network.compile(device="meta"), network, path))

    assert problem == Problem(
        "unwritable",
        f"{path}: cannot be written: 10 weights are on the device meta, without values (conv.weight)",
    )
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_file_has_the_mode_of_any_new_file(written: tuple[Any, Path]) -> None:
    """The artefact is readable by whom the user's mask allows, as with any program's output."""
    _, path = written
    other = path.with_name("other")
    other.touch()

    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_equal_networks_make_equal_files(network: netspec.Network, torch: ModuleType, tmp_path: Path) -> None:
    """Writing the same weights gives the same bytes every time, whatever characters the spec holds."""
    spec = network.to_yaml() + 'notes: "\\x7f \\t \\u00e9 \\u4e2d \\U0001f600 \\\\ \\""\n'
    torch.manual_seed(0)
    module = network.compile()
    written = set()
    for _ in range(12):
        artefact.save(module.state_dict(), spec, tmp_path / "x")
        written.add((tmp_path / "x").read_bytes())

    assert len(written) == 1
    assert artefact.contents(tmp_path / "x").spec == spec
    assert list(netspec.load(tmp_path / "x").state_dict()) == list(module.state_dict())


def test_only_the_networks_own_weights_are_written(
    written: tuple[Any, Path], torch: ModuleType, tmp_path: Path
) -> None:
    """A module of another network is refused before writing; one that torch.compile has wrapped is written bare."""
    module, _ = written
    other = netspec.read("lenet5")
    path = tmp_path / "other.safetensors"

    assert "these are not the weights of lenet5" in refused(lambda: netspec.save(module, other, path)).message
    assert not path.exists()

    netspec.save(torch.compile(netspec.compile("lenet5"), backend="eager"), other, path)

    assert netspec.load(path).state_dict().keys() == netspec.compile("lenet5").state_dict().keys()


def test_a_network_that_no_machine_holds_is_refused(tmp_path: Path) -> None:
    """Weights of more bytes than a machine has are a problem of size, not a traceback, and nothing is written."""
    spec, out = tmp_path / "net.yaml", tmp_path / "net.safetensors"
    layers = "stages: {a: {conv: {out: 2147483647, kernel: 1}}}"
    spec.write_text(f"netspec: 1\nname: net\ninput: [500, 1, 1]\n{layers}\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["build", str(spec), "-o", str(out)])

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error[limit]: net does not fit in memory: 4,303,557,228,588 bytes")
    assert not out.exists()
