"""Arithmetic that convolution and pooling share: how far a window reaches and how often it fits."""

from netspec.errors.problem import Refusal
from netspec.ops.facts import Pair, Shape, shape_text


def reach(kernel: Pair, dilation: Pair) -> Pair:
    """Extent of a dilated kernel in input elements, per axis."""
    return (dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1)


def slid(
    word: str, shape: Shape, extent: Pair, stride: Pair, margins: tuple[Pair, Pair], *, ceil: bool = False
) -> Pair:
    """How many windows of ``extent`` fit, per axis; ``margins`` are the paddings before and after.

    With ``ceil`` a last window may overhang, but must start inside the input or the padding before it (the rule of
    Caffe and torch). Refuses a window that is larger than the padded input.
    """
    sizes = []
    for axis in (0, 1):
        before, after = margins[0][axis], margins[1][axis]
        room = shape[1 + axis] + before + after - extent[axis]
        if room < 0 and not (ceil and room + stride[axis] > 0):
            message = f"{word} window of {extent[0]}x{extent[1]} is larger than its input {shape_text(shape)}"
            padded = f" with padding {before}" if before else ""
            raise Refusal("window", message + padded, "use a smaller kernel, more padding, or fewer strides before it")
        count = room // stride[axis] + 1
        if ceil and room % stride[axis] and count * stride[axis] < shape[1 + axis] + before:
            count += 1
        sizes.append(count)
    return sizes[0], sizes[1]
