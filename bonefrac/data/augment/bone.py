"""Where a bone lies in a picture: the place that stands out, which way it runs, how wide it is."""

import math

import tensorflow as tf

from bonefrac.data.augment.detector import blur
from bonefrac.data.augment.field import box_sums
from bonefrac.data.augment.warp import affine_matrix, project

_PLACES = 32  # drawn; the most bony is taken


def bony_corner(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, size: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw places; the first pixel of the window whose middle stands out most, and by how much.

    Args:
        image: float32 [S, S, 1].
        mask: uint8 [S, S, 1]; a window that touches it stands out by less than nothing.
        seed: int [2].
        size: side of the window, pixels.

    Returns:
        int32 (row, column), and gray levels of the middle above the window's mean.
    """
    side = tf.shape(image)[0]
    corners = tf.random.stateless_uniform([_PLACES, 2], seed, 0, side - size + 1, tf.int32)
    centres, near, wide = corners + size // 2, size // 12, size // 2
    middle = box_sums(image[..., 0], centres=centres, half=near) / (2 * near + 1) ** 2
    around = box_sums(image[..., 0], centres=centres, half=wide) / (2 * wide + 1) ** 2
    marked = box_sums(tf.cast(mask[..., 0], tf.float32), centres=centres, half=wide + 1)
    above = tf.where(marked > 0, -1.0, middle - around)
    best = tf.argmax(above)
    return corners[best], above[best]


def lean(window: tf.Tensor) -> tf.Tensor:
    """Degrees that a bone leans to the right of upright, from the window's steepest direction.

    Args:
        window: float32 [P, P, 1], the bone in its middle.
    """
    # Steps between neighbours misjudge the lean of a sharp edge, by up to 10 degrees.
    smooth = blur(window, sigma=1.5)
    down, right = (step[0] for step in tf.image.image_gradients(smooth[None]))
    across = tf.reduce_sum(tf.square(right) - tf.square(down))
    return tf.atan2(2 * tf.reduce_sum(down * right), across) / 2 * (180 / math.pi)


def span(window: tf.Tensor, *, leaning: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Middle of a bone across its axis, pixels from the window's middle, and its half width.

    Args:
        window: float32 [P, P, 1].
        leaning: degrees, as of `lean`.
    """
    size = tf.shape(window)[0]
    upright = project(window, turn(leaning, size), "BILINEAR", size=tf.stack([size, size]))
    quarter = size // 4
    profile = tf.reduce_mean(upright[quarter:-quarter, :, 0], 0)[quarter:-quarter]
    low, high = tf.reduce_min(profile), tf.reduce_max(profile)
    count = tf.cast(tf.size(profile), tf.float32)
    at = tf.range(count) - (count - 1) / 2
    # Above half height; the spread of an even stripe is its half width / root 3.
    weight = tf.cast(profile > (low + high) / 2, tf.float32)
    weight /= tf.reduce_sum(weight) + 1e-6
    middle = tf.reduce_sum(weight * at)
    return middle, tf.sqrt(3 * tf.reduce_sum(weight * tf.square(at - middle)) + 0.25)


def turn(
    degrees: tf.Tensor, size: tf.Tensor, *, scale: tf.Tensor | float = 1.0, shift: object = None
) -> tf.Tensor:
    """The matrix that turns a window about its middle; see `affine_matrix`."""
    return affine_matrix(
        rotation=degrees,
        scale=scale,
        shear=0.0,
        translation=tf.zeros([2]) if shift is None else shift,
        mirror=False,
        side=tf.cast(size, tf.float32),
    )
