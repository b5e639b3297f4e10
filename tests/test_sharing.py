"""Layers that run again with the weights of earlier ones: against modules by hand, and at random against torch."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from by_hand.siamese import Siamese
from oracle import randomised, values
from random_sharing import random_sharing

import netspec
from netspec.analysis import liveness, training
from netspec.diff.difference import difference
from netspec.formatter.files import canonical
from netspec.graph.graph import Graph, Node

pytestmark = pytest.mark.usefixtures("one_thread")
SIAMESE = Path(__file__).parent / "examples" / "siamese.yaml"
SPECS = 24
TINY = 1e-9
RECURRENT = """
netspec: 1
name: recurrent
input: [4, 9, 9]
stem: {conv: {conv: {out: 6, kernel: 3, padding: 1}}}
stages:
  cell: [conv: {out: 6, kernel: 3, padding: 1, bias: false}, batch_norm, relu]
  again: {shared: cell, repeat: 3}
head: {pool: global_avg_pool, fc: {linear: 3}}
"""
SKIPS = """
netspec: 1
name: skips
inputs: {left: [3, 12, 12], right: [3, 12, 12]}
stages:
  encoder:
    from: left
    chain:
      - [conv: {out: 4, kernel: 3, padding: 1}, relu]
      - max_pool: 2
      - conv: {out: 8, kernel: 3, padding: 1}
      - relu
  other: {shared: encoder, from: right}
  deep: {concat: [encoder, other]}
  wide: {add: [encoder.0, other.0]}
  pooled: [{max_pool: 2, from: wide}, {concat: [0, deep]}]
head: {pool: global_avg_pool, fc: {linear: 3}}
"""


def images(graph: Graph, torch: ModuleType) -> list[Any]:
    """Two images of noise for each input."""
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(2, *node.shape, generator=generator) for node in graph.inputs]


def by_hand(torch: ModuleType, name: str) -> Any:
    """The network of one of the specs as torch's users write it."""
    nn = torch.nn

    class Recurrent(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 6, 3, padding=1)
            self.cell = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
            self.fc = nn.Linear(6, 3)

        def forward(self, x: Any) -> Any:
            x = self.conv(x)
            for _ in range(4):
                x = self.cell(x)
            return self.fc(x.mean((2, 3)))

    class Skips(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            first = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
            self.encoder = nn.Sequential(first, nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, padding=1), nn.ReLU())
            self.fc = nn.Linear(20, 3)

        def forward(self, left: Any, right: Any) -> Any:
            high, high2 = self.encoder[0](left), self.encoder[0](right)
            low, low2 = self.encoder[1:](high), self.encoder[1:](high2)
            wide = nn.functional.max_pool2d(high + high2, 2)
            return self.fc(torch.cat([wide, low, low2], 1).mean((2, 3)))

    return {"siamese": lambda: Siamese(16, 9216), "recurrent": Recurrent, "skips": Skips}[name]()


def networks() -> dict[str, netspec.Network]:
    """The networks that are written by hand, too."""
    siamese = netspec.read(SIAMESE, features=16)
    return {"siamese": siamese, "recurrent": netspec.read(RECURRENT), "skips": netspec.read(SKIPS)}


@pytest.mark.parametrize("name", ["siamese", "recurrent", "skips"])
def test_outputs_gradients_and_statistics_are_those_of_a_module_by_hand(name: str, torch: ModuleType) -> None:
    """Weights load strictly; outputs, gradients, and running statistics after a step in train mode are equal bits."""
    network = networks()[name]
    ours, theirs = network.compile(), randomised(by_hand(torch, name), torch)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    given = images(network.graph, torch)
    for mode in (False, True):
        made = []
        for module in (ours.train(mode), theirs.train(mode)):
            module.zero_grad()
            result = module(*given)
            parts = list(result.values()) if isinstance(result, dict) else [result]
            sum(part.square().sum() for part in parts).backward()
            made.append((parts, [one.grad for one in module.parameters()], module.state_dict().values()))
        for one, other in zip(*made, strict=True):
            assert all(map(torch.equal, one, other))


@pytest.mark.parametrize("name", ["siamese", "recurrent", "skips"])
def test_figures_are_those_of_a_module_by_hand(name: str, torch: ModuleType) -> None:
    """Weights and buffers count once and multiply-adds each time, forwards and backwards."""
    from torch.utils.flop_counter import FlopCounterMode

    network, theirs = networks()[name], by_hand(torch, name)
    totals, given = network.stats().totals, images(network.graph, torch)
    with FlopCounterMode(display=False) as counter:
        theirs.eval()(*given)
    with FlopCounterMode(display=False) as training_counter:
        result = theirs.train()(*given)
        sum(part.sum() for part in (result.values() if isinstance(result, dict) else [result])).backward()

    assert totals.params == sum(weight.numel() for weight in theirs.parameters())
    assert totals.buffers == sum(buffer.numel() for buffer in theirs.buffers())
    assert totals.macs == counter.get_total_flops() // 4
    assert totals.training_flops == training_counter.get_total_flops() // 2


