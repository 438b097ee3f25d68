"""Group-aware folds: which fold an example is in is a pure function of its group."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bonefrac.errors import BonefracError


def fold_of(group: str, folds: int) -> int:
    """Fold of a group, 0 .. folds-1, by SHA-256 of its name: the same on every machine."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % folds


def fold_name(fold: int) -> str:
    """Name of a fold as a TensorFlow Datasets split."""
    return f"fold{fold}"


def train_validation_test(fold: int, folds: int) -> tuple[str, str, str]:
    """The three tfds split strings of one turn of k-fold cross-validation.

    Args:
        fold: the fold to test on; the next one validates, the rest trains.
        folds: how many there are, at least 3.
    """
    if folds < 3 or not 0 <= fold < folds:
        raise BonefracError(
            f"Fold {fold} of {folds}",
            expected="at least 3 folds and a fold from 0 to one less than their number",
            fix="Choose another fold or rebuild the data with more folds",
        )
    validation = (fold + 1) % folds
    train = [fold_name(k) for k in range(folds) if k not in (fold, validation)]
    return "+".join(train), fold_name(validation), fold_name(fold)


def merge(count: int, links: Iterable[Sequence[int]]) -> np.ndarray:
    """Number the sets that links join.

    Args:
        count: how many items there are, named 0 .. count-1.
        links: sets of items that belong together; sets that share an item are joined.

    Returns:
        int [count]: for each item, the smallest item of its set.
    """
    pairs = [(link[0], other) for link in links for other in link[1:]]
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    first = np.full(labels.max(initial=-1) + 1, count)
    np.minimum.at(first, labels, np.arange(count))
    return first[labels]
