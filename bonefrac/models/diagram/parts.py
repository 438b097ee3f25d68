"""What pictures of the U and of the transformer share: rows, labels, the decoder and the heads."""

import math
from typing import Any

from bonefrac.models.diagram.canvas import (
    BOTTOM,
    DECODER,
    ENCODER,
    GATE,
    INK,
    PAPER,
    SKIP,
    Box,
    Canvas,
    Point,
)
from bonefrac.models.diagram.graph import Graph, Shape

WIDTH = 8.0
DOWN, MIDDLE, UP = 1.95, 4.0, 6.05
SMALL: dict[str, Any] = {"fontsize": 7.5, "color": "#55606b"}
GAP, _HEAD, _FOOT, _FRAME = 0.34, 0.86, 0.9, 0.28
_LOWEST, _NARROWEST, _WIDEST = 0.24, 0.14, 1.5
_GATE_RADIUS, _GATE_LEFT = 0.095, 0.4

Boxes = dict[str, Box]


def place(
    graph: Graph, *, down: float, tallest: float, step: float = 0.0, drop: float = 0.0
) -> Boxes:
    """A block for every encoder stage, decoder stage and the bottom, a row a resolution.

    Args:
        graph: of the network.
        down: where the encoder's column is, inches from the left.
        tallest: height of a block at full resolution, inches; the others by square root.
        step: distance of two rows at least, inches.
        drop: distance of the first two rows at least, inches.
    """
    levels = sorted({*graph.levels("enc"), *graph.levels("dec")})
    boxes: Boxes = {}
    depth = before = 0.0
    for number, level in enumerate([*levels, None]):
        names = ["bottom"] if level is None else [f"enc{level}", f"dec{level}"]
        sizes = {n: _size(graph, n, tallest=tallest) for n in names if n in graph.stages}
        height = max(height for _, height in sizes.values())
        if number:
            depth += max((before + height) / 2 + GAP, drop if number == 1 else step)
        before = height
        for name, (width, block_height) in sizes.items():
            x = {"enc": down, "dec": UP, "bot": MIDDLE}[name[:3]]
            boxes[name] = Box(x, -depth, width, block_height)
    rise = _FOOT - min(box.foot for box in boxes.values())
    return {name: Box(b.x, b.y + rise, b.width, b.height) for name, b in boxes.items()}


def _size(graph: Graph, name: str, *, tallest: float) -> tuple[float, float]:
    height, _, channels = graph.stages[name].shape
    most = max(stage.shape[2] for stage in graph.stages.values() if len(stage.shape) == 3)
    scale = math.sqrt(height / graph.stages["image"].shape[0])
    width = _WIDEST * math.sqrt(channels / most)
    return max(width, _NARROWEST), max(tallest * scale, _LOWEST)


def page(boxes: Boxes) -> Canvas:
    """A canvas with room for heads above and below the blocks."""
    return Canvas(WIDTH, max(box.top for box in boxes.values()) + _HEAD)


def head_line(canvas: Canvas) -> float:
    """Where the input and the main output stand, above all blocks."""
    return canvas.height - _HEAD / 2 + 0.1


def shape_words(shape: Shape) -> str:
    """`64 @ 256×256` for feature maps, `1` for a vector of one."""
    *sides, channels = shape
    return f"{channels} @ {'×'.join(map(str, sides))}" if sides else str(channels)


def draw_frame(canvas: Canvas, x: float, y: float, words: str) -> Box:
    """Words in an outlined box."""
    box = Box(x, y, 0.3 + 0.066 * len(words), _FRAME)
    canvas.box(box, color=BOTTOM, outlined=True)
    canvas.text(x, y, words)
    return box


def draw_blocks(canvas: Canvas, graph: Graph, boxes: Boxes) -> None:
    """The blocks, with a loop in each that recurs."""
    colors = {"enc": ENCODER, "dec": DECODER, "bot": BOTTOM}
    for name, box in boxes.items():
        canvas.box(box, color=colors[name[:3]])
        if graph.stages[name].steps:
            radius = min(0.1, 0.34 * min(box.width, box.height))
            color = INK if name.startswith("dec") else PAPER
            canvas.loop(box.x, box.y, radius=radius, color=color)


def label(graph: Graph, name: str) -> str:
    """Shape and recurrences of a stage, and the outputs beside the main one that it feeds."""
    stage = graph.stages[name]
    parts = [shape_words(stage.shape)]
    if stage.steps:
        parts.append(f"t = {stage.steps}")
    if name not in ("dec0", "bottom"):
        fed = [output for output in graph.outputs if name in graph.sources[output]]
        parts += [f"→ {output.replace('_', ' ')}" for output in fed]
    return "\n".join(parts)


