"""The warp moves image and mask together, as SciPy would, and never folds."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.interpolate import BSpline

from bonefrac.data.augment import NONE, STRENGTHS, Strength
from bonefrac.data.augment.warp import (
    affine,
    affine_matrix,
    displacement,
    elastic,
    random_affine,
    random_elastic,
    random_warp,
)

SIDE = 96
STRENGTH = Strength()
BENT = replace(NONE, elastic=0.04, elastic_chance=1.0)


def seed(number):
    return tf.constant([number, 0])


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


def overlap(image, mask):
    """Jaccard index of the mask with the image above mid-gray."""
    one, other = np.asarray(image) > 127.5, np.asarray(mask) > 0
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize(
    "strength", [STRENGTH, STRENGTHS["strong"], BENT], ids=["default", "strong", "bent"]
)
def test_image_and_mask_stay_aligned(blob, strength):
    for number in range(30):
        pair = random_warp(
            *blob, affine_seed=seed(number), elastic_seed=seed(number), strength=strength
        )
        assert set(np.unique(pair[1])) <= {0, 1}
        assert overlap(*pair) > 0.95, number


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


@pytest.mark.parametrize("field", ["rotation", "scale", "shear", "translation", "flip"])
def test_each_geometric_strength_moves_the_picture_alone(blob, field):
    strength = replace(NONE, **{field: 1.0 if field == "flip" else getattr(STRENGTH, field)})
    image, _ = random_affine(*blob, seed=seed(2), strength=strength)
    assert np.abs(image - blob[0]).max() > 50


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_the_chance_to_mirror_is_as_asked(blob, chance):
    strength = replace(NONE, flip=chance)
    draws = tf.data.Dataset.range(200).map(
        lambda n: random_affine(*blob, seed=tf.stack([n, 0]), strength=strength)[0]
    )
    mirrored = [centre(image)[0] < 0 for image in draws]
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


def knots(number, reach):
    return tf.random.stateless_uniform([2, 8, 8], seed(number), -reach, reach)


def test_an_affine_is_that_of_scipy(pair):
    drawn = matrix(rotation=21.0, scale=0.8, shear=0.1, translation=[5.3, -7.6], mirror=True)
    rows = drawn.numpy()[[1, 0]]  # SciPy counts (row, column)
    expected = [
        ndimage.affine_transform(
            np.asarray(x)[..., 0], rows[:, [1, 0]], rows[:, 2], order=order, mode="grid-constant"
        )
        for x, order in zip(pair, (1, 0), strict=True)
    ]
    image, mask = affine(*pair, matrix=drawn)
    assert np.abs(image[..., 0] - expected[0]).max() < 0.05
    assert (mask[..., 0] != expected[1]).numpy().mean() < 1e-3  # halves are rounded either way


def test_the_field_is_that_of_scipys_splines():
    drawn = knots(1, 5.0)
    at = np.linspace(0, 5, SIDE)
    basis = BSpline(np.arange(-3.0, 9.0), np.eye(8), 3)(at)
    expected = np.einsum("rn,dnm,cm->drc", basis, drawn, basis)
    assert np.abs(displacement(drawn, side=float(SIDE)) - expected).max() < 1e-4


def test_a_bend_is_that_of_scipy(pair):
    drawn = matrix(rotation=-12.0, scale=1.1, translation=[3.0, 8.0])
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    source = np.einsum("ij,jrc->irc", drawn[:2], [x, y, np.ones_like(x)])
    source = (source + displacement(knots(2, 6.0), side=float(SIDE)))[::-1]
    image, mask = elastic(*pair, knots=knots(2, 6.0), matrix=drawn)
    expected = [
        ndimage.map_coordinates(np.asarray(x)[..., 0], source, order=order, mode="grid-constant")
        for x, order in zip(pair, (1, 0), strict=True)
    ]
    assert np.abs(image[..., 0] - expected[0]).max() < 0.1
    assert (mask[..., 0] != expected[1]).numpy().mean() < 1e-3


def test_a_bend_of_nothing_is_bit_exact(pair):
    assert same(elastic(*pair, knots=tf.zeros([2, 8, 8])), pair)


def test_equal_knots_only_shift(blob):
    everywhere = tf.tile(tf.constant([4.0, -3.0])[:, None, None], [1, 8, 8])
    image, mask = elastic(*blob, knots=everywhere)
    moved = [np.roll(x, (3, -4), axis=(0, 1)) for x in blob]
    assert np.abs(image - moved[0]).max() < 1e-2
    assert (mask == moved[1]).numpy().all()


def test_a_bend_without_knots_is_the_affine(pair):
    drawn = matrix(rotation=8.0, translation=[2.0, 1.0])
    image, mask = elastic(*pair, knots=tf.zeros([2, 8, 8]), matrix=drawn)
    straight = affine(*pair, matrix=drawn)
    assert np.abs(image - straight[0]).max() < 0.05
    assert (mask != straight[1]).numpy().mean() < 1e-3


@given(number=st.integers(0, 2**31 - 1))
@settings(max_examples=30)
def test_below_a_twentieth_of_the_side_nothing_folds(number):
    field = displacement(knots(number, 0.05 * SIDE), side=float(SIDE)).numpy()
    assert np.abs(field).max() <= 0.05 * SIDE
    (dx_dy, dx_dx), (dy_dy, dy_dx) = (np.gradient(part) for part in field)
    assert ((1 + dx_dx) * (1 + dy_dy) - dx_dy * dy_dx).min() > 0


def test_a_random_bend_is_its_twin_with_the_drawn_knots(pair):
    for number in range(3):
        coin, draw = tf.unstack(tf.random.split(seed(number), 2))
        reach = BENT.elastic * SIDE
        drawn = tf.random.stateless_uniform([2, 8, 8], draw, -reach, reach)
        expected = elastic(*pair, knots=drawn)
        assert same(random_elastic(*pair, seed=seed(number), strength=BENT), expected)
        for chance in (0.3, 0.7):
            kept = random_elastic(
                *pair, seed=seed(number), strength=replace(BENT, elastic_chance=chance)
            )
            bent = tf.random.stateless_uniform([], coin) < chance
            assert same(kept, expected if bent else pair)


def test_the_joint_warp_is_its_parts_where_one_is_off(pair):
    seeds = {"affine_seed": seed(4), "elastic_seed": seed(5)}
    straight = replace(STRENGTH, elastic=0.0)
    assert same(
        random_warp(*pair, **seeds, strength=straight),
        random_affine(*pair, seed=seed(4), strength=straight),
    )
    assert same(
        random_warp(*pair, **seeds, strength=BENT),
        random_elastic(*pair, seed=seed(5), strength=BENT),
    )
    assert same(random_warp(*pair, **seeds, strength=NONE), pair)


def test_a_straight_joint_warp_does_not_depend_on_the_chance_to_bend(pair):
    seeds = {"affine_seed": seed(4), "elastic_seed": seed(6)}
    rarely = random_warp(*pair, **seeds, strength=replace(STRENGTH, elastic_chance=1e-6))
    never = random_warp(*pair, **seeds, strength=replace(STRENGTH, elastic_chance=0.0))
    assert same(rarely, never)
