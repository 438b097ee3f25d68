"""Which radiographs count for which score, and what the trivial answer scores."""

import numpy as np
import pytest

from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.figures import SCORES, figures
from bonefrac.evaluation.report.wording import SECTIONS
from bonefrac.evaluation.slices import slices


def values(rows):
    found = figures(Cases(rows))
    whole = np.ones((1, len(rows)))
    return {key: float(figure.statistic(whole)[0]) for key, figure in found.items()}


def baselines(rows):
    return {key: figure.baseline for key, figure in figures(Cases(rows)).items()}


@pytest.fixture
def rows(case, square):
    """A fracture found, one missed, an intact one left in peace, and one with a false alarm."""
    return [
        case(id="found", mask=square(10, 10), outline=square(10, 15), probability=0.9),
        case(id="missed", mask=square(40, 40), probability=0.1),
        case(id="intact", probability=0.2),
        case(id="alarm", outline=square(70, 70), probability=0.4),
    ]


def test_verdicts_at_both_thresholds(rows):
    scores = values(rows)
    assert scores["accuracy"] == 0.75
    assert (scores["sensitivity_sure"], scores["specificity_sure"]) == (0.5, 1)
    assert (scores["sensitivity_doubt"], scores["specificity_doubt"]) == (0.5, 0.5)
    assert scores["auc"] == 0.5
    assert scores["brier"] == pytest.approx((0.01 + 0.81 + 0.04 + 0.16) / 4)


def test_a_miss_scores_zero_and_intact_ones_count_only_where_the_name_says_so(rows):
    scores = values(rows)
    assert scores["dice"] == scores["dice_shown"] == 0.25
    assert scores["jaccard"] == pytest.approx((50 / 150) / 2)
    assert scores["dice_pooled"] == pytest.approx(2 * 50 / 300)
    assert scores["dice_all"] == pytest.approx((0.5 + 0 + 1 + 0) / 4)
    assert scores["hd95"] == 5


def test_a_hidden_outline_scores_only_where_the_verdict_does_not_matter(case, square):
    hidden = [case(mask=square(5, 5), outline=square(5, 5), probability=0.1)]
    scores = values(hidden)
    assert (scores["dice"], scores["dice_shown"], scores["lesion_sensitivity"]) == (1, 0, 0)
    assert scores["froc"] == scores["ap50"] == pytest.approx(1)


def test_boxes_that_are_shown(rows):
    scores = values(rows)
    assert scores["lesion_sensitivity"] == 0.5
    assert scores["false_boxes"] == 0.25


def test_always_nothing_is_the_baseline(rows):
    trivial = baselines(rows)
    assert (trivial["accuracy"], trivial["auc"], trivial["average_precision"]) == (0.5, 0.5, 0.5)
    assert (trivial["dice"], trivial["dice_all"], trivial["brier"]) == (0, 0.5, 0.25)
    assert trivial["pixel_accuracy"] == pytest.approx(1 - 200 / 40_000)


def test_a_model_that_answers_nothing_scores_the_baseline(case, square):
    silent = [case(mask=square(10, 10), probability=0.1), case(probability=0.1), case()]
    scores, trivial = values(silent), baselines(silent)
    for key in ("dice", "dice_all", "jaccard_all", "pixel_accuracy", "froc", "ap50", "accuracy"):
        assert scores[key] == pytest.approx(trivial[key]), key


def test_what_is_not_known_counts_for_nothing(case, square):
    known = [case(mask=square(10, 10), outline=square(10, 10), probability=0.9), case()]
    more = [
        case(label=-1, probability=0.9, known=False, outline=square(50, 50)),
        case(label=1, probability=0.9, known=False, outline=square(50, 50)),
    ]
    scores, with_more = values(known), values([*known, *more])
    for key in SECTIONS["The outline"] + SECTIONS["The boxes"]:
        assert scores[key] == pytest.approx(with_more[key]), key
    assert figures(Cases([*known, *more]))["accuracy"].n == 3


def test_boxes_for_outlines_count_for_boxes_alone(case, square):
    coarse = [case(mask=square(10, 10), outline=square(10, 10), coarse=True, probability=0.9)]
    found = figures(Cases(coarse))
    assert "dice" not in found
    assert "pixel_accuracy" not in found
    assert values(coarse)["ap50"] == pytest.approx(1)


def test_radiographs_without_any_truth_have_no_scores(case):
    assert figures(Cases([case(label=-1, known=False)])) == {}


def test_every_score_has_its_section_and_words():
    assert sorted(SCORES) == sorted(key for keys in SECTIONS.values() for key in keys)


def test_slices_score_their_part_alone(many_cases):
    parts = {(part.by, part.name): part for part in slices(many_cases)}
    assert {by for by, _ in parts} == {
        "body part",
        "hardware",
        "size of the lesion",
    }  # one view is no part
    hand = parts["body part", "hand"]
    alone = figures(many_cases.take(hand.rows))
    whole, part = np.ones((1, len(many_cases))), np.ones((1, len(hand.rows)))
    for key, figure in hand.figures.items():
        assert figure.statistic(whole) == pytest.approx(alone[key].statistic(part))
    sizes = [part for (by, _), part in parts.items() if by.startswith("size")]
    assert sum(len(part.rows) for part in sizes) == many_cases.outlined.sum()
    assert all("auc" not in part.figures for part in sizes)
