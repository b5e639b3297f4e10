"""Checkpoints of real trainings: what loads, what is told of it, and what is refused with the way out."""

from __future__ import annotations

import argparse
import json
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import damage
import numpy as np
import pytest
from click.testing import CliRunner

import netspec
from netspec.cli import main

State = dict[str, Any]
Make = Callable[[State, Any], object]
NAMES = ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"]
NAMES += ["bn.num_batches_tracked", "fc.weight", "fc.bias"]
COUNTER = "bn.num_batches_tracked"


def prefixed(prefix: str, state: State) -> State:
    """``state`` under names that begin with ``prefix``."""
    return {f"{prefix}{name}": value for name, value in state.items()}


def other(state: State) -> State:
    """Values that are not those of ``state``."""
    return {name: value + 1 for name, value in state.items()}


def in_one_storage(state: State, torch: Any) -> State:
    """``state`` whose real numbers lie one behind the other."""
    real = {name: value for name, value in state.items() if value.is_floating_point()}
    flat = torch.cat([value.reshape(-1) for value in real.values()])
    parts = flat.split([value.numel() for value in real.values()])
    return {**state, **{name: part.view_as(real[name]) for name, part in zip(real, parts, strict=True)}}


LOADED: dict[str, tuple[Make, str]] = {
    "bare": (lambda state, _: state, ""),
    "ordered": (lambda state, _: OrderedDict(state), ""),
    "as state_dict": (lambda state, _: {"state_dict": state, "epoch": 3}, "under 'state_dict'"),
    "as model": (lambda state, _: {"model": state, "lr": 0.1}, "under 'model'"),
    "as model_state_dict": (lambda state, _: {"model_state_dict": state}, "under 'model_state_dict'"),
    "as net": (lambda state, _: {"net": state, "acc": 93.5, "epoch": 7}, "under 'net'"),
    "as weights": (lambda state, _: {"weights": state}, "under 'weights'"),
    "as params": (lambda state, _: {"params": state}, "under 'params'"),
    "as an average alone": (lambda state, _: {"ema": {"shadow": state}, "step": 9}, "under 'ema.shadow'"),
    "two keys deep": (lambda state, _: {"state": {"model": state}}, "under 'state.model'"),
    "beside an optimizer": (
        lambda state, torch: {"model": state, "optimizer": {"state": {0: {"exp_avg": torch.zeros(4, 3, 3, 3)}}}},
        "under 'model'",
    ),
    "of DDP": (lambda state, _: prefixed("module.", state), "prefix 'module.'"),
    "of torch.compile": (lambda state, _: prefixed("_orig_mod.", state), "prefix '_orig_mod.'"),
    "of DDP around torch.compile": (
        lambda state, _: {"model": prefixed("module._orig_mod.", state)},
        "under 'model', prefix 'module._orig_mod.'",
    ),
    "of layers that were compiled": (
        lambda state, _: {name.replace("conv.", "conv._orig_mod."): value for name, value in state.items()},
        "",
    ),
    "of Lightning": (
        lambda state, torch: {
            "state_dict": {**prefixed("model.", state), "criterion.weight": torch.ones(5)},
            "pytorch-lightning_version": "2.5",
            "hyper_parameters": {"lr": 0.1},
        },
        "under 'state_dict', prefix 'model.'",
    ),
    "of a trainer": (lambda state, _: {"state_dict": prefixed("a.net.", state)}, "under 'state_dict', prefix 'a.net.'"),
    "of an averaged model": (
        lambda state, torch: {"n_averaged": torch.tensor(4), **prefixed("module.", state)},
        "prefix 'module.'",
    ),
    "of torchvision's references and of timm": (
        lambda state, _: {"model": state, "args": argparse.Namespace(lr=1, out=Path("x")), "best": np.float64(3)},
        "under 'model'",
    ),
    "in half precision": (
        lambda state, _: {name: value.half() for name, value in state.items()},
        "",
    ),
    "in double precision": (
        lambda state, _: {name: value.double() for name, value in state.items()},
        "",
    ),
    "of before torch 0.4.1": (
        lambda state, _: {name: value for name, value in state.items() if name != COUNTER},
        "",
    ),
    "with a word beside": (lambda state, _: {**state, "note": "x"}, ""),
    "in a list": (lambda state, _: {"models": [state, None]}, "under 'models.0'"),
    "in a tuple": (lambda state, _: (state, 90), "under '0'"),
    "with numbers of NumPy's beside": (
        lambda state, _: {"model": state, "best": np.float32(1), "epoch": np.int64(3), "is_last": np.bool_(1)},
        "under 'model'",
    ),
    "of views into one storage": (in_one_storage, ""),
    "of tensors that are not contiguous": (
        lambda state, torch: {
            **state,
            "conv.weight": state["conv.weight"].contiguous(memory_format=torch.channels_last),
            "fc.weight": state["fc.weight"].t().contiguous().t(),
        },
        "",
    ),
    "in a circle": (lambda state, _: circle(state), ""),
}


