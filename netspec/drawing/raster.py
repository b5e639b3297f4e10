"""PNG of pixels (ISO 15948), with nothing but the standard library."""

from __future__ import annotations

import struct
import zlib

COLOUR_TYPES = {1: 0, 3: 2}
"""Channels -> what PNG calls grey and RGB."""


def raster_png(height: int, width: int, channels: int, content: bytes) -> bytes:
    """Pixels with 8 bits for each of 1 or 3 ``channels``, row by row, as a file."""
    row = width * channels
    lines = b"".join([b"\0" + content[begin : begin + row] for begin in range(0, row * height, row)])
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