def draw_title(canvas: Canvas, graph: Graph) -> None:
    """Name and parameters between input and output, and what the sizes mean in the corner."""
    y = head_line(canvas) + 0.06
    canvas.text(MIDDLE, y, graph.name, fontsize=10, fontweight="bold")
    canvas.text(MIDDLE, y - 0.2, f"{graph.params:,} parameters", **SMALL)
    note = "height: resolution, width: channels (square roots)"
    canvas.text(0.2, 0.18, note, align="left", **SMALL)


def draw_decoder(canvas: Canvas, graph: Graph, boxes: Boxes) -> None:
    """Upsampling, skips and gates, and each decoder block's label on its right."""
    for level in graph.levels("dec"):
        box, below = boxes[f"dec{level}"], boxes[graph.coarser(level)]
        if below.x == box.x:
            canvas.arrow([(UP, below.top), (UP, box.foot)])
        else:
            canvas.arrow([(below.right, below.y), (UP, below.y), (UP, box.foot)])
        canvas.text(box.right + 0.1, box.y, label(graph, f"dec{level}"), align="left")
    for level, gate in graph.skips().items():
        _draw_skip(canvas, boxes, level=level)
        if gate:
            _draw_gate(canvas, boxes, level=level, signal=graph.signal(gate))
    if graph.levels("dec"):
        _draw_decoder_notes(canvas, graph, boxes)


def _draw_skip(canvas: Canvas, boxes: Boxes, *, level: int) -> None:
    start, end = boxes[f"enc{level}"], boxes[f"dec{level}"]
    canvas.arrow([(start.right, start.y), (end.left, end.y)], color=SKIP)


def _draw_gate(canvas: Canvas, boxes: Boxes, *, level: int, signal: str) -> None:
    box = boxes[f"dec{level}"]
    x, corner = box.left - _GATE_LEFT, box.foot - GAP / 2
    canvas.gate(x, box.y, radius=_GATE_RADIUS)
    if signal == f"dec{level}":  # what was enlarged for this level: it leaves the arrow
        start = [(UP, corner)]
    else:
        coarse = boxes[signal]
        inset = min(0.15, coarse.width / 4)
        side = coarse.left + inset if x < coarse.x else coarse.right - inset
        start = [(side, coarse.top), (side, corner)]
    end = (x, box.y - _GATE_RADIUS)
    canvas.arrow([*start, (x, corner), end], color=GATE, dashed=True)


def _draw_decoder_notes(canvas: Canvas, graph: Graph, boxes: Boxes) -> None:
    """Names of the arrows, once each, where they first occur."""
    top = boxes[f"dec{graph.levels('dec')[0]}"]
    kinds = graph.stages[f"dec{graph.levels('dec')[0]}"].kinds
    up = "up-convolution" if "Conv2DTranspose" in kinds else "upsampling"
    canvas.text(UP + 0.1, top.foot - GAP / 2, up, align="left", **SMALL)
    skips = graph.skips()
    if skips:
        box = boxes[f"enc{min(skips)}"]
        canvas.text(box.right + 0.15, box.y + 0.12, "skip, concatenated", align="left", **SMALL)
    gated = [level for level, gate in skips.items() if gate]
    if gated:
        box = boxes[f"dec{min(gated)}"]
        x = box.left - _GATE_LEFT - 0.14
        style = {**SMALL, "color": GATE}
        canvas.text(x, box.y - 0.2, "attention gate and\nits gating signal", align="right", **style)


def draw_heads(canvas: Canvas, graph: Graph, boxes: Boxes) -> None:
    """The outputs of the finest decoder stage above it, those of the bottom below it."""
    frames: Boxes = {}
    for output in graph.outputs:
        words = f"{output.replace('_', ' ')}  {shape_words(graph.stages[output].shape)}"
        if "bottom" in graph.sources[output]:
            box = boxes["bottom"]
            frames[output] = draw_frame(canvas, box.x, box.foot - 0.52, words)
            canvas.arrow([(box.x, box.foot), (box.x, frames[output].top)])
        elif "dec0" in graph.sources[output]:
            frames[output] = draw_frame(canvas, UP, head_line(canvas), words)
            canvas.arrow([(UP, boxes["dec0"].top), (UP, frames[output].foot)])
    for output, frame in frames.items():
        for source in graph.sources[output] & frames.keys():
            _draw_peak(canvas, frames[source], frame, words=source.replace("_", " "))
    box = boxes["bottom"]
    words = label(graph, "bottom").replace("\n", ", ")
    canvas.text(box.x - 0.1, box.foot - 0.17, words, align="right")


def _draw_peak(canvas: Canvas, start: Box, end: Box, *, words: str) -> None:
    x = canvas.width - 0.18
    points: list[Point] = [(start.right, start.y), (x, start.y), (x, end.y), (end.right, end.y)]
    canvas.arrow(points, color=SKIP)
    canvas.text(x - 0.1, end.y + 0.12, f"peak of the {words}", align="right", **SMALL)
