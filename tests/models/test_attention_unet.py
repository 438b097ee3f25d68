"""Attention U-Net: both gates, their counts, their maps, and deep supervision."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.blocks import full_gate, grid_gate

IMAGE = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def gate_maps(model):
    names = sorted(x.name for x in model.layers if x.name.endswith("_gate"))
    maps = keras.Model(model.input, [model.get_layer(name).output for name in names])(IMAGE)
    return dict(zip(names, map(np.asarray, maps), strict=True))


def test_widespread_gates_have_their_published_count():
    model = build_model("attention_unet_base", image_size=64, heads=("mask",), gate="full")
    assert trainable(model) == 34_877_421


def test_grid_gates_add_what_their_description_says():
    widths = (8, 16, 32, 64, 128)
    plain = trainable(build_model("unet_tiny", image_size=64))
    added = 128 * 128 + 128 + 2 * 128  # the gating signal
    for c, g in pairwise(widths[1:]):
        added += 4 * c * c + (g * c + c) + (c + 1) + (c * c + c + 2 * c)
    assert trainable(build_model("attention_unet_tiny", image_size=64)) == plain + added


def test_grid_maps_lie_on_the_coarser_grid_of_three_skips():
    maps = gate_maps(build_model("attention_unet_tiny", image_size=32))
    assert {name: m.shape for name, m in maps.items()} == {
        "dec1_gate": (2, 8, 8, 1),
        "dec2_gate": (2, 4, 4, 1),
        "dec3_gate": (2, 2, 2, 1),
    }
    for m in maps.values():
        assert m.min() > 0 and m.max() < 1
        assert m.mean() > 0.8  # they start open


def test_full_maps_have_the_size_of_all_four_skips():
    maps = gate_maps(build_model("attention_unet_tiny", image_size=32, gate="full"))
    sides = {"dec0_gate": 32, "dec1_gate": 16, "dec2_gate": 8, "dec3_gate": 4}
    assert {name: m.shape for name, m in maps.items()} == {
        name: (2, side, side, 1) for name, side in sides.items()
    }
    assert all(m.min() > 0 and m.max() < 1 for m in maps.values())


def test_grid_gate_equals_its_formula():
    rng = np.random.default_rng(1)
    skip, gating = rng.normal(size=(2, 8, 8, 4)), rng.normal(size=(2, 4, 4, 6))
    inputs = keras.Input((8, 8, 4)), keras.Input((4, 4, 6))
    model = keras.Model(inputs, grid_gate(*inputs, name="g"))
    weights = {v.path: np.asarray(v) for v in model.weights}
    theta = np.einsum(
        "bhiwjc,ijcd->bhwd", skip.reshape(2, 4, 2, 4, 2, 4), weights["g_theta/kernel"]
    )
    phi = gating @ weights["g_phi/kernel"][0, 0] + weights["g_phi/bias"]
    logit = np.maximum(theta + phi, 0) @ weights["g_psi/kernel"][0, 0] + weights["g_psi/bias"]
    attention = ops.image.resize(1 / (1 + np.exp(-logit)), (8, 8), interpolation="bilinear")
    out = (skip * np.asarray(attention)) @ weights["g_out/kernel"][0, 0] + weights["g_out/bias"]
    out /= np.sqrt(1 + model.get_layer("g_out_norm").epsilon)
    answer = model([skip.astype(np.float32), gating.astype(np.float32)])
    np.testing.assert_allclose(answer, out, rtol=1e-4, atol=1e-5)


def test_full_gate_weighs_the_skip_with_its_map():
    inputs = keras.Input((8, 8, 4)), keras.Input((8, 8, 6))
    out = full_gate(*inputs, name="g")
    model = keras.Model(inputs, [out])
    both = keras.Model(inputs, [out, model.get_layer("g").output])
    skip, gating = (np.random.default_rng(2).normal(size=(2, 8, 8, c)) for c in (4, 6))
    weighed, attention = both([skip.astype(np.float32), gating.astype(np.float32)])
    np.testing.assert_allclose(weighed, skip * np.asarray(attention), rtol=1e-5)


def test_deep_supervision_adds_masks_of_the_coarser_sizes():
    model = build_model("attention_unet_tiny", image_size=32, deep_supervision=True)
    out = model(IMAGE)
    assert {k: tuple(v.shape) for k, v in out.items()} == {
        "mask": (2, 32, 32, 1),
        "mask_1": (2, 16, 16, 1),
        "mask_2": (2, 8, 8, 1),
        "mask_3": (2, 4, 4, 1),
        "fracture": (2, 1),
    }
    plain = build_model("attention_unet_tiny", image_size=32)
    assert plain(IMAGE).keys() == {"mask", "fracture"}
    assert trainable(model) == trainable(plain) + 17 + 33 + 65


def test_deep_supervision_without_a_mask_is_refused():
    with pytest.raises(BonefracError, match=r"Deep supervision.*\['fracture'\]"):
        build_model(
            "attention_unet_tiny", image_size=32, heads=("fracture",), deep_supervision=True
        )


def test_unknown_gate_is_refused():
    with pytest.raises(BonefracError, match=r"Gate 'soft'.*one of grid, full"):
        build_model("attention_unet_tiny", image_size=32, gate="soft")


def test_size_that_does_not_divide_names_the_nearest_that_do():
    with pytest.raises(BonefracError, match=r"250x250.*multiples of 16.*240 or 256"):
        build_model("attention_unet_tiny", image_size=250)


def test_open_image_size_takes_several_sizes():
    model = build_model("attention_unet_tiny", image_size=None, filters=(4, 8, 8))
    for side in (16, 24):
        assert model(np.zeros((1, side, side, 1), np.float32))["mask"].shape[1] == side


@pytest.mark.parametrize("gate", ["grid", "full"])
def test_logits_stay_float32_under_mixed_precision(gate):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model(
            "attention_unet_tiny", image_size=32, gate=gate, deep_supervision=gate == "grid"
        )
    finally:
        keras.config.set_dtype_policy("float32")
    dtypes = {keras.backend.standardize_dtype(v.dtype) for v in model(IMAGE).values()}
    assert dtypes == {"float32"}
    assert model.get_layer("dec1_gate").compute_dtype == "bfloat16"


@pytest.mark.parametrize("gate", ["grid", "full"])
def test_round_trip_by_file_and_by_weights(gate, tmp_path):
    arguments = {"image_size": 32, "gate": gate, "filters": (4, 8, 8)}
    model = build_model("attention_unet_tiny", **arguments)
    model(IMAGE, training=True)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    built = build_model("attention_unet_tiny", **arguments)
    built.load_weights(tmp_path / "m.weights.h5")
    for again in (keras.saving.load_model(tmp_path / "m.keras"), built):
        np.testing.assert_allclose(again(IMAGE)["mask"], model(IMAGE)["mask"], atol=1e-5)
