"""Random specs as text, each with the network that it must make.

Values are decided first and then written as something that comes to them: parameters, expressions, conditions,
likenesses, layers that parameters hold (``random_layers.py``), parents, variants, patches. What is expected follows
from the decisions alone (``random_growth.py``, ``random_rows.py``): nothing of netspec is asked. All is repeated by
its seed.
"""

from __future__ import annotations

from itertools import count, zip_longest
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml
from random_cores import Chain, Operation
from random_growth import Entry, Growth, Patch, TooLarge, matching
from random_layers import Known, Shape, SpecWriter
from random_rows import Data, Map, Out, Place, Row, constant
from random_values import Body

import netspec

SECTIONS = ("stem", "stages", "head")
UNDER = "backbone"
INPUTS = ("left", "right")
VARIANT = "v1"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class RandomSpec(NamedTuple):
    """A spec, the parent that it extends if any, what is given to it, and what it must make."""

    text: str
    parent: str
    variant: str
    given: dict[str, Any]
    rows: list[Row]
    outputs: dict[str, str]
    """Outputs by name, and the operations that they come from."""

    def written(self, folder: Path) -> str:
        """What names the spec once its files are written into ``folder``."""
        (folder / "spec.yaml").write_text(self.text, encoding="utf-8")
        (folder / "parent.yaml").write_text(self.parent, encoding="utf-8")
        return str(folder / "spec.yaml") + (f"@{self.variant}" if self.variant else "")


def random_spec(seed: str, *, small: bool = False) -> RandomSpec:
    """The spec of ``seed``; a ``small`` one makes a network of a few dozen operations."""
    for again in count():
        random = Random(f"{seed}/{again}")  # noqa: S311 - to be repeated, not to be secret
        try:
            return _Assembly(random, small=small).spec()
        except TooLarge:
            continue
    raise AssertionError


def read(spec: RandomSpec, folder: Path) -> netspec.Network:
    """The network of ``spec``, whose files are written into ``folder``."""
    return netspec.read(spec.written(folder), **spec.given)


def rows_of(network: netspec.Network) -> list[Row]:
    """The operations of a network, as they are expected."""
    return [
        Row(
            node.name,
            node.operation.word,
            tuple(one.name for one in node.inputs),
            node.shape,
            node.params,
            node.cost.macs,
        )
        for node in network.graph.operations
    ]


def different(spec: RandomSpec, folder: Path) -> str:
    """What of the network of ``spec``, or of its resolved spec, is not as expected; empty if all is.

    Raises :class:`netspec.SpecError` where it is refused.
    """
    network = read(spec, folder)
    resolved = network.to_yaml()
    again = netspec.read(resolved)
    for name, one in (("the network", network), ("the resolved spec", again)):
        found = rows_of(one)
        for row, expected in zip_longest(found, spec.rows):
            if row != expected:
                return f"{name} has {row}, not {expected}"
        if {output.name: output.node.name for output in one.graph.outputs} != spec.outputs:
            return f"{name} has other outputs"
    return "" if again.to_yaml() == resolved else "the resolved spec is resolved to another one"


