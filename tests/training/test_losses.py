"""The losses against their formulas in NumPy, at the edges, and through a configuration."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.training.losses import Boundary, CrossEntropy, Focal, Overlap
from bonefrac.training.mask_loss import LOSSES, mask_loss
from bonefrac.training.metrics import ForegroundDice

SIDE = 8


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def entropy(t, x, weight=1.0):
    p = sigmoid(x)
    return -(weight * t * np.log(p) + (1 - t) * np.log1p(-p))


def tversky(t, p, alarm, miss, smooth=0.5):
    both = (p * t).sum()
    return (both + smooth) / (
        both + alarm * (p * (1 - t)).sum() + miss * ((1 - p) * t).sum() + smooth
    )


def overlap(t, x, alarm, miss, exponent=1.0):
    if t.sum() == 0:
        return entropy(t, x).mean()
    return (1 - tversky(t, sigmoid(x), alarm, miss)) ** exponent


def dice_bce(t, x, weight=1.0):
    p = sigmoid(x)
    dice = (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)
    return entropy(t, x, weight).mean() + (t.sum() > 0) * (1 - dice)


def focal(t, x, alpha=0.25, gamma=2.0):
    p = sigmoid(x)
    hit, other = -np.log(p), -np.log1p(-p)
    each = alpha * t * (1 - p) ** gamma * hit + (1 - alpha) * (1 - t) * p**gamma * other
    return each.sum() / max(t.sum(), 0.0025 * t.size)


def boundary(t, x, weight=1.0):
    near = uniform_filter(t[..., 0], 15, mode="constant")[..., None]
    w, p = 1 + 5 * np.abs(near - t), sigmoid(x)
    both, either = (w * p * t).sum(), (w * (p + t - p * t)).sum()
    apart = 1 - (both + 1) / (either + 1)
    return (w * entropy(t, x, weight)).sum() / w.sum() + (t.sum() > 0) * apart


BY_HAND = {
    "dice_bce": dice_bce,
    "bce": lambda t, x, weight=1.0: entropy(t, x, weight).mean(),
    "dice": lambda t, x: overlap(t, x, 0.5, 0.5),
    "tversky": lambda t, x: overlap(t, x, 0.3, 0.7),
    "focal": focal,
    "focal_tversky": lambda t, x: overlap(t, x, 0.3, 0.7, 0.75),
    "boundary": boundary,
}
WEIGHABLE = ("dice_bce", "bce", "boundary")


def some(seed, share, spread=3.0):
    rng = np.random.default_rng(seed)
    target = (rng.random((3, SIDE, SIDE, 1)) < share).astype(np.float32)
    target[0] = 0  # one without a fracture in every batch
    return target, rng.normal(0, spread, target.shape).astype(np.float32)


def gradient(loss, target, logits):
    logits = tf.convert_to_tensor(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = tf.reduce_sum(loss.call(target, logits))
    return np.asarray(tape.gradient(value, logits))


def test_every_name_that_the_command_knows_is_a_loss():
    assert tuple(LOSSES) == schema.MASK_LOSSES == tuple(BY_HAND)


@pytest.mark.parametrize("name", LOSSES)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
def test_a_loss_is_its_formula(name, seed, share):
    target, logits = some(seed, share)
    wide = target.astype(float), logits.astype(float)
    expected = [BY_HAND[name](t, x) for t, x in zip(*wide, strict=True)]
    np.testing.assert_allclose(mask_loss(name).call(target, logits), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", WEIGHABLE)
@given(seed=st.integers(0, 2**32 - 1), weight=st.floats(0.1, 50))
def test_a_pixel_weight_weighs_the_pixels_of_the_fracture(name, seed, weight):
    target, logits = some(seed, 0.3)
    wide = target.astype(float), logits.astype(float)
    expected = [BY_HAND[name](t, x, weight) for t, x in zip(*wide, strict=True)]
    values = mask_loss(name, positive_weight=weight).call(target, logits)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - set(WEIGHABLE)))
def test_a_pixel_weight_without_cross_entropy_is_refused(name):
    with pytest.raises(BonefracError, match=f"3 for the loss {name}; expected one of dice_bce"):
        mask_loss(name, positive_weight=3.0)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("logit", [0.0, 90.0, -90.0, 1e4, -1e4])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_value_and_gradient_are_finite_at_any_logit(name, logit, share):
    target, _ = some(0, share)
    target[1] = share > 0  # all of it
    logits = np.full_like(target, logit)
    assert np.isfinite(mask_loss(name).call(target, logits)).all()
    assert np.isfinite(gradient(mask_loss(name), target, logits)).all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_perfect_answer_costs_nothing_and_its_opposite_much(name):
    target, _ = some(1, 0.3)
    perfect = np.where(target > 0, 1e4, -1e4).astype(np.float32)
    np.testing.assert_allclose(mask_loss(name).call(target, perfect), 0, atol=1e-6)
    assert (np.asarray(mask_loss(name).call(target, -perfect)) > 0.5).all()
    assert np.isfinite(gradient(mask_loss(name), target, perfect)).all()


@pytest.mark.parametrize("name", LOSSES)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_step_down_the_gradient_lowers_the_loss(name, seed):
    target, logits = some(seed, 0.2, spread=1.0)
    slope = gradient(mask_loss(name), target, logits)
    assert np.any(slope[0])  # an image without a fracture teaches too
    better = logits - 0.01 * slope / np.abs(slope).max(axis=(1, 2, 3), keepdims=True)
    assert (
        (mask_loss(name).call(target, better) < mask_loss(name).call(target, logits)).numpy().all()
    )


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_computed_with_in_float32(name, dtype):
    target, logits = some(2, 0.3)
    half = tf.cast(logits, dtype)
    value = mask_loss(name)(target, half)
    assert value.dtype == "float32"
    np.testing.assert_array_equal(value, mask_loss(name)(target, tf.cast(half, "float32")))


@pytest.mark.parametrize("name", LOSSES)
def test_an_example_of_weight_zero_carries_no_loss(name):
    target, logits = some(3, 0.3)
    only = mask_loss(name)(target, logits, sample_weight=np.float32([0, 1, 0]))
    expected = BY_HAND[name](target[1].astype(float), logits[1].astype(float)) / 3
    assert float(only) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        CrossEntropy(positive_weight=3.0),
        Focal(alpha=0.4, gamma=1.5),
        Overlap(false_alarm=0.2, missed=0.9, exponent=0.8, smooth=2.0, with_cross_entropy=True),
        Boundary(reach=2.0, window=5, positive_weight=2.0),
    ],
    ids=lambda loss: loss.name,
)
def test_a_loss_comes_back_from_its_configuration(loss):
    target, logits = some(4, 0.3)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    np.testing.assert_array_equal(again(target, logits), loss(target, logits))


def test_a_focal_loss_without_focus_is_a_weighted_cross_entropy():
    target, logits = some(5, 0.3)
    count = np.maximum(target.sum(axis=(1, 2, 3)), 0.0025 * SIDE**2)
    plain = np.asarray(CrossEntropy().call(target, logits)) * SIDE**2 / count
    np.testing.assert_allclose(Focal(alpha=0.5, gamma=0.0).call(target, logits), plain / 2, 1e-4)


def test_the_label_weight_counts_fractured_radiographs_more():
    label, logit = np.float32([[1], [0]]), np.float32([[-2], [-2]])
    plain = np.asarray(CrossEntropy().call(label, logit))
    weighed = np.asarray(CrossEntropy(positive_weight=4.0).call(label, logit))
    np.testing.assert_allclose(weighed, plain * [4, 1], rtol=1e-6)


def test_a_boundary_counts_more_at_a_thin_line_than_amid_nothing():
    target = np.zeros((1, 40, 40, 1), np.float32)
    target[0, 20, 10:30] = 1
    weights = np.asarray(Boundary()._edges(target))[0, ..., 0]
    assert weights[0, 0] == 1
    assert weights[20, 20] > 5
    assert 1 < weights[22, 20] < weights[20, 20]


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
