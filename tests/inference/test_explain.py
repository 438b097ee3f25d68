"""Explanations: the map lies where the evidence is, at the radiograph's size, or says why not."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers as kl

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.explain import explain, highest, title
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.predictor import Predictor
from bonefrac.inference.runtimes import KerasRuntime

SIDE = 64
CARD = Card(
    name="seer",
    preset="unet_tiny",
    image_size=SIDE,
    temperature=1.0,
    thresholds=Thresholds(sure=0.6, doubt=0.2, mask=0.5),
)


def seer(*, sign=1.0):
    """A network whose evidence is known: bright cells of 8 pixels make both logits rise."""
    image = keras.Input((SIDE, SIDE, 1), name="image")
    cells = kl.AveragePooling2D(8, name="cells")(kl.Rescaling(1 / 255)(image))
    maps = kl.Concatenate(name="bottom")([cells, cells])
    evidence = kl.Conv2D(1, 1, kernel_initializer="ones", name="fracture_evidence")(maps)
    mask = kl.Rescaling(sign * 20, -5)(kl.UpSampling2D(8)(evidence))
    fracture = kl.Rescaling(sign)(kl.Reshape((1,))(kl.GlobalMaxPooling2D()(evidence)))
    return keras.Model(image, {"mask": mask, "fracture": fracture})


def spotted(height, width, row, column):
    pixels = np.zeros((height, width), np.float32)
    pixels[row - 9 : row + 10, column - 9 : column + 10] = 255
    return pixels


@pytest.mark.parametrize(("row", "column"), [(40, 70), (150, 30)])
def test_the_maps_peak_where_the_evidence_lies(row, column):
    pixels = spotted(192, 96, row, column)
    maps = explain(seer(), CARD, pixels)
    assert set(maps) == {"gradcam", "seg-gradcam"}
    for heat in maps.values():
        assert heat.shape == pixels.shape and heat.dtype == np.float32
        rows, columns = np.mgrid[:192, :96]
        centre = np.array([(rows * heat).sum(), (columns * heat).sum()]) / heat.sum()
        assert centre == pytest.approx([row, column], abs=12)  # half a cell of 24 pixels


def test_what_lowers_the_logits_is_cut_off():
    maps = explain(seer(sign=-1.0), CARD, spotted(64, 64, 30, 30))
    assert maps["gradcam"].max() == maps["seg-gradcam"].max() == 0
    assert highest("gradcam", maps["gradcam"]) == 0


def test_the_mask_of_one_spot_is_explained_by_its_own_pixels_alone():
    # The second spot is below the threshold of the outline: it must not change the target's slope.
    both = spotted(64, 64, 20, 20) + 0.1 * spotted(64, 64, 44, 44)
    one = explain(seer(), CARD, spotted(64, 64, 20, 20))["seg-gradcam"]
    two = explain(seer(), CARD, both)["seg-gradcam"]
    np.testing.assert_allclose(two[:24, :24], one[:24, :24], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("preset", "more"),
    [
        ("attention_unet_tiny", {"dec1_gate"}),
        ("vit_tiny_patch16", {"rollout"}),
    ],
)
def test_networks_that_attend_show_that_too(preset, more):
    small = {"filters": (4, 8, 16)} if preset.startswith("attention") else {}
    network = build_model(preset, image_size=SIDE, **small)
    maps = Predictor(KerasRuntime(network, CARD)).explain(spotted(90, 120, 40, 60))
    assert set(maps) == {"gradcam", "seg-gradcam", *more}
    for name, heat in maps.items():
        assert heat.shape == (90, 120)
        assert np.isfinite(heat).all() and heat.min() >= 0
        assert len(title(name)) < 100
        assert highest(name, heat) == (1 if name.endswith("_gate") else heat.max())


def test_who_cannot_be_explained_is_told_so():
    runtime = KerasRuntime(seer(), CARD)
    pixels = spotted(64, 64, 30, 30)
    with pytest.raises(BonefracError, match=r"several models; expected one Keras network"):
        Predictor(runtime, runtime).explain(pixels)
    with pytest.raises(BonefracError, match=r"windows of 32 pixels"):
        Predictor(KerasRuntime(seer(), replace(CARD, window=32))).explain(pixels)
    runtime.model = None
    with pytest.raises(BonefracError, match=r"seer, an export"):
        Predictor(runtime).explain(pixels)
