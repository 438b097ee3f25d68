"""Scores against brute force, formulas and properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.evaluation import scores

binary = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=2, max_size=40)


@given(binary)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    labels, values = np.array(pairs).T
    positive, negative = values[labels == 1], values[labels == 0]
    if not len(positive) or not len(negative):
        assert np.isnan(scores.auc(labels, values))
        return
    difference = positive[:, None] - negative[None, :]
    expected = ((difference > 0) + 0.5 * (difference == 0)).mean()
    assert scores.auc(labels, values) == pytest.approx(expected)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_dice_and_jaccard_agree_with_each_other(overlap, more_predicted, more_true):
    counts = [np.array(n) for n in (overlap, overlap + more_predicted, overlap + more_true)]
    d, j = scores.dice(*counts), scores.jaccard(*counts)
    assert 0 <= j <= d <= 1
    assert d == pytest.approx(2 * j / (1 + j))


def test_an_empty_prediction_of_an_empty_mask_scores_one():
    zero = np.array(0)
    assert scores.dice(zero, zero, zero) == scores.jaccard(zero, zero, zero) == 1


def test_bootstrap_covers_the_mean_of_independent_groups():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, 400)
    low, high = scores.bootstrap(
        lambda k: float(values[k].mean()), [str(k) for k in range(400)], seed=1
    )
    expected = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - expected, abs=0.02)
    assert high == pytest.approx(values.mean() + expected, abs=0.02)


def test_bootstrap_widens_when_images_share_a_group():
    values = np.repeat(np.random.default_rng(0).normal(0, 1, 40), 10)
    alone = scores.bootstrap(lambda k: float(values[k].mean()), [str(k) for k in range(400)])
    grouped = scores.bootstrap(
        lambda k: float(values[k].mean()), [str(k // 10) for k in range(400)]
    )
    assert grouped[1] - grouped[0] > 2 * (alone[1] - alone[0])


def test_bootstrap_of_nothing_is_not_a_number():
    assert np.isnan(scores.bootstrap(lambda k: 0.0, [])).all()


def test_scaling_undoes_a_known_overconfidence():
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, 20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-honest))).astype(int)
    temperature, bias = scores.fit_scaling(labels, 3 * honest + 2)
    assert temperature == pytest.approx(3, rel=0.05)
    assert bias == pytest.approx(-2 / 3, abs=0.05)
    back = scores.probabilities(3 * honest + 2, temperature, bias)
    assert back.mean() == pytest.approx(labels.mean(), abs=1e-4)


def test_scaling_undoes_a_training_that_showed_too_many_fractures():
    """An honest network of even odds, where one radiograph in six is fractured."""
    rng = np.random.default_rng(0)
    labels = (rng.random(20_000) < 1 / 6).astype(int)
    evidence = rng.normal(2 * labels - 1, 1)  # its logit at even odds is twice that
    temperature, bias = scores.fit_scaling(labels, 2 * evidence)
    assert temperature == pytest.approx(1, rel=0.05)
    assert bias == pytest.approx(np.log(1 / 5), abs=0.08)


def test_scaling_of_one_class_changes_nothing():
    assert scores.fit_scaling(np.ones(5), np.arange(5.0)) == (1.0, 0.0)


@given(binary.filter(lambda rows: len({label for label, _ in rows}) == 2))
def test_thresholds_keep_their_promises(rows):
    labels, values = np.array(rows, float).T
    probability = scores.probabilities(values, 1.0)
    sure, doubt = scores.fit_thresholds(labels, probability)
    assert 0 <= doubt <= sure <= 1
    positive, negative = probability[labels == 1], probability[labels == 0]
    if sure > doubt or (negative.max() < positive.min()):
        assert (positive >= doubt).mean() >= scores.DOUBT_SENSITIVITY
        assert (negative < sure).mean() >= scores.SURE_SPECIFICITY


def test_thresholds_lie_on_no_score():
    labels = np.array([0, 0, 1, 0, 1, 1])
    probability = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.8])
    assert scores.fit_thresholds(labels, probability) == (0.5, 0.25)


def test_thresholds_of_one_class_are_even_odds():
    assert scores.fit_thresholds(np.zeros(3), np.array([0.1, 0.2, 0.3])) == (0.5, 0.5)
