"""Random networks whose layers read any of those before: links that cross, branches, heads, several outputs."""

from __future__ import annotations

from random import Random

import netspec
from netspec.graph.graph import Graph

KINDS = ("relu", "conv", "add", "concat", "residual")
FAR = 0.3
"""How often a layer reads any layer before it, and not the last one."""


def random_wiring(seed: int) -> Graph:
    """A network of 2 to 24 layers; the same for the same seed."""
    random = Random(seed)  # noqa: S311 - networks, no secrets
    far = random.choice((0.0, FAR, 1.0))
    names: list[str] = []
    lines = ["netspec: 1", f"name: wiring{seed}", "input: [8, 16, 16]", "stages:"]
    read: set[str] = set()
    for place in range(random.randint(2, 24)):
        kind = random.choice(KINDS) if len(names) > 1 else "conv"
        last = names[-1] if names else "input"
        sources = [random.choice(names) if names and random.random() < far else last]
        if kind in ("add", "concat"):
            sources.append(random.choice([name for name in names if name != sources[0]] or names))
        read.update(sources)
        name = f"n{place}"
        source = sources[0]
        lines.append(
            f"  {name}: " + _joined(kind, sources)
            if kind in ("add", "concat")
            else f"  {name}: {_single(kind, source)}"
        )
        if kind == "concat":  # back to eight channels, so that any two can be added
            lines.append(f"  {name}w: {{conv: {{out: 8, kernel: 1}}}}")
            read.add(name)
            name = f"{name}w"
        names.append(name)
    open_ends = [name for name in names if name not in read]
    lines.append("outputs:")
    lines += [f"  o{place}: {name}" for place, name in enumerate(open_ends)]
    return netspec.read("\n".join(lines) + "\n").graph


def _joined(kind: str, sources: list[str]) -> str:
    return f"{{{kind}: [{', '.join(sources)}]}}"


def _single(kind: str, source: str) -> str:
    words = {"relu": "relu: ", "conv": "conv: {out: 8, kernel: 3, padding: 1}", "residual": "residual: {width: 8}"}
    return f"{{{words[kind]}, from: {source}}}"
