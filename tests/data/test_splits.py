"""Which fold an example is in depends on its group alone, and folds cover all without overlap."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.data.splits import fold_name, fold_of, merge, train_validation_test
from bonefrac.errors import BonefracError

GROUPS = ["", "IMG0000000", "patient 7", "Schlüsselbein", "x" * 1000]


def test_a_fold_never_changes_between_releases():
    assert [fold_of(f"IMG{n:07d}", 5) for n in range(0, 250, 25)] == [2, 2, 2, 4, 4, 2, 3, 0, 1, 1]


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_a_fresh_process_gives_the_same_folds(hash_seed):
    code = (
        "import sys; from bonefrac.data.splits import fold_of\n"
        "print(*(fold_of(g, k) for g in sys.argv[1:] for k in (3, 5, 10)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, *GROUPS],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [int(n) for n in out.split()] == [fold_of(g, k) for g in GROUPS for k in (3, 5, 10)]


@pytest.mark.parametrize("folds", [1, 3, 5, 10])
def test_folds_are_about_equally_large(folds):
    counts = np.bincount([fold_of(f"group {n}", folds) for n in range(10_000)], minlength=folds)
    expected = 10_000 / folds
    assert len(counts) == folds
    assert (np.abs(counts - expected) <= 4 * np.sqrt(expected)).all()


@given(st.integers(3, 30), st.data())
def test_train_validation_and_test_cover_all_folds_without_overlap(folds, data):
    fold = data.draw(st.integers(0, folds - 1))
    train, validation, test = (s.split("+") for s in train_validation_test(fold, folds))
    assert sorted(train + validation + test) == sorted(fold_name(k) for k in range(folds))
    assert test == [fold_name(fold)]
    assert len(validation) == 1


@pytest.mark.parametrize("folds", [3, 5])
def test_each_fold_tests_and_validates_once(folds):
    turns = [train_validation_test(fold, folds) for fold in range(folds)]
    for column in (1, 2):
        assert sorted(turn[column] for turn in turns) == [fold_name(k) for k in range(folds)]


@pytest.mark.parametrize(("fold", "folds"), [(0, 2), (0, 0), (3, 3), (-1, 3)])
def test_a_turn_that_does_not_exist_is_refused(fold, folds):
    with pytest.raises(BonefracError, match=f"Fold {fold} of {folds}; expected at least 3 folds"):
        train_validation_test(fold, folds)


def merged_one_by_one(count, links):
    names = list(range(count))
    for link in links:
        joined = {names[item] for item in link}
        names = [min(joined) if name in joined else name for name in names]
    return names


@given(st.integers(1, 25), st.data())
def test_merge_joins_as_one_would_by_hand(count, data):
    item = st.integers(0, count - 1)
    links = data.draw(st.lists(st.lists(item, max_size=4), max_size=15))
    assert merge(count, links).tolist() == merged_one_by_one(count, links)


def test_merge_of_nothing_is_nothing():
    assert merge(0, []).tolist() == []
    assert merge(3, []).tolist() == [0, 1, 2]


def test_merge_follows_a_long_chain():
    links = [(n + 1, n) for n in range(5000)]
    assert not merge(5001, links).any()
