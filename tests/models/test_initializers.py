"""How a transformer starts: attention to its like, positions as waves, a draw for every seed."""

import keras
import numpy as np
import pytest

from bonefrac import build_model
from bonefrac.models.initializers import NegativeTranspose, SinCos, attention_kernels

PARTS = ("query", "key", "value", "project")


def kernels(model, block):
    return [np.asarray(model.get_layer(f"block{block:02d}_{part}").kernel) for part in PARTS]


def tiny(seed):
    keras.utils.set_random_seed(seed)
    return build_model("vit_tiny_patch16", image_size=32)


@pytest.fixture(scope="module")
def model():
    return tiny(0)


def test_attention_starts_as_identities(model):
    for block in range(8):
        query, key, value, project = kernels(model, block)
        np.testing.assert_allclose(query @ key.T, 0.7 * np.eye(64), atol=1e-5)
        np.testing.assert_allclose(value @ project, -0.4 * np.eye(64), atol=1e-5)


def test_a_head_sees_part_of_them(model):
    query, key, *_ = kernels(model, 0)
    head = query[:, :16] @ key[:, :16].T  # of 4 heads
    assert np.linalg.matrix_rank(head, tol=1e-4) == 16
    np.testing.assert_allclose(np.trace(head), 0.7 * 16, rtol=1e-5)


def test_blocks_parts_and_seeds_draw_anew(model):
    again, other = tiny(0), tiny(1)
    for here, there in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(here, there)
    query, _, value, _ = kernels(model, 0)
    assert np.abs(query / 0.7**0.5 - value / 0.4**0.5).max() > 0.1
    assert np.abs(query - kernels(model, 1)[0]).max() > 0.1
    assert np.abs(query - kernels(other, 0)[0]).max() > 0.1


def test_fresh_tokens_attend_most_to_their_neighbourhood():
    model = build_model("vit_tiny_patch16", image_size=256)
    attention = keras.Model(model.input, model.get_layer("block00_attention").output)
    weights = np.asarray(attention(np.full((1, 256, 256, 1), 127.5, np.float32)))[0]
    places = np.stack(np.mgrid[:16, :16], axis=-1).reshape(-1, 2)
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    near = weights[:, 1:, 1:].mean(axis=0)
    assert np.mean(near.argmax(axis=1) == np.arange(256)) > 0.8
    assert near[distance < 3].mean() > 2 * near[distance > 8].mean()


def test_waves_are_sines_and_cosines_along_both_sides():
    waves = np.asarray(SinCos()((1, 3, 5, 18), "float32"))
    assert waves.shape == (1, 3, 5, 18)
    np.testing.assert_allclose(waves[0, 2, :, 0], 0.5 * np.sin(2), rtol=1e-5)
    np.testing.assert_allclose(waves[0, :, 4, 12], 0.5 * np.cos(4), rtol=1e-5)
    np.testing.assert_allclose(waves[0, 2, 0, 7], 0.5 * np.cos(2 * 10_000**-0.75), rtol=1e-5)
    np.testing.assert_array_equal(waves[..., 16:], 0)


@pytest.mark.parametrize("part", PARTS)
def test_initializers_survive_their_configuration(part):
    initializer = attention_kernels()[part]
    config = keras.saving.serialize_keras_object(initializer)
    again = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(initializer((8, 8)), again((8, 8)))


def test_negative_transpose():
    seeded = keras.initializers.Orthogonal(seed=3)
    expected = -np.asarray(seeded((4, 4))).T
    np.testing.assert_array_equal(NegativeTranspose(seeded)((4, 4)), expected)
