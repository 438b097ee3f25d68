"""Augmentation is a pure function of its seed, and moves image and mask together."""

from dataclasses import fields, replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.augment import (
    NONE,
    Strength,
    affine,
    affine_matrix,
    intensity,
    random_affine,
    random_augment,
    random_intensity,
)
from bonefrac.data.geometry import letterbox, letterbox_mask
from bonefrac.data.phantom import draw

SIDE = 96
STRENGTH = Strength()
PLAIN = {"gamma": 1.0, "contrast": 1.0, "brightness": 0.0, "noise": 0.0}


def seed(number):
    return tf.constant([number, 0])


@pytest.fixture(scope="module")
def pair():
    phantom = draw(seed=2, index=0, fracture="displaced")
    return letterbox(phantom.image[..., None], SIDE), letterbox_mask(phantom.mask[..., None], SIDE)


@pytest.fixture(scope="module")
def blob():
    """A mask of an ellipse off the centre, and an image that equals it times 255."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = ((y - 40) / 22) ** 2 + ((x - 55) / 13) ** 2 <= 1
    mask = tf.constant(mask[..., None], tf.uint8)
    return tf.cast(mask, tf.float32) * 255, mask


def matrix(**changes):
    plain = {"rotation": 0.0, "scale": 1.0, "shear": 0.0, "translation": [0.0, 0.0]}
    return affine_matrix(**({**plain, "mirror": False, "side": float(SIDE)} | changes))


def same(one, other):
    return all((a == b).numpy().all() for a, b in zip(one, other, strict=True))


def centre(image):
    """Centre of mass (x, y) about the middle of the square; y points down."""
    weights = np.asarray(image, float)[..., 0]
    axis = np.arange(SIDE) - (SIDE - 1) / 2
    total = weights.sum()
    return np.array([(weights * axis).sum(), (weights * axis[:, None]).sum()]) / total


def test_no_strength_is_the_identity(pair):
    image, mask = random_augment(*pair, seed=seed(1), strength=NONE)
    assert np.abs(image - pair[0]).max() < 1e-3
    assert (mask == pair[1]).numpy().all()


def test_none_has_no_strength_in_any_field():
    assert all(getattr(NONE, field.name) == 0 for field in fields(Strength))


def test_the_same_seed_gives_the_same_draw_whatever_ran_before(pair):
    first = random_augment(*pair, seed=seed(5), strength=STRENGTH)
    tf.random.set_seed(99)
    tf.random.uniform([7])
    random_augment(*pair, seed=seed(6), strength=STRENGTH)
    assert same(random_augment(*pair, seed=seed(5), strength=STRENGTH), first)


def test_different_seeds_give_different_draws(pair):
    seeds = [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (2**31 - 1, 7)]
    images = [
        random_augment(*pair, seed=tf.constant(s), strength=STRENGTH)[0].numpy() for s in seeds
    ]
    assert len({image.tobytes() for image in images}) == len(seeds)


def test_eager_equals_inside_a_dataset(pair):
    ds = tf.data.Dataset.range(4).map(
        lambda n: random_augment(
            *pair, seed=tf.stack([tf.cast(n, tf.int32), 0]), strength=STRENGTH
        ),
        tf.data.AUTOTUNE,
    )
    for number, (image, mask) in enumerate(ds):
        eager_image, eager_mask = random_augment(*pair, seed=seed(number), strength=STRENGTH)
        assert image.shape == (SIDE, SIDE, 1)
        assert np.abs(image - eager_image).max() < 1e-2
        assert (mask == eager_mask).numpy().all()


@given(number=st.integers(0, 2**31 - 1))
@settings(max_examples=25)
def test_types_shapes_and_ranges_are_kept(number):
    image = tf.random.stateless_uniform([32, 32, 1], [0, 1], 0.0, 255.0)
    mask = tf.cast(image > 128, tf.uint8)
    image, mask = random_augment(image, mask, seed=seed(number), strength=STRENGTH)
    assert image.shape == mask.shape == (32, 32, 1)
    assert (image.dtype, mask.dtype) == (tf.float32, tf.uint8)
    assert 0 <= np.min(image) <= np.max(image) <= 255
    assert set(np.unique(mask)) <= {0, 1}


def test_image_and_mask_stay_aligned(blob):
    for number in range(30):
        image, mask = random_affine(*blob, seed=seed(number), strength=STRENGTH)
        one, other = np.asarray(image) > 127.5, np.asarray(mask) > 0
        assert (one & other).sum() / (one | other).sum() > 0.95, number


def test_a_random_affine_is_its_twin_with_the_drawn_numbers(pair):
    for number in range(5):
        draws = tf.random.stateless_uniform([6], seed(number), -1.0, 1.0).numpy()
        drawn = matrix(
            rotation=draws[0] * STRENGTH.rotation,
            scale=1 + draws[1] * STRENGTH.scale,
            shear=draws[2] * STRENGTH.shear,
            translation=draws[3:5] * STRENGTH.translation * SIDE,
            mirror=bool((draws[5] + 1) / 2 < STRENGTH.flip),
        )
        result = random_affine(*pair, seed=seed(number), strength=STRENGTH)
        assert same(result, affine(*pair, matrix=drawn))


def test_a_random_intensity_is_its_twin_with_the_drawn_numbers(pair):
    for number in range(5):
        first, second = tf.unstack(tf.random.split(seed(number), 2))
        draws = tf.random.stateless_uniform([4], first, -1.0, 1.0)
        noise = tf.random.stateless_normal([SIDE, SIDE, 1], second)
        expected = intensity(
            pair[0],
            gamma=tf.exp(draws[0] * STRENGTH.gamma),
            contrast=1 + draws[1] * STRENGTH.contrast,
            brightness=draws[2] * STRENGTH.brightness,
            noise=noise * tf.abs(draws[3]) * STRENGTH.noise,
        )
        result = random_intensity(pair[0], seed=seed(number), strength=STRENGTH)
        assert np.abs(result - expected).max() < 1e-3


def test_geometry_and_intensity_are_drawn_apart(pair):
    _, mask = random_augment(*pair, seed=seed(3), strength=STRENGTH)
    _, again = random_augment(*pair, seed=seed(3), strength=replace(STRENGTH, gamma=0, noise=0))
    assert (mask == again).numpy().all()


@pytest.mark.parametrize("field", ["rotation", "scale", "shear", "translation", "flip"])
def test_each_geometric_strength_moves_the_picture_alone(blob, field):
    strength = replace(NONE, **{field: 1.0 if field == "flip" else getattr(STRENGTH, field)})
    image, _ = random_affine(*blob, seed=seed(2), strength=strength)
    assert np.abs(image - blob[0]).max() > 50


@pytest.mark.parametrize("field", ["gamma", "contrast", "brightness", "noise"])
def test_each_intensity_strength_changes_the_gray_levels(pair, field):
    strength = replace(NONE, **{field: getattr(STRENGTH, field)})
    image, mask = random_augment(*pair, seed=seed(2), strength=strength)
    assert np.abs(image - pair[0]).max() > 1
    assert (mask == pair[1]).numpy().all()


def test_the_chance_to_mirror_is_as_asked(blob):
    for chance in (0.0, 0.3, 1.0):
        strength = replace(NONE, flip=chance)
        mirrored = [
            centre(random_affine(*blob, seed=seed(n), strength=strength)[0])[0] < 0
            for n in range(200)
        ]
        assert np.mean(mirrored) == pytest.approx(chance, abs=0.0 if chance in (0, 1) else 0.1)


def test_no_change_is_bit_exact(pair):
    assert same(affine(*pair, matrix=matrix()), pair)


def test_mirroring_changes_left_and_right_exactly(pair):
    mirrored = affine(*pair, matrix=matrix(mirror=True))
    assert same(mirrored, [x[:, ::-1] for x in pair])


def test_a_quarter_turn_looks_counter_clockwise(pair):
    image, mask = affine(*pair, matrix=matrix(rotation=90.0))
    assert np.abs(image - np.rot90(pair[0])).max() < 0.1
    assert (mask == np.rot90(pair[1])).numpy().all()


def test_a_small_turn_looks_counter_clockwise(blob):
    (x, y), (turned_x, turned_y) = (
        centre(i) for i in (blob[0], affine(*blob, matrix=matrix(rotation=10.0))[0])
    )
    angle = np.arctan2(-turned_y, turned_x) - np.arctan2(-y, x)
    assert np.degrees(angle) == pytest.approx(10, abs=0.5)


def test_a_scale_above_one_enlarges_about_the_centre(blob):
    image, mask = affine(*blob, matrix=matrix(scale=1.3))
    assert np.sum(mask) == pytest.approx(1.3**2 * np.sum(blob[1]), rel=0.03)
    assert centre(image) == pytest.approx(1.3 * centre(blob[0]), abs=0.2)


def test_translation_moves_right_and_down(blob):
    image, mask = affine(*blob, matrix=matrix(translation=[7.0, -5.0]))
    assert same((image, mask), [np.roll(x, (-5, 7), axis=(0, 1)) for x in blob])


def test_shear_slants_by_so_many_pixels_a_pixel_of_height():
    bar = np.zeros((SIDE, SIDE, 1), np.float32)
    bar[16:80, 46:50] = 255
    image, _ = affine(tf.constant(bar), tf.cast(bar > 0, tf.uint8), matrix=matrix(shear=0.25))
    columns = np.arange(SIDE)
    top, bottom = ((np.asarray(image)[row, :, 0] * columns).sum() / (4 * 255) for row in (24, 72))
    assert abs(top - bottom) == pytest.approx(0.25 * 48, abs=0.3)


def test_what_comes_from_outside_is_black(blob):
    white = tf.fill([SIDE, SIDE, 1], 255.0)
    image, mask = affine(white, blob[1], matrix=matrix(translation=[20.0, 0.0]))
    assert not image[:, :20].numpy().any()
    assert (image[:, 21:] == 255).numpy().all()
    assert not mask[:, :20].numpy().any()


def ramp():
    return tf.reshape(tf.linspace(0.0, 255.0, 1024), [32, 32, 1])


@pytest.mark.parametrize("gamma", [0.5, 0.8, 1.25, 2.0])
def test_gamma_keeps_the_order_and_both_ends(gamma):
    changed = np.ravel(intensity(ramp(), **(PLAIN | {"gamma": gamma})))
    assert (np.diff(changed) > 0).all()
    assert changed[[0, -1]] == pytest.approx([0, 255], abs=1e-3)
    assert (changed[512] > 127.5) == (gamma < 1)


def test_contrast_turns_about_mid_gray():
    changed = np.ravel(intensity(ramp(), **(PLAIN | {"contrast": 0.5})))
    assert changed == pytest.approx(np.ravel(ramp()) * 0.5 + 63.75, abs=1e-3)


def test_gray_levels_are_clipped_at_both_ends():
    brighter = np.ravel(intensity(ramp(), **(PLAIN | {"brightness": 40.0})))
    darker = np.ravel(intensity(ramp(), **(PLAIN | {"brightness": -40.0})))
    assert brighter == pytest.approx(np.minimum(np.ravel(ramp()) + 40, 255), abs=1e-3)
    assert darker == pytest.approx(np.maximum(np.ravel(ramp()) - 40, 0), abs=1e-3)


def test_noise_is_added_pixel_by_pixel():
    noise = tf.random.stateless_normal([32, 32, 1], [1, 2])
    gray = tf.fill([32, 32, 1], 100.0)
    assert np.allclose(intensity(gray, **(PLAIN | {"noise": noise})), gray + noise, atol=1e-3)