def circle(state: State) -> State:
    """A mapping that holds itself."""
    one = {**state}
    one["state_dict"] = one
    return one


@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.parametrize("case", LOADED)
def test_checkpoints_of_trainings_load(case: str, form: str, torch: ModuleType, tmp_path: Path) -> None:
    """Every weight is taken, to the last bit, from where the training has put it, and it is said where that was."""
    make, source = LOADED[case]
    state = {name: value.half().to(value.dtype) for name, value in damage.module(1).state_dict().items()}
    path = tmp_path / "w.pth"
    torch.save(make(state, torch), path, _use_new_zipfile_serialization=form == "zip")
    module = damage.module(2)
    report = netspec.load_weights(module, path)

    fresh = [COUNTER] if "0.4.1" in case else []
    assert report.source == source
    assert [*report.loaded, *report.fresh] == [name for name in NAMES if name not in fresh] + fresh
    assert not report.adapted
    assert all(torch.equal(module.state_dict()[name], state[name]) for name in report.loaded)


REFUSED: dict[str, tuple[Make, str]] = {
    "two sets of weights": (
        lambda state, _: {"model": state, "model_ema": other(state)},
        "are there more than once: 'model' and 'model_ema'",
    ),
    "two prefixes": (
        lambda state, _: {"state_dict": {**prefixed("model.", state), **prefixed("ema_model.module.", state)}},
        "are there more than once: 'state_dict.model' and 'state_dict.ema_model.module'",
    ),
    "an average of the parameters alone": (
        lambda state, _: {
            "model": state,
            "ema": {name: state[name] for name in NAMES if "." in name and "bn.r" not in name},
        },
        "are there more than once: 'model' and 'ema'",
    ),
    "other classes": (
        lambda state, _: {**state, "fc.weight": state["fc.weight"][:3], "fc.bias": state["fc.bias"][:3]},
        "help: allow adaptation: --adapt classes",
    ),
    "other input channels": (
        lambda state, _: {**state, "conv.weight": state["conv.weight"][:, :1]},
        "help: allow adaptation: --adapt input",
    ),
    "a tensor short": (
        lambda state, _: {name: value for name, value in state.items() if name != "fc.bias"},
        "1 missing, 0 unknown, 0 of another shape (fc.bias)",
    ),
    "a tensor more": (
        lambda state, torch: {**state, "extra.weight": torch.zeros(2)},
        "0 missing, 1 unknown, 0 of another shape (extra.weight)",
    ),
    "statistics without a mean": (
        lambda state, _: {name: value for name, value in state.items() if name not in ("bn.running_mean", COUNTER)},
        "2 missing, 0 unknown, 0 of another shape (bn.running_mean, bn.num_batches_tracked)",
    ),
    "parameters alone": (
        lambda state, _: {name: value for name, value in state.items() if name.endswith((".weight", ".bias"))},
        "3 missing, 0 unknown, 0 of another shape (bn.running_mean, bn.running_var, bn.num_batches_tracked)",
    ),
    "other classes and more": (
        lambda state, _: {**state, "fc.weight": state["fc.weight"][:3], "conv.bias": state["conv.bias"][:2]},
        "help: --partial, or partial=True",
    ),
    "in two halves": (
        lambda state, _: {f"{'head' if name.startswith('fc') else 'body'}.{name}": v for name, v in state.items()},
        "2 missing, 0 unknown, 0 of another shape (fc.weight, fc.bias)",
    ),
    "of whole numbers": (lambda state, _: {name: v.long() for name, v in state.items()}, "'conv.weight' is of int64"),
    "of complex numbers": (
        lambda state, torch: {**state, "fc.bias": state["fc.bias"].to(torch.complex64)},
        "'fc.bias' is complex",
    ),
    "without values": (
        lambda state, _: {name: value.to("meta") for name, value in state.items()},
        "'conv.weight' has no values: it is on the device meta",
    ),
    "two under one key": (
        lambda state, _: {"a.b": state, "a": {"b": other(state)}},
        "two mappings of tensors lie under the key 'a.b'",
    ),
    "names of another framework": (
        lambda state, _: {
            name.replace("conv", "c").replace("fc", "f").replace("bn", "b"): v for name, v in state.items()
        },
        "netspec weights SPEC FILE --map PAIRS",
    ),
    "a dictionary for each layer": (
        lambda state, torch: {name.partition(".")[0] + "_": {"a": torch.zeros(2)} for name in state},
        "no dictionary in this file has names of this network: it holds 'conv_', 'bn_', 'fc_'",
    ),
    "with code": (lambda state, _: {"model": state, "args": damage.Damage}, "which is code, not data"),
    "a whole module": (lambda _, torch: torch.nn.Linear(2, 2), "which is code, not data"),
    "numbered": (lambda state, _: dict(enumerate(state.values())), "one of its keys is no name but int"),
    "a list": (lambda state, _: [*state.values()], "this file holds no state_dict"),
    "an optimizer alone": (lambda _, torch: {"state": {0: {"step": torch.ones(1)}}}, "this file holds no state_dict"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_said(case: str, torch: ModuleType, tmp_path: Path) -> None:
    """What keeps a checkpoint from loading is said in one error that shows the way out, and nothing is loaded."""
    make, said = REFUSED[case]
    torch.save(make(damage.module(1).state_dict(), torch), tmp_path / "w.pth")
    module = damage.module(2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(netspec.SpecError) as caught:
        netspec.load_weights(module, tmp_path / "w.pth")
    (problem,) = caught.value.problems

    assert problem.code == "bad-artefact"
    assert said in problem.text()
    assert "weights_only" not in problem.text()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("key", "is_average"),
    [("model", False), ("model_ema", True), ("state_dict.ema_model", True), ("state_dict.ema_model.module", True)],
)
def test_a_key_chooses(key: str, is_average: bool, torch: ModuleType, tmp_path: Path) -> None:  # noqa: FBT001 - drawn
    """Keys and prefix, joined by dots, choose among several sets of weights."""
    state = damage.module(1).state_dict()
    both = {**prefixed("model.", state), **prefixed("ema_model.module.", other(state))}
    content = {"state_dict": both} if key.startswith("state") else {"model": state, "model_ema": other(state)}
    torch.save(content, tmp_path / "w.pth")
    module = damage.module(2)
    netspec.load_weights(module, tmp_path / "w.pth", key=key)

    assert torch.equal(module.fc.bias, state["fc.bias"] + is_average)
    with pytest.raises(netspec.SpecError, match="no weights under the key 'nowhere'"):
        netspec.load_weights(module, tmp_path / "w.pth", key="nowhere")


def test_an_empty_key_means_the_names_as_they_are(torch: ModuleType, tmp_path: Path) -> None:
    """Where the same names are there with and without a prefix, the empty key means those without."""
    state = damage.module(1).state_dict()
    torch.save({**state, **prefixed("ema.", other(state))}, tmp_path / "w.pth")
    module = damage.module(2)
    report = netspec.load_weights(module, tmp_path / "w.pth", key="", partial=True)

    assert torch.equal(module.fc.bias, state["fc.bias"])
    assert len(report.unused) == len(state)


# -- parts --------------------------------------------------------------------------------------------------------


def test_what_fits_is_kept(torch: ModuleType, tmp_path: Path) -> None:
    """``partial`` keeps what fits; each tensor that is fresh has its reason and the line of the spec."""
    state = {**damage.module(1).state_dict(), "fc.weight": torch.zeros(3, 4), "more.bias": torch.zeros(1)}
    del state["conv.bias"]
    torch.save(state, tmp_path / "w.pth")
    module = damage.module(2)
    before = module.fc.weight.clone()
    report = netspec.load_weights(module, tmp_path / "w.pth", partial=True)

    assert {name: str(one) for name, one in report.fresh.items()} == {
        "conv.bias": "not in the file (<text>:4)",
        "fc.weight": "3x4 in the file, not 5x4 (<text>:5)",
    }
    assert report.unused == ("fc.weight", "more.bias")
    assert torch.equal(module.fc.weight, before)
    assert torch.equal(module.bn.weight, state["bn.weight"])
    assert str(report).splitlines() == [
        f"{tmp_path / 'w.pth'}: 7 loaded, 0 adapted, 2 fresh, 2 unused",
        "  fresh    conv.bias: not in the file (<text>:4)",
        "  fresh    fc.weight: 3x4 in the file, not 5x4 (<text>:5)",
        "  unused   fc.weight",
        "  unused   more.bias",
    ]
    assert json.loads(json.dumps(report.to_dict()))["fresh"]["conv.bias"]["place"] == "<text>:4"


@pytest.mark.parametrize(("pattern", "is_allowed"), [("fc.*", True), ("fc", True), ("conv*", False)])
def test_patterns_narrow_what_may_be_fresh(
    pattern: str,
    is_allowed: bool,  # noqa: FBT001 - drawn
    torch: ModuleType,
    tmp_path: Path,
) -> None:
    """With ``allow_fresh`` what fits is kept only where nothing else than what a pattern names would be fresh."""
    torch.save({**damage.module(1).state_dict(), "fc.weight": torch.zeros(3, 4)}, tmp_path / "w.pth")
    module = damage.module(2)
    if is_allowed:
        assert [*netspec.load_weights(module, tmp_path / "w.pth", allow_fresh=pattern).fresh] == ["fc.weight"]
    else:
        with pytest.raises(netspec.SpecError, match="1 of another shape"):
            netspec.load_weights(module, tmp_path / "w.pth", allow_fresh=pattern)


def test_partial_is_not_nothing(torch: ModuleType, tmp_path: Path) -> None:
    """A file of which nothing fits is refused, whatever may be missing."""
    torch.save({"a.weight": torch.zeros(2), "b.weight": torch.zeros(3)}, tmp_path / "w.pth")
    with pytest.raises(netspec.SpecError, match="none of the 2 tensors in this file fits"):
        netspec.load_weights(damage.module(2), tmp_path / "w.pth", partial=True)


def test_a_module_on_the_device_meta_gets_what_fits(torch: ModuleType, tmp_path: Path) -> None:
    """What fits becomes the module's own and counters begin at 0; what is fresh has no memory yet, and is named."""
    state = damage.module(1).state_dict()
    torch.save({name: state[name] for name in NAMES if not name.startswith(("fc", COUNTER))}, tmp_path / "w.pth")
    module = netspec.compile(damage.SPEC, device="meta")
    report = netspec.load_weights(module, tmp_path / "w.pth", partial=True)

    assert [name for name, value in module.state_dict().items() if value.is_meta] == ["fc.weight", "fc.bias"]
    assert [*report.fresh] == [COUNTER, "fc.weight", "fc.bias"]
    assert module.bn.num_batches_tracked == 0


def test_what_becomes_a_modules_own_lies_alone_in_memory(torch: ModuleType, tmp_path: Path) -> None:
    """Numbers of one storage, and one tensor under two names, are copied; what lies alone is taken as it was read."""
    state = damage.module(1).state_dict()
    torch.save({**in_one_storage(state, torch), "bn.bias": state["bn.weight"]}, tmp_path / "w.pth")
    module = netspec.compile(damage.SPEC, device="meta")
    netspec.load_weights(module, tmp_path / "w.pth")
    memory = [value.untyped_storage() for value in module.state_dict().values()]

    assert len({one.data_ptr() for one in memory}) == len(memory)
    assert [one.nbytes() for one in memory] == [value.nbytes for value in module.state_dict().values()]
    torch.save({**state, "bn.bias": state["bn.weight"]}, tmp_path / "w.pth")
    netspec.load_weights(module := netspec.compile(damage.SPEC, device="meta"), tmp_path / "w.pth")
    assert module.bn.bias.data_ptr() != module.bn.weight.data_ptr()


# -- adaptation ---------------------------------------------------------------------------------------------------


def test_other_classes_give_a_fresh_classifier(torch: ModuleType, tmp_path: Path) -> None:
    """Asked for, a classifier of another size keeps its fresh values as a whole; all else must fit."""
    state = damage.module(1).state_dict()
    torch.save({**state, "fc.weight": torch.zeros(3, 4), "fc.bias": torch.zeros(3)}, tmp_path / "w.pth")
    module = damage.module(2)
    before = module.fc.weight.clone()
    report = netspec.load_weights(module, tmp_path / "w.pth", adapt="classes")

    assert {name: one.why for name, one in report.fresh.items()} == {
        "fc.weight": "a classifier of another size",
        "fc.bias": "a classifier of another size",
    }
    assert torch.equal(module.fc.weight, before)
    with pytest.raises(ValueError, match="adapt is one of classes, input, shape"):
        netspec.load_weights(module, tmp_path / "w.pth", adapt="colours")  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_the_first_convolution_takes_other_channels_as_timms_does(
    channels: int, dtype: str, torch: ModuleType, torchvision: ModuleType, tmp_path: Path
) -> None:
    """Summed for one channel, repeated and scaled for others: what timm makes of the same weights, to the last bit."""
    pytest.importorskip("timm", reason=f"timm is not installed beside {torchvision.__name__}")
    from timm.models._manipulate import adapt_input_conv

    state = {name: value.to(getattr(torch, dtype)) for name, value in damage.module(1).state_dict().items()}
    torch.save(state, tmp_path / "w.pth")
    module = netspec.compile(damage.SPEC, input=(channels, 8, 8)).to(getattr(torch, dtype))
    report = netspec.load_weights(module, tmp_path / "w.pth", adapt=["input"])

    assert [*report.adapted] == ([] if channels == 3 else ["conv.weight"])
    expected = adapt_input_conv(channels, state["conv.weight"].clone())
    assert torch.allclose(module.conv.weight, expected, rtol=1e-6 if dtype == "float32" else 1e-3)
    assert torch.equal(module.conv.weight, expected) or dtype == "float64"  # timm adds up in single precision


# -- wrappers and forms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", ["DataParallel", "compile", "averaged", "sequence", "compiled layer"])
def test_wrapped_modules_are_looked_through(wrap: str, torch: ModuleType, tmp_path: Path) -> None:
    """Weights load into a wrapped network, and are saved from it, under the network's own names."""
    inner = damage.module(2)
    if wrap == "compiled layer":
        inner.conv = torch.compile(inner.conv, backend="eager")
    wrapped = {
        "DataParallel": torch.nn.DataParallel,
        "compile": lambda module: torch.compile(module, backend="eager"),
        "averaged": torch.optim.swa_utils.AveragedModel,
        "sequence": torch.nn.Sequential,
        "compiled layer": lambda module: module,
    }[wrap](inner)
    state = damage.module(1).state_dict()
    torch.save(state, tmp_path / "w.pth")
    report = netspec.load_weights(wrapped, tmp_path / "w.pth")
    netspec.save(wrapped, netspec.read(damage.SPEC), tmp_path / "w.safetensors")
    again = netspec.load(tmp_path / "w.safetensors").state_dict()

    assert [*report.loaded] == NAMES
    assert [*again] == NAMES
    assert all(torch.equal(again[name], state[name]) for name in NAMES)


def test_a_state_dict_is_saved_as_well(torch: ModuleType, tmp_path: Path) -> None:
    """What was gathered from several processes is written without a module."""
    state = damage.module(1).state_dict()
    netspec.save(state, netspec.read(damage.SPEC), tmp_path / "w.safetensors")

    assert torch.equal(netspec.load(tmp_path / "w.safetensors").fc.weight, state["fc.weight"])


def sharded(folder: Path, torch: ModuleType, form: str = ".safetensors") -> Path:
    """Weights in two files and their list."""
    from safetensors.torch import save_file

    state = damage.module(1).state_dict()
    parts = {f"w-1{form}": NAMES[:4], f"w-2{form}": NAMES[4:]}
    for part, names in parts.items():
        held = {name: state[name].contiguous() for name in names}
        save_file(held, folder / part) if form == ".safetensors" else torch.save(held, folder / part)
    places = {name: part for part, names in parts.items() for name in names}
    path = folder / f"w{form}.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", [".safetensors", ".bin"])
def test_sharded_files_are_one(form: str, torch: ModuleType, tmp_path: Path) -> None:
    """Weights that lie in several files are found by their list."""
    module = damage.module(2)
    report = netspec.load_weights(module, sharded(tmp_path, torch, form))

    assert [*report.loaded] == NAMES
    assert all(torch.equal(module.state_dict()[name], value) for name, value in damage.module(1).state_dict().items())


SHARDS: dict[str, tuple[Callable[[str], str], str]] = {
    "a part elsewhere": (lambda text: text.replace("w-1", "../w-1"), "'../w-1.safetensors' is no file beside it"),
    "a part that is not there": (lambda text: text.replace("w-1", "w-3"), "there is no file"),
    "a tensor that is not there": (lambda text: text.replace("conv.bias", "conv.x"), "'conv.x' is not in 'w-1"),
    "no list": (lambda _: "[]", "has no 'weight_map'"),
    "no JSON": (lambda _: "{", "this file holds no weights that can be read safely"),
    "brackets without end": (lambda _: "[" * 100_000, "this file holds no weights that can be read safely"),
    "numbers for files": (lambda _: '{"weight_map": {"a": 1}}', "has no 'weight_map'"),
    "many files": (
        lambda _: json.dumps({"weight_map": {str(n): f"{n}.bin" for n in range(1001)}}),
        "lie in 1,001 files, the limit is 1,000",
    ),
}


@pytest.mark.parametrize("case", SHARDS)
def test_lists_of_parts_are_not_trusted(case: str, torch: ModuleType, tmp_path: Path) -> None:
    """A list that names files elsewhere, or parts that are not as it says, is refused."""
    change, said = SHARDS[case]
    path = sharded(tmp_path, torch)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(netspec.SpecError, match=re.escape(said)):
        netspec.load_weights(damage.module(2), path)


def test_archives_of_numpy_and_folders_are_called_what_they_are(tmp_path: Path) -> None:
    """An ``.npz`` and the folder of a distributed checkpoint are refused with what to do."""
    np.savez(tmp_path / "w.npz", a=np.zeros(3))
    with pytest.raises(netspec.SpecError, match="an archive of NumPy's"):
        netspec.load_weights(damage.module(2), tmp_path / "w.npz")
    with pytest.raises(netspec.SpecError, match="dcp_to_torch_save"):
        netspec.load_weights(damage.module(2), tmp_path)


def test_build_reads_checkpoints_as_python_does(torch: ModuleType, tmp_path: Path) -> None:
    """``netspec build`` takes the same options, and tells what was loaded; without ``--weights`` they mean nothing."""
    (tmp_path / "small.yaml").write_text(damage.SPEC, encoding="utf-8")
    state = damage.module(1).state_dict()
    torch.save({"model": state, "ema": {**other(state), "fc.bias": torch.zeros(3)}}, tmp_path / "w.pth")
    given = ["build", str(tmp_path / "small.yaml"), "-o", str(tmp_path / "x.safetensors")]
    given += ["--weights", str(tmp_path / "w.pth"), "--key", "ema"]
    refused = CliRunner().invoke(main, given)
    done = CliRunner().invoke(main, [*given, "--allow-fresh", "fc.bias"])
    alone = CliRunner().invoke(main, ["build", "lenet5", "--partial"])

    assert (refused.exit_code, done.exit_code, alone.exit_code) == (2, 0, 2)
    assert "1 of another shape (fc.bias)" in refused.stderr
    assert "  weights     " in done.stdout
    assert "(under 'ema'): 8 loaded, 0 adapted, 1 fresh, 1 unused" in done.stdout
    assert "fresh    fc.bias: 3 in the file, not 5 (" in done.stdout
    assert torch.equal(netspec.load(tmp_path / "x.safetensors").conv.weight, state["conv.weight"] + 1)
    assert "say how --weights FILE is read" in alone.stderr


# -- artefacts and surgery ----------------------------------------------------------------------------------------

OLD = """\
netspec: 1
name: old
input: [3, 8, 8]
stages:
  body:
    - {conv: {out: 4, kernel: 3, padding: 1}}
    - relu
    - {conv: {out: 4, kernel: 3, padding: 1}}
    - relu
head: {pool: global_avg_pool, fc: {linear: 5}}
"""
NEW = OLD.replace("    - relu\n", "    - relu\n    - {conv: {out: 4, kernel: 3, padding: 1, bias: false}}\n", 1)


def test_an_artefact_says_which_operation_is_which(torch: ModuleType, tmp_path: Path) -> None:
    """A layer in the middle of a list moves the numbers of those behind it; weights of an artefact follow them."""
    torch.manual_seed(1)
    old = netspec.compile(OLD)
    netspec.save(old, netspec.read(OLD), tmp_path / "old.safetensors")
    new = netspec.compile(NEW)
    report = netspec.load_weights(new, tmp_path / "old.safetensors", allow_fresh="body.2")

    assert torch.equal(new.body[3].weight, old.body[2].weight)
    assert report.loaded["body.3.weight"] == "body.2.weight"
    assert {name: str(one) for name, one in report.fresh.items()} == {"body.2.weight": "not in the file (<text>:8)"}
    assert not report.unused


def test_pairs_say_which_layer_is_which(torch: ModuleType, tmp_path: Path) -> None:
    """Pairs of layers or of tensors, from a mapping or from a file, are used in place of equal names."""
    state = damage.module(1).state_dict()
    torch.save({name.replace("conv", "stem.0").replace("fc", "0"): state[name] for name in NAMES}, tmp_path / "w.pth")
    lines = 'conv: stem.0\nbn: bn\n"fc.weight": "0.weight"\nfc.bias: "0.bias"\n'
    (tmp_path / "pairs.yaml").write_text(lines, encoding="utf-8")
    for pairs in (tmp_path / "pairs.yaml", {"conv": "stem.0", "bn": "bn", "fc": "0"}):
        module = damage.module(2)
        report = netspec.load_weights(module, tmp_path / "w.pth", pairs=pairs)

        assert report.loaded["conv.weight"] == "stem.0.weight"
        assert all(torch.equal(module.state_dict()[name], state[name]) for name in NAMES)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("conv: '?'", "which layer 'conv' is has not been decided"),
        ("conv: 3", "'conv' has no name of a layer beside it"),
        ("- conv", "pairs of layers are lines"),
        ("conv: nowhere", "there is no layer with weights called nowhere"),
        ("colv: conv", "there is no layer with weights called colv"),
    ],
)
def test_pairs_that_mean_nothing_are_refused(lines: str, said: str, torch: ModuleType, tmp_path: Path) -> None:
    """What is open, no name, or a name of nothing is told with its line or its name."""
    torch.save(damage.module(1).state_dict(), tmp_path / "w.pth")
    (tmp_path / "pairs.yaml").write_text(lines, encoding="utf-8")
    with pytest.raises(netspec.SpecError, match=re.escape(said)):
        netspec.load_weights(damage.module(2), tmp_path / "w.pth", pairs=tmp_path / "pairs.yaml")


