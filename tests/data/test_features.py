"""An example holds what is known about a radiograph; what is not known says so."""

import math

import numpy as np
import pytest
from PIL import Image

from bonefrac import schema
from bonefrac.data.features import example, features
from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError

IMAGE = draw(seed=1, index=0).image


def test_an_example_has_all_features_and_no_other():
    assert set(example(id="a", group="g", image=IMAGE)) == set(features())


def test_what_is_not_known_says_so():
    made = example(id="a", group="g", image=IMAGE)
    assert made[schema.FRACTURE] == made[schema.ABNORMALITY] == made[schema.HARDWARE] == -1
    assert math.isnan(made[schema.BONE_AGE_MONTHS])
    assert made[schema.BODY_PART] == made[schema.VIEW] == ""
    assert made[schema.HAS_MASK] is False
    assert not made[schema.MASK].any()
    assert made[schema.MASK].shape == (*IMAGE.shape, 1)


def test_an_empty_mask_is_a_known_mask():
    assert example(id="a", group="g", image=IMAGE, mask=np.zeros_like(IMAGE))[schema.HAS_MASK]


def test_the_picture_is_kept_within_jpeg_tolerance():
    jpeg = example(id="a", group="g", image=IMAGE)[schema.IMAGE]
    kept = np.asarray(Image.open(jpeg), np.float32)
    assert kept.shape == IMAGE.shape
    assert np.abs(kept - IMAGE).mean() < 1.5


def test_a_float_picture_is_rounded_and_clipped():
    image = np.full((16, 16), 99.6, np.float32)
    image[:8] = 300
    kept = np.asarray(Image.open(example(id="a", group="g", image=image)[schema.IMAGE]))
    assert np.unique(kept).tolist() == [100, 255]


def test_a_mask_of_booleans_is_accepted():
    mask = example(id="a", group="g", image=IMAGE, mask=IMAGE > 100)[schema.MASK]
    assert mask.dtype == np.uint8
    assert (mask[..., 0] == (IMAGE > 100)).all()


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (np.where(IMAGE > 100, 255, 0), "values [0, 255]"),
        (np.full(IMAGE.shape, 0.5), "values [0.5]"),
        (np.zeros((9, 9), np.uint8), "shape (9, 9)"),
        (np.zeros((*IMAGE.shape, 1), np.uint8), f"shape {(*IMAGE.shape, 1)}"),
    ],
    ids=["0 and 255", "soft", "another size", "with channel"],
)
def test_a_mask_of_other_values_or_size_is_refused_by_name(mask, told):
    with pytest.raises(BonefracError) as caught:
        example(id="IMG7", group="g", image=IMAGE, mask=mask)
    assert "Mask of IMG7" in caught.value.received
    assert told in caught.value.received
    assert str(IMAGE.shape) in caught.value.expected
