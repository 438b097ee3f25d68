"""Scores of weighted radiographs: each row of weights is one resample, all rows at once.

A statistic takes weights float [R, N], how often each of N radiographs counts in each of R
resamples, and gives [R] or [R, K] values; NaN where a resample has nothing to score.
"""

from collections.abc import Callable

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]

ECE_BINS = 10  # of equal width, from 0 to 1


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> Statistic:
    """Sum of one column over the sum of another: means, rates and pooled overlaps.

    Args:
        numerator: [N] or [N, K]; likewise `denominator`.
    """
    above, below = np.asarray(numerator, float), np.asarray(denominator, float)
    return lambda weights: _divide(weights @ above, weights @ below)


def mean(values: np.ndarray, where: np.ndarray) -> Statistic:
    """Mean of `values` [N] over the radiographs `where` bool [N] says so."""
    return ratio(np.where(where, np.nan_to_num(np.asarray(values, float)), 0.0), where)


def within(rows: np.ndarray, statistic: Statistic) -> Statistic:
    """A statistic of the radiographs with the indices `rows` alone."""
    return lambda weights: statistic(weights[:, rows])


class Ranking:
    """Positives and negatives at each level of a score, from the highest; ties are one level.

    Args:
        labels: [N] of 0 and 1.
        scores: [N], higher is more positive.
    """

    def __init__(self, labels: np.ndarray, scores: np.ndarray) -> None:
        scores = np.asarray(scores, float)
        self._order = np.argsort(-scores, kind="stable")
        ranked = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]][: len(ranked)])
        self._positive = np.asarray(labels)[self._order] == 1
        self.levels = ranked[self._starts]

    def __call__(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights [R, N] -> positives and negatives, each [R, L]."""
        ranked = weights[:, self._order]
        if not len(self._starts):
            return ranked, ranked
        positive = np.add.reduceat(ranked * self._positive, self._starts, axis=1)
        return positive, np.add.reduceat(ranked, self._starts, axis=1) - positive


def auc(labels: np.ndarray, scores: np.ndarray) -> Statistic:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties half."""
    rank = Ranking(labels, scores)

    def statistic(weights: np.ndarray) -> np.ndarray:
        positive, negative = rank(weights)
        above = np.cumsum(positive, axis=1) - positive / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        return _divide((above * negative).sum(axis=1), pairs)

    return statistic


def average_precision(labels: np.ndarray, scores: np.ndarray) -> Statistic:
    """Precision at each level of the score, weighted by the recall that the level adds."""
    rank = Ranking(labels, scores)

    def statistic(weights: np.ndarray) -> np.ndarray:
        positive, negative = rank(weights)
        true, false = np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)
        precision = np.nan_to_num(_divide(true, true + false))
        return _divide((positive * precision).sum(axis=1), positive.sum(axis=1))

    return statistic


def kappa(labels: np.ndarray, called: np.ndarray) -> Statistic:
    """Cohen's kappa (1960): agreement beyond chance, 0 for a constant answer.

    Args:
        labels: bool [N]; likewise `called`, what the model says.
    """
    truth, answer = np.asarray(labels, bool), np.asarray(called, bool)
    columns = np.stack([truth, answer, truth == answer, np.ones(len(truth))], axis=1).astype(float)

    def statistic(weights: np.ndarray) -> np.ndarray:
        positive, called_positive, agreed, count = (weights @ columns).T
        chance = positive * called_positive + (count - positive) * (count - called_positive)
        return _divide(agreed * count - chance, count**2 - chance)

    return statistic


def bins(probability: np.ndarray) -> np.ndarray:
    """Which of `ECE_BINS` each probability lies in: [N, bins] of 0 and 1; 1 is in the last."""
    number = np.minimum((np.asarray(probability) * ECE_BINS).astype(int), ECE_BINS - 1)
    return np.eye(ECE_BINS)[number]


def calibration_error(labels: np.ndarray, probability: np.ndarray) -> Statistic:
    """Expected calibration error of the fracture probability, in `ECE_BINS` bins of equal width.

    The mean distance between predicted probability and observed share, weighted by the bins'
    sizes (Naeini 2015). Of few radiographs it is too high, even of a calibrated model.
    """
    gaps = bins(probability) * (np.asarray(probability) - labels)[:, None]
    return lambda weights: _divide(np.abs(weights @ gaps).sum(axis=1), weights.sum(axis=1))


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
