"""What predicts the label is found, with an interval; what does not is near 0.5."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from bonefrac.data.audit.finding import Evidence, Severity
from bonefrac.data.audit.scan import Facts
from bonefrac.data.audit.shortcuts import as_findings, auc_with_interval, shortcuts
from bonefrac.data.catalogue import Catalogue, Entry

COUNT = 600


def evidence(count=COUNT, *, entry=None, facts=None, label=None, pairs=()):
    """Random labels; `entry(k, label)` and `facts(k, label)` give fields that may know them."""
    rng = np.random.default_rng(5)
    labels = [int(rng.random() < 0.3) if label is None else label(k) for k in range(count)]
    entries, found = [], []
    for k, value in enumerate(labels):
        fields = {"fracture": value, **(entry(k, value) if entry else {})}
        entries.append(Entry(f"r{k:05d}", Path(f"r{k}"), **fields))
        shown = {"size": (100, 80), "mean": float(rng.normal(60, 5)), "file_bytes": 4000}
        found.append(Facts(**shown | (facts(k, value) if facts else {})))
    return Evidence(Catalogue("made up", Path(), tuple(entries)), found, pairs)


def by_feature(given):
    return {shortcut.feature: shortcut for shortcut in shortcuts(given)}


def test_features_that_tell_nothing_are_near_chance():
    found = by_feature(evidence())
    assert found.keys() == {"mean gray level", "order of ids"}
    for shortcut in found.values():
        assert 0.4 < shortcut.auc < 0.6
        assert shortcut.low < 0.52 < 0.56 < shortcut.high + 0.05
        assert (shortcut.radiographs, shortcut.telling) == (COUNT, ())
    assert list(as_findings(list(found.values()))) == []


def test_a_body_part_that_is_broken_more_often_is_found():
    found = by_feature(
        evidence(entry=lambda k, y: {"body_part": "hand" if k % 3 < y + 1 else "leg"})
    )
    part = found["body part"]
    assert 0.55 < part.low < part.auc < part.high < 0.75
    assert sum(int(row["radiographs"]) for row in part.table.values()) == COUNT
    rates = {name: float(row["rate"].rstrip("%")) for name, row in part.table.items()}
    assert rates["hand"] > 2 * rates["leg"]
    (finding,) = as_findings([part])
    assert (finding.check, finding.severity) == ("shortcut_body_part", Severity.WARNING)
    assert f"AUC {part.auc:.2f}" in finding.meaning


def test_a_rare_class_that_gives_the_label_away_is_found():
    hardware = evidence(entry=lambda k, y: {"hardware": int(y and k % 5 == 0)})
    found = by_feature(hardware)["hardware"]
    assert found.low < 0.6
    count = found.table["yes"]["radiographs"]
    assert found.telling == (f"{count} of {count} with “yes” are positive",)
    (finding,) = as_findings([found])
    assert finding.check == "shortcut_hardware"


def test_an_encoding_that_is_the_label_is_severe():
    given = evidence(facts=lambda k, y: {"format": "PNG" if y else "JPEG", "mode": "L"})
    found = by_feature(given)["encoding"]
    assert (found.auc, found.low, found.high) == (1, 1, 1)
    (finding,) = as_findings([found])
    assert finding.severity == Severity.SEVERE


def test_brightness_is_found_whichever_way_it_goes():
    def facts(k, y):
        return {"mean": 60 + abs(k % 21 - 10) if y else 60 + k % 4}

    assert by_feature(evidence(facts=facts))["mean gray level"].low > 0.6


def test_the_order_of_ids_is_found():
    found = by_feature(evidence(label=lambda k: int(k > 400)))
    assert found["order of ids"].auc > 0.95


def test_the_best_predictor_comes_first_and_all_is_repeatable():
    given = evidence(entry=lambda k, y: {"view": "ab"[y], "body_part": "cd"[k % 2]})
    once, again = shortcuts(given), shortcuts(given)
    assert once == again
    assert once[0].feature == "view"
    assert [s.auc for s in once] == sorted((s.auc for s in once), reverse=True)


@pytest.mark.parametrize(
    "given",
    [
        evidence(label=lambda k: 1),
        evidence(label=lambda k: -1),
        evidence(30),
        evidence(entry=lambda k, y: {"group": f"p{k % 9}"}),
        evidence(facts=lambda k, y: {"problem": "cannot be read"}),
        evidence(0),
    ],
    ids=["all positive", "no labels", "too few", "too few groups", "unreadable", "empty"],
)
def test_too_little_to_measure_is_not_measured(given):
    assert shortcuts(given) == []


def test_abnormality_counts_where_fractures_are_unknown():
    given = evidence(entry=lambda k, y: {"fracture": -1, "abnormality": y, "view": "ab"[y]})
    assert by_feature(given)["view"].auc == 1


def test_a_group_is_in_one_fold_and_is_drawn_whole():
    # Ten radiographs of each patient: a view for each patient tells the label only if seen.
    def entry(k, y):
        return {"group": f"p{k // 10}", "view": f"v{k // 10}", "fracture": k // 10 % 2}

    assert by_feature(evidence(entry=entry))["view"].auc == 0.5

    def alone(k, y):
        return {"view": "ab"[(k // 10) % 3 == 0], "fracture": k // 10 % 2}

    def grouped(k, y):
        return alone(k, y) | {"group": f"p{k // 10}"}

    widths = [(s := by_feature(evidence(entry=e))["view"]).high - s.low for e in (alone, grouped)]
    assert widths[1] > 1.5 * widths[0]


def test_the_auc_is_that_of_the_rank_sum_test():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    scores = np.round(rng.normal(labels, 1.5), 1)
    one = np.zeros(300, int)
    auc, low, high = auc_with_interval(scores, labels, groups=np.arange(300), folds=one, seed=0)
    positive, negative = scores[labels == 1], scores[labels == 0]
    expected = mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative))
    assert auc == pytest.approx(expected)
    # Hanley and McNeil's standard error, for comparison.
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    m, n = len(positive), len(negative)
    error = np.sqrt((auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)) / (m * n))
    assert (high - low) / (2 * 1.96) == pytest.approx(error, rel=0.15)


def test_scores_of_two_folds_are_not_compared():
    labels = np.array([1, 0, 1, 0])
    scores = np.array([0.2, 0.1, 0.9, 0.8])
    auc = auc_with_interval(
        scores, labels, groups=np.arange(4), folds=np.array([0, 0, 1, 1]), seed=0
    )[0]
    assert auc == 1
