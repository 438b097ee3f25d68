"""A weight of two is a radiograph twice; weights of one give the textbook's scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.evaluation import scores, weighted

rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 10), st.integers(0, 3)), min_size=1, max_size=30
)
STATISTICS = {
    "auc": weighted.auc,
    "average precision": weighted.average_precision,
    "kappa": lambda label, p: weighted.kappa(label == 1, p >= 0.5),
    "calibration error": weighted.calibration_error,
    "mean": lambda label, p: weighted.mean(p, label == 1),
}


def one(statistic, weights):
    return statistic(np.asarray(weights, float)[None])[0]


@pytest.mark.parametrize("name", STATISTICS)
@given(rows)
def test_a_weight_counts_as_so_many_radiographs(name, rows):
    label, tenths, times = np.array(rows).T
    probability, repeated = tenths / 10, np.repeat(np.arange(len(label)), times)
    together = one(STATISTICS[name](label, probability), times)
    apart = STATISTICS[name](label[repeated], probability[repeated])
    if len(repeated):
        assert together == pytest.approx(one(apart, np.ones(len(repeated))), nan_ok=True)
    else:
        assert np.isnan(together)


@given(rows)
def test_all_resamples_at_once_are_each_alone(rows):
    label, tenths, times = np.array(rows).T
    weights = np.stack([times, times[::-1], np.ones(len(times))]).astype(float)
    for make in STATISTICS.values():
        statistic = make(label, tenths / 10)
        alone = [one(statistic, row) for row in weights]
        np.testing.assert_allclose(statistic(weights), alone)


@given(rows)
def test_auc_is_that_of_the_ranks(rows):
    label, tenths, _ = np.array(rows).T
    expected = scores.auc(label, tenths)
    found = one(weighted.auc(label, tenths), np.ones(len(label)))
    assert found == pytest.approx(expected, nan_ok=True)


@given(rows)
def test_a_turned_label_turns_the_auc(rows):
    label, tenths, times = np.array(rows).T
    one_way, other_way = (one(weighted.auc(y, tenths), times) for y in (label, 1 - label))
    assert one_way == pytest.approx(1 - other_way, nan_ok=True)


@given(rows.filter(lambda rows: len({label for label, _, _ in rows}) == 2))
def test_scores_are_those_of_scikit_learn(rows):
    metrics = pytest.importorskip("sklearn.metrics")
    label, tenths, _ = np.array(rows).T
    probability, weights = tenths / 10, np.ones(len(label))
    found = {name: one(make(label, probability), weights) for name, make in STATISTICS.items()}
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(label, probability))
    expected = metrics.average_precision_score(label, probability)
    assert found["average precision"] == pytest.approx(expected)
    expected = metrics.cohen_kappa_score(label, (probability >= 0.5).astype(int))
    assert found["kappa"] == pytest.approx(expected)


def test_kappa_of_a_known_table():
    # 20 both yes, 5 and 10 apart, 15 both no: observed 0.7, by chance 0.5.
    truth = np.repeat([True, True, False, False], [20, 5, 10, 15])
    called = np.repeat([True, False, True, False], [20, 5, 10, 15])
    assert one(weighted.kappa(truth, called), np.ones(50)) == pytest.approx(0.4)


def test_a_constant_answer_has_no_kappa_but_zero():
    label = np.array([1, 0, 0, 1, 0])
    assert one(weighted.kappa(label == 1, np.zeros(5, bool)), np.ones(5)) == 0


def test_calibration_error_by_hand():
    probability = np.array([0.15, 0.15, 0.95, 0.95, 1.0])
    label = np.array([0, 1, 1, 1, 0])
    # Bins: 0.15 against 0.5, two of five; 2.9 / 3 against 2 / 3, three of five.
    expected = 0.35 * 2 / 5 + 0.3 * 3 / 5
    found = one(weighted.calibration_error(label, probability), np.ones(5))
    assert found == pytest.approx(expected)


def test_what_nothing_counts_for_is_not_a_number():
    statistic = weighted.mean(np.array([1.0, 2.0]), np.array([True, False]))
    np.testing.assert_array_equal(statistic(np.array([[0.0, 5.0], [2.0, 0.0]])), [np.nan, 1])


def test_no_radiographs_have_no_score():
    nothing = np.zeros(0)
    for make in STATISTICS.values():
        assert np.isnan(make(nothing, nothing)(np.zeros((2, 0)))).all()
