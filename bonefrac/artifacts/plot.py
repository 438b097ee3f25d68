"""One picture of an export folder: what size and time buy, in Dice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bonefrac import storage

_MARKERS = {"savedmodel": "s", "keras": "D", "onnx": "^"}  # TFLite: round
_LEAST_SPAN = 0.05  # of Dice


def draw_comparison(report: Mapping[str, Any], path: Path) -> bool:
    """Plot size and latency against Dice.

    Args:
        report: of an export folder.
        path: PNG to write.

    Returns:
        Whether there was something scored to plot.
    """
    scored = [e for e in report["artefacts"] if e.get("proof", {}).get("scores", {}).get("dice")]
    if not scored:
        return False
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    by_size, by_time = figure.subplots(1, 2, sharey=True)
    for entry in scored:
        dice = entry["proof"]["scores"]["dice"]["value"]
        marker = _MARKERS.get(entry["kind"], "o")
        for axes, value in ((by_size, entry["bytes"] / 1e6), (by_time, _time(entry))):
            axes.plot(value, dice, marker, label=entry["name"], markersize=8, alpha=0.8)
    by_size.set(xlabel="size, MB", ylabel="Dice")
    by_time.set(xlabel="one square, ms (2 threads; TensorFlow as it likes)")
    by_size.set_ylim(*_span([e["proof"]["scores"]["dice"]["value"] for e in scored]))
    for axes in (by_size, by_time):
        axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
    by_time.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    first = scored[0]
    figure.suptitle(
        f"{first['model']}: {first['proof']['images']} radiographs of {first['split']} of "
        f"{first['data']}",
        fontsize=10,
    )
    with storage.write_aside(path) as aside:
        figure.savefig(aside, dpi=120)
    return True


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis that do not blow up a difference of a thousandth."""
    low, high = min(values), max(values)
    margin = max(_LEAST_SPAN - (high - low), 0.2 * (high - low)) / 2
    return low - margin, high + margin


def _time(entry: Mapping[str, Any]) -> float:
    times = entry["latency_ms"]
    took: float = (times.get("2") or times["all"])["median"]
    return took
