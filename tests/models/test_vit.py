"""Vision Transformer: its published count, its positions, its attention and its decoder."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.layers import (
    AttentionMix,
    AttentionWeights,
    PatchTokens,
    TokenGrid,
    gelu_tanh,
)
from bonefrac.models.vit import encoder

SMALL = {
    "patch_size": 4,
    "hidden_dim": 8,
    "num_layers": 2,
    "num_heads": 2,
    "mlp_dim": 16,
    "filters": (4, 4),
    "native_size": 16,
}
RNG = np.random.default_rng(0)
IMAGE = RNG.uniform(0, 255, (2, 16, 16, 1)).astype(np.float32)


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def tiny(image_size=16, **changes):
    return build_model("vit_tiny_patch16", image_size=image_size, **{**SMALL, **changes})


def test_encoder_of_the_paper_has_its_published_count():
    image = keras.Input((224, 224, 3))
    sizes = {"hidden_dim": 768, "num_layers": 12, "num_heads": 12, "mlp_dim": 3072}
    states = encoder(image, patch_size=16, native_size=224, **sizes)
    assert trainable(keras.Model(image, states[-1])) == 85_798_656
    assert [tuple(s.shape) for s in states] == [(None, 197, 768)] * 13


def test_positions_are_the_learned_ones_at_the_native_size():
    layer = PatchTokens((4, 4))
    patches = RNG.normal(size=(2, 4, 4, 8)).astype(np.float32)
    tokens = np.asarray(layer(patches))
    np.testing.assert_array_equal(
        tokens[:, 1:].reshape(patches.shape), patches + np.asarray(layer.positions)
    )
    np.testing.assert_array_equal(tokens[:, :1], np.tile(layer.token_position, (2, 1, 1)))
    resized = ops.image.resize(layer.positions, (4, 4), interpolation="bilinear")
    np.testing.assert_allclose(resized, layer.positions, atol=1e-6)


def test_positions_of_another_size_lie_between_the_learned_ones():
    layer = PatchTokens((4, 4))
    layer.build((None, 4, 4, 1))
    layer.positions.assign(np.tile(np.arange(4.0).reshape(1, 4, 1, 1), (1, 1, 4, 1)))
    added = np.asarray(layer(np.zeros((1, 8, 6, 1), np.float32)))[0, 1:].reshape(8, 6)
    expected = np.clip((np.arange(8) + 0.5) / 2 - 0.5, 0, 3)  # pixel centres, edges repeated
    np.testing.assert_allclose(added, np.tile(expected[:, None], (1, 6)), atol=1e-6)


def test_weights_of_one_size_fit_another():
    native, wide = tiny(16), tiny(32)
    wide.set_weights(native.get_weights())
    assert wide(np.zeros((1, 32, 32, 1), np.float32))["mask"].shape == (1, 32, 32, 1)


def test_class_token_is_dropped_or_added():
    tokens = RNG.normal(size=(2, 7, 3)).astype(np.float32)
    patches = tokens[:, 1:].reshape(2, 2, 3, 3)
    np.testing.assert_array_equal(TokenGrid((2, 3))(tokens), patches)
    np.testing.assert_allclose(
        TokenGrid((2, 3), readout="add")(tokens), patches + tokens[:, :1, None]
    )


def test_attention_equals_its_formula():
    query, key, value = RNG.normal(size=(3, 2, 5, 6)).astype(np.float32)
    weights = AttentionWeights(3)(query, key)
    assert weights.shape == (2, 3, 5, 5)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, rtol=1e-5)
    heads = []
    for head in range(3):
        part = slice(2 * head, 2 * head + 2)
        scores = query[..., part] @ key[..., part].swapaxes(1, 2) / np.sqrt(2)
        softmax = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(weights[:, head], softmax, rtol=1e-4)
        heads.append(softmax @ value[..., part])
    mixed = AttentionMix()(weights, value)
    np.testing.assert_allclose(mixed, np.concatenate(heads, axis=-1), rtol=1e-4, atol=1e-5)


def test_attention_of_every_block_is_reachable_by_name():
    model = build_model("vit_tiny_patch16", image_size=32)
    names = [f"block{k:02d}_attention" for k in range(8)]
    maps = keras.Model(model.input, [model.get_layer(name).output for name in names])
    for attention in maps(np.zeros((1, 32, 32, 1), np.float32)):
        assert attention.shape == (1, 4, 5, 5)
        np.testing.assert_allclose(np.sum(attention, axis=-1), 1, rtol=1e-5)


def test_tanh_gelu_is_close_to_the_exact_one():
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    difference = np.abs(np.asarray(gelu_tanh(x)) - np.asarray(keras.activations.gelu(x)))
    assert 1e-4 < difference.max() < 5e-4


def test_exact_gelu_is_an_argument():
    model = tiny(approximate_gelu=False)
    assert model.get_layer("block00_gelu").activation is keras.activations.gelu
    assert tiny().get_layer("block00_gelu").activation is gelu_tanh


def test_outputs_and_names():
    model = build_model("vit_tiny_patch16", image_size=64)
    out = model(np.zeros((2, 64, 64, 1), np.float32))
    assert {k: tuple(v.shape) for k, v in out.items()} == {
        "mask": (2, 64, 64, 1),
        "fracture": (2, 1),
    }
    names = {layer.name for layer in model.layers}
    assert {"patches", "tokens", "block07_attention", "encoded", "bottom", "dec0_join"} <= names


def test_skips_come_from_a_quarter_a_half_and_three_quarters_of_the_depth():
    nodes = {
        entry["name"]: entry["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0]
        for entry in build_model("vit_tiny_patch16", image_size=32).get_config()["layers"]
        if entry["class_name"] == "TokenGrid"
    }
    assert nodes == {
        "enc1_grid": "block01_add2",
        "enc2_grid": "block03_add2",
        "enc3_grid": "block05_add2",
        "bottom": "encoded",
    }


def test_every_weight_learns():
    import tensorflow as tf

    model = tiny()
    with tf.GradientTape() as tape:
        out = model(IMAGE, training=True)
        loss = tf.reduce_sum(out["mask"] ** 2) + tf.reduce_sum(out["fracture"] ** 2)
    variables = [v.value for v in model.trainable_variables]
    assert all(g is not None for g in tape.gradient(loss, variables))


def test_dropout_is_active_in_training_only():
    model = tiny(dropout_rate=0.5)
    np.testing.assert_array_equal(model(IMAGE)["mask"], model(IMAGE)["mask"])
    first, second = (np.asarray(model(IMAGE, training=True)["mask"]) for _ in range(2))
    assert (first != second).any()


def test_logits_stay_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny(32)
    finally:
        keras.config.set_dtype_policy("float32")
    out = model(np.zeros((1, 32, 32, 1), np.float32))
    assert {keras.backend.standardize_dtype(v.dtype) for v in out.values()} == {"float32"}
    assert model.get_layer("block00_attention").compute_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 250}, r"250x250.*multiples of 16.*240 or 256"),
        ({"image_size": None}, r"open image size.*multiples of 16"),
        ({"native_size": 100}, r"100x100.*multiples of 16.*96 or 112"),
        ({"patch_size": 8}, r"Patches of 8 with 4 decoder widths.*patches of 16"),
        ({"num_heads": 5}, r"5 heads over a width of 64"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(BonefracError, match=message):
        build_model("vit_tiny_patch16", **changes)


@pytest.mark.slow
def test_file_and_weights_answer_alike_in_a_fresh_process(tmp_path):
    image = RNG.uniform(0, 255, (1, 32, 32, 1)).astype(np.float32)
    model = build_model("vit_tiny_patch16", image_size=32)
    model(image, training=True)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    np.save(tmp_path / "x.npy", image)
    np.save(tmp_path / "y.npy", model(image)["mask"])
    code = (
        "import keras, numpy as np, bonefrac, bonefrac.models.layers\n"
        "x, y = np.load('x.npy'), np.load('y.npy')\n"
        "built = bonefrac.build_model('vit_tiny_patch16', image_size=32)\n"
        "built.load_weights('m.weights.h5')\n"
        "for model in (keras.saving.load_model('m.keras'), built):\n"
        "    np.testing.assert_allclose(model(x)['mask'], y, atol=1e-5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
