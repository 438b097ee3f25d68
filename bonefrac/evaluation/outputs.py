"""What a model answered on a set of images, reduced to what scores need."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bonefrac.schema import ABNORMALITY, BONE_AGE_MONTHS, FRACTURE, MASK, UNKNOWN

# Where the mask threshold is searched.
MASK_THRESHOLDS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
_CUTS = np.log(MASK_THRESHOLDS / (1 - MASK_THRESHOLDS))


@dataclass(frozen=True, eq=False)
class Outputs:
    """N images; what a model has no head for counts as unknown.

    Attributes:
        labels: int [N], 1 fractured, 0 not, -1 unknown.
        logits: float [N], uncalibrated fracture logits.
        has_mask: bool [N].
        overlap: int [N, T] pixels both predicted at `MASK_THRESHOLDS` and true.
        predicted: int [N, T] pixels predicted.
        true: int [N] pixels of the mask.
        abnormality: int [N], 1, 0 or -1 unknown.
        months: float [N], bone age, NaN unknown.
        groups: str [N].
        abnormality_logits: float [N], None without such a head; likewise `predicted_months`.
    """

    labels: np.ndarray
    logits: np.ndarray
    has_mask: np.ndarray
    overlap: np.ndarray
    predicted: np.ndarray
    true: np.ndarray
    abnormality: np.ndarray
    months: np.ndarray
    groups: np.ndarray
    abnormality_logits: np.ndarray | None = None
    predicted_months: np.ndarray | None = None

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
        predict: an image batch [B, S, S, 1] -> `mask` [B, S, S, 1] and the others [B, 1], those
            that the model has.
        batches: (image, targets, weights) as `bonefrac.data.pipeline.eval_batches` gives them.
        groups: of each example, in the same order.
    """
    columns: dict[str, list[np.ndarray]] = defaultdict(list)
    for image, targets, weights in batches:
        answers = predict(image)
        for name, values in _reduce(answers, targets, weights, len(image)).items():
            columns[name].append(values)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Outputs(**joined, groups=np.array(groups))


def join(outputs: Sequence[Outputs]) -> Outputs:
    """The outputs of several data sets as one; equal names of groups stay apart."""
    named = [np.array([f"{k}/{group}" for group in o.groups]) for k, o in enumerate(outputs)]
    columns = {
        field.name: [getattr(o, field.name) for o in outputs]
        for field in fields(Outputs)
        if field.name != "groups"
    }
    present = {name: v for name, v in columns.items() if all(part is not None for part in v)}
    joined = {name: np.concatenate(parts) for name, parts in present.items()}
    return Outputs(**joined, groups=np.concatenate(named))


def _reduce(answers: dict, targets: dict, weights: dict, count: int) -> dict[str, np.ndarray]:
    reduced = _masks(answers, targets, weights, count)
    fracture = answers.get(FRACTURE)
    reduced["labels"] = _labels(FRACTURE, answers, targets, weights, count)
    reduced["logits"] = np.zeros(count) if fracture is None else _column(fracture)
    reduced["abnormality"] = _labels(ABNORMALITY, answers, targets, weights, count)
    if ABNORMALITY in answers:
        reduced["abnormality_logits"] = _column(answers[ABNORMALITY])
    reduced["months"] = np.full(count, np.nan)
    if BONE_AGE_MONTHS in answers:
        known = np.asarray(weights[BONE_AGE_MONTHS]) > 0
        reduced["months"] = np.where(known, _column(targets[BONE_AGE_MONTHS]), np.nan)
        reduced["predicted_months"] = _column(answers[BONE_AGE_MONTHS])
    return reduced


def _masks(answers: dict, targets: dict, weights: dict, count: int) -> dict[str, np.ndarray]:
    if MASK not in answers:
        nothing = np.zeros((count, len(_CUTS)), int)
        return {
            "has_mask": np.zeros(count, bool),
            "overlap": nothing,
            "predicted": nothing,
            "true": nothing[:, 0],
        }
    predicted = np.asarray(answers[MASK]) >= _CUTS  # [B, S, S, T]
    true = np.asarray(targets[MASK]) > 0
    return {
        "has_mask": np.asarray(weights[MASK]) > 0,
        "overlap": (predicted & true).sum(axis=(1, 2)),
        "predicted": predicted.sum(axis=(1, 2)),
        "true": true.sum(axis=(1, 2, 3)),
    }


def _labels(head: str, answers: dict, targets: dict, weights: dict, count: int) -> np.ndarray:
    if head not in answers:
        return np.full(count, float(UNKNOWN))
    return np.where(np.asarray(weights[head]) > 0, np.asarray(targets[head])[:, 0], UNKNOWN)


def _column(values: Any) -> np.ndarray:
    return np.asarray(values, np.float64)[:, 0]
