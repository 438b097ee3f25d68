"""What views and an ensemble gain, and whether their spread tells which verdicts are wrong.

python benchmarks/spread.py --data data/fracatlas runs/unet [runs/vit ...] [--most 300]
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.cli.options import load_tensorflow, progress_bar
from bonefrac.inference.augmented import PLAIN, VIEWS, View
from bonefrac.inference.predictor import Predictor
from bonefrac.inference.runtimes import Runtime, open_runtime

WAYS = {"once": (PLAIN,), "mirrored too": (PLAIN, View(mirrored=True)), "8 views": VIEWS}
Columns = dict[str, np.ndarray]


class Remembering:
    """A runtime that answers the same square of one radiograph only once."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.card, self.model = runtime, runtime.card, runtime.model
        self.known: dict[bytes, tuple[np.ndarray, float]] = {}

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]:
        """Answer, or remember."""
        key = square.tobytes()
        if key not in self.known:
            self.known[key] = self.runtime(square)
        return self.known[key]


def main() -> None:
    """Print one row a way to answer: scores, and how well the spread finds errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--split", default=schema.TEST)
    parser.add_argument("--most", type=int, help="radiographs, the first of the shards")
    arguments = parser.parse_args()
    load_tensorflow()
    from bonefrac.data.store import open_data
    from bonefrac.evaluation.provenance import choose

    data = open_data(arguments.data)
    runtimes = {path.name: Remembering(open_runtime(path)) for path in arguments.models}
    ways = dict(_ways(runtimes))
    split = choose(list(ways.values())[-1].card, data, split=arguments.split).split
    rows = list(islice(_rows(data, split, ways, list(runtimes.values())), arguments.most))
    shared = {key: np.array([row[key] for row in rows]) for key in ("label", "group", "outlined")}
    answers = {
        name: dict(zip(("probability", "spread", "dice"), column, strict=True))
        for name in ways
        for column in [np.array([row[name] for row in rows], float).T]
    }
    _tell(shared, answers)
    for name, way in ways.items():
        _tell_errors(name, shared["label"], answers[name], way.card.thresholds.doubt)


def _ways(runtimes: dict[str, Remembering]) -> Iterator[tuple[str, Predictor]]:
    for name, runtime in runtimes.items():
        for way, views in WAYS.items():
            yield f"{name}, {way}", Predictor(runtime, views=views)
    if len(runtimes) > 1:
        for way in ("once", "8 views"):
            yield f"ensemble, {way}", Predictor(*runtimes.values(), views=WAYS[way])


def _rows(
    data: Any, split: str, ways: dict[str, Predictor], runtimes: list[Remembering]
) -> Iterator[dict[str, Any]]:
    """Of each radiograph what is true, and of each way probability, spread and Dice."""
    from bonefrac.evaluation.observe import examples
    from bonefrac.radiograph.reader import read

    total = data.size(split)
    with progress_bar() as progress:
        stream = (example for part in split.split("+") for example in examples(data, part))
        for done, example in enumerate(stream, start=1):
            pixels, true = read(example[schema.IMAGE]).pixels, example[schema.MASK][..., 0] > 0
            known = bool(example[schema.HAS_MASK]) and not example[schema.MASK_COARSE]
            row = {"label": int(example[schema.FRACTURE]), "group": example[schema.GROUP].decode()}
            row["outlined"] = known and bool(true.any())
            for name, way in ways.items():
                answer = way.answer(pixels)
                dice = _dice(answer.mask >= way.card.thresholds.mask, true)
                row[name] = answer.probability, answer.uncertainty, dice
            for runtime in runtimes:
                runtime.known.clear()
            progress("radiographs", done, total)
            yield row


def _dice(found: np.ndarray, true: np.ndarray) -> float:
    return 2 * np.sum(found & true) / max(1, found.sum() + true.sum())


def _tell(shared: Columns, answers: dict[str, Columns]) -> None:
    from bonefrac.evaluation import weighted
    from bonefrac.evaluation.resample import resample

    rows = np.flatnonzero(shared["label"] >= 0)
    labels = shared["label"][rows]
    statistics = {}
    for name, of_one in answers.items():
        auc = weighted.auc(labels, of_one["probability"][rows])
        statistics[name, "AUC"] = weighted.within(rows, auc)
        statistics[name, "Dice"] = weighted.mean(of_one["dice"], shared["outlined"])
    sampled = resample(statistics, shared["group"])
    first = next(iter(answers))
    print(f"{len(rows)} labelled, {labels.sum()} fractured, {shared['outlined'].sum()} outlined")
    print("| way | AUC | Dice | AUC less the first | Dice less the first |\n|---|---|---|---|---|")
    for name in answers:
        cells = [_figure(sampled[name, key].value, sampled[name, key].samples) for key in _SCORES]
        for key in _SCORES:
            one, other = sampled[name, key], sampled[first, key]
            cells.append(_figure(one.value - other.value, one.samples - other.samples))
        print(f"| {name} | {' | '.join(cells)} |")


_SCORES = ("AUC", "Dice")


def _figure(value: Any, samples: np.ndarray) -> str:
    low, high = np.nanpercentile(samples, (2.5, 97.5))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _tell_errors(name: str, labels: np.ndarray, answers: Columns, doubt: float) -> None:
    """How often a wrong verdict has the larger spread, beside what the probability alone tells."""
    from bonefrac.evaluation.scores import auc

    known = labels >= 0
    probability, spread = answers["probability"][known], answers["spread"][known]
    wrong = ((probability >= doubt) != labels[known]).astype(int)
    if np.isnan(spread).any() or wrong.min() == wrong.max():
        return
    by_spread, by_probability = auc(wrong, spread), auc(wrong, probability * (1 - probability))
    middle, high, most = np.quantile(spread, (0.5, 0.9, 1))
    print(
        f"{name}: {wrong.sum()} of {len(wrong)} wrong at the threshold of doubt. AUC of wrong by "
        f"spread {by_spread:.3f}, by p(1 - p) {by_probability:.3f}; "
        f"spread {middle:.3f} (median), {high:.3f} (90 %), {most:.3f} (most)"
    )


if __name__ == "__main__":
    main()
