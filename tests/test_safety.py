"""No spec can import, open or execute anything: an audit hook watches while hostile specs are checked and compiled."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.errors.problem import SpecError
from netspec.language import names

ROOT = Path(__file__).parent.parent
HEAD = "netspec: 1\nname: net\ninput: [3, 32, 32]\n"
QUIET = (
    *("import", "open", "exec", "compile", "os.", "subprocess.", "shutil.", "socket."),
    *("ctypes.", "pickle.", "marshal."),
)
"""Events that a spec must not cause, by how their names begin."""
CODE = "__import__('os').system('touch gone')"
HOSTILE = {
    "tag": 'stages: {a: !!python/object/apply:os.system ["id"]}\n',
    "module": "stages: {a: !!python/module:antigravity x}\n",
    "tag directive": "stages: {a: !<tag:yaml.org,2002:python/name:os.system> x}\n",
    "expression": f'stages: {{a: {{conv: {{out: "$in.channels + {CODE}", kernel: 1}}}}}}\n',
    "expression call": "stages: {a: {dropout: $exec('1')}}\n",
    "dunder": "params: {p: 1}\nstages: {a: {conv: {out: $p.__class__.__mro__, kernel: 1}}}\n",
    "dunder index": "params: {p: [1]}\nstages: {a: {dropout: $p['__class__']}}\n",
    "attributes": "stages: {__init__: relu, __class__: relu, forward: relu, __reduce__: relu, _modules: relu}\n",
    "word": "stages: {a: torch.nn.ReLU, b: os.system, c: netspec.nn.layers.Mean, d: __import__}\n",
    "word of a file": "stages: {a: /etc/passwd, b: ../x.py, c: file:///etc/passwd}\n",
    "word expression": "params: {w: os.system}\nstages: {a: $w}\n",
    "long name": f"stages: {{{'a' * 150_000}: relu}}\n",
    "aliases": "params: {p: &a 0.5}\nstages: [{dropout: $p}, {dropout: *a}]\n",
    "laughs": "notes:\n- &a0 [x]\n" + "".join(f"- &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 12)),
    "source in a name": "stages:\n  \"a): import os\\n    os.system('id')  #\": relu\n",
    "source in an output": "stages: {a: relu, b: relu}\noutputs:\n  \"a': x, **exec('1')} #\": a\n  b: b\n",
    "source in a network": 'name: "x\\nimport os"\nstages: [relu]\n',
    "source in a block": "blocks: {'b)\\nimport os': {body: [relu]}}\nstages: ['b)\\nimport os']\n",
    "source in a padding": f'stages: {{a: {{conv: {{out: 1, kernel: 1, padding: "{CODE}"}}}}}}\n',
    "scheme": "init: {conv.weight: os.system, conv.bias: {torch.load: x}}\nstages: {a: {conv: {out: 1, kernel: 1}}}\n",
    "keywords": "stages: {a.class: relu, a.import: relu, None: relu, b: {lambda: relu, from: a.class}}\n",
    "fine": "stages:\n  eval0.torch: relu\n  exec-1: {add: [input, eval0.torch]}\n"
    "  c: {chain: {print: relu, self: {mean: [input, print]}}}\n"
    "outputs: {x.y-z+0: exec-1, '0': c}\n",
}
"""Every one is checked; those that are no mistake are compiled too."""

WATCH = """
import json, os, sys
import netspec
from netspec.errors.problem import SpecError

specs, quiet, sabotage = json.load(sys.stdin)
head = "netspec: 1\\nname: net\\ninput: [3, 32, 32]\\n"
warm = "stages: {a: {conv: {out: 4, kernel: 1}}, b: {dense: {layers: 2, growth_rate: 4}}, c: batch_nrom}\\n"
watching, events, sources = False, [], []

def hook(event, arguments):
    if watching and event.startswith(tuple(quiet)):
        if event == "compile":
            sources.append(str(arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]))
        elif event == "exec":
            sources.append(arguments[0].co_filename)
        events.append([watching, event, str(arguments)[:200]])

def run(text):
    try:
        network = netspec.read(head.replace("name: net\\n", "") + text if text.startswith("name") else head + text)
        network.stats(), network.diagram(), network.to_yaml()
        network.compile(device="meta")
        network.compile(device="meta", outputs="all")
    except SpecError as error:
        return [problem.code for problem in error.problems]
    return []

