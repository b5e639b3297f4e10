"""``netspec stats --verify`` of operations that a user registers: what is right holds, what is wrong is found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import spec_of

import netspec
from netspec.cli import main
from netspec.compiler import registry
from netspec.ops.facts import Cost, Layer, Tensor, point
from netspec.verify import perturbation
from netspec.verify.result import Check, Verification
from netspec.verify.stand_ins import STAND_INS, StandIn, known
from netspec.verify.verify import verify

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a plug-in that nothing has imported; what it registers is forgotten afterwards."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.delitem(sys.modules, "registered", raising=False)
    yield "registered"
    sys.modules.pop("registered", None)


@pytest.fixture
def registered(plugin: str) -> ModuleType:
    """The plug-in, whose operations are registered."""
    return import_module(plugin)


LAYERS = """
affine: affine
filters: {filters: {out: 4, size: 5, step: 2, margin: 1, groups: 1}}
relu: relu
spread: {filters: {out: 4, margin: 2, spread: 2, groups: 2}}
spikes: spikes
blend: {blend: {from: [relu, spread, spikes]}}
conv: {conv: {out: 4, kernel: 3}}
"""
HEAD = "[global_avg_pool, linear: 3]"
SIZE = (3, 21, 18)


def found_in(layers: str, size: tuple[int, ...] = SIZE, **sections: str) -> Verification:
    """The network of ``layers``, verified."""
    return verify(netspec.read(spec_of(layers, size=size, **sections)).graph)


def differing(found: Verification) -> set[tuple[str, str]]:
    """Which figures of which operations differ; of positions, those of their operation."""
    figures = {"first position in the window": "window", "last position in the window": "window"}
    return {(figures.get(check.figure, check.figure), check.of.partition(" ")[0]) for check in found.differing}


def unchecked(found: Verification) -> dict[tuple[str, str], str]:
    """Which figures of which operations are not checked, and why."""
    return {(check.figure, check.of.partition(" ")[0]): check.note for check in found.unchecked}


# -- what is right ----------------------------------------------------------------------------------------------------


def test_a_plug_in_with_weights_of_its_own_is_verified(plugin: str, tmp_path: Path) -> None:
    """Pointwise, sliding, joining, with buffers and without a gradient: every figure agrees, and none is left out."""
    file = tmp_path / "net.yaml"
    file.write_text(spec_of(LAYERS, size=SIZE, head=HEAD), encoding="utf-8")
    result = CliRunner().invoke(main, ["--plugin", plugin, "stats", "--verify", str(file)])

    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["receptive", "field", "NaN", "7"] in lines
    assert ["first", "position", "in", "the", "window", "changed", "inputs", "7"] in lines
    assert lines[-1][0] == "verified:"
    assert "not checked" not in result.output


def test_every_operation_is_looked_at(registered: ModuleType) -> None:
    """Each registered layer is tried by itself, each input of a join, and fields and pixels behind it are found."""
    assert registered
    found = found_in(LAYERS, head=HEAD)
    tried = [check.of for check in found.checks if check.figure == "first position in the window"]
    fields = [check.of for check in found.checks if check.figure == "receptive field" and check.of]
    pixels = {check.of.partition(" ")[0] for check in found.checks if check.figure == "pixels outside the field"}

    assert found.differing == found.unchecked == ()
    assert [name.partition(" ")[0] for name in tried] == ["affine", "filters", "spread", "spikes", *["blend"] * 3]
    assert fields == ["affine", "filters", "relu", "spread", "spikes", "blend", "conv"]
    assert pixels == {*fields, "head.0", "head.1"}
    assert {check.figure for check in found.explained} <= {"training FLOPs", "pixels in the field"}


def test_functions_of_others_are_called(registered: ModuleType) -> None:
    """A function is imported by the generated source and tried; only pixels behind it are left out, and said to be."""
    layers = f"{LAYERS}\nlargest: {{largest: {{from: [conv, conv]}}}}\nend: affine"
    network = netspec.read(spec_of(layers, size=SIZE))
    found = verify(network.graph)

    assert registered
    assert found.differing == ()
    assert {figure for figure, _ in unchecked(found)} == {"pixels in the field"}
    assert {of for _, of in unchecked(found)} == {"largest", "end"}
    assert network.compile().source.startswith("import registered\n\n\ndef forward(self, x):\n")


def test_a_draw_of_others_sees_nothing(registered: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What states no input with a gradient, and changes with none, is left out as every draw."""
    monkeypatch.setattr(registered.SpikesLayer, "forward", lambda layer, x: (layer.gain * 1).expand_as(x))
    found = found_in("a: affine\ns: spikes\nb: {blend: {from: [a, s]}}")

    assert [check.of for check in found.checks if check.figure == "receptive field"][1:] == ["a", "b"]
    assert unchecked(found) == {}


