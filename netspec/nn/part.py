"""A module whose forward is generated source: what a scope of the graph becomes when it is no plain chain."""

from __future__ import annotations

import linecache
from functools import cache
from hashlib import sha256
from typing import Any

import torch
from torch import nn

from netspec.graph.graph import Graph

GRAPH = "__graph__"
"""Attribute of the outermost module for the graph that it was built from; no layer has such a name."""


class Part(nn.Module):
    """A part of a network: children by their names in the spec, and a forward that was generated from the graph.

    Copies, pickles and deep copies like any module; :attr:`source` is the text of its forward.
    """

    source: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)  # what Module.compile adds cannot be pickled
        return part, (type(self).__name__, self.source), state


@cache
def part_class(name: str, source: str) -> type[Part]:
    """The subclass of :class:`Part` called ``name`` whose forward is ``source``; one class for equal ones.

    The source is known to :mod:`linecache`, so tracebacks and debuggers show its lines.
    """
    file = f"<netspec {name} {sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space: dict[str, Any] = {"torch": torch}
    exec(compile(source, file, "exec"), space)  # noqa: S102 - our own text: a spec adds only checked names
    return type(name, (Part,), {"forward": space["forward"], "source": source, "__module__": __name__})


def remember(module: nn.Module, graph: Graph) -> None:
    """Have ``module`` know that it was built from ``graph``: copies and pickles know it too."""
    module.__dict__[GRAPH] = graph


def graph_of(module: nn.Module) -> Graph | None:
    """What ``module`` was built from; None for one that was built in another way."""
    graph = module.__dict__.get(GRAPH)
    return graph if isinstance(graph, Graph) else None


def part(name: str, source: str) -> Part:
    """An empty module of that class; the children come with its state."""
    return part_class(name, source)()
