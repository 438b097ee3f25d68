"""Collimation: the leaves that leave a rectangle of the radiograph exposed."""

import math

import tensorflow as tf

from bonefrac.data.augment.draws import either_way, sometimes, up_to_one
from bonefrac.data.augment.field import field_box
from bonefrac.data.augment.strength import Strength

_TILT = 6.0  # degrees, either way
_LEAK = 0.12  # largest share of gray that a see-through shutter leaves
_MARGIN = 0.03  # share of the side between a fracture and the leaves


def random_collimation(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tf.Tensor:
    """Draw four leaves, a tilt and an edge; darken what is outside, never the mask."""
    if not strength.collimation:
        return image

    def apply(draw: tf.Tensor) -> tf.Tensor:
        first, second = tf.unstack(tf.random.split(draw, 2))
        tilt, leak = either_way(2, first)
        softness, *leaves = up_to_one(5, second)
        angle = tilt * _TILT
        return collimation(
            image,
            window=_window(image, mask, [leaf * strength.collimation for leaf in leaves], angle),
            angle=angle,
            penumbra=0.5 + 2.5 * softness,
            leak=tf.maximum(leak, 0.0) * _LEAK,
        )

    return sometimes(apply, image, chance=strength.collimation_chance, seed=seed)


def collimation(
    image: tf.Tensor,
    *,
    window: tf.Tensor,
    angle: tf.Tensor,
    penumbra: tf.Tensor,
    leak: tf.Tensor,
) -> tf.Tensor:
    """Darken everything outside a turned rectangle.

    Args:
        image: float32 [S, S, 1].
        window: left, top, right and bottom edge, pixels from the middle of the square along
            the turned axes, [4].
        angle: degrees, clockwise as seen on screen.
        penumbra: width of the soft edge, pixels, above 0.
        leak: share of gray that is left outside.
    """
    across, down = _turned(image, angle)
    room = tf.minimum(
        tf.minimum(across - window[0], window[2] - across),
        tf.minimum(down - window[1], window[3] - down),
    )
    light = tf.clip_by_value(room / penumbra + 0.5, 0.0, 1.0)[..., None]
    return image * (leak + (1.0 - leak) * light)


def _turned(image: tf.Tensor, angle: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Coordinates of each pixel along axes turned about the middle, [S, S] each."""
    side = tf.cast(tf.shape(image)[0], tf.float32)
    at = tf.range(side) - (side - 1) / 2
    cos, sin = tf.cos(angle * (math.pi / 180)), tf.sin(angle * (math.pi / 180))
    return cos * at + sin * at[:, None], cos * at[:, None] - sin * at


def _window(
    image: tf.Tensor, mask: tf.Tensor, leaves: list[tf.Tensor], angle: tf.Tensor
) -> tf.Tensor:
    """Leaves so far into the radiograph, opened where the mask would come near them."""
    side = tf.cast(tf.shape(image)[0], tf.float32)
    top, bottom, left, right = (tf.cast(edge, tf.float32) for edge in field_box(image))
    width, height, middle = right - left, bottom - top, (side - 1) / 2
    low = [left + leaves[0] * width - middle, top + leaves[1] * height - middle]
    high = [right - leaves[2] * width - middle, bottom - leaves[3] * height - middle]
    marked, margin = mask[..., 0] > 0, _MARGIN * side
    for axis, place in enumerate(_turned(image, angle)):
        low[axis] = tf.minimum(low[axis], tf.reduce_min(tf.where(marked, place, side)) - margin)
        high[axis] = tf.maximum(high[axis], tf.reduce_max(tf.where(marked, place, -side)) + margin)
    return tf.stack(low + high)
