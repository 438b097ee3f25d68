"""The optional heads: what they answer, and that they leave the other two as they are."""

import keras
import numpy as np
import pytest

from bonefrac.models.heads import BONE_AGE_OFFSET, BONE_AGE_SCALE
from bonefrac.models.presets import build_model

HEADS = ("mask", "fracture", "abnormality", "bone_age_months")
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)


def seeded(preset, **overrides):
    keras.utils.set_random_seed(0)
    return build_model(preset, image_size=32, **overrides)


@pytest.mark.parametrize("preset", ["unet_tiny", "vit_tiny_patch16"])
def test_optional_heads_leave_mask_and_fracture_as_they_are(preset):
    plain, more = seeded(preset), seeded(preset, heads=HEADS)
    expected, answer = plain(IMAGES), more(IMAGES)
    for head in HEADS[:2]:
        np.testing.assert_array_equal(answer[head], expected[head])
    for head in HEADS[1:]:
        assert answer[head].shape == (2, 1)
        assert answer[head].dtype == "float32"
    width = more.get_layer("bone_age_pool").output.shape[-1]
    assert more.count_params() == plain.count_params() + (width + 1) + 2 + (width + 1)


def test_bone_age_is_in_months_about_ten_years():
    model = seeded("unet_tiny", heads=("bone_age_months",))
    standard = keras.Model(model.input, model.get_layer("bone_age_standard").output)(IMAGES)
    months = np.asarray(model(IMAGES)["bone_age_months"])
    np.testing.assert_allclose(months, BONE_AGE_OFFSET + BONE_AGE_SCALE * standard, rtol=1e-6)
    assert (np.abs(months - 120) < 120).all()


def test_abnormality_finds_one_spot_as_the_fracture_label_does():
    model = seeded("unet_tiny", heads=("abnormality",))
    evidence, pooled = model.get_layer("abnormality_evidence"), model.get_layer("abnormality_pool")
    maps, values = keras.Model(model.input, [evidence.output, pooled.output])(IMAGES)
    maps, values = np.asarray(maps), np.asarray(values)
    assert (values >= maps.mean(axis=(1, 2)) - 1e-6).all()
    assert (values <= maps.max(axis=(1, 2)) + 1e-6).all()
