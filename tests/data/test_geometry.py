"""The letterbox of the TensorFlow graph is the letterbox of NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from bonefrac.data.geometry import letterbox, letterbox_mask
from bonefrac.data.phantom import draw
from bonefrac.radiograph.letterbox import Letterbox

SIZES = [
    (2880, 2304, 512),
    (1, 1, 8),
    (1, 37, 16),
    (37, 1, 16),
    (1, 5000, 96),
    (600, 1, 64),
    (373, 454, 320),
    (454, 373, 224),
    (33, 1000, 128),
    (7, 5, 64),
    (5, 7, 300),
    (3, 2, 511),
    (127, 129, 128),
    (129, 127, 128),
    (1000, 999, 333),
    (640, 480, 481),
    (17, 600, 31),
    (255, 256, 257),
    (256, 256, 256),
    (2, 3, 1),
]


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]} into {0[2]}".format)
def test_it_equals_the_numpy_letterbox(size):
    height, width, side = size
    rng = np.random.default_rng(height)
    noise = rng.integers(0, 256, (height, width), dtype=np.uint8)
    mask = (rng.random((height, width)) < 0.3).astype(np.uint8)
    box = Letterbox(height, width, side)
    image_here = letterbox(noise[..., None], side)
    mask_here = letterbox_mask(mask[..., None], side)
    assert image_here.shape == mask_here.shape == (side, side, 1)
    assert image_here.dtype == tf.float32
    assert mask_here.dtype == tf.uint8
    # TensorFlow places pixels in float32; noise, the hardest picture, shows up to 0.011 of it.
    assert np.abs(image_here[..., 0] - box.apply(noise)).max() < 2e-2
    assert (mask_here[..., 0] == box.apply_mask(mask)).numpy().all()


@pytest.mark.parametrize("side", [224, 320, 481, 512])
def test_it_equals_the_numpy_letterbox_within_a_hundredth_of_a_gray_level_on_bones(side):
    for index in range(4):
        image = draw(seed=1, index=index).image
        here = letterbox(image[..., None], side)[..., 0]
        assert np.abs(here - Letterbox(*image.shape, side).apply(image)).max() < 1e-2


def test_it_knows_its_shape_inside_a_dataset_of_unlike_pictures():
    pictures = [np.full((h, w, 1), 9, np.uint8) for h, w in ((3, 50), (70, 20), (64, 64))]
    signature = tf.TensorSpec((None, None, 1), tf.uint8)
    ds = tf.data.Dataset.from_generator(lambda: iter(pictures), output_signature=signature)
    ds = ds.map(lambda x: (letterbox(x, 64), letterbox_mask(x, 64)))
    assert [spec.shape for spec in ds.element_spec] == [(64, 64, 1)] * 2
    for picture, (image, mask) in zip(pictures, ds, strict=True):
        assert np.allclose(image, letterbox(picture, 64), atol=1e-4)
        assert (mask == letterbox_mask(picture, 64)).numpy().all()
