"""A compiled network is an ordinary module: what torch does with modules works, and its forward computes the graph."""

from __future__ import annotations

import copy
import json
import math
import pickle
import random
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import netspec
from netspec.analysis.liveness import Liveness
from netspec.language import names
from netspec.nn.part import Part
from netspec.nn.start import named
from netspec.ops.facts import Layer
from netspec.ops.join import Multiply

RESNET = """
stem: {conv1: {conv: {out: 8, kernel: 3, padding: 1, bias: false}}, bn1: batch_norm, relu: relu}
stages:
  layer1: {residual: {width: 8}, repeat: 2}
  layer2: {bottleneck: {width: 4, stride: 2}, repeat: 2}
  layer3: {residual: {width: 24, stride: 2, shortcut: pad}}
head: {avgpool: global_avg_pool, fc: {linear: 5}}
"""
GOOGLENET = """
params: {classes: 5}
blocks:
  aux_head:
    params: {classes: int}
    body: {pool: {adaptive_avg_pool: 2}, flatten: flatten, fc: {linear: $classes}}
stem: {conv1: {conv_norm_act: {out: 8, kernel: 3}}}
stages:
  inception1: {inception: {conv1: 4, conv3: [4, 8], conv5: [2, 4], pool: 4}}
  inception2: {inception: {conv1: 4, conv3: [4, 8], conv5: [2, 4], pool: 4, kernel5: 3}}
head:
  avgpool: global_avg_pool
  fc: {linear: $classes}
  aux: {aux_head: {classes: $classes}, from: inception1}
outputs: {logits: fc, aux: {from: aux, when: training}}
"""
DENSENET = """
stem: {features.conv0: {conv: {out: 8, kernel: 3, bias: false}}, features.norm0: batch_norm, features.relu0: relu}
stages:
  features.denseblock1: {dense: {layers: 2, growth_rate: 4, bottleneck: 2}}
  features.transition1: {transition: {compression: 0.5}}
  features.denseblock2: {dense: {layers: 2, growth_rate: 4}}
head: {features.norm5: batch_norm, relu: relu, avgpool: global_avg_pool, classifier: {linear: 5}}
"""
FAMILIES = {"resnet": RESNET, "googlenet": GOOGLENET, "densenet": DENSENET}

