"""R2U-Net: its published count, recurrence that shares, and averages that fit each step."""

import keras
import numpy as np
import pytest

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.blocks import recurrent_block
from bonefrac.models.layers import StepNormalization


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def block(*, filters=4, steps=2, **kwargs):
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, recurrent_block(image, filters, steps=steps, name="b", **kwargs))
    rng = np.random.default_rng(0)
    for v in model.variables:
        v.assign(rng.uniform(0.5, 1.5, v.shape) * (1 if "variance" in v.path else 0.3))
    return model


@pytest.fixture
def maps():
    return np.random.default_rng(1).normal(size=(16, 8, 8, 3)).astype(np.float32)


def test_published_count():
    model = build_model("r2unet_base", image_size=64, heads=("mask",))
    assert trainable(model) == 39_091_265


@pytest.mark.parametrize("steps", [1, 2])
def test_block_equals_its_formula_with_one_kernel_a_unit(maps, steps):
    model = block(steps=steps)

    def f(x, unit, step):
        kernel, bias = (np.asarray(v) for v in model.get_layer(f"b_conv{unit}").weights)
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), axis=(1, 2)
        )
        x = np.einsum("bhwcij,ijcd->bhwd", windows, kernel) + bias
        norm = model.get_layer(f"b_norm{unit}")
        mean, variance = (np.asarray(v) for v in norm.averages[step])
        x = (x - mean) / np.sqrt(variance + norm.epsilon)
        return np.maximum(x * np.asarray(norm.gamma) + np.asarray(norm.beta), 0)

    kernel, bias = (np.asarray(v) for v in model.get_layer("b_project").weights)
    x = maps @ kernel[0, 0] + bias
    y = x
    for unit in "12":
        start = y
        y = f(start, unit, 0)
        for step in range(1, steps + 1):
            y = f(start + y, unit, step)
    np.testing.assert_allclose(model(maps), x + y, rtol=1e-4, atol=1e-4)


def test_one_convolution_is_applied_once_more_than_it_recurs():
    entries = {e["name"]: e for e in block(steps=3).get_config()["layers"]}
    convolutions = {name for name, e in entries.items() if e["class_name"] == "Conv2D"}
    assert convolutions == {"b_project", "b_conv1", "b_conv2"}
    for name in ("b_conv1", "b_norm1", "b_conv2", "b_norm2"):
        assert len(entries[name]["inbound_nodes"]) == 4


def test_recurrence_adds_no_trainable_parameter():
    assert trainable(block(steps=1)) == trainable(block(steps=5))


def test_averages_of_each_step_infer_what_was_trained(maps):
    def relative_error(**kwargs):
        model = block(**kwargs)
        for norm in ("b_norm1", "b_norm2"):
            model.get_layer(norm).momentum = 0.5
        for _ in range(20):
            trained = np.asarray(model(maps, training=True))
        return np.abs(np.asarray(model(maps)) - trained).mean() / trained.std()

    assert relative_error() < 1e-4
    assert relative_error(shared_averages=True) > 0.05


def test_shared_averages_train_alike(maps):
    own, shared = block(), block(shared_averages=True)
    for a, b in zip(own.trainable_variables, shared.trainable_variables, strict=True):
        b.assign(a)
    np.testing.assert_allclose(own(maps, training=True), shared(maps, training=True), atol=1e-5)


def test_other_backends_normalise_a_step_alike(maps, monkeypatch):
    fused, plain = StepNormalization(2, momentum=0.9), StepNormalization(2, momentum=0.9)
    answers = [fused(maps, step=s, training=t) for s, t in ((1, True), (0, True), (1, False))]
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    again = [plain(maps, step=s, training=t) for s, t in ((1, True), (0, True), (1, False))]
    for a, b in zip([*answers, *fused.variables], [*again, *plain.variables], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_outputs_and_names():
    model = build_model("r2unet_tiny", image_size=32)
    out = model(np.zeros((2, 32, 32, 1), np.float32))
    assert {k: tuple(v.shape) for k, v in out.items()} == {
        "mask": (2, 32, 32, 1),
        "fracture": (2, 1),
    }
    names = {layer.name for layer in model.layers}
    assert {"enc0_conv1", "enc0_relu1_0", "enc0_relu2_2", "bottom_add", "dec0_join"} <= names


def test_logits_stay_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model("r2unet_tiny", image_size=32)
    finally:
        keras.config.set_dtype_policy("float32")
    out = model(np.zeros((1, 32, 32, 1), np.float32), training=True)
    assert {keras.backend.standardize_dtype(v.dtype) for v in out.values()} == {"float32"}
    assert model.get_layer("enc0_norm1").compute_dtype == "bfloat16"


def test_open_size_and_refused_size():
    model = build_model("r2unet_tiny", image_size=None, filters=(4, 8, 8))
    assert model(np.zeros((1, 12, 20, 1), np.float32))["mask"].shape == (1, 12, 20, 1)
    with pytest.raises(BonefracError, match=r"250x250.*multiples of 16.*240 or 256"):
        build_model("r2unet_tiny", image_size=250)


def test_round_trip_by_file_and_by_weights(tmp_path):
    model = build_model("r2unet_tiny", image_size=32, filters=(4, 8))
    image = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 1)).astype(np.float32)
    model(image, training=True)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    built = build_model("r2unet_tiny", image_size=32, filters=(4, 8))
    built.load_weights(tmp_path / "m.weights.h5")
    for again in (keras.saving.load_model(tmp_path / "m.keras"), built):
        np.testing.assert_allclose(again(image)["mask"], model(image)["mask"], atol=1e-5)
