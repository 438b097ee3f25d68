"""How a model is scored: which images count for which score, and what stands beside it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bonefrac.evaluation import scores
from bonefrac.schema import FRACTURE, MASK, UNKNOWN

# Where the mask threshold is searched.
MASK_THRESHOLDS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a model answered on N images, reduced to what scores need.

    Attributes:
        labels: int [N], 1 fractured, 0 not, -1 unknown.
        logits: float [N], uncalibrated fracture logits.
        has_mask: bool [N].
        overlap: int [N, T] pixels both predicted at `MASK_THRESHOLDS` and true.
        predicted: int [N, T] pixels predicted.
        true: int [N] pixels of the mask.
        groups: str [N].
    """

    labels: np.ndarray
    logits: np.ndarray
    has_mask: np.ndarray
    overlap: np.ndarray
    predicted: np.ndarray
    true: np.ndarray
    groups: np.ndarray

    @property
    def lesions(self) -> np.ndarray:
        """Indices of the images with an outlined fracture."""
        return np.flatnonzero(self.has_mask & (self.true > 0))


def collect(
    predict: Callable[[Any], dict[str, np.ndarray]],
    batches: Iterable[tuple[Any, dict, dict]],
    groups: Sequence[str],
) -> Outputs:
    """Run a model over evaluation batches and keep what scores need.

    Args:
        predict: an image batch [B, S, S, 1] -> logits `mask` [B, S, S, 1] and `fracture` [B, 1].
        batches: (image, targets, weights) as `bonefrac.data.pipeline.eval_batches` gives them.
        groups: of each example, in the same order.
    """
    cuts = np.log(MASK_THRESHOLDS / (1 - MASK_THRESHOLDS))
    columns: dict[str, list[np.ndarray]] = defaultdict(list)
    for image, targets, weights in batches:
        logits = predict(image)
        predicted = np.asarray(logits[MASK]) >= cuts  # [B, S, S, T]
        true = np.asarray(targets[MASK]) > 0
        known = np.asarray(weights[FRACTURE]) > 0
        columns["labels"].append(np.where(known, np.asarray(targets[FRACTURE])[:, 0], UNKNOWN))
        columns["logits"].append(np.asarray(logits[FRACTURE], np.float64)[:, 0])
        columns["has_mask"].append(np.asarray(weights[MASK]) > 0)
        columns["overlap"].append((predicted & true).sum(axis=(1, 2)))
        columns["predicted"].append(predicted.sum(axis=(1, 2)))
        columns["true"].append(true.sum(axis=(1, 2, 3)))
    return Outputs(
        **{name: np.concatenate(parts) for name, parts in columns.items()}, groups=np.array(groups)
    )


def calibrate(outputs: Outputs) -> dict[str, float]:
    """Fit temperature and the three thresholds on validation outputs.

    Returns:
        `temperature`, `sure`, `doubt`, and `mask`: the threshold with the highest mean Dice.
    """
    known = outputs.labels != UNKNOWN
    labels, logits = outputs.labels[known], outputs.logits[known]
    temperature = scores.fit_temperature(labels, logits)
    sure, doubt = scores.fit_thresholds(labels, scores.probabilities(logits, temperature))
    return {
        "temperature": temperature,
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
    resolution; a prediction of nothing scores 0 there. Accuracy is of images, at `sure`.

    Args:
        outputs: of the images to score.
        calibration: from `calibrate`, fitted on other images.
    """
    known = np.flatnonzero(outputs.labels != UNKNOWN)
    labels = outputs.labels
    probability = scores.probabilities(outputs.logits, calibration["temperature"])
    correct = (probability >= calibration["sure"]) == (labels == 1)
    column = int(np.argmin(np.abs(MASK_THRESHOLDS - calibration["mask"])))
    counts = outputs.overlap[:, column], outputs.predicted[:, column], outputs.true
    per_image = {"dice": scores.dice(*counts), "jaccard": scores.jaccard(*counts)}
    fractured = int(np.sum(labels[known] == 1))
    majority = max(fractured, len(known) - fractured) / max(len(known), 1)

    def entry(statistic: Any, rows: np.ndarray, baseline: float) -> dict[str, float]:
        low, high = scores.bootstrap(lambda k: statistic(rows[k]), outputs.groups[rows])
        return _finite(value=statistic(rows), low=low, high=high, baseline=baseline)

    return {
        "images": len(outputs.labels),
        "fractured": fractured,
        "groups": len(np.unique(outputs.groups)),
        "auc": entry(lambda k: scores.auc(labels[k], outputs.logits[k]), known, 0.5),
        "accuracy": entry(lambda k: _mean(correct[k]), known, majority),
        "dice": entry(lambda k: _mean(per_image["dice"][k]), outputs.lesions, 0.0),
        "jaccard": entry(lambda k: _mean(per_image["jaccard"][k]), outputs.lesions, 0.0),
    }


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _finite(**values: float) -> dict[str, Any]:
    # JSON knows no NaN: a score that cannot be had is null.
    return {k: None if np.isnan(v) else round(float(v), 4) for k, v in values.items()}
