"""What counts for which score."""

import numpy as np
import pytest

from bonefrac.evaluation import protocol


def batches(labels, has_mask, masks):
    """One batch, with targets and weights as the pipeline gives them."""
    labels = np.array(labels)
    image = np.zeros((len(labels), 8, 8, 1), np.float32)
    targets = {"mask": np.array(masks, np.float32), "fracture": np.maximum(labels, 0)[:, None]}
    weights = {"mask": np.array(has_mask, np.float32), "fracture": (labels >= 0).astype(np.float32)}
    return [(image, targets, weights)]


@pytest.fixture
def outputs():
    masks = np.zeros((4, 8, 8, 1))
    masks[0, :4, :4] = 1  # fractured, found
    masks[1, :2, :2] = 1  # fractured, missed; 2 intact; 3 unknown
    logits = np.full((4, 8, 8, 1), -9.0)
    logits[0, :4, :4] = 9.0
    fracture = np.array([[3.0], [-3.0], [-2.0], [5.0]])
    return protocol.collect(
        lambda image: {"mask": logits, "fracture": fracture},
        batches([1, 1, 0, -1], [1, 1, 1, 0], masks),
        ["a", "b", "c", "d"],
    )


def test_counts_are_those_of_the_masks(outputs):
    np.testing.assert_array_equal(outputs.true, [16, 4, 0, 0])
    np.testing.assert_array_equal(outputs.overlap[:, 4], [16, 0, 0, 0])
    np.testing.assert_array_equal(outputs.lesions, [0, 1])


def test_unknown_labels_count_for_no_label_score(outputs):
    calibration = {"temperature": 1.0, "bias": 0.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}
    result = protocol.score(outputs, calibration)
    assert result["images"] == 4
    assert result["fractured"] == 2
    assert result["auc"]["value"] == 0.5
    assert result["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert result["accuracy"]["baseline"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_missed_fracture_scores_zero_and_intact_images_do_not_count(outputs):
    calibration = {"temperature": 1.0, "bias": 0.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}
    result = protocol.score(outputs, calibration)
    assert result["dice"]["value"] == result["jaccard"]["value"] == 0.5
    assert result["dice"]["baseline"] == 0.0


def test_scores_that_cannot_be_had_are_null():
    empty = protocol.collect(
        lambda image: {"mask": np.full((2, 8, 8, 1), -9.0), "fracture": np.zeros((2, 1))},
        batches([0, 0], [1, 1], np.zeros((2, 8, 8, 1))),
        ["a", "b"],
    )
    calibration = protocol.calibrate(empty)
    assert calibration == {"temperature": 1.0, "bias": 0.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}
    result = protocol.score(empty, calibration)
    assert result["auc"]["value"] is None
    assert result["dice"] == {"value": None, "low": None, "high": None, "baseline": 0.0}


def test_mask_threshold_is_the_one_with_the_best_mean_dice():
    masks = np.zeros((1, 8, 8, 1))
    masks[0, :4] = 1
    logits = np.where(masks > 0, np.log(0.35 / 0.65), np.log(0.15 / 0.85))
    found = protocol.collect(
        lambda image: {"mask": logits, "fracture": np.zeros((1, 1))},
        batches([1], [1], masks),
        ["a"],
    )
    assert protocol.calibrate(found)["mask"] == 0.2


CALIBRATION = {"temperature": 1.0, "bias": 0.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}


def other_heads(months, predicted, labels, logits):
    """Outputs of a model that answers abnormality and bone age alone."""
    columns = {
        "abnormality": (np.maximum(labels, 0), np.array(labels) >= 0),
        "bone_age_months": (np.nan_to_num(months), ~np.isnan(months)),
    }
    targets = {head: np.float32(values)[:, None] for head, (values, _) in columns.items()}
    weights = {head: np.float32(known) for head, (_, known) in columns.items()}
    answers = {"abnormality": logits, "bone_age_months": predicted}
    column = {head: np.float32(values)[:, None] for head, values in answers.items()}
    batch = (np.zeros((len(months), 8, 8, 1)), targets, weights)
    return protocol.collect(lambda image: column, [batch], [f"p{k}" for k in range(len(months))])


@pytest.fixture
def others():
    return other_heads([100.0, 120, 170, np.nan], [110, 120, 150, 0], [1, -1, 0, 1], [2, 9, -1, -3])


def test_bone_age_is_scored_in_months_beside_the_median(others):
    row = protocol.score(others, CALIBRATION)["bone_age_mae"]
    assert row["value"] == pytest.approx(10)
    assert row["baseline"] == pytest.approx((20 + 0 + 50) / 3, abs=1e-4)
    assert row["low"] < 10 < row["high"]


def test_abnormality_is_scored_beside_the_larger_class(others):
    result = protocol.score(others, CALIBRATION)
    assert result["abnormality_auc"]["value"] == 0.5
    assert result["abnormality_accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert result["abnormality_accuracy"]["baseline"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_model_without_a_head_for_fractures_has_no_scores_of_them(others):
    result = protocol.score(others, protocol.calibrate(others))
    assert result["fractured"] == 0
    for name in ("auc", "accuracy", "dice", "jaccard"):
        assert result[name]["value"] is None


def test_a_model_without_other_heads_has_no_scores_of_them(outputs):
    names = protocol.score(outputs, CALIBRATION)
    assert not any(name.startswith(("bone_age", "abnormality")) for name in names)


def test_joined_outputs_keep_groups_of_one_name_apart(others):
    both = protocol.join([others, others])
    result = protocol.score(both, CALIBRATION)
    assert (result["images"], result["groups"]) == (8, 8)
    assert result["bone_age_mae"]["value"] == pytest.approx(10)