# -- several processes --------------------------------------------------------------------------------------------


@pytest.fixture
def mesh(torch: ModuleType) -> Any:
    """A mesh of this process alone, pretending to be one of two."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    yield init_device_mesh("cpu", (2,))
    torch.distributed.destroy_process_group()


def test_weights_that_are_spread_say_what_to_call(mesh: Any, torch: ModuleType, tmp_path: Path) -> None:
    """Parts of weights are neither written nor loaded into: what gathers and what gives them out is told."""
    from torch.distributed.fsdp import fully_shard

    torch.save(damage.module(1).state_dict(), tmp_path / "w.pth")
    module = fully_shard(damage.module(2), mesh=mesh)
    with pytest.raises(netspec.SpecError, match="spread over several processes") as saving:
        netspec.save(module, netspec.read(damage.SPEC), tmp_path / "w.safetensors")
    with pytest.raises(netspec.SpecError, match="spread over several processes") as loading:
        netspec.load_weights(module, tmp_path / "w.pth")

    assert "get_model_state_dict" in saving.value.problems[0].hint
    assert "set_model_state_dict" in loading.value.problems[0].hint


def test_replicated_weights_are_written(mesh: Any, torch: ModuleType, tmp_path: Path) -> None:
    """Distributed tensors of which each process has a whole one are written as that."""
    from torch.distributed.tensor import DTensor, Replicate

    state = damage.module(1).state_dict()
    spread = {name: DTensor.from_local(value, mesh, [Replicate()]) for name, value in state.items()}
    netspec.save(spread, netspec.read(damage.SPEC), tmp_path / "w.safetensors")

    assert torch.equal(netspec.load(tmp_path / "w.safetensors").fc.weight, state["fc.weight"])
