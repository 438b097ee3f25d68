"""Blur as SciPy blurs, noise as quanta make it, JPEG as Pillow writes it."""

import io
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import ndimage

from bonefrac.data.augment import NONE
from bonefrac.data.augment.detector import blur, jpeg, noise, random_blur, random_jpeg, random_noise

SEED = tf.constant([3, 1])


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5])
def test_blur_is_that_of_scipy(pair, sigma):
    inner = np.s_[24:-24, 24:-24]
    expected = ndimage.gaussian_filter(pair[0].numpy()[..., 0], sigma, truncate=4.0)
    assert np.abs(blur(pair[0], sigma=sigma)[..., 0] - expected)[inner].max() < 1e-3


def test_blur_takes_no_black_from_beyond_the_border():
    even = tf.fill([40, 40, 1], 200.0)
    assert blur(even, sigma=3.0).numpy() == pytest.approx(200.0, abs=1e-3)


def test_blur_leaves_what_is_far_from_any_light_exactly_black():
    dot = np.zeros((40, 40, 1), np.float32)
    dot[20, 20] = 255
    reached = blur(tf.constant(dot), sigma=1.5).numpy()[..., 0] > 0
    rows, columns = np.nonzero(reached)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (14, 26, 14, 26)


def test_no_blur_is_bit_exact(pair):
    assert (blur(pair[0], sigma=0.0) == pair[0]).numpy().all()


def test_noise_is_its_formula(pair):
    image, normal = pair[0], tf.random.stateless_normal(pair[0].shape, SEED)
    gray, unit = image.numpy().astype(float), normal.numpy()
    spread = np.sqrt(2.0**2 + 5.0**2 * np.exp(3 * (gray / 255 - 0.5)))
    expected = np.clip(gray + unit * spread * np.minimum(gray / 24, 1), 0, 255)
    result = noise(image, normal=normal, electronic=2.0, quantum=5.0)
    assert result.numpy() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("gray", [60.0, 127.5, 200.0])
def test_quantum_noise_follows_the_root_of_the_quanta(gray):
    normal = tf.random.stateless_normal([128, 128, 1], SEED)
    result = noise(tf.fill([128, 128, 1], gray), normal=normal, electronic=0.0, quantum=6.0)
    # Signal is e^-3 from black to white; the spread of its logarithm is its root, inverted.
    quanta = np.exp(-3 * (gray / 255 - 0.5))
    assert np.std(result) == pytest.approx(6.0 / np.sqrt(quanta), rel=0.02)
    assert np.mean(result) == pytest.approx(gray, abs=0.3)


def test_electronic_noise_is_alike_everywhere_but_in_the_black():
    image = tf.repeat(tf.constant([[0.0], [60.0], [200.0]])[..., None], 9000, axis=1)
    normal = tf.random.stateless_normal(image.shape, SEED)
    result = noise(image, normal=normal, electronic=4.0, quantum=0.0)
    assert np.std(result, axis=(1, 2)) == pytest.approx([0.0, 4.0, 4.0], rel=0.03)


def test_no_noise_is_bit_exact(pair):
    normal = tf.random.stateless_normal(pair[0].shape, SEED)
    assert (noise(pair[0], normal=normal, electronic=0.0, quantum=0.0) == pair[0]).numpy().all()


@pytest.mark.parametrize("quality", [15, 50, 90])
def test_jpeg_is_that_of_pillow(pair, quality):
    pixels = np.rint(pair[0].numpy()[..., 0]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    expected = np.asarray(Image.open(file), np.float32)
    result = jpeg(pair[0], quality=quality).numpy()[..., 0]
    assert np.abs(result - expected).mean() < 0.5
    assert np.abs(result - pixels).mean() > np.abs(result - expected).mean()


def test_jpeg_loses_more_the_lower_its_quality(pair):
    losses = [np.abs(jpeg(pair[0], quality=q) - pair[0]).mean() for q in (95, 70, 40, 10)]
    assert losses == sorted(losses)
    assert losses[0] < 1 < losses[-1]


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        (random_blur, {"blur": 2.0, "blur_chance": 1.0}),
        (random_noise, {"noise": 5.0, "quantum": 5.0, "noise_chance": 1.0}),
        (random_jpeg, {"jpeg": 80.0, "jpeg_chance": 1.0}),
    ],
)
def test_a_chance_of_1_always_changes_and_0_never(pair, op, fields):
    image = pair[0]
    for number in range(3):
        seed = tf.constant([number, 0])
        on = op(image, seed=seed, strength=replace(NONE, **fields))
        assert np.abs(on - image).max() > 1
        for field in fields:
            if len(fields) == 2 or field == "noise_chance":
                off = op(image, seed=seed, strength=replace(NONE, **fields | {field: 0.0}))
                assert off is image


def test_random_ops_are_their_twins_with_the_drawn_numbers(pair):
    image = pair[0]
    _, draw = tf.unstack(tf.random.split(SEED, 2))
    share = tf.random.stateless_uniform([1], draw)[0]
    blurred = random_blur(image, seed=SEED, strength=replace(NONE, blur=2.0, blur_chance=1.0))
    assert (blurred == blur(image, sigma=share * 2.0)).numpy().all()
    packed = random_jpeg(image, seed=SEED, strength=replace(NONE, jpeg=80.0, jpeg_chance=1.0))
    assert (packed == jpeg(image, quality=100.0 - share * 80.0)).numpy().all()
    first, second = tf.unstack(tf.random.split(draw, 2))
    electronic, quantum = tf.unstack(tf.random.stateless_uniform([2], first))
    strength = replace(NONE, noise=4.0, quantum=7.0, noise_chance=1.0)
    expected = noise(
        image,
        normal=tf.random.stateless_normal(image.shape, second),
        electronic=electronic * 4.0,
        quantum=quantum * 7.0,
    )
    assert (random_noise(image, seed=SEED, strength=strength) == expected).numpy().all()
