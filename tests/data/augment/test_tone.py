"""Gray levels bend as the formulas say, and the black around a radiograph stays black."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.augment import NONE, Strength
from bonefrac.data.augment.field import box_sums, field_box, in_field
from bonefrac.data.augment.tone import negative, random_tone, tone

PLAIN = {"gamma": 1.0, "exposure": 0.0, "contrast": 1.0, "brightness": 0.0}


def changed(image, **changes):
    return np.ravel(tone(image, **(PLAIN | changes)))


@pytest.mark.parametrize("gamma", [0.5, 0.8, 1.25, 2.0])
def test_gamma_is_that_power(ramp, gamma):
    expected = 255 * (np.ravel(ramp) / 255) ** gamma
    assert changed(ramp, gamma=gamma) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("exposure", [-1.5, -0.3, 0.3, 1.5])
def test_exposure_shifts_the_logit(ramp, exposure):
    inner = np.ravel(ramp)[1:-1] / 255
    expected = 255 / (1 + np.exp(exposure - np.log(inner / (1 - inner))))
    result = changed(ramp, exposure=exposure)
    assert result[1:-1] == pytest.approx(expected, abs=1e-3)
    assert result[[0, -1]] == pytest.approx([0, 255])
    assert (result[512] < 127.5) == (exposure > 0)  # more dose, darker


def test_contrast_turns_about_mid_gray(ramp):
    assert changed(ramp, contrast=0.5) == pytest.approx(np.ravel(ramp) * 0.5 + 63.75, abs=1e-3)


def test_gray_levels_are_clipped_at_both_ends(ramp):
    gray = np.ravel(ramp)
    assert changed(ramp, brightness=40.0) == pytest.approx(np.minimum(gray + 40, 255), abs=1e-3)
    assert changed(ramp, brightness=-40.0) == pytest.approx(np.maximum(gray - 40, 0), abs=1e-3)


def test_no_change_is_within_rounding(ramp):
    assert changed(ramp) == pytest.approx(np.ravel(ramp), abs=1e-3)


def test_the_negative_of_a_negative_is_the_picture(ramp):
    assert np.ravel(negative(ramp)) == pytest.approx(255 - np.ravel(ramp))
    assert negative(negative(ramp)).numpy() == pytest.approx(ramp.numpy(), abs=1e-4)


def test_the_black_around_stays_black(pair):
    image, _ = pair
    outside = in_field(image).numpy() == 0
    assert outside[:, :5].all()
    assert not outside[:, 40:60].any()
    lifted = tone(image, **(PLAIN | {"contrast": 0.5, "brightness": 30.0})).numpy()
    for result in (lifted, negative(image).numpy()):
        assert not result[outside].any()
        assert (result[~outside] > 0).mean() > 0.99


@given(
    box=st.tuples(*[st.integers(0, 19)] * 4),
)
@settings(max_examples=30)
def test_the_field_is_the_box_of_what_is_not_black(box):
    top, bottom = sorted(box[:2])
    left, right = sorted(box[2:])
    image = np.zeros((20, 20, 1), np.float32)
    image[top, left] = image[bottom, right] = 9.0
    assert [int(edge) for edge in field_box(tf.constant(image))] == [top, bottom, left, right]


def test_all_black_is_all_field():
    assert [int(edge) for edge in field_box(tf.zeros([9, 9, 1]))] == [0, 8, 0, 8]


@given(centre=st.tuples(st.integers(-3, 22), st.integers(-3, 22)), half=st.integers(0, 8))
@settings(max_examples=30)
def test_sums_over_boxes_are_those_of_numpy(centre, half):
    values = np.random.default_rng(0).integers(0, 256, (20, 20)).astype(np.float32)
    row, column = centre
    rows = slice(max(0, row - half), max(0, row + half + 1))
    columns = slice(max(0, column - half), max(0, column + half + 1))
    result = box_sums(tf.constant(values), centres=tf.constant([centre]), half=tf.constant(half))
    assert result[0] == values[rows, columns].sum()


def test_a_random_tone_is_its_twin_with_the_drawn_numbers(pair):
    strength = replace(Strength(), invert=0.0)
    for number in range(5):
        first, _ = tf.unstack(tf.random.split([number, 0], 2))
        draw = tf.random.stateless_uniform([4], first, -1.0, 1.0)
        expected = tone(
            pair[0],
            gamma=tf.exp(draw[0] * strength.gamma),
            exposure=draw[1] * strength.exposure,
            contrast=1 + draw[2] * strength.contrast,
            brightness=draw[3] * strength.brightness,
        )
        result = random_tone(pair[0], seed=tf.constant([number, 0]), strength=strength)
        assert (result == expected).numpy().all()


def test_always_the_negative(pair):
    result = random_tone(pair[0], seed=tf.constant([1, 0]), strength=replace(NONE, invert=1.0))
    assert (result == negative(pair[0])).numpy().all()
