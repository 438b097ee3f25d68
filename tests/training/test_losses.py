"""The training losses and metrics against their formulas in NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.training.losses import DiceBce
from bonefrac.training.metrics import ForegroundDice


def by_hand(target, logits, smooth=1.0):
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    bce = -(target * np.log(p) + (1 - target) * np.log1p(-p)).mean()
    dice = (2 * (p * target).sum() + smooth) / (p.sum() + target.sum() + smooth)
    return bce + (target.sum() > 0) * (1 - dice)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_dice_bce_is_its_formula(seed, share):
    rng = np.random.default_rng(seed)
    target = (rng.random((3, 6, 6, 1)) < share).astype(np.float32)
    logits = rng.normal(0, 3, target.shape).astype(np.float32)
    values = np.asarray(DiceBce().call(target, logits))
    expected = [by_hand(t, x) for t, x in zip(target, logits, strict=True)]
    np.testing.assert_allclose(values, expected, rtol=1e-4)


def test_dice_bce_stays_finite_at_extreme_logits():
    target = np.zeros((1, 4, 4, 1), np.float32)
    target[0, 0, 0] = 1
    for logit in (-1e4, 1e4):
        value = np.asarray(DiceBce().call(target, np.full_like(target, logit)))
        assert np.isfinite(value).all()


def test_an_example_of_weight_zero_carries_no_loss():
    rng = np.random.default_rng(0)
    target = (rng.random((2, 4, 4, 1)) < 0.5).astype(np.float32)
    logits = rng.normal(0, 1, target.shape).astype(np.float32)
    both = DiceBce()(target, logits, sample_weight=np.array([1.0, 0.0], np.float32))
    assert float(both) == pytest.approx(by_hand(target[0], logits[0]) / 2, rel=1e-4)


def test_foreground_dice_is_the_mean_over_known_fractured_images_of_all_batches():
    metric = ForegroundDice()
    target = np.zeros((4, 4, 4, 1), np.float32)
    target[0, :2] = target[1, :1] = target[3] = 1  # 2 is intact, 3 is unknown
    logits = np.full_like(target, -1)
    logits[0, :1] = 1  # Dice 2 * 4 / (4 + 8)
    metric.update_state(target[:2], logits[:2], np.ones(2))
    metric.update_state(target[2:], logits[2:], np.array([1.0, 0.0]))
    assert float(metric.result()) == pytest.approx((8 / 12 + 0) / 2)
    metric.reset_state()
    assert float(metric.result()) == 0