def test_the_forward_calls_the_module_again() -> None:
    """The text of the forward is what a person would write."""
    siamese, recurrent, skips = (network.compile().source for network in networks().values())

    assert "    x = self.encoder(first)\n    y = self.encoder(second)\n" in siamese
    assert recurrent.count("x = self.cell(x)\n") == 4
    assert "    x, y = self.encoder(left)\n    z, u = self.encoder(right)\n" in skips


def test_what_is_read_of_one_run_alone_is_called_layer_by_layer(torch: ModuleType) -> None:
    """Where the second run gives out more than the first, its layers are called one by one, with the same values."""
    network = netspec.read(SKIPS.replace("add: [encoder.0, other.0]", "add: [other.0, other.0]"))
    module = network.compile().double().eval()
    given = [one.double() for one in images(network.graph, torch)]

    assert "x = self.encoder(left)" in module.source
    assert "getattr(self.encoder, '0')(right)" in module.source
    found = values(network.graph, given, module)
    torch.testing.assert_close(module(*given), found[network.graph.outputs[0].node])


def test_weights_start_once(torch: ModuleType) -> None:
    """A seed gives the weights that a module by hand gets, and schemes of ``init`` are drawn once for each tensor."""
    torch.manual_seed(5)
    ours = netspec.compile(RECURRENT)
    torch.manual_seed(5)
    theirs = by_hand(torch, "recurrent")
    assert all(map(torch.equal, ours.state_dict().values(), theirs.state_dict().values()))

    text = RECURRENT + "init: {conv.weight: {normal: 1}}\n"
    drawn_weights = []
    for one in (text, text.replace("  again: {shared: cell, repeat: 3}\n", "")):
        torch.manual_seed(5)
        drawn_weights.append(netspec.compile(one).state_dict())
    assert all(map(torch.equal, *(weights.values() for weights in drawn_weights)))


def test_what_runs_again_has_outputs_and_no_weights_of_its_own() -> None:
    """Names below it are those of the first run behind its own; its tensors are the first run's."""
    graph = netspec.read(RECURRENT).graph
    by_name = {node.name: node for node in graph.nodes}
    again = by_name["again.2.0"]

    assert (again.owner, again.tensors, again.params) == (by_name["cell.0"], (), 0)
    assert again.cost == by_name["cell.0"].cost
    assert again.label == "conv 3x3, 6, shared"
    assert by_name["again.2.2"].label == "ReLU"
    assert set(netspec.compile(RECURRENT, device="meta").state_dict()) == {
        f"{node.name}.{tensor.name}" for node in graph.nodes for tensor in node.tensors
    }


def test_a_layer_that_runs_again_can_itself_run_again(torch: ModuleType) -> None:
    """Of a shared one the modules are those of the first, in whatever scope it stands."""
    network = netspec.read(RECURRENT.replace("head:", "  more: {chain: [{shared: again.1}, {shared: cell.0}]}\nhead:"))
    owners = {node.name: node.owner.name for node in network.graph.operations if node.shares}

    assert owners["more.0.0"] == "cell.0"
    assert owners["more.1"] == "cell.0"
    module = network.compile().double().eval()
    given = [one.double() for one in images(network.graph, torch)]
    torch.testing.assert_close(module(*given), values(network.graph, given, module)[network.graph.outputs[0].node])


@pytest.mark.parametrize("inner", ["cell", "cell.1", "cell.1.0"])
def test_what_patches_bring_in_after_a_layer_stands_there_alone(inner: str) -> None:
    """A run of a layer again gives what that layer gives; what comes after it is in a run of the chain around it."""
    spec = """
    netspec: 1
    name: after
    input: [2, 7, 7]
    stages:
      cell: [conv: {out: 2, kernel: 1}, [conv: {out: 2, kernel: 1}, relu]]
      again: {shared: cell}
      part: {shared: INNER}
      twice: {shared: part}
    patch: {insert_after: {INNER: {new: tanh}}}
    """
    graph = netspec.read(textwrap.dedent(spec).replace("INNER", inner)).graph
    names = [node.name for node in graph.operations]
    within = inner.removeprefix("cell").rpartition(".")[0]

    assert names.count(f"cell{within}.new" if inner != "cell" else "new") == 1
    assert (f"again{within}.new" in names) == (inner != "cell")
    assert not any(name.startswith(("part", "twice")) and name.endswith("new") for name in names)
    assert graph.outputs[0].node.name.startswith("twice")