# What may not be overwritten, and what the tree of modules must not get wrong. Maps of 4 channels; double precision.
CONV = "{conv: {out: 4, kernel: 1}}"
WIRING = {
    "relu after a value that is read again": f"""
stages: {{a: {CONV}, r: leaky_relu, sum: {{add: {{from: [a, r]}}}}}}""",
    "relu after a declared output": f"""
stages: {{a: {CONV}, r: leaky_relu, b: {CONV}}}
outputs: {{first: a, last: b}}""",
    "relu after an output for training": f"""
stages: {{a: {CONV}, r: leaky_relu, b: {CONV}}}
outputs: {{last: b, first: {{from: a, when: training}}}}""",
    "identity is another name for the same value": f"""
stages: {{a: {CONV}, i: identity, r: leaky_relu, sum: {{add: {{from: [a, r]}}}}}}""",
    "identity read twice": f"""
stages: {{a: {CONV}, i: identity, r: leaky_relu, sum: {{add: {{from: [i, r]}}}}}}""",
    "dropout passes its input on": f"""
stages: {{a: {CONV}, d: {{dropout: 0.0}}, r: {{leaky_relu: 0.3}}, sum: {{add: {{from: [d, r]}}}}, b: {CONV}}}""",
    "the network's input stays": f"""
stages: {{r: leaky_relu, sum: {{add: {{from: [r, input]}}}}, a: {CONV}}}""",
    "add over a value that is read again": f"""
stages: {{a: {CONV}, b: {CONV}, sum: {{add: {{from: [a, b]}}}}, more: {{add: {{from: [sum, a]}}}}}}""",
    "add of a value to itself": f"""
stages: {{a: {CONV}, sum: {{add: {{from: [a, a]}}}}, b: {CONV}}}""",
    "add to an activation that its gradient needs": f"""
stages: {{a: {CONV}, s: sigmoid, b: {CONV}, sum: {{add: {{from: [s, b]}}}}}}""",
    "add of three": f"""
stages: {{a: {CONV}, b: {CONV}, c: {CONV}, sum: {{add: {{from: [a, b, c]}}}}, r: relu}}""",
    "relu after a product that its factors' gradients need": f"""
stages: {{a: {CONV}, b: {CONV}, m: {{multiply: {{from: [a, b]}}}}, r: relu6, n: {{multiply: {{from: [r, r]}}}}}}""",
    "a gate": f"""
stages: {{a: {CONV}, p: {{adaptive_avg_pool: 1}}, r: leaky_relu, g: sigmoid, m: {{multiply: {{from: [a, g]}}}}}}""",
    "parameters in a product, a sum, a mean and beside a map": f"""
stages: {{a: {CONV}, g: {{parameter: {{shape: [4, 1, 1], init: ones}}}}, m: {{multiply: [g, a]}},
  f: {{parameter: {{shape: [4], init: {{normal: 1}}}}}}, n: {{multiply: [f, g, m]}}, r: relu,
  p: {{parameter: {{shape: [4, 6, 6], init: {{uniform: {{low: -1, high: 1}}}}}}}}, s: {{add: [p, r]}},
  t: {{mean: [s, p]}}, c: {{concat: [p, t, p]}}, b: {CONV}}}""",
    "a parameter in a block, read outside of it, and run again": """
stages:
  a: {chain: {p: {parameter: {shape: [4, 1, 1], init: {constant: 2}}}, c: {conv: {out: 4, kernel: 1}, from: input}}}
  m: {multiply: [a, a.p]}
  other: {shared: a}
  again: {shared: a.p}
  n: {multiply: [other, other.p, again]}""",
    "gates without axes": f"""
stages: {{a: {CONV}, p: global_avg_pool, g: {{linear: 4}}, m: {{multiply: [p, a, g]}}, r: {{add: [m, a]}}}}""",
    "a block that begins with an activation": f"""
stages: {{a: {CONV}, b: [leaky_relu: 0.5, {CONV}], sum: {{mean: {{from: [b, b.0]}}}}, r: leaky_relu}}""",
    "dotted names that are not next to each other": f"""
stages: {{a.x: {CONV}, b: leaky_relu, a.y: {CONV}, a.z.0: leaky_relu, c: {CONV}, a.z.1: leaky_relu}}""",
    "a dotted name inside a block": f"""
stages: {{b: {{residual: {{width: 4}}}}, b.extra: {CONV}, r: leaky_relu, b.more: {CONV}}}""",
    "names that are digits, have a dash, or mean something in Python": f"""
stages: {{self: {CONV}, print.0: leaky_relu, print.7.a-b: {CONV}, torch: [relu, {CONV}], x: {CONV}}}""",
    "from across scopes": f"""
stages:
  a: [{CONV}, leaky_relu, {CONV}]
  b: {{chain: {{p: {CONV}, q: {{add: {{from: [a.1, p]}}}}, r: {{add: {{from: [q, a.0]}}}}}}}}
  c: {{multiply: {{from: [b.p, b.q, b, a]}}}}""",
    "several inputs and outputs of one scope": f"""
stages:
  a: [{CONV}, tanh, {CONV}]
  b: {{from: a.0, chain: {{p: {CONV}, q: {{add: {{from: [a.1, p]}}}}, r: {CONV}}}}}
outputs: {{one: b.p, two: b, three: a.0, four: b, five: a}}""",
    "all sections as lists": f"""
stem: [{CONV}, batch_norm, relu]
stages: [{{residual: {{width: 4}}, repeat: 2}}, {{dense: {{layers: 2, growth_rate: 2}}}}]
head: [global_avg_pool, {{linear: 4}}, relu, {{linear: 3}}]""",
    "a slope whose gradient needs the input": f"""
stages: {{a: {CONV}, r: {{leaky_relu: -0.2}}, b: {CONV}}}""",
    "branches": f"""
stages:
  split: {{branches: {{l: [{CONV}, relu], r: identity, z3: leaky_relu}}, join: concat}}
  s: leaky_relu""",
    "names of variables": f"""
stages: {{x: {CONV}, y: leaky_relu, forward_: {CONV}, torch: leaky_relu, self: {{add: {{from: [x, torch]}}}}}}""",
    **FAMILIES,
}


