"""What views and an ensemble gain, and whether their spread tells which verdicts are wrong.

python benchmarks/spread.py --data data/fracatlas runs/unet [runs/vit ...] [--split test]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.cli.options import load_tensorflow, progress_bar
from bonefrac.inference.answer import Answer
from bonefrac.inference.augmented import PLAIN, VIEWS, View
from bonefrac.inference.predictor import Predictor
from bonefrac.inference.runtimes import open_runtime

SHOWN = ("auc", "dice", "sensitivity_doubt", "specificity_doubt", "brier", "froc")
WAYS = {"once": (PLAIN,), "mirrored": (PLAIN, View(mirrored=True)), "8 views": VIEWS}


class Recorder(Predictor):
    """A predictor that keeps its probabilities and uncertainties."""

    def answer(self, pixels: np.ndarray) -> Answer:
        """Answer, and keep both."""
        answer = super().answer(pixels)
        self.kept = [*getattr(self, "kept", []), (answer.probability, answer.uncertainty)]
        return answer


def main() -> None:
    """Print one row a way to answer, then the differences and how well spread finds errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--split", default=schema.TEST)
    arguments = parser.parse_args()
    load_tensorflow()
    from bonefrac.data.store import open_data
    from bonefrac.evaluation.jobs import Job, Model, compare
    from bonefrac.evaluation.observe import Observer
    from bonefrac.evaluation.provenance import choose

    data = open_data(arguments.data)
    ways = dict(_ways(arguments.models))
    choices = [choose(way.card, data, split=arguments.split) for way in ways.values()]
    models = [
        Model(Path(name), Observer(way), choice)
        for (name, way), choice in zip(ways.items(), choices, strict=True)
    ]
    with progress_bar() as progress:
        report = compare(Job(models, data, progress=progress))
    _tell(report, list(ways))
    _tell_errors(data, choices[0].split, ways)


def _ways(paths: list[Path]) -> Iterator[tuple[str, Recorder]]:
    runtimes = {path.name: open_runtime(path) for path in paths}
    for name, runtime in runtimes.items():
        for way, views in WAYS.items():
            yield f"{name}, {way}", Recorder(runtime, views=views)
    if len(runtimes) > 1:
        yield "ensemble, once", Recorder(*runtimes.values())
        yield "ensemble, 8 views", Recorder(*runtimes.values(), views=VIEWS)


def _tell(report: dict[str, Any], names: list[str]) -> None:
    print("| | " + " | ".join(SHOWN) + " |")
    for name, told in zip(names, report["of_each"], strict=True):
        print(f"| {name} | " + " | ".join(_figure(told["scores"].get(key)) for key in SHOWN) + " |")
    for name, told in zip(names[1:], report["differences"], strict=True):
        cells = [_figure(told["scores"].get(key), signed=True) for key in SHOWN]
        print(f"| {name} less the first | " + " | ".join(cells) + " |")


def _figure(entry: dict[str, Any] | None, *, signed: bool = False) -> str:
    if entry is None or entry["value"] is None:
        return "-"
    sign = "+" if signed else ""
    return f"{entry['value']:{sign}.3f} [{entry['low']:{sign}.3f}, {entry['high']:{sign}.3f}]"


def _tell_errors(data: Any, split: str, ways: dict[str, Recorder]) -> None:
    """How often a wrong verdict has the larger spread, beside what the probability alone tells."""
    from bonefrac.evaluation.observe import examples
    from bonefrac.evaluation.scores import auc

    parts = split.split("+")
    labels = np.array([e[schema.FRACTURE] for part in parts for e in examples(data, part)])
    for name, way in ways.items():
        probability, spread = np.array(way.kept, float).T
        known = labels >= 0
        wrong = ((probability >= way.card.thresholds.doubt) != labels)[known].astype(int)
        if np.isnan(spread).any() or wrong.min() == wrong.max():
            continue
        by_spread = auc(wrong, spread[known])
        by_probability = auc(wrong, (probability * (1 - probability))[known])
        print(
            f"{name}: {wrong.sum()} of {len(wrong)} wrong at the doubt threshold; AUC for wrong of "
            f"spread {by_spread:.3f}, of p(1 - p) {by_probability:.3f}; spread "
            f"{' '.join(f'{q:.3f}' for q in np.quantile(spread, (0.5, 0.9, 1)))} "
            "(median, 90 %, most)"
        )


if __name__ == "__main__":
    main()