# -- what no oracle can say -------------------------------------------------------------------------------------------


def test_other_axes_see_everything(registered: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What leaves the image's axes is taken to see all of it; if it does not, that is told."""
    layers = "a: affine\nt: tokens"
    found = found_in(layers)
    last = [check.theirs for check in found.checks if check.figure == "last pixel of all positions"]

    assert found.differing == found.unchecked == ()
    assert last == [(20, 17)]
    monkeypatch.setattr(
        registered.TokensLayer, "forward", lambda _, x: x[:, :, :1].repeat(1, 1, x.shape[2], 1).flatten(2)
    )
    reason = "'t' sees less than all of what has other axes"
    assert unchecked(found_in(layers)) == {("receptive field", "t"): reason}


def test_what_fvcore_cannot_count_is_not_checked(registered: ModuleType) -> None:
    """The one says which operators it does not count; the other counter does, and agrees."""
    assert registered
    found = found_in("a: mix\nb: {conv: {out: 2, kernel: 1}}")
    reason = "fvcore does not count aten::baddbmm, aten::view_as"

    assert found.differing == ()
    assert unchecked(found) == {("MACs", ""): reason, ("MACs", "a"): reason}
    assert Check("MACs", "a", 9 * 21 * 18, 9 * 21 * 18, "FlopCounterMode", "", by_convention=True) in found.checks


def test_operators_of_other_libraries_are_not_checked(
    registered: ModuleType, torch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No counter knows the operators of other libraries: what is stated of them is neither right nor wrong."""
    library = torch.library.Library("netspec_lab", "FRAGMENT")
    library.define("mixed(Tensor x, Tensor mix) -> Tensor")
    library.impl("mixed", lambda x, mix: torch.einsum("oc,nchw->nohw", mix, x), "CPU")
    library.impl("mixed", lambda x, _: torch.empty_like(x), "Meta")
    library.impl("mixed", torch.library.fallthrough_kernel, "Autograd")
    monkeypatch.setattr(registered.MixLayer, "forward", lambda layer, x: torch.ops.netspec_lab.mixed(x, layer.mix))
    found = found_in("a: affine\nb: mix")
    library._destroy()

    assert {figure for figure, _ in unchecked(found)} == {"MACs", "activations", "training FLOPs"}
    assert "FlopCounterMode does not know the operators of netspec_lab" in unchecked(found)["activations", "b"]
    assert not any("MACs" in figure or "FLOPs" in figure for figure, _ in differing(found))


def test_what_changes_by_itself_is_not_checked(registered: ModuleType) -> None:
    """Noise in eval mode hides what an operation sees; it and all behind it are named."""
    assert registered
    found = found_in("a: noisy\nb: {conv: {out: 2, kernel: 3}}")

    assert not found.failed
    assert {of for figure, of in unchecked(found) if figure == "receptive field"} == {"", "a", "b"}
    assert set(unchecked(found).values()) == {"'a' computes something else each time"}


def test_the_text_counts_what_is_not_checked(plugin: str, tmp_path: Path) -> None:
    """A column, a list with the reasons and the outcome tell of it; the exit code is 0, and JSON has no value."""
    file = tmp_path / "net.yaml"
    file.write_text(spec_of("a: noisy", size=SIZE), encoding="utf-8")
    command = ["--plugin", plugin, "stats", "--verify", str(file)]
    text = CliRunner().invoke(main, command)
    data = netspec_json(CliRunner().invoke(main, [*command, "--format", "json"]).output)

    assert text.exit_code == 0
    lines = [line.split() for line in text.output.splitlines()]
    assert ["receptive", "field", "a", "1", "NaN", "'a'", "computes", "something", "else", "each", "time"] in lines
    assert text.output.splitlines()[-1].endswith("2 of them not checked")
    (check,) = [one for one in data["checks"] if (one["figure"], one["of"]) == ("receptive field", "a")]
    assert (check["netspec"], check["other"], check["verdict"]) == ([1, 1], None, "not checked")
    assert data["failed"] is False


def netspec_json(text: str) -> Any:
    """The data in ``text``."""
    import json

    return json.loads(text)


# -- what runs otherwise ----------------------------------------------------------------------------------------------


def test_layers_without_meta_kernels_run_on_the_cpu(registered: ModuleType) -> None:
    """An operation that needs values is verified all the same, behind layers with weights too."""
    assert registered
    found = found_in("a: {conv: {out: 2, kernel: 3}}\nb: rounded\nc: {filters: {out: 2}}", head=HEAD)

    assert found.differing == found.unchecked == ()


def test_a_layer_that_does_not_run_fails(registered: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch refuses on every device is told, with the reason."""

    def refusing(_: Any, __: Any) -> Any:
        raise KeyError("no such key")

    monkeypatch.setattr(registered.AffineLayer, "forward", refusing)
    (check,) = found_in("a: affine").checks

    assert (check.figure, check.theirs, check.verdict) == ("output", (), "differs")
    assert check.note == "KeyError: 'no such key'"


def test_a_class_with_its_own_forward_is_not_its_base(registered: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A convolution by inheritance that moves its output is tried, and found out; one that does not is known."""
    layer = registered.Filters.layer

    def shifted(self: Any, *inputs: Any) -> Layer:
        arguments = layer(self, *inputs).arguments
        sizes = {"in_channels": inputs[0][0], "out_channels": self.out, "kernel_size": self.size, "bias": False}
        return Layer("registered.ShiftedConv", {**sizes, "padding": arguments["padding"]})

    monkeypatch.setattr(registered.Filters, "layer", shifted)
    monkeypatch.setattr(registered.Filters, "tensors", renamed(registered.Filters.tensors))
    assert ("window", "f") in differing(found_in("f: {filters: {out: 2, margin: 1}}"))

    monkeypatch.delattr(registered.ShiftedConv, "forward")
    found = found_in("f: {filters: {out: 2, margin: 1}}")
    assert found.differing == ()
    assert not [check for check in found.checks if check.oracle == perturbation.ORACLE]


def renamed(tensors: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
    """The same weight by the name that convolutions have for it."""
    return lambda self, *inputs: (Tensor("weight", tensors(self, *inputs)[0].shape),)


def test_a_line_of_the_table_is_enough(registered: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that is registered there is believed and not tried."""
    monkeypatch.setitem(STAND_INS, registered.AffineLayer, lambda _: StandIn())
    found = found_in("a: affine\nb: {conv: {out: 2, kernel: 3}}")

    assert found.differing == found.unchecked == ()
    assert not [check for check in found.checks if check.oracle == perturbation.ORACLE]


# -- what is wrong ----------------------------------------------------------------------------------------------------


def window(**changes: tuple[int, int]) -> Callable[[Any], Any]:
    """A rule with another window."""
    return lambda right: lambda self, *inputs: right(self, *inputs)._replace(**changes)


def more_macs(right: Any) -> Any:
    """A rule with one multiply-add too many."""
    return lambda self, *shapes: Cost(macs=right(self, *shapes).macs + 1)


def more_weights(right: Any) -> Any:
    """A rule with one weight too many."""
    return lambda self, *inputs: (*right(self, *inputs), Tensor("more", (1,)))


def higher(right: Any) -> Any:
    """A rule with one row too many."""

    def wrong(self: Any, *inputs: Any) -> tuple[int, ...]:
        out, high, wide = right(self, *inputs)
        return out, high + 1, wide

    return wrong


@pytest.mark.parametrize(
    ("operation", "rule", "wrong", "figures"),
    [
        ("Filters", "window", window(kernel=(4, 5)), {("window", "filters")}),
        ("Filters", "window", window(kernel=(6, 5)), {("window", "filters")}),
        ("Filters", "window", window(stride=(1, 2)), {("window", "filters")}),
        ("Filters", "window", window(padding=(1, 0)), {("window", "filters")}),
        ("Filters", "window", window(dilation=(1, 1)), {("window", "spread")}),
        ("Affine", "window", window(kernel=(1, 2)), {("window", "affine")}),
        ("Affine", "window", window(stride=(2, 1)), {("window", "affine")}),
        ("Blend", "window", window(kernel=(3, 3), padding=(1, 1)), {("window", "blend")}),
        ("Spikes", "window", window(kernel=(1, 1), padding=(0, 0)), {("window", "spikes")}),
        ("Spikes", "differentiable_inputs", lambda _: lambda *_: 1, {("inputs with a gradient", "spikes")}),
        ("Blend", "differentiable_inputs", lambda _: lambda *_: 2, {("inputs with a gradient", "blend")}),
        ("Filters", "cost", more_macs, {("MACs", "filters"), ("MACs", "spread"), ("training FLOPs", "")}),
        ("Affine", "cost", more_macs, {("MACs", "affine"), ("MACs", ""), ("activations", "affine")}),
        ("Filters", "tensors", more_weights, {("parameters", "filters"), ("keys of the state_dict", "")}),
        ("Spikes", "tensors", more_weights, {("parameters", "spikes"), ("keys of the state_dict", "")}),
        ("Filters", "shape", higher, {("shape", "filters"), ("shape", "spread")}),
        ("Affine", "shape", higher, {("shape", "affine")}),
    ],
)
def test_what_is_stated_wrongly_is_found(
    operation: str, rule: str, wrong: Any, figures: set[tuple[str, str]],
    registered: ModuleType, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Windows, gradients, multiply-adds, weights and shapes of registered operations: each by its figure."""
    kind = getattr(registered, operation)
    monkeypatch.setattr(kind, rule, wrong(getattr(kind, rule)))
    found = found_in(LAYERS, head=HEAD)

    assert figures <= differing(found)


def test_trying_one_change_would_hide_windows(registered: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is only made smaller is no maximum any more: without the other change a right window would fail."""
    assert registered
    monkeypatch.setattr(perturbation, "CHANGES", (-1e3,))

    assert ("window", "a") in differing(found_in("a: spikes"))


# -- stand-ins on any number of axes ----------------------------------------------------------------------------------

SLIDING = {
    "conv": ("Conv", {"in_channels": 2, "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1}),
    "grouped": ("Conv", {"in_channels": 2, "out_channels": 4, "kernel_size": 2, "groups": 2, "dilation": 2}),
    "same": ("Conv", {"in_channels": 2, "out_channels": 2, "kernel_size": 4, "padding": "same"}),
    "max": ("MaxPool", {"kernel_size": 2, "stride": 2, "ceil_mode": True}),
    "dilated max": ("MaxPool", {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": 2}),
    "avg": ("AvgPool", {"kernel_size": 3, "stride": 1, "padding": 1}),
    "norm": ("BatchNorm", {"num_features": 2}),
}


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("case", SLIDING)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_stand_ins_see_what_layers_see(case: str, axes: int, torch: ModuleType) -> None:
    """On one, two and three axes a NaN through the stand-in comes from where changed inputs change the layer."""
    word, arguments = SLIDING[case]
    layer = getattr(torch.nn, f"{word}{axes}d")(**arguments).double().eval()
    stand_in = known(layer)
    assert stand_in is not None
    with torch.no_grad():
        image = torch.rand(1, 2, *(6, 5, 4)[:axes], dtype=torch.double) + 0.5
        base = layer(image)
        trial = perturbation.Trial((tuple(image.shape[1:]),), tuple(base.shape[1:]), point(axes), layer)
        expected = [perturbation.seen(trial, [image], 0, axis) for axis in range(axes)]

    tables = [reached(stand_in, image, axis, torch) for axis in range(axes)]
    assert [table.tolist() for table in tables] == [table.tolist() for table in expected]
    for axis in range(axes):
        line = torch.zeros(1, 1, image.shape[2 + axis], dtype=torch.double)
        assert stand_in.on_line(line, axis).shape[2] == base.shape[2 + axis]


def reached(stand_in: StandIn, image: Any, axis: int, torch: ModuleType) -> Any:
    """Whether positions of the output see those of ``image``, on one axis, by a NaN from each."""
    x = image.detach().clone().requires_grad_()
    value = stand_in.on_image(x)
    columns = []
    for place in range(value.shape[2 + axis]):
        spoilt = torch.zeros_like(value)
        spoilt.select(2 + axis, place).fill_(torch.nan)
        (gradient,) = torch.autograd.grad(value, x, spoilt, retain_graph=True)
        columns.append(gradient.isnan().movedim(2 + axis, 0).flatten(1).any(1))
    return torch.stack(columns, 1)
