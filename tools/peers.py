"""Systems that build networks from text: for each a small network that is right, and how eight mistakes look in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import GenericAlias
from typing import Any, NamedTuple

MISTAKES = (
    "misspelt parameter",
    "unknown operation",
    "channel mismatch",
    "dangling reference",
    "unknown top-level key",
    "duplicate key",
    "wrong type",
    "bad indentation",
)
NETWORKS = Path(__file__).parent / "networks"
Changes = dict[str, tuple[str, str]]


class Peer(NamedTuple):
    """A system: its package, how it reads, and the change that makes each mistake in its network, where one can.

    The network lies in ``tools/networks``, in a file called as the package.
    """

    name: str
    package: str
    how: str
    suffix: str
    read: Callable[[Path], object]
    mistakes: Changes

    @property
    def right(self) -> str:
        """The text of the network without a mistake."""
        return (NETWORKS / f"{self.package}.{self.suffix}").read_text(encoding="utf-8")


def _changes(*changes: tuple[str, str] | None) -> Changes:
    return {mistake: change for mistake, change in zip(MISTAKES, changes, strict=True) if change}


def _module(name: str) -> Any:
    """A package that may be missing: mypy need not know it."""
    return import_module(name)


def _netspec(file: Path) -> object:
    return _module("netspec").read(file)


def _hydra(file: Path) -> object:
    return _module("hydra.utils").instantiate(_module("omegaconf").OmegaConf.load(file))


def _jsonargparse(file: Path) -> object:
    parser = _module("jsonargparse").ArgumentParser(exit_on_error=False)
    parser.add_argument("--layers", type=GenericAlias(list, (_module("torch").nn.Module,)))
    return parser.instantiate_classes(parser.parse_path(file))


def _monai(file: Path) -> object:
    parser = _module("monai.bundle").ConfigParser()
    parser.read_config(file)
    return parser.get_parsed_content("net")


def _ultralytics(file: Path) -> object:
    os.environ.setdefault("YOLO_VERBOSE", "false")
    return _module("ultralytics.nn.tasks").ClassificationModel(str(file), verbose=False)


def _keras(file: Path) -> object:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return _module("keras").models.model_from_json(file.read_text(encoding="utf-8"))


def _onnx(file: Path) -> object:
    model = _module("onnx.parser").parse_model(file.read_text(encoding="utf-8"))
    return _module("onnx.checker").check_model(model, full_check=True)


def _mlnode(file: Path) -> object:
    model = _module("mlnode").MLnodeModel.from_dict(json.loads(file.read_text(encoding="utf-8")))
    result = model.validate()
    if not result.valid:
        raise ValueError("\n".join(str(error) for error in result.errors))
    return model.build()


PEERS = (
    Peer(
        *("netspec", "netspec", "`netspec.read(file)`", "yaml", _netspec),
        _changes(
            ("kernel: 3", "kernal: 3"),
            ("r: relu", "r: reluu"),
            ("c2: {conv: {out: 8", "c2: {conv: {out: 16"),
            ("[c1, c2]", "[c1, c3]"),
            ("stages:", "colour: red\nstages:"),
            ("out: 8,", "out: 8, out: 16,"),
            ("out: 8", "out: eight"),
            ("  c2:", "    c2:"),
        ),
    ),
    Peer(
        *("Ultralytics YAML", "ultralytics", "`ClassificationModel(file)`", "yaml", _ultralytics),
        _changes(
            None,
            ("Concat", "Concatt"),
            ("[8, 3, 1]", "[8, 3, 2]"),
            ("[0, 1]", "[0, 7]"),
            ("nc: 10", "nc: 10\ncolour: red"),
            ("nc: 10", "nc: 10\nnc: 20"),
            ("[8, 3, 2]", "[eight, 3, 2]"),
            ("  - [-1, 1, Conv, [8, 3, 1]]", "    - [-1, 1, Conv, [8, 3, 1]]"),
        ),
    ),
    Peer(
        *("mlnode JSON", "mlnode", "`MLnodeModel.from_dict(...)`, `.validate()`, `.build()`", "json", _mlnode),
        _changes(
            ("kernel_size", "kernal_size"),
            ('"Conv2d"', '"Conv2D"'),
            ('"in_channels": 8', '"in_channels": 16'),
            ('"source": "c1"', '"source": "c9"'),
            ('"output_node"', '"colour": "red", "output_node"'),
            ('"in_channels": 3', '"in_channels": 4, "in_channels": 3'),
            ('"out_channels": 8', '"out_channels": "eight"'),
            None,
        ),
    ),
    Peer(
        *("Keras JSON", "keras", "`model_from_json(text)`, torch backend", "json", _keras),
        _changes(
            ('"kernel_size"', '"kernal_size"'),
            ('"ReLU"', '"ReLUU"'),
            ('"filters": 8', '"filters": 16'),
            ('"keras_history": ["c1"', '"keras_history": ["c9"'),
            ('"module"', '"colour": "red", "module"'),
            ('"filters": 8', '"filters": 4, "filters": 8'),
            ('"filters": 8', '"filters": "eight"'),
            None,
        ),
    ),
    Peer(
        *("Hydra", "hydra-core", "`instantiate(OmegaConf.load(file))`", "yaml", _hydra),
        _changes(
            ("kernel_size", "kernal_size"),
            ("ReLU", "ReLUU"),
            ("${_args_.0.out_channels}", "16"),
            ("_args_.0", "_args_.7"),
            ("_args_:", "colour: red\n_args_:"),
            ("out_channels: 8", "out_channels: 8\n  out_channels: 16"),
            ("out_channels: 8", "out_channels: eight"),
            ("  out_channels: 8", "   out_channels: 8"),
        ),
    ),
    Peer(
        *("jsonargparse", "jsonargparse", "`parse_path(file)`, `instantiate_classes`", "yaml", _jsonargparse),
        _changes(
            ("kernel_size", "kernal_size"),
            ("ReLU", "ReLUU"),
            ("in_channels: 8", "in_channels: 16"),
            None,
            ("layers:", "colour: red\nlayers:"),
            ("out_channels: 8", "out_channels: 8\n    out_channels: 16"),
            ("out_channels: 8", "out_channels: eight"),
            ("    out_channels: 8", "     out_channels: 8"),
        ),
    ),
    Peer(
        *("MONAI", "monai", "`ConfigParser().read_config(file)`, `get_parsed_content`", "yaml", _monai),
        _changes(
            ("kernel_size", "kernal_size"),
            ("ReLU", "ReLUU"),
            ("in_channels: 8", "in_channels: 16"),
            ("@r", "@relu"),
            ("r: {", "colour: red\nr: {"),
            ("out_channels: 8", "out_channels: 8\n  out_channels: 16"),
            ("out_channels: 8", "out_channels: eight"),
            ("  out_channels: 8", "   out_channels: 8"),
        ),
    ),
    Peer(
        *("ONNX text", "onnx", "`parse_model(text)`, `check_model(full_check=True)`", "txt", _onnx),
        _changes(
            ("kernel_shape", "kernal_shape"),
            ("Relu", "Reluu"),
            ("float[8, 3, 3, 3]", "float[8, 4, 3, 3]"),
            ("Relu (c)", "Relu (d)"),
            ("ir_version: 8,", "ir_version: 8,\n  colour: 1,"),
            ("ir_version: 8,", "ir_version: 8,\n  ir_version: 9,"),
            ("[3, 3]>", "3.5>"),
            None,
        ),
    ),
)
"""Netspec first; then those nearest to it."""
