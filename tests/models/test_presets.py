"""Presets: names, counts and the promises of the model contract."""

import re

import keras
import numpy as np
import pytest

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.presets import any_size


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_unet_of_the_paper_has_its_published_count():
    paper = build_model("unet_base", heads=("mask",), up="transpose", normalization=None)
    assert trainable(paper) == 31_030_593


def test_unet_of_the_upsampling_family_has_its_published_count():
    assert trainable(build_model("unet_base", heads=("mask",))) == 34_525_889


@pytest.mark.parametrize("name", ["unet_tiny", "unet_small"])
def test_outputs_are_a_dict_of_float32_logits(name):
    model = build_model(name, image_size=64)
    assert model.input.name == "image"
    out = model(np.zeros((2, 64, 64, 1), np.float32))
    assert {k: tuple(v.shape) for k, v in out.items()} == {
        "mask": (2, 64, 64, 1),
        "fracture": (2, 1),
    }
    assert {keras.backend.standardize_dtype(v.dtype) for v in out.values()} == {"float32"}


def test_logits_stay_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model("unet_tiny", image_size=32)
    finally:
        keras.config.set_dtype_policy("float32")
    out = model(np.zeros((1, 32, 32, 1), np.float32))
    assert {keras.backend.standardize_dtype(v.dtype) for v in out.values()} == {"float32"}
    assert model.get_layer("enc0_conv1").compute_dtype == "bfloat16"


def test_layers_carry_the_names_of_the_contract():
    names = {layer.name for layer in build_model("unet_tiny", image_size=32).layers}
    assert {"enc0_conv1", "enc0_norm1", "bottom_conv2", "dec0_up", "dec0_join"} <= names
    assert {"mask_logits", "fracture_logits"} <= names


def test_open_image_size_takes_several_sizes():
    model = build_model("unet_tiny", image_size=None)
    for side in (32, 48):
        assert model(np.zeros((1, side, side, 1), np.float32))["mask"].shape[1] == side


def test_equal_seeds_give_equal_weights():
    def weights():
        keras.utils.set_random_seed(3)
        return build_model("unet_tiny", image_size=32).get_weights()

    for a, b in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_size_that_does_not_divide_names_the_nearest_that_do():
    with pytest.raises(BonefracError, match=r"250x250.*multiples of 16.*240 or 256"):
        build_model("unet_tiny", image_size=250)


def test_unknown_preset_names_the_nearest():
    with pytest.raises(BonefracError, match=r"'unet_tny'.*Did you mean 'unet_tiny'"):
        build_model("unet_tny")


@pytest.mark.parametrize(
    "wrong", [{"filters": 8}, {"filters": ["8"]}, {"up": 2}, {"deep_supervision": 1}]
)
def test_an_argument_of_another_kind_is_refused(wrong):
    ((key, value),) = wrong.items()
    with pytest.raises(BonefracError, match=re.escape(f"unet_tiny with {key}={value!r}")):
        build_model("unet_tiny", image_size=32, **wrong)


def test_unknown_head_is_refused():
    with pytest.raises(BonefracError, match=r"Heads \['masks'\]"):
        build_model("unet_tiny", image_size=32, heads=("masks",))


def test_a_label_alone_needs_no_mask_head():
    model = build_model("unet_tiny", image_size=32, heads=("fracture",))
    assert list(model(np.zeros((1, 32, 32, 1), np.float32))) == ["fracture"]


def test_an_argument_that_a_preset_lacks_is_told():
    with pytest.raises(BonefracError, match=r"unet_tiny with gate, patch_size; expected only filt"):
        build_model("unet_tiny", patch_size=8, gate="grid")
    with pytest.raises(BonefracError, match=r"Image head 'wide'; expected one of deep, dense"):
        build_model("unet_tiny", image_size=32, image_head="wide")


def test_presets_of_any_size_are_those_that_build_for_none():
    for name in ("unet_tiny", "r2unet_tiny", "attention_unet_tiny", "vit_tiny_patch16"):
        if any_size(name):
            build_model(name, image_size=None)
        else:
            with pytest.raises(BonefracError, match="An open image size"):
                build_model(name, image_size=None)
