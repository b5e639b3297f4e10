"""A scene as a picture that fits a page: the network in columns, definitions where there is room, a key."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagram.labels import DOT, TIMES, human, inputs_label
from netspec.diagram.layout.block import Block
from netspec.diagram.layout.box_shapes import LARGE, SMALL, Density
from netspec.diagram.layout.key import Entry, key_block, key_entries
from netspec.diagram.layout.layout import Layout
from netspec.diagram.layout.panels import panel_block
from netspec.diagram.layout.paper import PAPERS, Page, Paper
from netspec.diagram.layout.spine import spine
from netspec.diagram.layout.wires import NEAR
from netspec.diagram.scene import Scene, boxes, side_boxes
from netspec.drawing.picture import At, Picture, Shape, Text, flattened
from netspec.drawing.text_width import text_width, total

SCALE = 0.75
"""Points of print for one unit, if there is room."""
READABLE = 6.0
"""Points that the smallest text must have."""
LEAST = READABLE / SMALL
DENSITIES = (
    Density(),
    Density(figures=False),
    Density(figures=False, gap=14),
    Density(follows=False, figures=False, gap=14),
    Density(follows=False, figures=False, words=False, gap=12),
    Density(follows=False, figures=False, words=False, gap=8),
    Density(follows=False, figures=False, words=False, gap=6),
)
MOST_COLUMNS = 6
WORTH = 0.005
"""How much larger everything must become for one more column."""
MARGIN, BETWEEN = 10, 14
"""Around everything, and between panels."""


def picture(scene: Scene, page: Page = "text") -> Picture:
    """The scene on a page: with as much said in its boxes as there is room for, in as few columns as it takes."""
    paper = PAPERS[page]
    room = paper.width / LEAST - 2 * MARGIN
    head = _head(scene)
    best: tuple[tuple[float, ...], float, float, tuple[Shape, ...]] | None = None
    for density in DENSITIES:
        layout = Layout(density)
        network = spine(scene, layout, 1)
        others = {widest: _others(scene, layout, widest) for widest in _widths(scene, network, room)}
        if density is not DENSITIES[-1] and _too_much(network, others[room], paper):
            continue
        key = key_entries(scene, density)
        for columns in range(1, MOST_COLUMNS + 1):
            network = spine(scene, layout, columns)
            if network is None:
                break
            for blocks in others.values():
                width, height, shapes = _arranged(head, key, paper, network, blocks)
                wide, high = min(SCALE, paper.width / width), min(SCALE, paper.height / height)
                rank = (min(wide, LEAST), min(wide, high))
                if best is None or rank > (best[0][0], best[0][1] + WORTH):
                    best = (rank, width, height, shapes)
        if best and best[0][1] >= LEAST:
            break
    _, width, height, shapes = best or (0, 1.0, 1.0, ())
    scale = min(SCALE, paper.width / width, max(LEAST, paper.height / height))
    return Picture(width, height, scene.name, described(scene), flattened(shapes), scale)


def _widths(scene: Scene, network: Block | None, room: float) -> list[float]:
    """How wide a definition may be: as the page, or as what the network leaves of it, if one has several kinds."""
    several = any(len(panel.drawn) > 1 for panel in scene.panels)
    beside = room - network.width - BETWEEN if network and several else 0
    return [room, beside] if beside > room / 3 else [room]


def _others(scene: Scene, layout: Layout, widest: float) -> list[Block]:
    return [panel_block(panel, layout, widest) for panel in scene.panels[1:]]


def _too_much(network: Block | None, others: Sequence[Block], paper: Paper) -> bool:
    """Whether all blocks together are larger than the page, however they stand."""
    areas = [block.width * block.height for block in (network, *others) if block]
    return total(areas) * LEAST**2 > paper.width * paper.height


def _arranged(
    head: Block, entries: Sequence[Entry], paper: Paper, network: Block, others: Sequence[Block]
) -> tuple[float, float, tuple[Shape, ...]]:
    """Width, height and shapes of all blocks below the heading and above the key."""
    widest = max(paper.width / LEAST - 2 * MARGIN, *(block.width for block in (network, *others)))
    places, width, height = _fitted(network, others, widest, paper)
    width = max(width, head.width)
    key = key_block(entries, width)
    shapes: list[Shape] = [At(MARGIN, MARGIN, head.shapes)]
    for block, (x, y) in zip((network, *others), places, strict=True):
        shapes.append(At(MARGIN + x, MARGIN + head.height + y, block.shapes))
    shapes.append(At(MARGIN, MARGIN + head.height + height + 8, key.shapes))
    return width + 2 * MARGIN, head.height + height + 8 + key.height + 2 * MARGIN, tuple(shapes)


def _fitted(
    network: Block, others: Sequence[Block], widest: float, paper: Paper
) -> tuple[list[tuple[float, float]], float, float]:
    """Places for the network and the others: in their order, or the tallest ones first where that is smaller."""
    orders = [range(len(others)), sorted(range(len(others)), key=lambda place: -others[place].height)]
    found = []
    for order in orders:
        places, width, height = _packed([network, *[others[place] for place in order]], widest)
        back = dict(zip(order, places[1:], strict=True))
        found.append(([places[0], *[back[place] for place in range(len(others))]], width, height))
    if max(paper.width / found[0][1], paper.height / found[0][2]) > SCALE and found[0][2] <= paper.height / SCALE:
        return found[0]
    return min(found, key=lambda one: max(one[1] / paper.width, one[2] / paper.height))


def _packed(blocks: Sequence[Block], widest: float) -> tuple[list[tuple[float, float]], float, float]:
    """Places for blocks, each as high up as it finds room, the left one first; and what they take together."""
    places: list[tuple[float, float]] = []
    right = bottom = 0.0
    for block in blocks:
        spots = [0.0, *[x + other.width + BETWEEN for other, (x, _) in zip(blocks, places, strict=False)]]
        found: list[tuple[float, float]] = []
        for x in spots:
            if x and x + block.width > widest + NEAR:
                continue
            y = 0.0
            for other, (left, top) in sorted(zip(blocks, places, strict=False), key=lambda pair: pair[1][1]):
                apart = left >= x + block.width + BETWEEN - NEAR or x >= left + other.width + BETWEEN - NEAR
                if not apart and y < top + other.height + BETWEEN and y + block.height + BETWEEN > top:
                    y = top + other.height + BETWEEN
            found.append((x, y))
        x, y = min(found, key=lambda spot: (round(spot[1], 1), spot[0]))
        places.append((x, y))
        right, bottom = max(right, x + block.width), max(bottom, y + block.height)
    return places, right, bottom


def _head(scene: Scene) -> Block:
    text = f"input {inputs_label(scene.inputs)}"
    for number, unit in ((scene.figures.params, "params"), (scene.figures.macs, "MACs")):
        text += f" {DOT} {human(number)} {unit}" if number else ""
    width = max(text_width(scene.name, LARGE, bold=True), text_width(text, SMALL))
    shapes = (Text(0, 13, scene.name, LARGE, "bold", "start"), Text(0, 27, text, SMALL, "muted", "start"))
    return Block(width, 35, shapes)


def described(scene: Scene) -> str:
    """The picture in words, for who cannot see it: every box in running order."""
    lines = []
    for panel in scene.panels:
        for drawn in panel.drawn:
            found = [*boxes(drawn.flow), *side_boxes(drawn.sides)]
            told = ", ".join([box.title + (f" {TIMES}{box.copies}" if box.copies > 1 else "") for box in found])
            lines.append(f"{panel.title or scene.name}{f' ({drawn.note})' if drawn.note else ''}: {told}")
    return "\n".join(lines)
