"""The picture of a Vision Transformer: its blocks down the left side, a decoder up the right."""

from bonefrac.models.diagram.canvas import PAPER, TRANSFORMER, Box, Canvas
from bonefrac.models.diagram.graph import Graph
from bonefrac.models.diagram.parts import (
    MIDDLE,
    SMALL,
    Boxes,
    draw_blocks,
    draw_decoder,
    draw_heads,
    draw_title,
    label,
    page,
    place,
    shape_words,
)

_COLUMN, _BAR_WIDTH, _BAR, _IMAGE = 1.15, 1.3, 0.22, 0.72
_LEGIBLE = 0.13  # inches: lower bars go without a number
_TALLEST, _STEP, _DROP = 0.9, 0.89, 1.75
_LEVEL = 0.005  # inches: less of a difference is drawn as none


def draw_transformer(graph: Graph) -> Canvas:
    """Image, tokens and blocks in a column; from inner blocks skips into the decoder."""
    boxes = place(graph, down=MIDDLE, tallest=_TALLEST, step=_STEP, drop=_DROP)
    bars = _place_bars(graph, boxes)
    stem = _place_stem(graph, boxes, bars)
    canvas = page({**boxes, **stem})
    draw_blocks(canvas, graph, boxes)
    _draw_stem(canvas, graph, stem, bars)
    _draw_bars(canvas, graph, bars)
    _draw_exits(canvas, graph, boxes, {**bars, **stem})
    draw_decoder(canvas, graph, boxes)
    draw_heads(canvas, graph, boxes)
    draw_title(canvas, graph)
    return canvas


def _place_bars(graph: Graph, boxes: Boxes) -> Boxes:
    """Evenly down to the bottom's row, so that the first skip leaves in its own row."""
    blocks, foot = graph.blocks(), boxes["bottom"].y
    rows = {min(graph.sources[n]): box.y for n, box in boxes.items() if n[:3] == "enc"}
    first = min((name for name in rows if name in blocks), default=None)
    inner = len(blocks) - 1 - blocks.index(first) if first else 0
    pitch = (rows[first] - foot) / inner if first and inner else 0.28
    return {
        name: Box(_COLUMN, foot + pitch * (len(blocks) - 1 - number), _BAR_WIDTH, pitch * 0.7)
        for number, name in enumerate(blocks)
    }


def _place_stem(graph: Graph, boxes: Boxes, bars: Boxes) -> Boxes:
    first = bars[graph.blocks()[0]]
    tokens = Box(_COLUMN, first.top + 0.16 + _BAR / 2, _BAR_WIDTH, _BAR)
    y = boxes["enc0"].y if "enc0" in boxes else tokens.top + 0.36 + _IMAGE / 2
    return {"tokens": tokens, "image": Box(_COLUMN, y, _IMAGE, _IMAGE)}


def _draw_stem(canvas: Canvas, graph: Graph, stem: Boxes, bars: Boxes) -> None:
    """The image in patches, and the tokens that they become."""
    image, tokens = stem["image"], stem["tokens"]
    sides, (rows, columns, _) = graph.stages["image"].shape, graph.stages["patches"].shape
    canvas.grid(image, rows=rows, columns=columns)
    canvas.text(_COLUMN, image.top + 0.14, f"image  {shape_words(sides)}")
    canvas.arrow([(_COLUMN, image.foot), (_COLUMN, tokens.top)])
    words = f"patches of {sides[0] // rows}×{sides[1] // columns}"
    canvas.text(_COLUMN + 0.1, (image.foot + tokens.top) / 2, words, align="left", **SMALL)
    count, width = graph.stages["tokens"].shape
    canvas.box(tokens, color=TRANSFORMER, outlined=True)
    canvas.text(_COLUMN, tokens.y, f"{count} tokens of {width}", fontsize=7.5)
    canvas.arrow([(_COLUMN, tokens.foot), (_COLUMN, bars[graph.blocks()[0]].top)])


def _draw_bars(canvas: Canvas, graph: Graph, bars: Boxes) -> None:
    for number, bar in enumerate(bars.values(), start=1):
        canvas.box(bar, color=TRANSFORMER)
        if bar.height > _LEGIBLE:
            canvas.text(bar.x, bar.y, str(number), fontsize=7.5, color=PAPER)
    words = f"{len(bars)} transformer blocks,\n{graph.num_heads} attention heads each"
    canvas.text(_COLUMN, bar.foot - 0.28, words)


def _draw_exits(canvas: Canvas, graph: Graph, boxes: Boxes, starts: Boxes) -> None:
    """From image and blocks to the first stage of each skip, and to the bottom."""
    grid = graph.stages["patches"].shape[0]
    named = False
    for name in [*(f"enc{level}" for level in graph.levels("enc")), "bottom"]:
        start, box = starts[min(graph.sources[name])], boxes[name]
        middle = (start.right + box.left) / 2
        line = [(start.right, start.y), (middle, start.y), (middle, box.y), (box.left, box.y)]
        level = abs(start.y - box.y) < _LEVEL
        canvas.arrow([(start.right, box.y), (box.left, box.y)] if level else line)
        if name != "bottom":
            canvas.text(box.x, box.top + 0.12, label(graph, name))
        ratio = graph.stages[name].shape[0] // grid
        if ratio > 1 and start is not starts["image"]:
            words = f"{ratio}×" if named else f"upsampling {ratio}×"
            x = middle if level else (middle + box.left) / 2
            canvas.text(x, box.y + 0.11, words, **SMALL)
            named = True