@pytest.fixture(autouse=True)
def one_thread(torch: ModuleType) -> Iterator[None]:
    """Threads that wait for one another cost more than single images and small maps gain from them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def text(layers: str, *, size: tuple[int, int, int] = (3, 16, 16)) -> str:
    """``layers`` as a whole spec."""
    return f"netspec: 1\nname: net\ninput: {list(size)}\n{textwrap.dedent(layers).strip()}\n"


def wired(case: str) -> str:
    """The spec of a case of ``WIRING``."""
    return text(WIRING[case], size=(3, 16, 16) if case in FAMILIES else (4, 6, 6))


def image(network: netspec.Network, torch: ModuleType, count: int = 2) -> Any:
    """Random images of the network's input size."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, *network.graph.input.shape, generator=generator, dtype=torch.float64)


def interpreted(network: netspec.Network, module: Any, x: Any, torch: ModuleType) -> dict[str, Any]:
    """All outputs, computed node by node from the graph and the weights of ``module``; nothing is overwritten."""
    values = {network.graph.input: x}
    for node in network.graph.operations:
        layer = node.operation.layer(*node.input_shapes)
        if layer.call == "parameter":
            values[node] = module.get_parameter(node.owner.name).expand(x.shape[0], *node.shape)
            continue
        inputs = [values[source] for source in node.inputs]
        if layer.axes:
            inputs = [one.reshape(*one.shape, *[1] * more) for one, more in zip(inputs, layer.axes, strict=True)]
        function = named(layer.target)
        if layer.call == "module":
            own = module.get_submodule(node.owner.name)
            weights = dict(own.named_parameters()) | {name: value.clone() for name, value in own.named_buffers()}
            plain = function(**layer.arguments).train(module.training)
            values[node] = torch.func.functional_call(plain, weights, tuple(inputs))
        elif layer.call == "list":
            values[node] = function(inputs, **layer.arguments)
        else:
            values[node] = inputs[0]
            for other in inputs[1:]:
                values[node] = function(values[node], other)
    return {output.name: values[output.node] for output in network.graph.outputs}


def as_dict(network: netspec.Network, result: Any) -> dict[str, Any]:
    """What a forward returned, by name."""
    return result if isinstance(result, dict) else {network.graph.outputs[0].name: result}


def compare(spec: str, torch: ModuleType, *, training: bool) -> None:
    """Hold outputs, and gradients in training, of the module against the interpretation of its graph."""
    torch.manual_seed(0)
    network = netspec.read(spec)
    module = network.compile(outputs="all").double().train(training)
    x = image(network, torch)
    before = x.clone()
    expected = interpreted(network, module, x, torch)
    found = as_dict(network, module(x))

    assert torch.equal(x, before)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    if training:
        parameters = list(module.parameters())
        wanted = torch.autograd.grad(_loss(expected), parameters)
        for gradient, other in zip(torch.autograd.grad(_loss(found), parameters), wanted, strict=True):
            torch.testing.assert_close(gradient, other, rtol=1e-9, atol=1e-12)


def _loss(outputs: dict[str, Any]) -> Any:
    return sum((index + 1) * value.square().mean() for index, value in enumerate(outputs.values()))


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("case", WIRING)
def test_the_forward_computes_the_graph(case: str, torch: ModuleType, *, training: bool) -> None:
    """Outputs are those of the graph computed node by node, to the last bit; so are the gradients, up to rounding."""
    compare(wired(case), torch, training=training)


