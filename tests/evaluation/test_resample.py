"""Intervals: as wide as they should be, of groups, and the same every time."""

import numpy as np
import pytest

from bonefrac.evaluation import scores, weighted
from bonefrac.evaluation.resample import _draws, resample


def interval(values, groups, **options):
    statistic = weighted.mean(values, np.ones(len(values), bool))
    return resample({"mean": statistic}, groups, **options)["mean"].interval


def test_interval_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(0, 1, 400)
    low, high = interval(values, [str(k) for k in range(400)], seed=1)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_interval_is_that_of_drawing_indices():
    values = np.random.default_rng(0).normal(0, 1, 300)
    groups = [str(k // 4) for k in range(300)]
    by_weights = interval(values, groups)
    by_indices = scores.bootstrap(lambda k: float(values[k].mean()), groups)
    np.testing.assert_allclose(by_weights, by_indices, atol=0.02)


def test_shared_groups_widen_the_interval():
    values = np.repeat(np.random.default_rng(0).normal(0, 1, 40), 10)
    alone = np.diff(interval(values, [str(k) for k in range(400)]))
    grouped = np.diff(interval(values, [str(k // 10) for k in range(400)]))
    assert grouped > 2 * alone


def test_groups_are_drawn_whole():
    for drawn in _draws(7, 50, 20, seed=3):
        assert (drawn.sum(axis=1) == 7).all()


def test_all_statistics_see_the_same_resamples():
    values = np.random.default_rng(0).normal(0, 1, 50)
    everywhere = np.ones(50, bool)
    pair = {"one": weighted.mean(values, everywhere), "other": weighted.mean(-values, everywhere)}
    sampled = resample(pair, np.arange(50))
    np.testing.assert_allclose(sampled["one"].samples, -sampled["other"].samples)


def test_chunks_do_not_change_the_draws(monkeypatch):
    values = np.random.default_rng(0).normal(0, 1, 50)
    whole = interval(values, np.arange(50), rounds=100)
    monkeypatch.setattr("bonefrac.evaluation.resample._CELLS", 350)
    assert interval(values, np.arange(50), rounds=100) == pytest.approx(whole)


def test_one_group_has_no_interval():
    assert np.isnan(interval(np.arange(5.0), ["a"] * 5)).all()


def test_a_score_that_cannot_be_had_has_no_interval():
    statistic = weighted.mean(np.arange(5.0), np.zeros(5, bool))
    sampled = resample({"mean": statistic}, np.arange(5))["mean"]
    assert np.isnan(sampled.value)
    assert np.isnan(sampled.interval).all()


def test_progress_is_told():
    told = []
    statistic = weighted.mean(np.arange(5.0), np.ones(5, bool))
    resample({"m": statistic}, np.arange(5), rounds=100, progress=lambda *told_: told.append(told_))
    assert told[-1] == ("bootstrap", 100, 100)
