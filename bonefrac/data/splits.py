"""Group-aware folds of equal make-up: a pure function of the table of groups and strata."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bonefrac.errors import BonefracError


def deal(rows: Iterable[tuple[str, str]], folds: int) -> dict[str, int]:
    """Deal groups to folds so that every fold holds about as much of every stratum.

    The largest group goes first, equal ones in the order of the SHA-256 of their names. Each goes
    to the fold that holds least of what it brings: the group's radiographs of a stratum times the
    share of that stratum that the fold has, summed over strata; then to the one that holds least
    at all. Where groups are of one stratum, no fold holds more of it than another by more than
    its largest group.

    Args:
        rows: (group, stratum) of each radiograph, in any order.
        folds: how many.

    Returns:
        Group -> fold, 0 .. folds-1; the same on every machine.
    """
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for group, stratum in rows:
        members[group][stratum] += 1
    sizes = sum(members.values(), Counter[str]())
    # Shares as whole numbers over one denominator: no rounding decides a tie.
    common = math.lcm(*sizes.values())
    held = [Counter[str]() for _ in range(folds)]

    def burden(fold: int, group: str) -> tuple[int, int, int]:
        of_its_strata = sum(
            count * held[fold][stratum] * (common // sizes[stratum])
            for stratum, count in members[group].items()
        )
        return of_its_strata, held[fold].total(), fold

    dealt = {}
    for group in sorted(members, key=lambda name: (-members[name].total(), sha256(name))):
        dealt[group] = min(range(folds), key=lambda fold: burden(fold, group))
        held[dealt[group]].update(members[group])
    return dealt


def sha256(text: str) -> str:
    """Hexadecimal SHA-256 of a text: an order that nothing decides but the text."""
    return hashlib.sha256(text.encode()).hexdigest()


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
