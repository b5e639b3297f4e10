"""An earlier layer, run again with its weights."""

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from netspec.blocks.block import Appender, Block
from netspec.graph.graph import Node
from netspec.ops.facts import Example


def _name(value: Any) -> Any:
    """A layer of a list is called by its number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Shared(Block):
    """The earlier layer called ``layer`` once more, on other inputs: its modules, and so its weights, are the same.

    What it holds runs again too, and can be read by its path behind this layer's name. It reads as many inputs as
    ``layer`` does. With ``repeat`` it is a recurrence.
    """

    word: ClassVar[str] = "shared"
    runs_again: ClassVar[bool] = True
    example: ClassVar[Example] = Example(layer="encoder")

    layer: Annotated[str, BeforeValidator(_name)]

    def expand(self, graph: Appender, x: Node) -> Node:
        """Nothing of its own: what runs again is looked up by name, in the network."""
        raise NotImplementedError
