"""A pasted fracture lies on bone, fits it, and the label follows."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from bonefrac import schema
from bonefrac.data.augment import NONE, Strength, random_paste
from bonefrac.data.augment.bank import COUNT, fracture_bank
from bonefrac.data.augment.bone import bony_corner, lean, span
from bonefrac.data.augment.paste import paste
from bonefrac.data.geometry import letterbox
from bonefrac.data.phantom import draw
from bonefrac.data.pipeline import train_batches

SIDE = 128
ALWAYS = replace(NONE, paste=1.0)


@pytest.fixture(scope="module")
def bank():
    return fracture_bank(SIDE)


@pytest.fixture(scope="module")
def intact():
    phantom = draw(seed=11, index=0, fracture="none")
    image = letterbox(phantom.image[..., None], SIDE)
    return image, tf.zeros([SIDE, SIDE, 1], tf.uint8)


def stripe(degrees, *, half_width=6.0, offset=0.0, size=48):
    """A soft-edged bright bone that leans so far to the right, `offset` pixels right of middle."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    turn = np.radians(degrees)
    across = np.abs(x * np.cos(turn) + y * np.sin(turn) - offset)
    return tf.constant(60 + 120 * np.clip(half_width - across + 0.5, 0, 1)[..., None], tf.float32)


def drawn(intact, number, **options):
    arguments = {
        "has_mask": True,
        "seed": tf.cast(tf.stack([number, 0]), tf.int32),
        "strength": ALWAYS,
    }
    return random_paste(*intact, tf.constant(0), **(arguments | options))


@pytest.mark.parametrize("degrees", [-60.0, -20.0, 0.0, 35.0, 80.0])
def test_the_lean_of_a_bone_is_measured(degrees):
    assert float(lean(stripe(degrees))) == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize(("degrees", "half", "offset"), [(0, 6, 0), (25, 5, 3), (-70, 8, -2)])
def test_middle_and_width_of_a_bone_are_measured(degrees, half, offset):
    window = stripe(degrees, half_width=half, offset=offset)
    middle, half_width = span(window, leaning=tf.constant(float(degrees)))
    assert float(middle) == pytest.approx(offset, abs=0.6)
    assert float(half_width) == pytest.approx(half, abs=0.8)


def test_the_place_is_on_the_bone(intact):
    for number in range(5):
        seed = tf.constant([number, 0])
        corner, above = bony_corner(*intact, seed=seed, size=32)
        window = intact[0][corner[0] : corner[0] + 32, corner[1] : corner[1] + 32]
        assert above > 5
        assert np.mean(window[13:19, 13:19]) > np.mean(window)


@pytest.mark.slow
def test_the_bank_holds_small_dark_lines_in_their_masks(bank):
    assert bank.changes.shape == bank.masks.shape == (COUNT, 32, 32, 1)
    assert (bank.changes.dtype, bank.masks.dtype) == (np.float32, np.uint8)
    assert set(np.unique(bank.masks)) == {0, 1}
    for change, mask in zip(bank.changes, bank.masks, strict=True):
        assert change.min() < -12
        assert mask.flat[change.argmin()] == 1
        assert np.abs(change[mask == 0]).mean() < 1


def test_a_paste_adds_the_change_where_asked(intact):
    patch = tf.fill([20, 20, 1], -30.0)
    outline = tf.ones([20, 20, 1], tf.uint8)
    image = tf.fill([SIDE, SIDE, 1], 100.0)
    result, mask = paste(image, intact[1], patch, outline, at=tf.constant([40, 7]), blend=0.5)
    change = (result - image).numpy()[..., 0]
    assert change[50, 17] == pytest.approx(-15)
    assert np.abs(change[40, 7]) == pytest.approx(0, abs=1e-4)  # a corner is beyond the rim
    outside = np.ones((SIDE, SIDE), bool)
    outside[40:60, 7:27] = False
    assert not change[outside].any()
    assert (mask.numpy()[..., 0] == ~outside).all()


@pytest.mark.slow
def test_a_paste_of_nothing_is_bit_exact(intact, bank):
    nothing = tf.zeros_like(bank.masks[0])
    result, mask = paste(*intact, bank.changes[0], nothing, at=tf.constant([9, 9]), blend=0.0)
    assert (result == intact[0]).numpy().all()
    assert not mask.numpy().any()


def test_label_and_mask_follow_a_pasted_fracture(intact):
    pasted = 0
    for number in range(12):
        image, mask, fracture = drawn(intact, number)
        change = np.abs(image - intact[0])
        assert fracture == np.any(mask) == (change.max() > 0)
        assert 0 <= np.min(image) <= np.max(image) <= 255
        if fracture:
            pasted += 1
            inside = mask.numpy() > 0
            assert change[inside].mean() > 10 * change[~inside & (change > 0)].mean()
            assert np.median(intact[0].numpy()[mask.numpy() > 0]) > np.mean(intact[0])
    assert pasted > 6


def test_an_unknown_mask_stays_unknown(intact):
    image, mask, fracture = drawn(intact, 1, has_mask=False)
    assert (image == intact[0]).numpy().all()
    assert not mask.numpy().any()
    assert fracture == 0


def test_no_window_of_a_marked_radiograph_is_free(intact):
    marked = (intact[0], tf.ones_like(intact[1]))
    image, _, fracture = drawn(marked, 1)
    assert (image == intact[0]).numpy().all()
    assert fracture == 0


def test_off_unless_asked_for(intact):
    assert Strength().paste == 0
    fracture = tf.constant(-1)
    kept = random_paste(
        *intact, fracture, has_mask=True, seed=tf.constant([1, 0]), strength=Strength()
    )
    assert kept == (*intact, fracture)


def test_the_same_seed_pastes_the_same(intact):
    ds = tf.data.Dataset.range(6).map(lambda n: drawn(intact, n), tf.data.AUTOTUNE)
    for number, (image, mask, fracture) in enumerate(ds):
        eager = drawn(intact, number)
        assert np.abs(image - eager[0]).max() < 1e-2
        assert (mask == eager[1]).numpy().all()
        assert fracture == eager[2]


def test_in_a_training_the_label_follows_too(phantom_data):
    def batches(strength):
        made = train_batches(
            phantom_data,
            "fold0",
            image_size=SIDE,
            batch_size=5,
            seed=1,
            epochs=1,
            strength=strength,
        )
        return [targets for _, targets, _ in made]

    plain, pasted = batches(NONE), batches(ALWAYS)
    for targets in pasted:
        marked = targets[schema.MASK].numpy().any(axis=(1, 2, 3))
        assert (marked == (targets[schema.FRACTURE].numpy()[:, 0] > 0)).all()
    before, after = (sum(np.sum(t[schema.FRACTURE]) for t in ts) for ts in (plain, pasted))
    assert after > before
