"""Scores in NumPy: areas, Dice, thresholds, calibration, and intervals bootstrapped by group."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import rankdata

# Both thresholds are chosen on validation data: below `doubt` at most one fracture in twenty is
# missed, above `sure` at most one intact radiograph in ten is called fractured.
DOUBT_SENSITIVITY = 0.95
SURE_SPECIFICITY = 0.90
_TEMPERATURES = (0.1, 20.0)
_BIASES = (-10.0, 10.0)
_LEAST = 1.2e-38  # the smallest normal float32


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties counting half.

    Args:
        labels: [N] of 0 and 1.
        scores: [N], higher is more positive.

    Returns:
        0..1, or NaN where one class is absent.
    """
    positives = int(np.sum(labels))
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    ranks = rankdata(scores)
    above = ranks[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def dice(overlap: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Foreground Dice from pixel counts, elementwise; 1 where both masks are empty."""
    size = predicted + true
    return np.where(size > 0, 2 * overlap / np.maximum(size, 1), 1.0)


def jaccard(overlap: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Foreground intersection over union from pixel counts, elementwise; 1 where both are empty."""
    union = predicted + true - overlap
    return np.where(union > 0, overlap / np.maximum(union, 1), 1.0)


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    groups: Sequence[str],
    *,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """A 95 % percentile interval, resampling whole groups.

    Args:
        statistic: a score of the examples at the given indices; NaN rounds are dropped.
        groups: of each example; images of one patient are not independent.
        rounds: resamples.
        seed: of the resampling.

    Returns:
        The 2.5 and 97.5 percentiles, NaN where no round gave a score.
    """
    names = np.unique(np.asarray(groups), return_inverse=True)[1]
    members = [np.flatnonzero(names == k) for k in range(names.max(initial=-1) + 1)]
    rng = np.random.default_rng(seed)
    values = [
        statistic(
            np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        )
        for _ in range(rounds if members else 0)
    ]
    values = [value for value in values if not np.isnan(value)]
    if not values:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def fit_scaling(labels: np.ndarray, logits: np.ndarray) -> tuple[float, float]:
    """Temperature and bias for the least cross-entropy: `probability = sigmoid(logit / T + b)`.

    Platt scaling (Platt 1999, Advances in Large Margin Classifiers 10). A temperature alone (Guo
    2017, arXiv 1706.04599) leaves even odds at even odds, and so cannot undo a training that showed
    more fractures than there are.

    Args:
        labels: [N] of 0 and 1.
        logits: [N].

    Returns:
        Temperature between 0.1 and 20, and bias between -10 and 10; 1 and 0 where one class is
        absent.
    """
    if len(np.unique(labels)) < 2:
        return 1.0, 0.0

    def loss(log_temperature_and_bias: np.ndarray) -> float:
        scaled = logits / np.exp(log_temperature_and_bias[0]) + log_temperature_and_bias[1]
        return float(np.mean(np.logaddexp(0, scaled) - labels * scaled))

    bounds = [tuple(np.log(_TEMPERATURES)), _BIASES]
    fitted = minimize(loss, np.zeros(2), bounds=bounds, method="L-BFGS-B").x
    return float(np.exp(fitted[0])), float(fitted[1])


def probabilities(logits: np.ndarray, temperature: float, bias: float = 0.0) -> np.ndarray:
    """Calibrated probabilities of logits."""
    return expit(np.asarray(logits, np.float64) / temperature + bias)


def logits(probability: np.ndarray, temperature: float = 1.0, bias: float = 0.0) -> np.ndarray:
    """What `probabilities` was given; 0 and 1 count as what float32 holds next to them."""
    calibrated = logit(np.clip(np.asarray(probability, np.float64), _LEAST, 1 - 6e-8))
    return (calibrated - bias) * temperature


def fit_thresholds(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """The two thresholds of a verdict.

    Both lie in the middle between two scores: on one, an export that is off in the last digit would
    give another verdict.

    Args:
        labels: [N] of 0 and 1.
        scores: [N] probabilities.

    Returns:
        (sure, doubt): `doubt` is the highest threshold with sensitivity at least 0.95, `sure`
        the lowest with specificity at least 0.90, never below `doubt`; 0.5 each where one class
        is absent.
    """
    positive, negative = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    if not len(positive) or not len(negative):
        return 0.5, 0.5
    steps = np.unique(np.concatenate([[0.0, 1.0], scores]))
    # The lowest positive but those that may be missed, the highest negative but the allowed alarms.
    kept = positive[int(np.floor((1 - DOUBT_SENSITIVITY) * len(positive)))]
    passed = negative[len(negative) - 1 - int(np.floor((1 - SURE_SPECIFICITY) * len(negative)))]
    doubt = _between(steps, int(np.searchsorted(steps, kept)))
    sure = _between(steps, int(np.searchsorted(steps, passed, side="right")))
    if sure < doubt:  # separable that well, one threshold serves both, in the middle of the gap
        sure = doubt = (sure + doubt) / 2
    return sure, doubt


def _between(steps: np.ndarray, upper: int) -> float:
    """The middle below `steps[upper]`; itself where no other number lies there."""
    if upper in (0, len(steps)):
        return float(steps[min(upper, len(steps) - 1)])
    middle = float(steps[upper - 1] + steps[upper]) / 2
    return middle if middle > steps[upper - 1] else float(steps[upper])
