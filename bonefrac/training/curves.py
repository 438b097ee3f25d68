"""What a training shows of itself: `metrics.csv` and the learning curves."""

import csv
import io
from pathlib import Path

from bonefrac import storage

_PANELS = {
    "Loss": ("loss", "val_loss"),
    "Dice of outlined fractures": ("mask_dice", "val_mask_dice"),
    "AUC of fracture, yes or no": ("fracture_auc", "val_fracture_auc"),
}
_STYLE = {False: {"color": "#7f7f7f", "label": "train"}, True: {"color": "#d95f02", "label": "val"}}


def write_metrics(history: list[dict[str, float]], path: Path) -> None:
    """One row an epoch, as CSV."""
    text = io.StringIO()
    rows = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    rows.writeheader()
    rows.writerows(history)
    storage.write_text(path, text.getvalue())


def plot_curves(history: list[dict[str, float]], path: Path, *, title: str) -> None:
    """Loss, Dice and AUC over epochs, training and validation, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    figure.suptitle(title)
    epochs = [row["epoch"] for row in history]
    for axes, (name, keys) in zip(figure.subplots(1, 3), _PANELS.items(), strict=True):
        for key in keys:
            style = _STYLE[key.startswith("val_")]
            axes.plot(epochs, [row[key] for row in history], marker="o", markersize=3, **style)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if name != "Loss":
            axes.set_ylim(0, 1)
    figure.axes[0].legend(frameon=False)
    with storage.write_aside(path) as aside:
        FigureCanvasAgg(figure).print_png(aside)
