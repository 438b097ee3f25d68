"""What a model must beat: answers that never look at a bone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bonefrac.evaluation import weighted
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.weighted import Statistic
from bonefrac.schema import BODY_PART, FRACTURE, HARDWARE, UNKNOWN, VIEW

_SMOOTHING = 10.0  # radiographs of the average rate that every kind starts with

# What each trivial model knows of a radiograph.
KNOWS: Mapping[str, tuple[str, ...]] = {
    "nothing": (),
    "body part": (BODY_PART,),
    "body part and view": (BODY_PART, VIEW),
    "hardware": (HARDWARE,),
    "body part, view and hardware": (BODY_PART, VIEW, HARDWARE),
}


class Known(NamedTuple):
    """What is known of a training radiograph without a look at it; label 1 or 0."""

    body_part: str
    view: str
    hardware: int
    label: int


def known(examples: Iterable[Mapping[str, Any]]) -> list[Known]:
    """Of the examples whose fracture label is known."""
    return [
        Known(
            example[BODY_PART].decode(),
            example[VIEW].decode(),
            int(example[HARDWARE]),
            int(example[FRACTURE]),
        )
        for example in examples
        if example[FRACTURE] != UNKNOWN
    ]


def rates(training: Sequence[Known], features: Sequence[str]) -> Callable[..., np.ndarray]:
    """A model that knows the rate of fractures among training radiographs of the same kind.

    Args:
        training: radiographs that nothing is scored on.
        features: what makes a kind, of `Known`'s fields.

    Returns:
        A function from cases (or rows of `Known`) to probabilities [N].
    """
    overall = float(np.mean([row.label for row in training]))
    labels: dict[tuple, list[int]] = {}
    for row in training:
        labels.setdefault(tuple(getattr(row, name) for name in features), []).append(row.label)
    smoothed = {
        kind: (sum(found) + _SMOOTHING * overall) / (len(found) + _SMOOTHING)
        for kind, found in labels.items()
    }

    def predict(cases: Any) -> np.ndarray:
        columns = [np.asarray(getattr(cases, name)).tolist() for name in features]
        kinds = list(zip(*columns, strict=True)) if columns else [()] * len(cases)
        return np.array([smoothed.get(kind, overall) for kind in kinds], float)

    return predict


def useful(cases: Cases) -> list[str]:
    """The trivial models whose features tell radiographs apart."""
    telling = {
        name for name in (BODY_PART, VIEW, HARDWARE) if len(np.unique(getattr(cases, name))) > 1
    }
    return [name for name, features in KNOWS.items() if set(features) <= telling]


def baseline_statistics(
    cases: Cases, predicted: Mapping[str, np.ndarray]
) -> dict[str, dict[str, Statistic]]:
    """AUC, average precision, accuracy (from a half on) and Brier score of each trivial model.

    Args:
        cases: the radiographs to score.
        predicted: trivial model -> probabilities [N].
    """
    rows = np.flatnonzero(cases.labelled)
    label = cases.label[rows]
    everywhere = np.ones(len(rows), bool)
    made = {}
    for name, values in predicted.items():
        probability = values[rows]
        statistics = {
            "auc": weighted.auc(label, probability),
            "average_precision": weighted.average_precision(label, probability),
            "accuracy": weighted.mean((probability >= 0.5) == (label == 1), everywhere),
            "brier": weighted.mean((probability - label) ** 2, everywhere),
        }
        made[name] = {key: weighted.within(rows, s) for key, s in statistics.items()}
    return made
