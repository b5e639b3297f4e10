"""What the parameters of operations, blocks and initialisations can be: counts, fractions, one size for each axis."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from netspec.limits import MOST_AXES


def listed(value: Any) -> Any:
    """A list of a spec as the tuple that a field holds."""
    return tuple(value) if isinstance(value, list) else value


def one_or_each(value: Any) -> str:
    """Whether ``value`` is one number for all axes; what is neither that nor a list is judged as a list."""
    return "one" if isinstance(value, int) and not isinstance(value, bool) else "each"


LARGEST = 2**31 - 1
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Fraction = Annotated[float, Field(ge=0, le=1)]
MOST = 1e37
"""The largest number of a parameter: ten times as much is still a number of 32 bits, which torch insists on."""
Positive = Annotated[float, Field(gt=0, le=MOST, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]
Natural = Annotated[int, Field(ge=0, le=LARGEST)]
_Sizes = Annotated[tuple[Count, ...], Field(min_length=1, max_length=MOST_AXES), BeforeValidator(listed)]
_Margins = Annotated[tuple[Natural, ...], Field(min_length=1, max_length=MOST_AXES), BeforeValidator(listed)]
MapSize = Annotated[tuple[Count, ...], Field(min_length=2, max_length=1 + MOST_AXES), BeforeValidator(listed)]
"""Channels, and positions on each axis."""


def a_list(value: Any) -> Any:
    """As :func:`listed`; nothing but a list will do, not one number for all."""
    if not isinstance(value, list | tuple):
        expected = "a list of whole numbers"
        raise ValueError(expected)  # noqa: TRY004 - pydantic takes ValueError for its own
    return listed(value)


TensorShape = Annotated[tuple[Count, ...], Field(min_length=1, max_length=1 + MOST_AXES), BeforeValidator(a_list)]
"""Channels or features, and positions on 0 to 3 axes."""
Size = Annotated[Annotated[Count, Tag("one")] | Annotated[_Sizes, Tag("each")], Discriminator(one_or_each)]
"""One number for all axes, or one for each; kept as written until the number of axes is known."""
Margin = Annotated[Annotated[Natural, Tag("one")] | Annotated[_Margins, Tag("each")], Discriminator(one_or_each)]
"""As :data:`Size`, from 0 on."""
Padding = Literal["same"] | Margin
"""Padding of a window: a number, one for each axis, or as much as gives a window at every step."""
_Ends = Annotated[tuple[Natural, Natural], BeforeValidator(listed)]
_Side = Annotated[Annotated[Natural, Tag("one")] | Annotated[_Ends, Tag("each")], Discriminator(one_or_each)]
_Sides = Annotated[tuple[_Side, ...], Field(min_length=1, max_length=MOST_AXES), BeforeValidator(listed)]
Sides = Annotated[Annotated[Natural, Tag("one")] | Annotated[_Sides, Tag("each")], Discriminator(one_or_each)]
"""As :data:`Margin`, but on each axis one number or two: before and after."""