def test_patches_of_the_first_run_hold_for_all(tmp_path: Path) -> None:
    """What a patch changes, brings in or takes away in the first run is so in the others; patterns pass these by."""
    (tmp_path / "parent.yaml").write_text(SKIPS)
    patch = (
        "patch: {set: {'**.2': {bias: false}}, replace: {'*.3': gelu}, insert_after: {encoder.3: {end: identity}}}\n"
    )
    (tmp_path / "child.yaml").write_text(f"netspec: 1\nname: child\nextends: parent.yaml\n{patch}")
    by_name = {node.name: node for node in netspec.read(tmp_path / "child.yaml").graph.nodes}

    assert by_name["other.3"].operation.word == "gelu"
    assert by_name["other.end"].inputs == (by_name["other.3"],)
    assert by_name["other.2"].operation == by_name["encoder.2"].operation
    assert not by_name["encoder.2"].operation.bias  # type: ignore[attr-defined]


def test_a_block_of_the_spec_called_shared_is_meant() -> None:
    """The nearest word wins, as everywhere."""
    text = "netspec: 1\nname: a\ninput: [3, 8, 8]\n"
    text += "blocks: {shared: {params: {out: int}, body: [conv: {out: $out, kernel: 1}]}}\n"
    graph = netspec.read(text + "stem: {a: {shared: 5}, shared: relu}\n").graph

    assert [node.name for node in graph.operations] == ["a.0", "shared"]


def test_heads_for_training_may_hold_what_inference_needs(torch: ModuleType) -> None:
    """Weights of a head that run again for the main output are no weights for training alone."""
    from netspec.verify.verify import verify

    text = RECURRENT.replace("head:", "  main: {shared: cell, from: again}\nhead:").replace(
        "pool: global_avg_pool",
        "aux: [{shared: cell, from: conv}, global_avg_pool], pool: {global_avg_pool: , from: main}",
    )
    text += "outputs: {out: fc, aux: {from: aux, when: training}}\n"
    network = netspec.read(text)

    assert network.stats().totals.auxiliary_params == 0
    assert not verify(network.graph).failed
    assert network.compile()(torch.zeros(1, 4, 9, 9)).shape == (1, 3)
    turned = text.replace("cell: [", "cell: {from: conv, chain: [").replace("batch_norm, relu]", "batch_norm, relu]}")
    assert not verify(netspec.read(turned).graph).failed


def test_exports_call_one_module_twice(torch: ModuleType, tmp_path: Path) -> None:
    """torch.export, torch.fx, copies and pickles keep what is shared, and artefacts hold it once."""
    network = networks()["skips"]
    module = network.compile().eval()
    given = images(network.graph, torch)
    exported = torch.export.export(module, tuple(given))
    traced = torch.fx.symbolic_trace(module)
    netspec.save(module, network, tmp_path / "skips.safetensors")
    loaded = netspec.load(tmp_path / "skips.safetensors")

    assert len(exported.state_dict) == len(module.state_dict())
    for other in (exported.module(), traced, loaded):
        assert torch.equal(other(*given), module(*given))


def test_differences_say_whose_weights_a_layer_has() -> None:
    """A layer that no longer shares its weights, or shares others, is changed."""
    layers = "[conv: {out: 6, kernel: 3, padding: 1, bias: false}, batch_norm, relu]"
    own = RECURRENT.replace("{shared: cell, repeat: 3}", f"{{chain: {layers}, repeat: 3}}")
    found = difference(netspec.read(RECURRENT).graph, netspec.read(own).graph)
    changed = {match.old.name: match.changes for match in found.changed}

    assert [(one.what, one.old, one.new) for one in changed["again.0.0"]] == [("weights of", "cell.0", "again.0.0")]
    assert not difference(netspec.read(RECURRENT).graph, netspec.read(RECURRENT).graph)


def test_pictures_and_tables_mark_what_is_shared() -> None:
    """A stage says whose weights it has, and a convolution that it shares them."""
    network = netspec.read(SKIPS)
    stages, layers = (str(network.diagram(level=level)) for level in ("stage", "layer"))
    labels = {row.name: row.label for row in network.stats().rows}

    assert "weights of encoder" in stages
    assert ", shared" in layers
    assert labels["other.2"] == "conv 3x3, 8, shared"


def test_the_example_is_in_form_and_verified() -> None:
    """The Siamese network of the examples is as the formatter has it, and every figure is the module's."""
    from netspec.verify.verify import verify

    assert not canonical(str(SIAMESE)).changes
    found = verify(netspec.read(SIAMESE, features=16).graph)
    assert not found.failed
    assert not found.unchecked


