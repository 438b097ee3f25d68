"""Multiply-accumulates against formulas and against published counts."""

import keras
import pytest
from keras import layers as kl

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.macs import count_macs


def model_of(*layers, shape=(8, 8, 3)):
    image = x = keras.Input(shape)
    for layer in layers:
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        (kl.Conv2D(5, 3, padding="same"), 8 * 8 * 9 * 3 * 5),
        (kl.Conv2D(5, 2, strides=2), 4 * 4 * 4 * 3 * 5),
        (kl.Conv2D(6, 3, padding="same", groups=3), 8 * 8 * 9 * 1 * 6),
        (kl.Conv2DTranspose(5, 2, strides=2), 8 * 8 * 4 * 3 * 5),
        (kl.DepthwiseConv2D(3), 6 * 6 * 9 * 3),
        (kl.Dense(5), 8 * 8 * 3 * 5),
        (kl.ReLU(), 0),
    ],
)
def test_one_layer_equals_its_formula(layer, macs):
    assert count_macs(model_of(layer)) == macs


def test_a_layer_applied_three_times_counts_three_times():
    layer = kl.Conv2D(3, 1)
    assert count_macs(model_of(layer, layer, layer)) == 3 * 8 * 8 * 3 * 3


@pytest.mark.parametrize(
    ("preset", "arguments", "giga"),
    [
        ("unet_small", {}, 4.1),
        ("r2unet_small", {}, 9.5),
        ("attention_unet_small", {"gate": "full"}, 4.2),
    ],
)
def test_networks_have_their_published_costs(preset, arguments, giga):
    assert round(count_macs(build_model(preset, heads=("mask",), **arguments)) / 1e9, 1) == giga


def test_attention_costs_both_of_its_products():
    tokens, dim, layers = 4 + 1, 64, 8
    block = tokens * (4 * dim * dim + 2 * dim * 256) + 2 * tokens * tokens * dim
    model = build_model("vit_tiny_patch16", image_size=32)
    encoder = keras.Model(model.input, model.get_layer("encoded").output)
    assert count_macs(encoder) == 4 * 16 * 16 * dim + layers * block


def test_open_size_is_refused():
    with pytest.raises(BonefracError, match=r"enc0_conv1.*open size"):
        count_macs(build_model("unet_tiny", image_size=None))


def test_layer_without_a_rule_is_refused():
    with pytest.raises(BonefracError, match=r"Conv1D.*one of Conv2D"):
        count_macs(model_of(kl.Conv1D(2, 3), shape=(8, 3)))
