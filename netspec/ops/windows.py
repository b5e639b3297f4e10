"""What convolutions and pools share: how far a window reaches, how often it fits, what is said of it."""

from netspec.errors.codes import Refusal
from netspec.ops.facts import PerAxis, Shape, Window, brief, shape_text


def reach(kernel: PerAxis, dilation: PerAxis) -> PerAxis:
    """Extent of a dilated kernel in input elements, per axis."""
    return tuple([step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True)])


def same_margins(sizes: PerAxis, extent: PerAxis, stride: PerAxis) -> tuple[PerAxis, PerAxis]:
    """The padding ``same`` before and after: enough for a window at every step of the map, the odd one after.

    With a stride it depends on the size, as in TensorFlow; without one it does not, and is torch's.
    """
    missing = [
        max(0, (-(-size // step) - 1) * step + reached - size)
        for size, reached, step in zip(sizes, extent, stride, strict=True)
    ]
    return tuple([more // 2 for more in missing]), tuple([more - more // 2 for more in missing])


def slid(
    word: str, shape: Shape, extent: PerAxis, stride: PerAxis, margins: tuple[PerAxis, PerAxis], *, ceil: bool = False
) -> PerAxis:
    """How many windows of ``extent`` fit, per axis; ``margins`` are the paddings before and after.

    With ``ceil`` a last window may overhang, but must start inside the input or the padding before it (the rule of
    Caffe and torch). Refuses a window that is larger than the padded input.
    """
    sizes = []
    for size, reached, step, before, after in zip(shape[1:], extent, stride, *margins, strict=True):
        room = size + before + after - reached
        if room < 0 and not (ceil and room + step > 0):
            message = f"{word} window of {shape_text(extent)} is larger than its input {shape_text(shape)}"
            padded = f" with padding {before}" if before else ""
            raise Refusal("window", message + padded, "use a smaller kernel, more padding, or fewer strides before it")
        count = room // step + 1
        if ceil and room % step and count * step < size + before:
            count += 1
        sizes.append(count)
    return tuple(sizes)


def split_evenly(word: str, groups: int, channels: int, out: int) -> None:
    """Refuse ``groups`` that do not divide the channels of the input and the filters of a convolution."""
    for name, count in (("input", channels), ("output", out)):
        if count % groups:
            message = f"{word} with {groups} groups cannot split {count} {name} channels evenly"
            raise Refusal("shape", message, f"groups must divide the {name} channels")


def convolution_label(name: str, out: int, window: Window, groups: int) -> str:
    """``conv 3x3/2, 64`` and what is unusual about it."""
    text = f"{name} {shape_text(window.kernel)}"
    text += f"/{brief(window.stride)}" if any(step > 1 for step in window.stride) else ""
    text += f", {out}"
    text += f", dilation {brief(window.dilation)}" if any(spread > 1 for spread in window.dilation) else ""
    return text + (f", groups {groups}" if groups > 1 else "")