run(warm), run(warm.replace("nrom", "norm")), run("stages: {a: relu, b: {mean: [input, a]}}\\n")
sys.addaudithook(hook)
found = {}
for name, text in specs.items():
    watching = name
    if sabotage == name:
        open(os.devnull).close()
        import colorsys
        eval("1")
    found[name] = run(text)
    watching = False
print(json.dumps([found, events, sources]))
"""


def watched(specs: dict[str, str], sabotage: str = "") -> tuple[dict[str, list[str]], list[list[str]], list[str]]:
    """Codes of the problems by spec, the events meanwhile, and the sources that were compiled."""
    given = json.dumps([specs, QUIET, sabotage])
    command = [sys.executable, "-c", WATCH]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    found: tuple[dict[str, list[str]], list[list[str]], list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.usefixtures("torch")
def test_hostile_specs_cause_no_import_no_open_no_process() -> None:
    """While hostile specs are checked and compiled, nothing is imported, opened or run but our own forwards."""
    found, events, sources = watched(HOSTILE)

    assert [event for event in events if event[1] not in ("exec", "compile")] == []
    assert {event[0] for event in events} <= {name for name, codes in found.items() if not codes}
    assert [name for name, codes in found.items() if not codes] == ["aliases", "fine"]
    for source in sources:
        assert source.startswith("<netspec ") or is_plain_forward(source), source


@pytest.mark.usefixtures("torch")
def test_the_hook_notices() -> None:
    """An import, an open and an eval put between the specs on purpose are all seen."""
    _, events, sources = watched({"fine": HOSTILE["fine"]}, sabotage="fine")
    seen = {event[1] for event in events}

    assert {"import", "open", "compile", "exec"} <= seen
    assert "1" in sources
    assert not is_plain_forward("1")


ALLOWED = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.Add, ast.Name, ast.Load),
    *(ast.Store, ast.Call, ast.Attribute, ast.Return, ast.Delete, ast.Del, ast.Tuple, ast.List, ast.Dict),
    *(ast.Constant, ast.keyword),
)


def is_plain_forward(source: str) -> bool:
    """Whether ``source`` is one function that calls children of self, torch.add, mul and cat, and nothing else."""
    tree = ast.parse(source)
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return (
        [type(part) for part in tree.body] == [ast.FunctionDef]
        and all(isinstance(node, ALLOWED) for node in ast.walk(tree))
        and all(re.fullmatch(r"torch\.(add|mul|cat)|getattr|(getattr\()*self[\w.', ()]*", call) for call in calls)
    )


@pytest.mark.parametrize(
    "source",
    [
        "import os\n",
        "def forward(self, x):\n    import os\n    return x\n",
        "def forward(self, x):\n    return exec('1')\n",
        "def forward(self, x):\n    return (lambda: x)()\n",
        "def forward(self, x):\n    return torch.load(x)\n",
        "x = 1\n",
    ],
)
def test_the_oracle_of_forwards_objects(source: str) -> None:
    """Imports, other calls, lambdas and statements outside of the function are not taken for a forward of ours."""
    assert not is_plain_forward(source)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "..", ".x", "a/b", "a\\b", "a b", "-o", "", "x\0", "é", "a\n", "a" * 101]
)
def test_names_that_lead_out_of_a_folder_are_refused(name: str) -> None:
    """A network's name becomes a file's name, so it has no slash, no leading dot and nothing unusual."""
    with pytest.raises(SpecError) as caught:
        netspec.read(HEAD.replace("net\n", json.dumps(name) + "\n") + "stages: [relu]\n")

    assert caught.value.problems[0].code in ("bad-name", "yaml-syntax")


def test_no_layer_is_called_like_a_part_of_a_module(torch: Any) -> None:
    """Every attribute that torch's modules have is refused as a name, so that no child can stand in its place."""
    from netspec.nn.part import Part

    taken = {name for kind in (torch.nn.Module, torch.nn.Sequential, Part) for name in dir(kind())}

    assert [name for name in taken if not names.fault(name)] == []


@pytest.mark.parametrize("name", ["x.0", "self", "torch", "getattr", "match", "print", "a-b"])
def test_names_of_python_are_names_like_others(name: str, torch: Any) -> None:
    """A layer called like a function or a variable of the generated forward is built and called all the same."""
    text = HEAD + f"stages:\n  {name}: relu\n  b: {{add: [input, '{name}']}}\n"
    module = netspec.compile(text)

    assert torch.equal(module(torch.ones(1, 3, 32, 32)), torch.full((1, 3, 32, 32), 2.0))