# -- at random --------------------------------------------------------------------------------------------------------


def drawn() -> list[Graph]:
    """The random networks."""
    return [netspec.read(random_sharing(seed)).graph for seed in range(SPECS)]


def test_random_networks_have_the_figures_of_their_modules() -> None:
    """Every figure of random networks with several inputs and shared layers is torch's, or explained."""
    from netspec.verify.verify import verify

    graphs = drawn()
    for seed, graph in enumerate(graphs):
        found = verify(graph)
        assert not found.failed, (seed, found.differing)
        assert not found.unchecked, seed
    assert sum(any(node.shares for node in graph.nodes) for graph in graphs) > SPECS // 2
    assert sum(len(graph.inputs) > 1 for graph in graphs) > SPECS // 3


def test_random_modules_compute_what_their_layers_do(torch: ModuleType) -> None:
    """Outputs and gradients are those of the layers one by one, each with the weights that it shares."""
    from netspec.nn.build import module as compiled

    for graph in drawn():
        torch.manual_seed(0)
        module = compiled(graph).double().eval()
        results = []
        for whole in (True, False):
            given = [one.double().requires_grad_() for one in images(graph, torch)]
            made = module(*given) if whole else values(graph, given, module)[graph.outputs[0].node]
            results.append((made, torch.autograd.grad(made.square().sum(), given)))
        torch.testing.assert_close(results[0], results[1])


def without_weights(graph: Graph) -> frozenset[Node]:
    """As if what runs again learned nothing by itself."""
    return frozenset(node for node in TRAINED(graph) if not node.shares)


TRAINED = training.trained


def test_gradients_that_are_forgotten_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch counts the gradients of every run."""
    from netspec.verify.verify import verify

    monkeypatch.setattr(training, "trained", without_weights)

    assert "training FLOPs" in {check.figure for check in verify(netspec.read(RECURRENT).graph).differing}


def test_a_value_that_one_run_alone_still_needs_is_written_over_by_none(
    torch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rectifier that may write over its input in the first run and not in the second does so in neither."""
    text = SKIPS.replace("add: [encoder.0, other.0]", "add: [other.0.0, other.0.0]")
    network = netspec.read(text)
    given = [one.double() for one in images(network.graph, torch)]

    def difference_of_values() -> float:
        module = network.compile().double().eval()
        found = values(network.graph, given, module)[network.graph.outputs[0].node]
        return float((module(*given) - found).detach().abs().max())

    assert difference_of_values() < TINY
    monkeypatch.setattr(liveness.Liveness, "overwrites", liveness.Liveness._may_overwrite)
    assert difference_of_values() > TINY


def test_weights_that_count_each_time_are_noticed() -> None:
    """Torch has fewer parameters than a table that counts shared ones again."""
    from netspec.verify.verify import verify

    graph = netspec.read(RECURRENT).graph
    for node in graph.nodes:
        node.params = node.owner.params

    assert {check.figure for check in verify(graph).differing} >= {"parameters", "bytes of weights"}


def test_a_part_of_a_network_keeps_the_layers_whose_weights_it_has(torch: ModuleType) -> None:
    """What is cut out of a network runs with the weights, under the names, that the whole one has."""
    from netspec.graph.selection import selected, value_of
    from netspec.nn.build import module as compiled

    network = networks()["skips"]
    whole = network.compile().eval()
    graph = selected(network.graph, {"high": value_of(network.graph, "other.0.1")})
    part = compiled(graph).eval()
    part.load_state_dict({name: tensor for name, tensor in whole.state_dict().items() if name in part.state_dict()})
    given = images(network.graph, torch)
    found = values(network.graph, given, whole)

    assert set(part.state_dict()) == {"encoder.0.0.weight", "encoder.0.0.bias"}
    assert torch.allclose(part(*given), found[value_of(network.graph, "other.0.1")])


def test_many_runs_of_one_layer_are_not_refused() -> None:
    """However often a layer runs, by its own name or that of the run before, its module is one step away."""
    runs = "".join(f"  b{at}: {{shared: {f'b{at - 2}' if at % 2 else 'a'}}}\n" for at in range(2, 3000))
    head = "netspec: 1\nname: a\ninput: [2, 3, 3]\nstages:\n  a: [relu, relu]\n  b1: {shared: a}\n"
    graph = netspec.read(head + runs).graph

    assert len(graph.operations) == 2 * 3000
    assert {node.owner.name for node in graph.operations} == {"a.0", "a.1"}
    assert {node.scope.owner.name for node in graph.operations} == {"a"}
