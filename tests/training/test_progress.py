"""The line of an epoch tells a person what they want to know."""

import pytest

from bonefrac.training.progress import clock, epoch_line

ROW = {
    "epoch": 3,
    "seconds": 62.4,
    "loss": 0.81234,
    "mask_dice": 0.5,
    "val_loss": 0.9,
    "val_mask_dice": 0.4125,
    "val_fracture_auc": 0.8312,
    "val_bone_age_months_mae": 12.34,
}


def test_a_line_has_epoch_time_rate_loss_scores_and_whether_it_is_best():
    line = epoch_line(ROW, ["mask", "fracture"], epochs=30, rate=24.06, left=1674, best=True)
    assert line == (
        "Epoch  3/30  1:02  27:54 left  24.1 images/s  loss 0.8123  val Dice 0.412, AUC 0.831  best"
    )


def test_an_epoch_without_validation_tells_no_scores_of_one():
    row = {name: value for name, value in ROW.items() if not name.startswith("val_")}
    line = epoch_line(row, ["mask", "fracture"], epochs=3, rate=1, left=0, best=False)
    assert line.endswith("loss 0.8123")


def test_other_heads_are_named():
    line = epoch_line(ROW, ["mask", "bone_age_months"], epochs=3, rate=1, left=0, best=False)
    assert line.startswith("Epoch 3/3  ")
    assert line.endswith("val Dice 0.412, bone age MAE 12.3")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (3599.4, "59:59"), (7205, "2:00:05")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown
