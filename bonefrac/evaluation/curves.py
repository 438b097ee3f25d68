"""The curves of a report, with bands from the same resamples as the scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bonefrac.evaluation import weighted
from bonefrac.evaluation.boxes import FALSE_POSITIVES
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.figures import detections
from bonefrac.evaluation.resample import Sampled
from bonefrac.evaluation.weighted import Ranking, Statistic

GRID = np.linspace(0, 1, 51)  # false positive rates, recalls
_MOST_POINTS = 400


def curve_statistics(cases: Cases) -> dict[str, Statistic]:
    """ROC and precision-recall on `GRID`, FROC at its rates, observed shares of the bins."""
    rows = np.flatnonzero(cases.labelled)
    label, probability = cases.label[rows], cases.probability[rows]
    rank = Ranking(label, probability)
    found = weighted.bins(probability)
    return {
        "roc": weighted.within(rows, lambda w: _on_grid(rank, w, _sensitivity)),
        "precision_recall": weighted.within(rows, lambda w: _on_grid(rank, w, _precision)),
        "reliability": weighted.within(rows, weighted.ratio(found * label[:, None], found)),
        "froc": detections(cases).froc(),
    }


def curves(cases: Cases, sampled: Mapping[str, Sampled]) -> dict[str, Any]:
    """What a report holds of them.

    Args:
        cases: the radiographs.
        sampled: of `curve_statistics`.
    """
    rows = np.flatnonzero(cases.labelled)
    label, probability = cases.label[rows], cases.probability[rows]
    positive, negative = (part[0] for part in Ranking(label, probability)(np.ones((1, len(rows)))))
    true, false = np.cumsum(positive), np.cumsum(negative)
    recall = true / max(positive.sum(), 1)
    rates, hit = detections(cases).froc_curve()
    bins = weighted.bins(probability)
    count = bins.sum(axis=0)
    means = np.divide(bins.T @ probability, count, out=np.full(len(count), np.nan), where=count > 0)
    return {
        "roc": {
            **_points(np.r_[0, false / max(negative.sum(), 1)], np.r_[0, recall]),
            "band": _band(GRID, sampled["roc"]),
        },
        "precision_recall": {
            **_points(recall, true / np.maximum(true + false, 1)),
            "band": _band(GRID, sampled["precision_recall"]),
        },
        "froc": {**_points(rates, hit), "band": _band(FALSE_POSITIVES, sampled["froc"])},
        "reliability": {
            "predicted": numbers(means),
            "count": count.astype(int).tolist(),
            **_band(GRID[:0], sampled["reliability"]),
        },
    }


def numbers(values: Any) -> list[float | None]:
    """Rounded, as JSON knows them: no NaN."""
    return [None if np.isnan(v) else round(float(v), 4) for v in np.atleast_1d(values)]


def _on_grid(rank: Ranking, weights: np.ndarray, on_grid: Any) -> np.ndarray:
    positive, negative = rank(weights)
    pairs = zip(np.cumsum(positive, axis=1), np.cumsum(negative, axis=1), strict=True)
    return np.array([on_grid(true, false) for true, false in pairs])


def _sensitivity(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    if not len(true) or not true[-1] or not false[-1]:
        return np.full(len(GRID), np.nan)
    return np.interp(GRID, np.r_[0, false / false[-1]], np.r_[0, true / true[-1]])


def _precision(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    """Precision at the first level that reaches each recall."""
    if not len(true) or not true[-1]:
        return np.full(len(GRID), np.nan)
    places = np.searchsorted(true / true[-1], np.maximum(GRID, 1e-9))
    places = np.minimum(places, len(true) - 1)
    return true[places] / (true[places] + false[places])


def _points(x: np.ndarray, y: np.ndarray) -> dict[str, list[float | None]]:
    """Corners of a curve; of very many, evenly chosen ones."""
    middle = np.arange(1, max(len(x) - 1, 1))
    corner = np.r_[True, np.ones(len(middle), bool), True][: len(x)]
    if len(x) > 2:
        turn = (x[1:-1] - x[:-2]) * (y[2:] - y[1:-1]) - (y[1:-1] - y[:-2]) * (x[2:] - x[1:-1])
        corner[1:-1] = np.abs(turn) > 1e-12
    kept = np.flatnonzero(corner)
    if len(kept) > _MOST_POINTS:
        kept = kept[np.linspace(0, len(kept) - 1, _MOST_POINTS).astype(int)]
    return {"x": numbers(x[kept]) if len(kept) else [], "y": numbers(y[kept]) if len(kept) else []}


def _band(x: Any, sampled: Sampled) -> dict[str, list[float | None]]:
    low, high = sampled.interval
    named: dict[str, list[float | None]] = {"x": [float(v) for v in x]} if len(x) else {}
    return {**named, "value": numbers(sampled.value), "low": numbers(low), "high": numbers(high)}