def random_spec(seed: int) -> str:
    """A random network of 4 channels: any layer may read any earlier one, under plain, dotted and nested names."""
    draw = random.Random(seed)  # noqa: S311 - a test's choice
    names_so_far = ["input"]
    lines = []
    for index in range(draw.randint(3, 14)):
        name = draw.choice(["", "", "p.", "q.", "p.r.", "s.0."]) + draw.choice(["n", "class_", "U"]) + str(index)
        count = draw.choice([1, 1, 1, 2, 3])
        reads = [draw.choice(names_so_far[-4:]) for _ in range(count)]
        word = draw.choice(["add", "mean", "multiply"]) if count > 1 else draw.choice(list(UNARY))
        lines.append(f"  {name}: {{{word}: {UNARY.get(word, '{}')}, from: [{', '.join(reads)}]}}")
        names_so_far.append(name)
    read = {word.strip(" ,[]{}") for line in lines for word in line.partition("from:")[2].split(",")}
    ends = [name for name in names_so_far[1:] if name not in read]
    shown = draw.sample(names_so_far[1:], k=min(2, len(names_so_far) - 1))
    declared = "".join(f"  out{index}: {name}\n" for index, name in enumerate(dict.fromkeys([*ends, *shown])))
    return text("stages:\n" + "\n".join(lines) + f"\noutputs:\n{declared}", size=(4, 3, 3))


UNARY = {
    "relu": "{}",
    "leaky_relu": "0.5",
    "relu6": "{}",
    "tanh": "{}",
    "identity": "{}",
    "conv": "{out: 4, kernel: 1}",
    "batch_norm": "{}",
    "dropout": "0.0",
    "avg_pool": "{kernel: 3, stride: 1, padding: 1}",
    "max_pool": "{kernel: 3, stride: 1, padding: 1}",
    "residual": "{width: 4}",
}


@pytest.mark.parametrize("seed", range(40))
def test_random_wirings_compute_their_graph(seed: int, torch: ModuleType) -> None:
    """However layers are wired and named, outputs and gradients are those of the graph."""
    spec = random_spec(seed)
    compare(spec, torch, training=False)
    if any(word in spec for word in ("conv", "batch_norm", "residual")):
        compare(spec, torch, training=True)


