"""What is seen in a trained network: pieces of images, and what units answer to in them; plain data but for gradients.

A unit is one channel of an operation at one position. What works it out is :mod:`netspec.nn.seeing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from netspec.analysis.receptive_field import Region
from netspec.ops.facts import PerAxis

if TYPE_CHECKING:
    import torch  # noqa: TID251 - for type checkers only

Method = Literal["deconvnet", "guided", "gradient", "gradcam"]
"""How one looks back: Zeiler and Fergus 2014, Springenberg et al. 2015, Simonyan et al. 2014, Selvaraju et al. 2017."""
Show = Literal["patches", "layers", "filters"]
"""What is shown: images beside what comes back to them, a sheet of layers, the weights of the first convolution."""
CHANNELS = 6
"""How many channels are shown, the strongest ones, where none is asked for."""


class Pixels(NamedTuple):
    """A piece of an image: ``content`` has 8 bits for each channel of each pixel, row by row."""

    height: int
    width: int
    channels: int
    content: bytes


class Patch(NamedTuple):
    """What one unit answers to in one image.

    ``at`` is the unit's position, ``value`` what it is there. ``region`` is what it sees of the image, and ``field``
    the same with what lies on padding. ``original`` is that region of the image, and ``reconstruction`` what comes back
    to it, 0 as middle grey and the largest magnitude as black or white; of Grad-CAM it is a heat over the image.
    ``gradient`` are the numbers, for the whole image: C x H x W, or H x W of Grad-CAM.
    """

    image: str
    channel: int
    at: PerAxis
    value: float
    region: Region
    field: Region
    original: Pixels
    reconstruction: Pixels
    gradient: torch.Tensor

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return {
            "image": self.image,
            "channel": self.channel,
            "at": list(self.at),
            "value": self.value,
            "region": [list(interval) for interval in self.region],
        }


class Panel(NamedTuple):
    """Patches of one channel of a node, the strongest first; of several channels where ``channel`` is None."""

    node: str
    channel: int | None
    patches: tuple[Patch, ...]


class Filter(NamedTuple):
    """The weights of one output channel of a convolution as an image; ``channel`` and, of grey ones, the one read."""

    channel: int
    read: int | None
    pixels: Pixels
