"""The picture of a U-Net of any kind: the encoder down the left side, the decoder up the right."""

from bonefrac.models.diagram.canvas import Canvas
from bonefrac.models.diagram.graph import Graph
from bonefrac.models.diagram.parts import (
    DOWN,
    GAP,
    SMALL,
    Boxes,
    draw_blocks,
    draw_decoder,
    draw_frame,
    draw_heads,
    draw_title,
    head_line,
    label,
    page,
    place,
    shape_words,
)

_TALLEST = 1.15


def draw_u(graph: Graph) -> Canvas:
    """Blocks on two columns, the same resolution in a row, and the bottom between them."""
    boxes = place(graph, down=DOWN, tallest=_TALLEST)
    canvas = page(boxes)
    draw_blocks(canvas, graph, boxes)
    _draw_encoder(canvas, graph, boxes)
    draw_decoder(canvas, graph, boxes)
    draw_heads(canvas, graph, boxes)
    draw_title(canvas, graph)
    return canvas


def _draw_encoder(canvas: Canvas, graph: Graph, boxes: Boxes) -> None:
    levels = graph.levels("enc")
    image = draw_frame(
        canvas, DOWN, head_line(canvas), f"image  {shape_words(graph.stages['image'].shape)}"
    )
    above = image
    for level in levels:
        box = boxes[f"enc{level}"]
        canvas.arrow([(DOWN, above.foot), (DOWN, box.top)])
        canvas.text(box.left - 0.1, box.y, label(graph, f"enc{level}"), align="right")
        above = box
    bottom = boxes["bottom"]
    canvas.arrow([(DOWN, above.foot), (DOWN, bottom.y), (bottom.left, bottom.y)])
    first = boxes[f"enc{levels[0]}"]
    canvas.text(DOWN - 0.1, first.foot - GAP / 2, "max pooling", align="right", **SMALL)