class _Assembly:
    """Puts one spec together."""

    def __init__(self, random: Random, *, small: bool) -> None:
        self.random = random
        self.writer = SpecWriter(random, small=small)
        self.size: Map = (random.randint(1, 4), random.randint(5, 12), random.randint(5, 12))
        self.under = UNDER if random.random() < 0.15 else ""
        self.extends = bool(self.under) or random.random() < 0.25
        self.chains: dict[str, Chain] = {}
        self.inputs = INPUTS if not self.extends and random.random() < 0.25 else ("input",)
        given = Out(self.inputs[0], self.size)
        self.growth = Growth(random, self.writer, random.choice((0, 0, 0.04, 0.1)), given, 30 if small else 120)
        self.alive = random.random() < 0.5
        self.heads: list[str] = []
        """Operations that are outputs for training beside the last."""

    def spec(self) -> RandomSpec:
        """The spec."""
        self._write_sections()
        x = self._grow()
        if self.random.random() < 0.25:
            paths = sorted(path for path in self.growth.outs.keys() - self.growth.closed if path)
            self.heads = [self.growth.outs[self.random.choice(paths)].name]
            self.heads = [] if self.heads[0] in self.inputs else self.heads
        document = self._document(x)
        outputs = self._outputs(x)
        if "outputs" in document:
            document["outputs"] = {
                name: (self._readable(path) if name == "output" else {"from": self._readable(path), "when": "training"})
                for name, path in outputs.items()
            }
        parent: dict[str, Data] = {}
        variant, given = "", dict[str, Any]()
        if self.extends:
            document, parent = self._parted(document)
        else:
            variant, given = self._hidden(document)
        return RandomSpec(self._text(document), self._text(parent), variant, given, self.growth.rows, outputs)

    def _write_sections(self) -> None:
        """Layers for some of the sections, at least for the stages."""
        shape = Shape()
        known = [Known("input", shape)]
        for section in SECTIONS:
            if section != "stages" and self.random.random() < 0.4:
                continue
            if section == "stages":
                shape = Shape()
            chain, shape, inner = self.writer.chain(Body(), keeps=False, shape=shape, known=known)
            if section == "stages":
                first = self.writer.conv(constant(4, 4), Body(), keeps=False)
                chain.entries.insert(0, Entry(first, self.writer.fresh("n") if chain.named else None))
            known = inner if chain.named and not self.under else known
            self.chains[section] = chain
        if len(self.inputs) > 1:
            first = next(iter(self.chains.values()))
            both = Entry(Operation("add", {"add": list(self.inputs)}, keeps=True), "both" if first.named else None)
            both.reads, both.reads_written = [constant(name, name) for name in self.inputs], True
            first.entries.insert(0, both)

    def _grow(self) -> Out:
        """Let the layers grow, a parent's under its name."""
        growth = self.growth
        x = growth.network_input
        if len(self.inputs) > 1:
            growth.outs |= {name: Out(name, self.size) for name in self.inputs}
            growth.paths |= set(self.inputs)
        for section, chain in self.chains.items():
            place = Place(self.under if section != "head" else "", {}, growth.network_input)
            if not chain.named:
                place = place.inside(place.path(section))
                growth.paths.add(place.scope)
            x, _ = growth.chain(chain.entries, place, x)
            growth.outs[place.scope] = x
        growth.paths |= {self.under} - {""}
        return x

    def _document(self, x: Out) -> dict[str, Data]:
        """All in one file."""
        writer = self.writer
        sections: dict[str, Data] = {name: chain.layers for name, chain in self.chains.items()}
        last = next(reversed(self.chains))
        self.alive = self.alive and self.chains[last].named and (last == "head" or not self.under)
        if self.alive:
            sections[last].update(self._readers())
        size = list(self.size)
        given = {"inputs": dict.fromkeys(self.inputs, size)} if len(self.inputs) > 1 else {"input": size}
        document: dict[str, Data] = {"netspec": 1, "name": "net", **given}
        document |= {"params": writer.params} if writer.params else {}
        document |= {"blocks": writer.blocks} if writer.blocks else {}
        document |= sections
        if set(self._outputs(x)) != {"output"} or self.random.random() < 0.2:
            document["outputs"] = {}
        if self.growth.patches:
            document["patch"] = self._patches(self.growth.patches)
        return document

    def _readers(self) -> dict[str, Data]:
        """Layers that are not there but read every parameter and use every block, whatever patches take away."""
        found: dict[str, Data] = {}
        names = list(self.writer.params)
        for at in range(0, len(names), 10):
            reading = " and ".join(f"${name} == 1" for name in names[at : at + 10])
            found[f"reader{at}"] = {"relu": None, "when": f"false and {reading}"}
        found |= {f"user-{name}": {name: None, "when": False} for name in self.writer.blocks}
        self.growth.paths |= set(found)
        return found

    def _outputs(self, x: Out) -> dict[str, str]:
        """The output, and what nothing reads."""
        rows = self.growth.rows
        read = {name for row in rows for name in row.inputs}
        ends = [row.name for row in rows if row.name not in read and row.name != x.name]
        return {"output": x.name, **{f"aux{number}": name for number, name in enumerate([*ends, *self.heads])}}

    def _readable(self, name: str) -> str:
        """A path by which the output of the operation ``name`` can be read: those in built-in blocks have none."""
        outs = self.growth.outs
        return next(path for path, out in outs.items() if out.name == name and path and path not in self.growth.closed)

    # -- patches ------------------------------------------------------------------------------------------------------

    def _patches(self, patches: list[Patch]) -> list[Data]:
        """The patches as YAML holds them: neighbours of a kind together or apart."""
        found: list[Data] = []
        for patch in patches:
            path = self._pattern(patch)
            last = found[-1].get(patch.kind) if found else None
            joins = isinstance(last, (dict, list)) and path not in last and self.random.random() < 0.5
            if patch.kind == "remove" and joins:
                last.append(path)
            elif patch.kind == "remove":
                found.append({"remove": self.random.choice((path, [path]))})
            elif joins:
                last[path] = patch.content
            else:
                found.append({patch.kind: {path: patch.content}})
        return found

    def _pattern(self, patch: Patch) -> str:
        """The path of a patch, or a pattern that meets nothing else.

        What a patch takes away by its exact path reads nothing, so that parameters could be left without a reader.
        """
        path = patch.path
        exact = patch.kind not in ("remove", "replace") or self.alive
        if exact and self.random.random() < 0.5:
            return path
        front, dot, last = path.rpartition(".")
        candidates = [f"**.{last[:-1]}*", f"**.{last[:-1]}[{last[-1]}]", f"*{dot}{last}", f"{front}{dot}{last[:1]}*"]
        if "." in front:
            candidates.append(f"{front.partition('.')[0]}.**.{last}")
        self.random.shuffle(candidates)
        if self.under:
            candidates = [one for one in candidates if one.startswith(f"{self.under}.")]
        sure = path if exact else f"{path[:-1]}[{path[-1]}]"
        signs = set("*?[")
        return next((one for one in candidates if signs & set(one) and self._meets(one) == {path}), sure)

    def _meets(self, pattern: str) -> set[str]:
        return matching(pattern, self.growth.paths)

    # -- what is given from outside -----------------------------------------------------------------------------------

    def _wrong(self, value: Any) -> Any:
        """Another value of its type."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + 40
        return "softplus" if isinstance(value, str) else [1] if isinstance(value, list) else {"elu": 0.5}

    def _mistaken(self, params: dict[str, Data], share: float) -> dict[str, Any]:
        """Some of ``params`` with wrong defaults; the right ones."""
        right = {name: value for name, value in self.writer.right.items() if self.random.random() < share}
        for name, value in right.items():
            wrong = self._wrong(value)
            params[name] = {**params[name], "default": wrong} if isinstance(params[name], dict) else wrong
        return right

    def _hidden(self, document: dict[str, Data]) -> tuple[str, dict[str, Any]]:
        """A variant, or values for some parameters, that make right what the document has wrong from here on."""
        mode = self.random.randint(0, 3)
        if mode > 1 or not self.writer.right:
            return "", {}
        params = document["params"] = dict(document["params"])
        right = self._mistaken(params, 0.4)
        if mode == 0 or not right:
            return "", right
        document["variants"] = {"v0": {name: self._wrong(value) for name, value in right.items()}, VARIANT: right}
        return VARIANT, {}

    def _parted(self, document: dict[str, Data]) -> tuple[dict[str, Data], dict[str, Data]]:
        """The document as a child and its parent."""
        parent = dict(document)
        child: dict[str, Data] = {"netspec": 1, "name": "net", "extends": "parent.yaml"}
        parent["name"] = "parent"
        if self.under:
            child["under"] = self.under
        if "params" in parent:
            parent["params"] = dict(parent["params"])
            right = self._mistaken(parent["params"], 0.3)
            if right and self.random.random() < 0.5:
                parent["variants"] = {VARIANT: right}
                child["extends"] = f"parent.yaml@{VARIANT}"
            elif right:
                child["params"] = {name: self.writer.params[name] for name in right}
        if self.random.random() < 0.5 or self.under:
            self._replace_head(parent, child)
        if parent.get("blocks") and self.random.random() < 0.5:
            name = self.random.choice(list(parent["blocks"]))
            child["blocks"] = {name: parent["blocks"][name]}
            parent["blocks"] = {**parent["blocks"], name: {"like": {"conv": {"out": 77, "kernel": 77}}}}
        if self.random.random() < 0.3:
            parent["input"], child["input"] = [1, 1, 1], parent["input"]
        if "outputs" in parent:
            child["outputs"] = parent.pop("outputs")
        if "patch" in parent:
            self._part_patches(parent, child)
        return child, parent

    def _replace_head(self, parent: dict[str, Data], child: dict[str, Data]) -> None:
        """The head stands in the child; that of the parent reads a parameter that nothing else reads."""
        child["head"] = parent.get("head", {})
        parent["params"] = {**parent.get("params", {}), "junk": 10}
        parent["head"] = [{"linear": "$junk"}]

    def _part_patches(self, parent: dict[str, Data], child: dict[str, Data]) -> None:
        """Those that come first, and are of its own layers, stand in the parent."""
        patches = parent.pop("patch")
        at = self.random.randint(0, len(patches))
        if self.under:
            own = [all(path.startswith(f"{self.under}.") for path in _paths(patch)) for patch in patches]
            at = min(at, own.index(False) if False in own else len(own))
            parent["patch"] = [_without(patch, self.under) for patch in patches[:at]]
        elif "head" not in child:
            parent["patch"] = patches[:at]
        else:
            at = 0
        if patches[at:]:
            child["patch"] = patches[at:]

    def _text(self, document: dict[str, Data]) -> str:
        """A document as YAML, in one of its styles."""
        if not document:
            return ""
        style = self.random.choice((None, True, False))
        return yaml.dump(document, Dumper=_DUMPER, sort_keys=False, width=100, default_flow_style=style)


def _paths(patch: Data) -> list[str]:
    """The paths that a part of the patches names."""
    ((kind, content),) = patch.items()
    return list(content) if kind != "remove" or isinstance(content, list) else [content]


def _without(patch: Data, under: str) -> Data:
    """The same for paths without the chain that they stand under."""
    ((kind, content),) = patch.items()
    front = f"{under}."
    if kind != "remove":
        return {kind: {path.removeprefix(front): inner for path, inner in content.items()}}
    return {kind: [path.removeprefix(front) for path in _paths(patch)]}
