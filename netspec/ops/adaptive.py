"""Arithmetic of adaptive pooling on one axis: windows of several sizes, at uneven distances.

Window ``i`` of ``out`` spans ``floor(i * size / out)`` to ``ceil((i + 1) * size / out)``. All is worked out at once,
not window by window: a spec may ask for billions of them.
"""

from math import gcd

Interval = tuple[int, int]
"""The first and the last of neighbouring positions."""


def axis_read(positions: Interval, size: int, out: int) -> Interval:
    """What the windows at ``positions`` span together."""
    first, last = positions
    return first * size // out, -(-(last + 1) * size // out) - 1


def axis_readers(elements: Interval, size: int, out: int) -> Interval:
    """The windows that hold one of ``elements``."""
    first, last = elements
    return first * out // size, ((last + 1) * out - 1) // size


def axis_window(size: int, out: int) -> tuple[int, int]:
    """Largest kernel, and the stride from the first window to the second."""
    # The starts fall up to (out - gcd) / out short of what is cut off from them: so much longer than size / out the
    # longest window is.
    kernel = -(-(size + out - gcd(size, out)) // out)
    return kernel, max(1, size // out) if out > 1 else size


def axis_elements(size: int, out: int) -> int:
    """Elements of all windows together: those in two windows count twice."""
    # The starts sum up to ((size - 1) * (out - 1) + gcd - 1) / 2, a count of lattice points, and the ends lie as far
    # from the far side as the starts from the near one.
    return size + out - gcd(size, out)


def is_even(size: int, out: int) -> bool:
    """Whether all windows have one size and lie at one distance, so that one kernel and one stride say all."""
    return out <= size and size % out <= 1


def axis_bounding_window(size: int, out: int) -> tuple[int, int, int]:
    """Kernel, stride and padding of the smallest window at even steps that holds each of the windows.

    Steps of ``size // out`` fall behind by the remainder in the end, those one larger run ahead by what is missing to
    the next multiple; the window is so much longer than its step.
    """
    if out == 1:
        return size, size, 0
    step, behind = divmod(size, out)
    ahead = out - behind
    if step and behind <= ahead + 1:
        return step + behind, step, 0
    return step + 1 + ahead, step + 1, ahead
