"""What a report holds: intervals around values, trivial models beside them, differences."""

from types import SimpleNamespace

import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.evaluation import baselines
from bonefrac.evaluation.baselines import Known
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.compare import differences
from bonefrac.evaluation.evaluate import Observed, measure, pool
from bonefrac.evaluation.figures import SCORES


@pytest.fixture(scope="module")
def measured(many_cases):
    return measure(Observed(many_cases, {}), rounds=200)


def test_every_score_lies_in_its_interval(measured):
    assert list(measured["scores"]) == list(SCORES)
    for key, told in measured["scores"].items():
        # A calibration error is biased upwards: resamples of few are worse than the whole.
        if key != "ece":
            assert told["low"] <= told["value"] <= told["high"], key
        assert told["low"] < told["high"], key


def test_counts_are_of_the_radiographs(measured, many_cases):
    counts = measured["counts"]
    assert counts["radiographs"] == counts["fractured"] + counts["intact"] == 200
    assert counts["groups"] == 80
    assert counts["lesions"] == counts["outlined"] == counts["fractured"]


def test_parts_sum_to_the_whole(measured):
    for by in ("body part", "hardware"):
        parts = [part["counts"] for part in measured["slices"] if part["by"] == by]
        assert sum(counts["radiographs"] for counts in parts) == 200


def test_curves_start_and_end_where_they_must(measured):
    roc = measured["curves"]["roc"]
    assert (roc["x"][0], roc["y"][0], roc["x"][-1], roc["y"][-1]) == (0, 0, 1, 1)
    area = np.trapezoid(roc["y"], roc["x"])
    assert area == pytest.approx(measured["scores"]["auc"]["value"], abs=1e-3)
    for name in ("roc", "precision_recall", "froc"):
        band = measured["curves"][name]["band"]
        assert len(band["x"]) == len(band["low"]) == len(band["high"])
        assert (np.diff(measured["curves"][name]["x"]) >= 0).all()
    froc = measured["curves"]["froc"]["band"]["value"]
    assert np.mean(froc) == pytest.approx(measured["scores"]["froc"]["value"], abs=1e-3)
    assert sum(measured["curves"]["reliability"]["count"]) == 200


def test_the_same_seed_gives_the_same_report(many_cases, measured):
    assert measure(Observed(many_cases, {}), rounds=200) == measured
    assert measure(Observed(many_cases, {}), rounds=200, seed=1) != measured


def test_radiographs_of_one_class_have_no_auc(case):
    rows = [case(id=str(k), group=str(k)) for k in range(4)]
    scores = measure(Observed(Cases(rows), {}), rounds=100)["scores"]
    assert scores["auc"]["value"] is scores["auc"]["low"] is None
    assert scores["accuracy"]["value"] == 1
    assert "dice" not in scores


def test_ten_of_ten_are_no_proof_of_all(case):
    rows = [case(id=str(k), group=str(k // 2), label=k % 2, probability=k % 2) for k in range(20)]
    scores = measure(Observed(Cases(rows), {}), rounds=100)["scores"]
    reach = 1.96**2 / (10 + 1.96**2)  # ten groups, each with one of both
    for key in ("accuracy", "auc", "sensitivity_sure", "specificity_doubt"):
        told = scores[key]
        assert (told["value"], told["low"], told["high"]) == (1, round(1 - reach, 4), 1), key
    assert (scores["false_boxes"]["low"], scores["false_boxes"]["high"]) == (0, round(reach, 4))
    assert scores["brier"]["high"] == 0


TRAINING = [
    *[Known("hand", "", 0, 1)] * 30,
    *[Known("hand", "", 0, 0)] * 10,
    *[Known("leg", "", 1, 0)] * 40,
]


def test_a_trivial_model_knows_rates_and_nothing_else():
    predict = baselines.rates(TRAINING, ["body_part"])
    cases = SimpleNamespace(body_part=np.array(["hand", "leg", "hip"]))
    overall = 30 / 80
    expected = [(30 + 10 * overall) / 50, 10 * overall / 50, overall]
    np.testing.assert_allclose(predict(cases), expected)


def test_body_part_alone_is_found_out(case):
    # The label is the body part: a trivial model is perfect.
    rows = [
        case(id=str(k), group=str(k), body_part=("hand", "leg")[k % 2], label=1 - k % 2)
        for k in range(20)
    ]
    cases = Cases(rows)
    assert baselines.useful(cases) == ["nothing", "body part"]
    trivial = {"body part": baselines.rates(TRAINING, ["body_part"])(cases)}
    found = measure(Observed(cases, trivial), rounds=100)["baselines"]["body part"]
    assert found["auc"]["value"] == found["accuracy"]["value"] == 1


def test_a_model_does_not_differ_from_itself(many_cases):
    (told,) = differences([("a", many_cases), ("b", many_cases)], rounds=100)
    assert all(s["value"] == s["low"] == s["high"] == 0 for s in told["scores"].values())


def test_a_paired_difference_is_surer_than_two_intervals(many_cases):
    from dataclasses import replace

    # A little worse on every radiograph.
    rng = np.random.default_rng(1)
    worse = Cases(
        [replace(r, probability=r.probability + rng.normal(0, 0.02)) for r in many_cases.rows]
    )
    (told,) = differences([("a", many_cases), ("b", worse)], rounds=200)
    alone = measure(Observed(many_cases, {}), rounds=200)["scores"]["auc"]
    paired = told["scores"]["auc"]
    assert paired["high"] - paired["low"] < (alone["high"] - alone["low"]) / 3


def test_other_radiographs_are_not_compared(many_cases):
    part = many_cases.take(np.arange(100))
    with pytest.raises(BonefracError, match="b was shown other radiographs than a"):
        differences([("a", many_cases), ("b", part)])


def test_pooled_folds_are_all_radiographs(many_cases):
    halves = [np.flatnonzero(many_cases.split == name) for name in ("fold0", "fold1")]
    parts = [
        Observed(many_cases.take(rows), {"nothing": np.full(len(rows), 0.4)}) for rows in halves
    ]
    together = pool(parts)
    assert len(together.cases) == len(together.trivial["nothing"]) == 200
    assert sorted(together.cases.id) == sorted(many_cases.id)
