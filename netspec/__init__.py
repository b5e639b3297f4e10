"""Convolutional networks as YAML: checked before torch is imported, compiled to a plain ``nn.Module``."""

from netspec.api import Network, compile, load, load_weights, read, save
from netspec.blocks.block import Block
from netspec.compiler.registry import register
from netspec.errors.problem import Problem, SpecError
from netspec.ops import Operation

__version__ = "0.1.0"
__all__ = [
    "Block",
    "Network",
    "Operation",
    "Problem",
    "SpecError",
    "compile",
    "load",
    "load_weights",
    "read",
    "register",
    "save",
]
