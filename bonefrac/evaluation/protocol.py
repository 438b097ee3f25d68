"""How a model is scored: which images count for which score, and what stands beside it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bonefrac.evaluation import scores
from bonefrac.evaluation.outputs import MASK_THRESHOLDS, Outputs, collect, join
from bonefrac.schema import UNKNOWN

__all__ = ["MASK_THRESHOLDS", "Outputs", "calibrate", "collect", "join", "score"]


def calibrate(outputs: Outputs) -> dict[str, float]:
    """Fit temperature, bias and the three thresholds on validation outputs.

    Returns:
        `temperature`, `bias`, `sure`, `doubt`, and `mask`: that of the highest mean Dice.
    """
    known = outputs.labels != UNKNOWN
    labels, logits = outputs.labels[known], outputs.logits[known]
    temperature, bias = scores.fit_scaling(labels, logits)
    sure, doubt = scores.fit_thresholds(labels, scores.probabilities(logits, temperature, bias))
    return {
        "temperature": temperature,
        "bias": bias,
        "sure": sure,
        "doubt": doubt,
        "mask": _mask_threshold(outputs),
    }


def _mask_threshold(outputs: Outputs) -> float:
    rows = outputs.lesions
    if not len(rows):
        return 0.5
    per_image = scores.dice(outputs.overlap, outputs.predicted, outputs.true[:, None])[rows]
    return float(MASK_THRESHOLDS[np.argmax(per_image.mean(axis=0))])


def score(outputs: Outputs, calibration: dict[str, float]) -> dict[str, Any]:
    """Every score with its 95 % interval by group, and the trivial baseline beside it.

    Dice and Jaccard are means over the images with an outlined fracture, at the model's own
    resolution; a prediction of nothing scores 0 there. Accuracy is of images, at `sure`; that of
    abnormality at probability 0.5. Bone age is the mean absolute error in months. The baselines
    are the larger class and the median of what is scored. Abnormality and bone age are there
    where the model answers them.

    Args:
        outputs: of the images to score.
        calibration: from `calibrate`, fitted on other images.
    """
    labels = outputs.labels
    known = np.flatnonzero(labels != UNKNOWN)
    probability = scores.probabilities(
        outputs.logits, calibration["temperature"], calibration["bias"]
    )
    correct = (probability >= calibration["sure"]) == (labels == 1)
    column = int(np.argmin(np.abs(MASK_THRESHOLDS - calibration["mask"])))
    counts = outputs.overlap[:, column], outputs.predicted[:, column], outputs.true
    dice, jaccard = scores.dice(*counts), scores.jaccard(*counts)
    entry = _entries(outputs.groups)
    return {
        "images": len(labels),
        "fractured": int(np.sum(labels == 1)),
        "groups": len(np.unique(outputs.groups)),
        "auc": entry(lambda k: scores.auc(labels[k], outputs.logits[k]), known, 0.5),
        "accuracy": entry(lambda k: _mean(correct[k]), known, _majority(labels[known])),
        "dice": entry(lambda k: _mean(dice[k]), outputs.lesions, 0.0),
        "jaccard": entry(lambda k: _mean(jaccard[k]), outputs.lesions, 0.0),
        **_abnormality(outputs),
        **_bone_age(outputs),
    }


def _abnormality(outputs: Outputs) -> dict[str, Any]:
    if outputs.abnormality_logits is None:
        return {}
    labels, logits = outputs.abnormality, outputs.abnormality_logits
    known = np.flatnonzero(labels != UNKNOWN)
    correct = (logits >= 0) == (labels == 1)
    entry = _entries(outputs.groups)
    return {
        "abnormality_auc": entry(lambda k: scores.auc(labels[k], logits[k]), known, 0.5),
        "abnormality_accuracy": entry(lambda k: _mean(correct[k]), known, _majority(labels[known])),
    }


def _bone_age(outputs: Outputs) -> dict[str, Any]:
    if outputs.predicted_months is None:
        return {}
    months = outputs.months
    known = np.flatnonzero(~np.isnan(months))
    error = np.abs(outputs.predicted_months - months)
    median = np.median(months[known]) if len(known) else np.nan
    baseline = _mean(np.abs(months[known] - median))
    entry = _entries(outputs.groups)
    return {"bone_age_mae": entry(lambda k: _mean(error[k]), known, baseline)}


def _entries(groups: np.ndarray) -> Callable[..., dict[str, Any]]:
    """A function from a statistic, the rows it is of and its baseline to what a card holds."""

    def entry(statistic: Any, rows: np.ndarray, baseline: float) -> dict[str, Any]:
        low, high = scores.bootstrap(lambda k: statistic(rows[k]), groups[rows])
        return _finite(value=statistic(rows), low=low, high=high, baseline=baseline)

    return entry


def _majority(labels: np.ndarray) -> float:
    share = _mean(labels == 1)
    return max(share, 1 - share)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _finite(**values: float) -> dict[str, Any]:
    # JSON knows no NaN: a score that cannot be had is null.
    return {k: None if np.isnan(v) else round(float(v), 4) for k, v in values.items()}
