"""Two models on the same radiographs: differences with intervals from the same resamples."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.evaluate import entry
from bonefrac.evaluation.figures import figures
from bonefrac.evaluation.resample import ROUNDS, Progress, resample
from bonefrac.evaluation.weighted import Statistic

COMPARED = (
    *("accuracy", "auc", "average_precision", "sensitivity_doubt", "specificity_doubt"),
    *("dice", "jaccard", "lesion_sensitivity", "false_boxes", "froc", "ap50", "brier"),
)


def differences(
    models: Sequence[tuple[str, Cases]],
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Each later model less the first one, score by score.

    Every resample holds the same radiographs for both: what is hard for both cancels out, and the
    interval of a difference is narrower than those of the scores would suggest.

    Args:
        models: name and answers of each, on the same radiographs in the same order.
        rounds: resamples.
        seed: of the draws.
        progress: told of the rounds done.

    Returns:
        For each later model `model`, `against`, and `scores`: key -> value, low, high.

    Raises:
        BonefracError: other radiographs.
    """
    (first, reference), *others = models
    statistics: dict[Any, Statistic] = {}
    for k, (name, cases) in enumerate(others):
        if not np.array_equal(cases.id, reference.id):
            raise BonefracError(
                f"{name} was shown other radiographs than {first}",
                expected="the same for all",
                fix="Give --split and --fold",
            )
        statistics |= {(k, key): s for key, s in _differences(cases, reference).items()}
    sampled = resample(statistics, reference.group, rounds=rounds, seed=seed, progress=progress)
    return [
        {
            "model": name,
            "against": first,
            "scores": {key: entry(sampled[k, key]) for key in COMPARED if (k, key) in sampled},
        }
        for k, (name, _) in enumerate(others)
    ]


def _differences(cases: Cases, reference: Cases) -> dict[str, Statistic]:
    one, other = figures(cases), figures(reference)
    shared = [key for key in COMPARED if key in one and key in other]
    return {key: _less(one[key].statistic, other[key].statistic) for key in shared}


def _less(one: Statistic, other: Statistic) -> Statistic:
    return lambda weights: one(weights) - other(weights)
