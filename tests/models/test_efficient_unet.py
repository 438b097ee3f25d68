"""A U-Net on a published encoder: where its maps lie, and what it refuses."""

import keras
import pytest

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.efficient_unet import ENCODERS, encode

PRESET = "unet_efficientnet_lite0"


def test_the_encoder_halves_five_times_to_the_published_widths():
    maps = encode(keras.Input((64, 96, 1)), ENCODERS["efficientnet_lite0"])
    assert [tuple(m.shape[1:]) for m in maps] == [
        (32, 48, 16),
        (16, 24, 24),
        (8, 12, 40),
        (4, 6, 112),
        (2, 3, 320),
    ]


def test_deep_supervision_has_a_mask_at_each_resolution_of_the_decoder():
    outputs = build_model(PRESET, image_size=64, deep_supervision=True).output
    assert {name: outputs[name].shape[1] for name in outputs if name != "fracture"} == {
        "mask": 64,
        "mask_1": 32,
        "mask_2": 16,
        "mask_3": 8,
        "mask_4": 4,
    }


def test_its_depthwise_convolutions_stay_float_in_half_precision():
    from bonefrac.models.presets import dtype_policy

    with dtype_policy("mixed_bfloat16"):
        model = build_model(PRESET, image_size=32)
    kinds = {
        type(layer).__name__: layer.compute_dtype for layer in model.layers if "conv" in layer.name
    }
    assert kinds == {"Conv2D": "bfloat16", "DepthwiseConv2D": "float32"}


def test_an_unknown_encoder_and_a_size_that_does_not_divide_are_refused():
    with pytest.raises(BonefracError, match=r"Encoder 'resnet'.*efficientnet_lite0"):
        build_model(PRESET, encoder="resnet")
    with pytest.raises(BonefracError, match="multiples of 32"):
        build_model(PRESET, image_size=48)
