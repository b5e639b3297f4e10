"""A receptive field over its input as an SVG that needs nothing beside itself."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from html import escape

from netspec.analysis.effective_field import Effective
from netspec.analysis.position_field import PositionField
from netspec.analysis.receptive_field import Region
from netspec.ops.facts import brief, shape_text
from netspec.report.position_field import PositionReport, figures
from netspec.report.receptive_field import warnings
from netspec.report.receptive_field_drawing import BEYOND, TONE, reaches_beyond, shown

SIDE, MARGIN, TOP, COLUMN, LINE = 420, 24, 64, 300, 18
"""Longer side of the picture, its margins, the width of the column of figures, and the height of a line of text."""
FONT = "font-family=\"'DejaVu Sans', Helvetica, Arial, sans-serif\""
FIXED = "font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\""
LETTER = 6.7
"""Width of a character of the fixed-width font at the size of notes."""
INK, GREY, BLUE, ORANGE = "#1A202C", "#4A5568", "#2B6CB0", "#C05621"


def svg(report: PositionReport) -> bytes:
    """The picture: image and padding, the theoretical field, the gradient in grey, and the figures beside them."""
    return _document(report.position, report.effective).encode()


def _document(found: PositionField, effective: Effective | None) -> str:
    region = _with_rim(shown(found, beyond=1))
    high, wide = (last - first + 1 for first, last in region)
    scale = SIDE / max(high, wide)
    lines = _figures(found, effective)
    notes = [*([BEYOND] if reaches_beyond(found, region) else []), *warnings(found.misaligned)]
    down = TOP + max(high * scale, LINE * len(lines)) + LINE
    height = down + LINE * len(notes) + MARGIN
    width = MARGIN + max(wide * scale + MARGIN + COLUMN, LETTER * max(map(len, notes), default=0)) + MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {FONT} font-size="12" fill="{INK}">',
        f"<title>{_text(f'Receptive field of {found.node.name} in {found.network}')}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{MARGIN}" y="28" font-size="16" font-weight="bold">{_text(found.network)}</text>',
        f'<text x="{MARGIN}" y="48" fill="{GREY}">{_text(_subtitle(found))}</text>',
        *_plane(found, effective, region, scale),
        *_column(lines, MARGIN + wide * scale + MARGIN),
        *_notes(notes, down),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def grey_png(rows: tuple[tuple[float, ...], ...]) -> bytes:
    """An 8-bit greyscale PNG (ISO 15948) of numbers from 0, white, to 1, black."""
    pixels = b"".join(b"\0" + bytes(255 - round(255 * value) for value in row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _plane(found: PositionField, effective: Effective | None, region: Region, scale: float) -> list[str]:
    """Image, padding and fields, in input pixels; what lies outside the picture is cut off."""
    (top, bottom), (left, right) = region
    high, wide = found.input[1:]
    line = 1 / scale
    view = f'viewBox="{left} {top} {right - left + 1} {bottom - top + 1}"'
    place = f'x="{MARGIN}" y="{TOP}" width="{(right - left + 1) * scale:.1f}" height="{(bottom - top + 1) * scale:.1f}"'
    parts = [
        f'<svg {place} {view} overflow="hidden">',
        f'<rect x="{left}" y="{top}" width="{right - left + 1}" height="{bottom - top + 1}" fill="#F1F3F6"/>',
        f'<rect width="{wide}" height="{high}" fill="white"/>',
    ]
    if effective:
        code = b64encode(grey_png(tuple(tuple(value**TONE for value in row) for row in effective.heat))).decode()
        parts.append(
            f'<image width="{wide}" height="{high}" preserveAspectRatio="none" image-rendering="pixelated" '
            f'href="data:image/png;base64,{code}"/>'
        )
    parts.append(f'<rect width="{wide}" height="{high}" fill="none" stroke="{INK}" stroke-width="{1.5 * line:.4f}"/>')
    fill = 0.06 if effective else 0.16
    parts.append(_rectangle(found.seen, f'fill="{BLUE}" fill-opacity="{fill}" stroke="{BLUE}"', 2.5 * line))
    for one in effective.holdings if effective else ():
        look = f'fill="none" stroke="{ORANGE}" stroke-dasharray="{5 * line:.4f} {3 * line:.4f}"'
        parts.append(_rectangle(one.window, look, 1.5 * line))
    y, x = (centre + 0.5 for centre in found.center)
    arm = 6 * line
    parts.append(
        f'<path d="M{x - arm:.3f} {y:.3f}H{x + arm:.3f}M{x:.3f} {y - arm:.3f}V{y + arm:.3f}" '
        f'stroke="{BLUE}" stroke-width="{1.5 * line:.4f}"/>'
    )
    return [*parts, "</svg>"]


def _with_rim(region: Region) -> Region:
    """A little more on each side, so that outlines are not cut."""
    rim = max(1, max(last - first for first, last in region) // 60)
    high, wide = ((first - rim, last + rim) for first, last in region)
    return (high, wide)


def _rectangle(region: Region, look: str, stroke: float) -> str:
    (top, bottom), (left, right) = region
    size = f'width="{right - left + 1}" height="{bottom - top + 1}"'
    return f'<rect x="{left}" y="{top}" {size} {look} stroke-width="{stroke:.4f}"/>'


def _figures(found: PositionField, effective: Effective | None) -> list[tuple[str, str, str]]:
    """Colour, name and value of each line beside the picture."""
    lines = [(INK, found.node.origin.name, shape_text(found.input))]
    for name, high, wide in figures(found):
        lines.append((BLUE if name == "size" else INK, name, high if high == wide else f"{high} x {wide}"))
    held = effective.holdings if effective else ()
    return [*lines, *((ORANGE, f"{one.percent} % of the gradient", f"within {brief(one.size)}") for one in held)]


def _column(lines: list[tuple[str, str, str]], x: float) -> list[str]:
    return [
        f'<text x="{x + offset:.0f}" y="{TOP + LINE * (row + 1) - 4}" fill="{colour}">{_text(words)}</text>'
        for row, (colour, name, value) in enumerate(lines)
        for offset, words in ((0, name), (150, value))
    ]


def _notes(notes: list[str], down: float) -> list[str]:
    """Lines below the picture, in a fixed-width font, so that paths stand under each other."""
    look = f'{FIXED} font-size="11" fill="{ORANGE}" xml:space="preserve"'
    return [
        f'<text x="{MARGIN}" y="{down + LINE * (row + 0.5):.0f}" {look}>{_text(note)}</text>'
        for row, note in enumerate(notes)
    ]


def _subtitle(found: PositionField) -> str:
    return f"{found.node.name}, {found.node.label}, {shape_text(found.node.shape)}"


def _text(words: str) -> str:
    """``words`` as text of an XML document."""
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words))
