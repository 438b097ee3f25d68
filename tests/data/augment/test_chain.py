"""The whole augmentation is a pure function of its seed, and only the warp moves the mask."""

import hashlib
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.augment import NONE, STRENGTHS, Strength, random_augment
from bonefrac.data.augment.draws import streams
from bonefrac.data.augment.warp import random_warp

SIDE = 96
CHANCES = {f.name: 1.0 for f in fields(Strength) if f.name.endswith("chance")}
ALWAYS = replace(STRENGTHS["strong"], **CHANCES, marker=1.0)
EXTREME = Strength(
    rotation=180.0,
    scale=0.9,
    shear=2.0,
    translation=1.0,
    flip=1.0,
    elastic=0.5,
    gamma=5.0,
    exposure=20.0,
    contrast=10.0,
    brightness=500.0,
    invert=0.5,
    noise=500.0,
    quantum=500.0,
    blur=100.0,
    jpeg=99.0,
    collimation=1.0,
    marker=1.0,
    **CHANCES,
)
GEOMETRY = ("rotation", "scale", "shear", "translation", "flip", "elastic", "elastic_chance")


def seed(number):
    return tf.cast(tf.stack([number, 0]), tf.int32)


def digests(pair, *, first=0, last=12, calls=1, strength=ALWAYS):
    """A hash of each of some augmented examples, as a training's pipeline would make them."""
    ds = tf.data.Dataset.range(first, last).map(
        lambda n: random_augment(*pair, seed=seed(n), strength=strength), calls
    )
    return [
        hashlib.sha256(image.numpy().tobytes() + mask.numpy().tobytes()).hexdigest()
        for image, mask in ds
    ]


@pytest.fixture(scope="module")
def one_by_one(pair):
    return digests(pair)


def test_no_strength_is_the_identity_bit_for_bit(pair):
    image, mask = random_augment(*pair, seed=seed(1), strength=NONE)
    assert (image == pair[0]).numpy().all()
    assert (mask == pair[1]).numpy().all()


@pytest.mark.parametrize("chance", CHANCES)
def test_a_chance_without_a_reach_or_the_other_way_round_is_the_identity(pair, chance):
    reaches = ("noise", "quantum") if chance == "noise_chance" else (chance.split("_")[0],)
    for names in ((chance,), reaches):
        strength = replace(NONE, **{name: getattr(ALWAYS, name) for name in names})
        image, mask = random_augment(*pair, seed=seed(1), strength=strength)
        assert (image == pair[0]).numpy().all()
        assert (mask == pair[1]).numpy().all()


def test_the_same_seed_gives_the_same_draw_whatever_ran_before(pair):
    first = random_augment(*pair, seed=seed(5), strength=ALWAYS)
    tf.random.set_seed(99)
    tf.random.uniform([7])
    random_augment(*pair, seed=seed(6), strength=ALWAYS)
    again = random_augment(*pair, seed=seed(5), strength=ALWAYS)
    assert all((a == b).numpy().all() for a, b in zip(first, again, strict=True))


def test_draws_differ(one_by_one):
    assert len(set(one_by_one)) == len(one_by_one)


def test_parallel_calls_change_nothing(pair, one_by_one):
    assert digests(pair, calls=4) == one_by_one


def test_what_was_skipped_changes_nothing(pair, one_by_one):
    assert digests(pair, first=7) == one_by_one[7:]


@pytest.mark.slow
def test_a_fresh_process_draws_the_same(pair, one_by_one, tmp_path):
    np.savez(tmp_path / "pair.npz", *pair)
    code = (
        "import sys, numpy as np, tensorflow as tf\n"
        "from tests.data.augment.test_chain import digests\n"
        "pair = np.load(sys.argv[1])\n"
        "tf.random.set_seed(5)\n"
        "print(*digests([tf.constant(pair[k]) for k in pair.files], first=9))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "pair.npz"], capture_output=True, text=True
    )
    assert done.stdout.split() == one_by_one[9:], done.stderr


def test_eager_draws_as_a_graph_does(pair):
    # JPEG rounds to whole levels, which makes much of the graph's other last digits.
    strength = replace(ALWAYS, jpeg=0.0)
    ds = tf.data.Dataset.range(6).map(
        lambda n: random_augment(*pair, seed=seed(n), strength=strength)
    )
    for number, (image, mask) in enumerate(ds):
        eager_image, eager_mask = random_augment(*pair, seed=seed(number), strength=strength)
        assert image.shape == (SIDE, SIDE, 1)
        assert np.abs(image - eager_image).max() < 0.05
        assert (mask != eager_mask).numpy().mean() < 1e-3


@pytest.mark.parametrize("strength", [Strength(), ALWAYS, EXTREME], ids=["default", "all", "wild"])
def test_types_shapes_and_ranges_are_kept(strength):
    image = tf.random.stateless_uniform([32, 32, 1], [0, 1], 0.0, 255.0)
    mask = tf.cast(image > 128, tf.uint8)
    ds = tf.data.Dataset.range(40).map(
        lambda n: random_augment(image, mask, seed=seed(n), strength=strength)
    )
    assert [(x.shape, x.dtype) for x in ds.element_spec] == [
        ((32, 32, 1), tf.float32),
        ((32, 32, 1), tf.uint8),
    ]
    for result, outline in ds.as_numpy_iterator():
        assert np.isfinite(result).all()
        assert 0 <= result.min() <= result.max() <= 255
        assert set(np.unique(outline)) <= {0, 1}


@given(number=st.integers(-(2**31), 2**31 - 1))
@settings(max_examples=15)
def test_any_seed_will_do(pair, number):
    image, mask = random_augment(*pair, seed=seed(number), strength=Strength())
    assert 0 <= np.min(image) <= np.max(image) <= 255
    assert set(np.unique(mask)) <= {0, 1}


def test_only_the_warp_moves_the_mask(pair):
    still = replace(ALWAYS, **dict.fromkeys(GEOMETRY, 0.0))
    for number in range(3):
        image, mask = random_augment(*pair, seed=seed(number), strength=still)
        assert np.abs(image - pair[0]).max() > 1
        assert (mask == pair[1]).numpy().all()


def test_no_op_changes_the_draw_of_another(pair):
    seeds = streams(seed(3))
    warped = random_warp(
        *pair, affine_seed=seeds["affine"], elastic_seed=seeds["elastic"], strength=ALWAYS
    )
    moving = replace(NONE, **{name: getattr(ALWAYS, name) for name in GEOMETRY})
    for strength in (ALWAYS, moving):
        _, mask = random_augment(*pair, seed=seed(3), strength=strength)
        assert (mask == warped[1]).numpy().all()


@pytest.mark.parametrize("field", ["gamma", "exposure", "contrast", "brightness", "invert"])
def test_each_tone_changes_the_gray_levels_alone(pair, field):
    strength = replace(NONE, **{field: 1.0 if field == "invert" else getattr(Strength(), field)})
    image, mask = random_augment(*pair, seed=seed(2), strength=strength)
    assert np.abs(image - pair[0]).max() > 1
    assert (mask == pair[1]).numpy().all()


def test_a_chance_is_kept(pair):
    """Blur, one of two: about half of the draws change anything."""
    strength = replace(NONE, blur=2.0, blur_chance=0.5)
    ds = tf.data.Dataset.range(200).map(
        lambda n: random_augment(*pair, seed=seed(n), strength=strength)[0]
    )
    changed = [np.abs(image - pair[0]).max() > 0 for image in ds.as_numpy_iterator()]
    assert np.mean(changed) == pytest.approx(0.5, abs=0.1)
