"""The custom layers against Keras' own and against formulas."""

import keras
import numpy as np
import pytest

from bonefrac.models.layers import BatchNormalization, DetachedPeak, LogMeanExpPooling


@pytest.fixture
def maps():
    return np.random.default_rng(0).normal(2, 3, (4, 8, 6, 5)).astype(np.float32)


def test_fused_normalization_equals_keras_in_outputs_and_moving_averages(maps):
    own, reference = BatchNormalization(momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    for training in (True, True, False):
        ours, theirs = own(maps, training=training), reference(maps, training=training)
        np.testing.assert_allclose(ours, theirs, atol=5e-6)
    for ours, theirs in zip(own.variables, reference.variables, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_fused_normalization_has_the_gradients_of_keras(maps):
    import tensorflow as tf

    def gradients(layer):
        x = tf.constant(maps)
        layer.build(x.shape)
        layer.gamma.assign(np.linspace(0.5, 2, 5))
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(layer(x, training=True)))
        return tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])

    pairs = zip(
        gradients(BatchNormalization()), gradients(keras.layers.BatchNormalization()), strict=True
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@pytest.mark.parametrize("channels", [5, 16, 24])
def test_fused_normalization_in_bfloat16_is_that_in_float32_rounded(channels):
    maps = np.random.default_rng(0).normal(2, 3, (4, 8, 6, channels)).astype(np.float32)
    maps = np.asarray(keras.ops.cast(keras.ops.cast(maps, "bfloat16"), "float32"))
    half, whole = BatchNormalization(dtype="mixed_bfloat16"), BatchNormalization()
    for training in (True, False):
        ours, theirs = half(maps, training=training), whole(maps, training=training)
        assert keras.backend.standardize_dtype(ours.dtype) == "bfloat16"
        np.testing.assert_allclose(keras.ops.cast(ours, "float32"), theirs, rtol=2**-8, atol=2**-8)
    for ours, theirs in zip(half.variables, whole.variables, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_frozen_normalization_keeps_its_averages(maps):
    layer = BatchNormalization()
    layer.build(maps.shape)
    layer.trainable = False
    layer(maps, training=True)
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(5))


def test_log_mean_exp_lies_between_mean_and_maximum(maps):
    pooled = np.asarray(LogMeanExpPooling(sharpness=4.0)(maps))
    assert (pooled > maps.mean(axis=(1, 2))).all()
    assert (pooled < maps.max(axis=(1, 2))).all()


def test_log_mean_exp_equals_its_formula_where_exp_would_overflow():
    maps = np.array([200.0, -200.0, 200.0, 0.0], np.float32).reshape(1, 2, 2, 1)
    pooled = LogMeanExpPooling(sharpness=4.0)(maps)
    np.testing.assert_allclose(pooled, [[200 + np.log(0.5) / 4]], rtol=1e-6)


def test_detached_peak_is_the_best_square_and_sends_no_gradient(maps):
    import tensorflow as tf

    image = np.zeros((1, 8, 8, 1), np.float32)
    image[0, 4:8, 0:4] = 3.0
    image[0, 0, 7] = 16.0
    x = tf.constant(image)
    with tf.GradientTape() as tape:
        tape.watch(x)
        peak = DetachedPeak()(x)
    np.testing.assert_allclose(peak, [[3.0]])
    assert tape.gradient(peak, x) is None