@pytest.mark.parametrize(
    "case",
    ["relu after a value that is read again", "relu after a declared output", "add over a value that is read again"],
)
def test_careless_overwriting_is_seen(case: str, torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison objects when a value is overwritten that somebody else reads."""
    monkeypatch.setattr(Liveness, "sole_reader", lambda _self, _node: True)

    with pytest.raises((AssertionError, RuntimeError)):
        compare(wired(case), torch, training=True)


def test_what_can_be_overwritten_is(torch: ModuleType) -> None:
    """An activation right after a convolution or norm works in place, and a residual add reuses its first input."""
    module = netspec.compile(text(RESNET))

    assert module.relu.inplace
    assert module.layer1[0].relu1.inplace
    assert " += " in module.layer1[0].source
    assert isinstance(module, torch.nn.Module)


def test_blocks_can_be_checkpointed(torch: ModuleType) -> None:
    """A module never overwrites what it is given, so running it again in the backward pass changes no gradient."""
    from torch.utils.checkpoint import checkpoint

    spec = text(WIRING["a block that begins with an activation"], size=(4, 6, 6)).replace(
        "from: [b, b.0]", "from: [b, a]"
    )
    network = netspec.read(spec)
    module = network.compile().double()
    x = image(network, torch)
    module(x).square().mean().backward()
    expected = [parameter.grad.clone() for parameter in module.parameters()]
    module.zero_grad()
    inner = module.b.forward
    module.b.forward = lambda y: checkpoint(inner, y, use_reentrant=False)
    module(x).square().mean().backward()

    for parameter, gradient in zip(module.parameters(), expected, strict=True):
        assert torch.equal(parameter.grad, gradient)


# -- what torch does with modules ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_hooks_on_blocks_fire(family: str, torch: ModuleType) -> None:
    """Every block, chain and layer of the main path is called as a module: its forward hook fires exactly once."""
    network = netspec.read(text(FAMILIES[family]))
    module = network.compile().double().eval()
    fired: list[str] = []
    for name, part in module.named_modules():
        part.register_forward_hook(lambda *_, name=name: fired.append(name))
    module(image(network, torch))

    called = [name for name, part in module.named_modules() if type(part) is not torch.nn.Module]
    assert sorted(fired) == sorted(name for name in called if not name.startswith("aux"))


@pytest.mark.parametrize("family", FAMILIES)
def test_torch_compile_takes_the_whole_graph(family: str, torch: ModuleType) -> None:
    """``torch.compile(fullgraph=True)`` traces the network without a break, and the outputs are equal."""
    network = netspec.read(text(FAMILIES[family]))
    module = network.compile(outputs="all").double().eval()
    x = image(network, torch)
    traced = torch.compile(module, fullgraph=True, backend="eager")

    with torch.no_grad():
        expected, found = as_dict(network, module(x)), as_dict(network, traced(x))
    assert list(expected) == list(found)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_compiled_training_has_the_same_gradients(family: str, torch: ModuleType) -> None:
    """Through ``torch.compile`` and AOTAutograd, in train mode, the gradients are those of the plain module."""
    network = netspec.read(text(FAMILIES[family]))
    module = network.compile(outputs="all").double()
    x = image(network, torch)
    gradients = []
    for run in (module, torch.compile(module, fullgraph=True, backend="aot_eager")):
        module.zero_grad()
        _loss(as_dict(network, run(x))).backward()
        gradients.append([parameter.grad.clone() for parameter in module.parameters()])

    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(shutil.which("g++") is None, reason="Inductor needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Inductor's own, when it is imported
def test_inductor_compiles(torch: ModuleType) -> None:
    """Inductor's code for a network with branches, aliases and a residual add computes the same."""
    pytest.importorskip("setuptools")
    spec = f"stages: {{a: {CONV}, r: leaky_relu, b: {{residual: {{width: 4}}}}, s: {{add: {{from: [a, b]}}}}}}"
    network = netspec.read(text(spec, size=(4, 6, 6)))
    module = network.compile().double().eval()
    x = image(network, torch)

    with torch.no_grad():
        torch.testing.assert_close(torch.compile(module, fullgraph=True)(x), module(x))


@pytest.mark.parametrize("family", FAMILIES)
def test_torch_export_takes_the_network(family: str, torch: ModuleType) -> None:
    """``torch.export`` gives a program with the same outputs, in the same structure, and the same state."""
    network = netspec.read(text(FAMILIES[family]))
    module = network.compile(outputs="all").double().eval()
    x = image(network, torch)
    program = torch.export.export(module, (x,))

    expected, found = as_dict(network, module(x)), as_dict(network, program.module()(x))
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert set(program.state_dict) == set(module.state_dict())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])  # noqa: S301
@pytest.mark.parametrize("family", FAMILIES)
def test_copies_are_equal_and_separate(family: str, copied: Any, torch: ModuleType) -> None:
    """Deep copies and pickles, heads for training included, compute the same and share no weights."""
    network = netspec.read(text(FAMILIES[family]))
    module = network.compile().double().eval()
    twin = copied(module)
    x = image(network, torch)

    assert torch.equal(twin(x), module(x))
    assert list(twin.state_dict()) == list(module.state_dict())
    assert repr(twin) == repr(module)
    assert type(twin) is type(module)
    with torch.no_grad():
        next(twin.parameters()).zero_()
    assert not torch.equal(twin(x), module(x))


def test_a_module_compiled_in_place_can_be_pickled(torch: ModuleType) -> None:
    """``Module.compile`` adds to a module what cannot be pickled; copies come without it."""
    network = netspec.read(text(RESNET))
    module = network.compile().double().eval()
    module.compile(backend="eager")
    x = image(network, torch)

    assert torch.equal(pickle.loads(pickle.dumps(module))(x), module(x))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("family", FAMILIES)
