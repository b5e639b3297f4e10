"""What must be so that an operation can run again with the weights of an earlier one."""

from __future__ import annotations

from netspec.errors.codes import Refusal
from netspec.graph.graph import Node
from netspec.ops.facts import Shape, shape_text


def refuse_misfit(owner: Node, *inputs: Shape) -> None:
    """Raise :class:`Refusal` where the module of ``owner`` is not the one that inputs of these shapes need."""
    if inputs == owner.input_shapes:
        return
    operation = owner.operation
    for own, other in zip(owner.tensors, operation.tensors(*inputs), strict=False):
        if own.shape != other.shape:
            message = f"the {own.name} of '{owner.name}' is {shape_text(own.shape)}, "
            message += f"and would have to be {shape_text(other.shape)} here"
            raise Refusal("shape", message, "what runs again reads as many channels, or features, as the first time")
    first, second = operation.layer(*owner.input_shapes), operation.layer(*inputs)
    if first != second:
        names = [name for name in first.arguments if first.arguments[name] != second.arguments.get(name)]
        message = f"'{owner.name}' is built for {_text(owner.input_shapes)}, and would have "
        message += f"another {' and '.join(names)} for {_text(inputs)}" if names else f"to differ for {_text(inputs)}"
        raise Refusal("shape", message, "what runs again reads what has the shape of the first time")


def _text(shapes: tuple[Shape, ...]) -> str:
    return " and ".join(map(shape_text, shapes))
