"""The base of blocks that are written in Python: parameters, and a recipe of operations."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationError

from netspec.errors.other_names import WORDS
from netspec.errors.suggestions import Hints
from netspec.graph.graph import Node, Scope
from netspec.ops import OPERATIONS, Operation
from netspec.ops.facts import Example


class Appender(Protocol):
    """What a block written in Python appends its operations to."""

    def add(self, name: str, operation: Operation, *inputs: Node) -> Node:
        """Append ``operation`` to what ``inputs`` give, under ``name`` in the current scope."""

    def within(self, name: str, block: str, *, index: int = 0, count: int = 1) -> AbstractContextManager[Scope]:
        """A scope called ``name`` around what is appended meanwhile."""


class Block(BaseModel, ABC):
    """A recipe. Its fields are its YAML parameters; it appends operations and knows nothing of shapes or costs."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    word: ClassVar[str]
    """The name in a spec."""
    runs_again: ClassVar[bool] = False
    """Whether it stands for the earlier layer that its first parameter names; its recipe is then that one's."""
    example: ClassVar[Example] = Example()
    """Parameters of a typical use, for the reference; without any it is the word alone."""

    @abstractmethod
    def expand(self, graph: Appender, x: Node) -> Node:
        """Append the operations of the block after ``x``; the node that is its output."""


def chosen(value: Any) -> Any:
    """An operation from its word, or from a word with parameters; ``none`` is None."""
    if value is None or value == "none" or isinstance(value, Operation):
        return None if value == "none" else value
    word: Any = value
    parameters: Any = {}
    if isinstance(value, dict) and len(value) == 1:
        ((word, parameters),) = value.items()
    if not isinstance(word, str):
        expected = "an operation's word, such as relu or {batch_norm: {eps: 0.001}}"
        raise ValueError(expected)  # noqa: TRY004 - pydantic takes ValueError for its own
    operation = OPERATIONS.get(word)
    if operation is None:
        expected, hint = "an operation", Hints().of(word, OPERATIONS, WORDS).text
        raise ValueError(expected, hint)
    main = next(iter(operation.model_fields), "")
    given = parameters if isinstance(parameters, dict) else {main: parameters}
    try:
        return operation(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"][:1])
        expected = f"'{word}' with parameters that fit: {where}: {first['msg'].lower()}"
        raise ValueError(expected) from None


Chosen = Annotated[InstanceOf[Operation] | None, BeforeValidator(chosen)]
"""A field that names an operation: ``norm: batch_norm``, ``activation: {leaky_relu: 0.1}``, ``norm: none``."""


@cache
def layer_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields of ``model`` that hold an operation, such as ``norm`` and ``activation``."""
    fields = model.model_fields.items()
    return frozenset(
        name for name, field in fields if any(getattr(one, "func", None) is chosen for one in field.metadata)
    )


def follow(graph: Appender, name: str, operation: Operation | None, x: Node) -> Node:
    """``operation`` appended after ``x``, or ``x`` where there is none."""
    return graph.add(name, operation, x) if operation else x
