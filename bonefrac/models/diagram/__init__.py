"""Pictures of the networks, drawn from their Keras graphs by the names of their layers."""

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg

from bonefrac import storage
from bonefrac.models.diagram.graph import read_graph
from bonefrac.models.diagram.transformer import draw_transformer
from bonefrac.models.diagram.ushape import draw_u

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure


def draw(model: "keras.Model") -> "Figure":
    """Draw a network.

    Args:
        model: a U-Net of any kind or a Vision Transformer, of a fixed image size.

    Returns:
        A figure 8 inches wide: block heights show resolutions, widths channels.

    Raises:
        BonefracError: the layers are not named as theirs, or the size is open.
    """
    graph = read_graph(model)
    canvas = draw_transformer(graph) if graph.blocks() else draw_u(graph)
    return canvas.figure


def write_png(model: "keras.Model", path: Path) -> None:
    """Draw a network into a PNG, 1200 pixels wide; the same network gives the same bytes.

    Raises:
        BonefracError: as `draw`.
    """
    figure = draw(model)
    with storage.write_aside(path) as aside:
        FigureCanvasAgg(figure).print_png(aside)
