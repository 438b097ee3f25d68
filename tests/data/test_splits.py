"""Folds keep groups whole, are of equal make-up, and are the same wherever they are dealt."""

import ast
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.data.splits import deal, fold_name, merge, train_validation_test
from bonefrac.errors import BonefracError

STRATA = ("intact leg", "intact hand", "fractured hand", "")
TABLES = st.lists(
    st.tuples(st.integers(0, 30).map(lambda n: f"patient {n}"), st.sampled_from(STRATA)),
    max_size=150,
)
FOLDS = st.integers(1, 7)
TABLE = [(f"IMG{n // 7:07d}", STRATA[n * n % 5 % 4]) for n in range(200)] + [("Schlüsselbein", "")]


def of_one_stratum(rows):
    """The table with the stratum of each group's first radiograph for all of it."""
    first = {}
    return [(group, first.setdefault(group, stratum)) for group, stratum in rows]


def held(rows, dealt, folds):
    """Stratum -> radiographs of it in each fold."""
    table = defaultdict(lambda: [0] * folds)
    for group, stratum in rows:
        table[stratum][dealt[group]] += 1
    return table


def test_a_fold_never_changes_between_releases():
    assert [deal(TABLE, 5)[f"IMG{n:07d}"] for n in range(12)] == [
        0,
        4,
        1,
        4,
        0,
        3,
        1,
        1,
        0,
        4,
        3,
        2,
    ]


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_a_fresh_process_gives_the_same_folds(hash_seed):
    code = (
        "import json, sys; from bonefrac.data.splits import deal\n"
        "print(deal(json.loads(sys.argv[1]), 5))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, json.dumps(TABLE)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert ast.literal_eval(out) == deal(TABLE, 5)


@given(TABLES, FOLDS)
def test_every_group_is_in_exactly_one_fold(rows, folds):
    dealt = deal(rows, folds)
    assert dealt.keys() == {group for group, _ in rows}
    assert set(dealt.values()) <= set(range(folds))


@given(TABLES, FOLDS, st.randoms(use_true_random=False))
def test_the_order_of_the_table_does_not_matter(rows, folds, random):
    shuffled = random.sample(rows, len(rows))
    assert deal(shuffled, folds) == deal(rows, folds)


@given(TABLES, FOLDS)
def test_no_fold_holds_more_of_a_stratum_than_another_by_more_than_its_largest_group(rows, folds):
    rows = of_one_stratum(rows)
    sizes = Counter(rows)
    for stratum, counts in held(rows, deal(rows, folds), folds).items():
        largest = max(size for (_, other), size in sizes.items() if other == stratum)
        assert max(counts) - min(counts) <= largest


@given(st.integers(1, 300), FOLDS)
def test_single_radiographs_of_one_kind_are_dealt_out_evenly(count, folds):
    dealt = Counter(deal([(str(n), "") for n in range(count)], folds).values())
    assert max(dealt.values()) - min(dealt[fold] for fold in range(folds)) <= 1


@given(st.integers(0, 2**32 - 1))
def test_blocks_of_mixed_make_up_are_balanced_too(seed):
    # Blocks of up to 25 with any share of fractures, as FracAtlas' neighbouring ids.
    random = Random(seed)
    rows = []
    for block in range(100):
        share = random.random() ** 3
        for _ in range(random.randint(15, 25)):
            rows.append((f"block{block}", "fractured" if random.random() < share else "intact"))
    for counts in held(rows, deal(rows, 5), 5).values():
        assert max(counts) - min(counts) <= 25


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
