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
    calibration = {"temperature": 1.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}
    result = protocol.score(outputs, calibration)
    assert result["images"] == 4
    assert result["fractured"] == 2
    assert result["auc"]["value"] == 0.5
    assert result["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert result["accuracy"]["baseline"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_missed_fracture_scores_zero_and_intact_images_do_not_count(outputs):
    calibration = {"temperature": 1.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}
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
    assert calibration == {"temperature": 1.0, "sure": 0.5, "doubt": 0.5, "mask": 0.5}
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
