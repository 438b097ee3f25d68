"""What a training shows of itself: `metrics.csv` and the learning curves."""

import csv
import io
from pathlib import Path

from bonefrac import storage

# Title -> metric, and whether it lies in 0..1.
_PANELS = {
    "Loss": ("loss", False),
    "Dice of outlined fractures": ("mask_dice", True),
    "AUC of fracture, yes or no": ("fracture_auc", True),
    "AUC of abnormality, yes or no": ("abnormality_auc", True),
    "Error of bone age, months": ("bone_age_months_mae", False),
}
_TRAIN = {"color": "#7f7f7f", "label": "train"}
_VALIDATION = {"color": "#d95f02", "label": "val"}


def write_metrics(history: list[dict[str, float]], path: Path) -> None:
    """One row an epoch, as CSV."""
    text = io.StringIO()
    # An epoch that was not validated lacks some; each has its place as soon as it is known.
    names = dict.fromkeys(name for row in history for name in row)
    rows = csv.DictWriter(text, fieldnames=list(names), lineterminator="\n")
    rows.writeheader()
    rows.writerows(history)
    storage.write_text(path, text.getvalue())


def plot_curves(history: list[dict[str, float]], path: Path, *, title: str) -> None:
    """The loss and each head's metric over epochs, training and validation, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    panels = {name: panel for name, panel in _PANELS.items() if panel[0] in history[0]}
    figure = Figure(figsize=(4 * len(panels), 3.6), layout="constrained")
    figure.suptitle(title)
    places = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, (metric, bounded)) in zip(places, panels.items(), strict=True):
        for key, style in ((metric, _TRAIN), (f"val_{metric}", _VALIDATION)):
            known = [row for row in history if key in row]
            epochs, values = ([row[name] for row in known] for name in ("epoch", key))
            axes.plot(epochs, values, marker="o", markersize=3, **style)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if bounded:
            axes.set_ylim(0, 1)
    figure.axes[0].legend(frameon=False)
    with storage.write_aside(path) as aside:
        FigureCanvasAgg(figure).print_png(aside)
