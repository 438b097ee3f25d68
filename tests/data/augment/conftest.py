"""What the tests of augmentation share: a phantom, and a landmark that is image and mask alike."""

import numpy as np
import pytest
import tensorflow as tf

from bonefrac.data.geometry import letterbox, letterbox_mask
from bonefrac.data.phantom import draw

SIDE = 96


@pytest.fixture(scope="session")
def pair():
    """A phantom with a displaced fracture, letterboxed: black columns at both sides."""
    phantom = draw(seed=2, index=0, fracture="displaced")
    return letterbox(phantom.image[..., None], SIDE), letterbox_mask(phantom.mask[..., None], SIDE)


@pytest.fixture(scope="session")
def blob():
    """A mask of an ellipse off the centre, and an image that equals it times 255."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = ((y - 40) / 22) ** 2 + ((x - 55) / 13) ** 2 <= 1
    mask = tf.constant(mask[..., None], tf.uint8)
    return tf.cast(mask, tf.float32) * 255, mask


@pytest.fixture(scope="session")
def ramp():
    """Every gray level, evenly, [32, 32, 1]."""
    return tf.reshape(tf.linspace(0.0, 255.0, 1024), [32, 32, 1])
