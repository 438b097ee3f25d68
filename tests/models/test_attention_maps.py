"""Attention as outputs: gates as their layers have them, rollout as its formula."""

import keras
import numpy as np
import pytest

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.attention_maps import attention_maps

IMAGE = np.random.default_rng(0).uniform(0, 255, (2, 32, 48, 1)).astype(np.float32)


def vit(**changes):
    from bonefrac.models.presets import PRESETS
    from bonefrac.models.vit import vit

    return vit((32, 48, 1), **{**PRESETS["vit_tiny_patch16"].kwargs, **changes})


def sharpened(model):
    """The same network with queries so large that heads and blocks look at different places."""
    rng = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(0, 0.3, weight.shape))
    return model


def test_rollout_equals_its_formula():
    model = sharpened(vit())
    rollout = np.asarray(attention_maps(model)(IMAGE)["rollout"])
    names = [f"block{k:02d}_attention" for k in range(8)]
    blocks = keras.Model(model.input, [model.get_layer(name).output for name in names])(IMAGE)
    product = np.eye(7)
    for attention in blocks:
        product = (np.asarray(attention).mean(axis=1) + np.eye(7)) / 2 @ product
    assert product.std(axis=-1).max() > 0.01
    np.testing.assert_allclose(product.sum(axis=-1), 1, rtol=1e-5)
    assert rollout.shape == (2, 2, 3, 1)
    np.testing.assert_allclose(rollout.reshape(2, 6), product[:, 0, 1:], rtol=1e-4)


def test_gates_are_those_of_their_layers():
    model = build_model("attention_unet_tiny", image_size=32)
    image = IMAGE[:, :, :32]
    maps = attention_maps(model)(image)
    assert set(maps) == {"dec1_gate", "dec2_gate", "dec3_gate"}
    gate = keras.Model(model.input, model.get_layer("dec1_gate").output)(image)
    np.testing.assert_array_equal(maps["dec1_gate"], gate)


def test_a_network_from_a_file_tells_the_same(tmp_path):
    model = sharpened(vit())
    model.save(tmp_path / "m.keras")
    again = attention_maps(keras.saving.load_model(tmp_path / "m.keras"))
    np.testing.assert_allclose(
        again(IMAGE)["rollout"], attention_maps(model)(IMAGE)["rollout"], rtol=1e-6
    )


def test_maps_are_float32_under_mixed_precision():
    from bonefrac.models.presets import dtype_policy

    with dtype_policy("mixed_bfloat16"):
        model = vit()
    rollout = attention_maps(model)(IMAGE)["rollout"]
    assert keras.backend.standardize_dtype(rollout.dtype) == "float32"


def test_a_network_without_attention_is_refused():
    with pytest.raises(BonefracError, match=r"unet_tiny has no attention.*Attention U-Net"):
        attention_maps(build_model("unet_tiny", image_size=32))
