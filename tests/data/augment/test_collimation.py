"""Leaves darken what lies outside a turned rectangle, and never reach the mask."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.augment import NONE
from bonefrac.data.augment.collimation import collimation, random_collimation
from bonefrac.data.augment.field import field_box

SIDE = 96
SHUT = replace(NONE, collimation=0.3, collimation_chance=1.0)
WINDOW = (-20.0, -30.0, 25.0, 35.0)


@pytest.mark.parametrize("angle", [0.0, 7.0, -20.0])
def test_outside_the_rectangle_is_dark_and_inside_is_as_it_was(angle):
    image = tf.fill([SIDE, SIDE, 1], 200.0)
    result = collimation(image, window=tf.constant(WINDOW), angle=angle, penumbra=2.0, leak=0.1)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    turn = np.exp(-1j * np.radians(angle)) * (x + 1j * y)
    room = np.min([turn.real + 20, 25 - turn.real, turn.imag + 30, 35 - turn.imag], axis=0)
    level = result.numpy()[..., 0]
    assert (level[room > 1.01] == 200).all()
    assert level[room < -1.01] == pytest.approx(20.0, abs=1e-3)
    edge = level[np.abs(room) < 0.05]
    assert edge.size == 0 or edge == pytest.approx(110.0, abs=6)


def test_leaves_that_stay_outside_change_nothing(pair):
    far = tf.constant([-200.0, -200.0, 200.0, 200.0])
    result = collimation(pair[0], window=far, angle=5.0, penumbra=3.0, leak=0.0)
    assert (result == pair[0]).numpy().all()


@given(
    number=st.integers(0, 2**31 - 1),
    corner=st.tuples(st.integers(0, 85), st.integers(0, 85)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
@settings(max_examples=40)
def test_the_mask_is_never_darkened(number, corner, size):
    image = tf.fill([SIDE, SIDE, 1], 180.0)
    mask = np.zeros((SIDE, SIDE, 1), np.uint8)
    mask[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = 1
    result = random_collimation(
        image, tf.constant(mask), seed=tf.constant([number, 0]), strength=SHUT
    )
    assert (result.numpy()[mask > 0] == 180).all()


def test_leaves_close_over_the_radiograph_not_over_its_letterbox(pair):
    top, bottom, left, right = (int(edge) for edge in field_box(pair[0]))
    empty = tf.zeros_like(pair[1])
    lit = tf.cast(pair[0] > 0, tf.float32) * 200
    shares = []
    for number in range(40):
        seed = tf.constant([number, 0])
        result = random_collimation(lit, empty, seed=seed, strength=SHUT).numpy()[..., 0]
        shares.append((result[SIDE // 2, left : right + 1] > 199).mean())
    # Two leaves of 0 to 0.3 each.
    assert np.mean(shares) == pytest.approx(0.7, abs=0.06)
    assert 0.35 < min(shares) < max(shares) <= 1
    assert bottom > top


def test_never_is_never(pair):
    for field in ("collimation", "collimation_chance"):
        off = replace(SHUT, **{field: 0.0})
        assert random_collimation(*pair, seed=tf.constant([1, 0]), strength=off) is pair[0]