def test_a_step_of_the_optimiser_lowers_the_loss(family: str, torch: ModuleType) -> None:
    """One small step against the gradient on one batch makes the loss smaller."""
    torch.manual_seed(1)
    network = netspec.read(text(FAMILIES[family]))
    module = network.compile(outputs="all").double()
    optimiser = torch.optim.SGD(module.parameters(), lr=0.01)
    x, labels = image(network, torch, 8), torch.arange(8) % 5
    losses = []
    for _ in range(2):
        outputs = as_dict(network, module(x)).values()
        loss = sum(torch.nn.functional.cross_entropy(output, labels) for output in outputs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    assert losses[1] < losses[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_reach_every_parameter(family: str, torch: ModuleType) -> None:
    """With all outputs in the loss every parameter gets a gradient; without them, all but those of heads aside."""
    network = netspec.read(text(FAMILIES[family]))
    for outputs in ("all", "inference"):
        module = network.compile(outputs=outputs).double()
        _loss(as_dict(network, module(image(network, torch)))).backward()
        missing = [name for name, parameter in module.named_parameters() if parameter.grad is None]
        aside = outputs == "inference" and family == "googlenet"

        assert missing == (["aux.fc.weight", "aux.fc.bias"] if aside else [])


def test_the_return_type_does_not_depend_on_the_mode(torch: ModuleType) -> None:
    """A network with a head for training returns a tensor in both modes, or a dict in both modes if asked to."""
    network = netspec.read(text(GOOGLENET))
    x = image(network, torch)
    plain, full = network.compile().double(), network.compile(outputs="all").double()

    for training in (True, False):
        assert isinstance(plain.train(training)(x), torch.Tensor)
        assert {name: tuple(value.shape) for name, value in full.train(training)(x).items()} == {
            "logits": (2, 5),
            "aux": (2, 5),
        }


def test_heads_aside_can_be_called(torch: ModuleType) -> None:
    """A head that the forward leaves out is a complete module all the same."""
    network = netspec.read(text(GOOGLENET))
    plain, full = network.compile().double().eval(), network.compile(outputs="all").double().eval()
    full.load_state_dict(plain.state_dict(), strict=True)
    features: list[Any] = []
    plain.inception1.register_forward_hook(lambda _module, _inputs, output: features.append(output))
    x = image(network, torch)
    plain(x)

    assert torch.equal(plain.aux(features[0]), full(x)["aux"])


def test_nothing_is_drawn_for_modules_without_memory(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme of the spec is left out on the device meta, where torch would import its compiler to draw nothing."""
    drawn = []
    monkeypatch.setattr(torch.nn.init, "kaiming_normal_", lambda tensor, **_: drawn.append(tensor.device.type))
    network = netspec.read("resnet20")

    network.compile(device="meta")
    assert not drawn
    network.compile()
    assert {*drawn} == {"cpu"}


def test_meta_modules_have_no_memory(torch: ModuleType) -> None:
    """``device="meta"`` makes every parameter and buffer without storage, and the default is the CPU."""
    module = netspec.compile("vgg16", device="meta")
    tensors = [*module.parameters(), *module.buffers()]

    assert sum(tensor.numel() for tensor in tensors) == 138_357_544
    assert all(tensor.is_meta for tensor in tensors)
    assert {tensor.device.type for tensor in netspec.compile(text(RESNET)).state_dict().values()} == {"cpu"}
    assert module(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 1000)


def test_initialisation_follows_the_seed(torch: ModuleType) -> None:
    """The same seed gives the same weights, another seed others."""
    states = []
    for seed in (4, 4, 5):
        torch.manual_seed(seed)
        states.append(netspec.compile(text(GOOGLENET + "init: {conv.weight: kaiming_normal}")).state_dict())

    assert all(torch.equal(states[0][name], value) for name, value in states[1].items())
    assert not torch.equal(states[0]["fc.weight"], states[2]["fc.weight"])
    assert not torch.equal(states[0]["conv1.conv.weight"], states[2]["conv1.conv.weight"])


# A convolution with 64 x 64 x 3 x 3 weights: fan in and fan out are 576. The deviation, and the largest size.
FAN = 576
SCHEMES = {
    "kaiming_normal": (math.sqrt(2 / FAN), math.inf),
    "{kaiming_normal: fan_out}": (math.sqrt(2 / FAN), math.inf),
    "{kaiming_normal: {mode: fan_in, nonlinearity: linear}}": (math.sqrt(1 / FAN), math.inf),
    "kaiming_uniform": (math.sqrt(2 / FAN), math.sqrt(6 / FAN)),
    "xavier_normal": (math.sqrt(1 / FAN), math.inf),
    "{xavier_uniform: {gain: 2.0}}": (2 * math.sqrt(1 / FAN), 2 * math.sqrt(3 / FAN)),
    "{normal: 0.01}": (0.01, math.inf),
    "{normal: {std: 0.02, mean: 0.0}}": (0.02, math.inf),
    "{trunc_normal: {std: 1.0, low: -1.0, high: 1.0}}": (0.53960, 1.0),
    "{uniform: {low: -0.5, high: 0.5}}": (0.5 / math.sqrt(3), 0.5),
    "orthogonal": (1 / math.sqrt(FAN), 1.0),
    "{constant: 0.25}": (0.0, 0.25),
    "zeros": (0.0, 0.0),
    "ones": (0.0, 1.0),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_start_as_the_scheme_says(scheme: str, torch: ModuleType) -> None:
    """The weights have the scheme's deviation and bounds; what the spec does not name starts as torch has it."""
    torch.manual_seed(2)
    spec = (
        f"stages: [{{conv: {{out: 64, kernel: 3}}}}, global_avg_pool, {{linear: 9}}]\ninit: {{conv.weight: {scheme}}}"
    )
    module = netspec.compile(text(spec, size=(64, 8, 8)))
    weight = module.stages[0].weight
    deviation, largest = SCHEMES[scheme]

    assert weight.std().item() == pytest.approx(deviation, rel=0.03, abs=1e-9)
    assert weight.abs().max().item() <= largest + 1e-6
    assert weight.abs().max().item() > 0 or scheme == "zeros"
    assert module.stages[2].weight.std().item() == pytest.approx(1 / math.sqrt(3 * 64), rel=0.1)


def test_initialisation_names_any_tensor(torch: ModuleType) -> None:
    """Biases, norms and trainable slopes are initialised by their names, in every block that holds them."""
    spec = RESNET + "init: {batch_norm.weight: {constant: 0.5}, batch_norm.bias: ones, linear.bias: zeros}"
    module = netspec.compile(text(spec))

    norms = [part for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert len(norms) > 9
    assert all((norm.weight == 0.5).all() and (norm.bias == 1).all() for norm in norms)
    assert (module.fc.bias == 0).all()
    assert (module.fc.weight != 0).any()


def test_channels_last_runs(torch: ModuleType) -> None:
    """In channels-last memory the outputs are the same up to rounding."""
    for spec in FAMILIES.values():
        network = netspec.read(text(spec))
        module = network.compile().double().eval()
        x = image(network, torch)
        expected = module(x)
        module.to(memory_format=torch.channels_last)

        torch.testing.assert_close(module(x.to(memory_format=torch.channels_last)), expected)


def test_autocast_runs(torch: ModuleType) -> None:
    """Under autocast forward and backward run in train mode, and the convolutions compute in bfloat16."""
    for spec in FAMILIES.values():
        network = netspec.read(text(spec))
        module = network.compile(outputs="all")
        with torch.autocast("cpu", torch.bfloat16):
            outputs = as_dict(network, module(image(network, torch).float()))
        _loss({name: value.float() for name, value in outputs.items()}).backward()

        assert {value.dtype for value in outputs.values()} == {torch.bfloat16}
        assert all(parameter.grad.isfinite().all() for parameter in module.parameters())


# -- names and source ---------------------------------------------------------------------------------------------


def test_keys_are_the_paths_of_the_spec(torch: ModuleType) -> None:
    """Dotted names, digits, dashes and names of Python are attribute paths and keys, in the order of the spec."""
    module = netspec.compile(wired("names that are digits, have a dash, or mean something in Python"))

    weights = [name for name in module.state_dict() if name.endswith("weight")]
    assert weights == ["self.weight", "print.7.a-b.weight", "torch.1.weight", "x.weight"]
    assert isinstance(module.get_submodule("print.7.a-b"), torch.nn.Conv2d)


def test_prefixes_that_are_apart_hold_their_layers(torch: ModuleType) -> None:
    """Layers under one prefix with others between them are children of one plain module, called from outside it."""
    module = netspec.compile(text(WIRING["dotted names that are not next to each other"], size=(4, 6, 6)))

    assert type(module.a) is torch.nn.Module
    assert [name for name, _ in module.a.named_children()] == ["x", "y", "z"]
    assert "x = self.a.x(x)" in module.source
    assert "getattr(self.a.z, '0')" in module.source


def test_chains_are_sequential(torch: ModuleType) -> None:
    """A plain chain becomes an ``nn.Sequential`` with numbered children; a section given as a list is one."""
    module = netspec.compile(wired("all sections as lists"))

    assert type(module.head) is torch.nn.Sequential
    assert [type(part).__name__ for part in module.stem] == ["Conv2d", "BatchNorm2d", "ReLU"]
    assert module.stages[0][1].conv2.weight.shape == (4, 4, 3, 3)


def attributes(torch: ModuleType) -> Iterator[str]:
    """The attributes of an empty module, sequence and part, but not those between double underscores."""
    for module in (torch.nn.Module(), torch.nn.Sequential(), Part()):
        yield from (name for name in dir(module) if not name.startswith("__"))


def test_names_of_module_attributes_are_refused(torch: ModuleType) -> None:
    """No layer can be called as what a module needs for itself."""
    assert [name for name in attributes(torch) if not names.fault(name)] == []


def test_output_names_are_data(torch: ModuleType) -> None:
    """The name of an output is a key of the dict and never a piece of the generated source."""
    hostile = json.dumps("""logits": print(1 / 0), "x""")
    spec = text(f"stages: {{a: {CONV}, b: relu}}\noutputs: {{{hostile}: a, b: b}}", size=(4, 6, 6))
    try:
        network = netspec.read(spec)
    except netspec.SpecError as error:
        refused = {problem.code for problem in error.problems}
    else:
        refused = set()
        assert list(network.compile().double()(image(network, torch))) == [json.loads(hostile), "b"]
    assert refused <= {"bad-name"}


def test_the_source_is_readable() -> None:
    """``source`` is the forward as one would write it: variables are reused, children called by their names."""
    module = netspec.compile(text(RESNET))

    assert module.layer2[0].source == textwrap.dedent(
        """\
        def forward(self, x):
            y = self.conv1(x)
            y = self.bn1(y)
            y = self.relu1(y)
            y = self.conv2(y)
            y = self.bn2(y)
            y = self.relu2(y)
            y = self.conv3(y)
            y = self.bn3(y)
            x = self.downsample(x)
            y += x
            del x
            y = self.relu(y)
            return y
        """
    )
    assert type(module).source == module.source
    assert [type(part).__name__ for part in (module, module.layer2[0])] == ["Net", "Bottleneck"]


def test_functions_of_others_are_imported(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source imports what it calls, under a name that no variable takes from it; copies compute the same."""
    others = ModuleType("x")
    others.times = lambda one, two: one * two + 1
    monkeypatch.setitem(sys.modules, "x", others)
    monkeypatch.setattr(Multiply, "layer", lambda _, *shapes: Layer("x.times", {}, call="pairwise"))  # noqa: ARG005 - as layers are asked for
    network = netspec.read(text(f"stages: {{a: {CONV}, b: {CONV}, m: {{multiply: {{from: [a, b]}}}}}}", size=(4, 6, 6)))
    module = network.compile().double()
    images = image(network, torch)

    assert module.source.splitlines()[:4] == ["import x", "", "", "def forward(self, y):"]
    assert torch.equal(module(images), module.a(images) * module.b(module.a(images)) + 1)
    assert torch.equal(pickle.loads(pickle.dumps(module))(images), module(images))  # noqa: S301 - our own bytes


def test_tracebacks_show_generated_lines(torch: ModuleType) -> None:
    """An error inside a generated forward is shown with the line that raised it."""
    module = netspec.compile(text(RESNET))
    with pytest.raises(RuntimeError) as caught:
        module(torch.zeros(1, 4, 16, 16))

    shown = "".join(traceback.format_exception(caught.value))
    assert "    x = self.conv1(x)\n" in shown
    assert "<netspec Net " in shown
