"""Multiply-accumulates: single layers by hand, presets and published networks as on record."""

import runpy
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as kl

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.layers import AttentionMix, AttentionWeights
from bonefrac.models.macs import count_macs, graph_macs
from bonefrac.models.presets import PRESETS

GENERATE = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "generate.py"))
QUICK = [name for name in PRESETS if "tiny" in name or "small" in name]
SLOW = [name for name in PRESETS if name not in QUICK]


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


def test_a_convolution_costs_its_kernel_at_each_place():
    image = keras.Input((8, 10, 3))
    assert count_macs(keras.Model(image, kl.Conv2D(4, 3, padding="same")(image))) == (
        8 * 10 * 3 * 3 * 3 * 4
    )
    assert count_macs(keras.Model(image, kl.Conv2D(4, 2, strides=2)(image))) == (
        4 * 5 * 2 * 2 * 3 * 4
    )


def test_a_transposed_convolution_costs_its_kernel_at_each_place_of_its_input():
    image = keras.Input((8, 10, 3))
    assert count_macs(keras.Model(image, kl.Conv2DTranspose(4, 2, strides=2)(image))) == (
        8 * 10 * 2 * 2 * 3 * 4
    )


def test_a_dense_layer_costs_its_kernel_for_each_token():
    vector, tokens = keras.Input((5,)), keras.Input((11, 5))
    assert count_macs(keras.Model(vector, kl.Dense(7)(vector))) == 5 * 7
    assert count_macs(keras.Model(tokens, kl.Dense(7)(tokens))) == 11 * 5 * 7


def test_a_layer_that_recurs_counts_each_time():
    image = keras.Input((8, 8, 2))
    conv = kl.Conv2D(2, 3, padding="same")
    assert count_macs(keras.Model(image, conv(conv(conv(image))))) == 3 * 8 * 8 * 9 * 2 * 2


def test_attention_costs_two_products_of_tokens():
    tokens, heads, dim = 5, 2, 8
    x = keras.Input((tokens, dim))
    weights = AttentionWeights(heads)(x, x)
    per_head = tokens * tokens * dim // heads
    assert count_macs(keras.Model(x, weights)) == heads * per_head
    assert count_macs(keras.Model(x, AttentionMix()(weights, x))) == 2 * heads * per_head


def test_normalisation_activation_and_pooling_cost_nothing():
    image = keras.Input((8, 8, 2))
    x = kl.MaxPooling2D()(kl.ReLU()(kl.BatchNormalization()(image)))
    assert count_macs(keras.Model(image, x)) == 0


def test_an_open_size_is_refused():
    with pytest.raises(BonefracError, match="open size"):
        count_macs(build_model("unet_tiny", image_size=None))


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_presets_cost_what_is_on_record(name):
    assert round(count_macs(build_model(name)) / 1e9, 2) == PRESETS[name].gmacs


@pytest.mark.parametrize("name", [name for name in QUICK if "tiny" in name])
def test_a_graph_counts_what_the_layers_do(name):
    model = build_model(name, image_size=64)
    assert graph_macs(model, (64, 64, 1)) == count_macs(model)


@pytest.mark.slow
@pytest.mark.parametrize("row", GENERATE["PUBLISHED"], ids=lambda row: f"{row.params}")
def test_published_networks_count_what_the_documentation_says(row):
    model = build_model(row.preset, **row.overrides)
    assert trainable(model) == row.params
    assert round(count_macs(model) / 1e9, 2) == row.gmacs


@pytest.mark.slow
def test_the_vit_encoder_counts_what_the_documentation_says():
    from bonefrac.models.vit import encoder

    image = keras.Input((224, 224, 3))
    sizes = {"hidden_dim": 768, "num_layers": 12, "num_heads": 12, "mlp_dim": 3072}
    states = encoder(image, patch_size=16, native_size=224, **sizes)
    assert trainable(keras.Model(image, states[-1])) == GENERATE["VIT_ENCODER"]


def test_the_documented_costs_are_those_of_the_literature():
    gmacs = {row.params: row.gmacs for row in GENERATE["PUBLISHED"]}
    for params, published in {34_525_889: 65.3, 39_091_265: 152.5, 34_877_421: 66.4}.items():
        assert gmacs[params] == pytest.approx(published, abs=0.051)
