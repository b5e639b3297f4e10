"""The structure that CONTRIBUTING.md and pyproject.toml promise: which module imports which, and where."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from netspec.errors.missing_package import EXTRAS

PACKAGE = Path(__file__).resolve().parent.parent / "netspec"
LOCAL_IMPORTS = 17
"""Imports of netspec's own modules inside functions: for a format, a command, torch, a training: few runs want them."""
LONGEST_CHAIN = 15

Arrows = Mapping[str, set[str]]
"""Module -> the modules that it imports."""


@pytest.fixture(scope="module")
def arrows() -> Arrows:
    """What each module of netspec imports when it runs, wherever in the file that stands; packages of others too."""
    graph = grimp.build_graph(
        "netspec", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def longest_chain(arrows: Arrows) -> list[str]:
    """The most modules of which each imports the next. Raises :class:`CycleError` where there is no longest."""
    chains: dict[str, list[str]] = {}
    for module in TopologicalSorter(arrows).static_order():
        chains[module] = [module, *max((chains[below] for below in arrows.get(module, ())), key=len, default=[])]
    return max(chains.values(), key=len)


def own(arrows: Arrows) -> dict[str, set[str]]:
    """The arrows between modules of netspec."""
    return {
        module: {target for target in targets if target.startswith("netspec")}
        for module, targets in arrows.items()
        if module.startswith("netspec")
    }


def local_imports(source: str) -> Iterator[str]:
    """The modules of netspec that are imported inside functions, once for each such line."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in {inner for function in functions for inner in ast.walk(function)}:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.startswith("netspec"))


def test_the_search_for_chains_sees_them() -> None:
    """It counts the longest of several, and objects to a circle."""
    assert longest_chain({"a": {"b", "d"}, "b": {"c"}, "c": {"d"}, "d": set()}) == ["a", "b", "c", "d"]
    with pytest.raises(CycleError):
        longest_chain({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_no_import_circle(arrows: Arrows) -> None:
    """No module imports itself through others, not even where one of the imports stands in a function."""
    TopologicalSorter(own(arrows)).prepare()


def test_chains_of_imports_are_short(arrows: Arrows) -> None:
    """Who follows imports to the bottom meets at most fifteen modules."""
    chain = longest_chain(own(arrows))

    assert len(chain) <= LONGEST_CHAIN, chain


def test_few_modules_lie_at_the_top() -> None:
    """A newcomer sees folders, and at most eight modules beside them."""
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_imports_stand_at_the_top_of_a_file() -> None:
    """An import in a function saves time where few runs need it; it is no way out of a circle or a long chain."""
    assert [*local_imports("def f():\n    from netspec.a import b\n\n    def g():\n        import netspec.c, os\n")]
    assert not [*local_imports("from netspec.a import b\n\ndef f():\n    import os\n")]

    found = [
        f"{path.name}: {name}" for path in PACKAGE.rglob("*.py") for name in local_imports(path.read_text("utf-8"))
    ]

    assert len(found) <= LOCAL_IMPORTS, found


def test_torch_is_imported_in_two_folders(arrows: Arrows) -> None:
    """What an extra brings is imported in ``nn`` and ``verify`` alone."""
    users = {module for module, targets in arrows.items() if targets & {*EXTRAS["verify"]}}

    assert {".".join(user.split(".")[:2]) for user in users} == {"netspec.nn", "netspec.verify"}
