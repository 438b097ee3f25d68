"""Stateless augmentation: a random op draws its parameters, then calls its deterministic twin.

Images are float32 [S, S, 1] in 0..255, masks uint8 [S, S, 1] of 0 and 1, seeds int [2]: the same
seed gives the same draw, whatever ran before.
"""

import math
from dataclasses import dataclass

import tensorflow as tf

from bonefrac.schema import PIXEL_MAX


@dataclass(frozen=True)
class Strength:
    """How far each draw may go; all zero is the identity.

    Attributes:
        rotation: degrees, either way.
        scale: relative, either way.
        shear: pixels sideways a pixel of height, either way.
        translation: share of the side, either way.
        flip: chance to mirror left and right.
        gamma: natural logarithm of the exponent, either way.
        contrast: relative, either way, about mid-gray.
        brightness: gray levels of 255, either way.
        noise: largest standard deviation, gray levels of 255.
    """

    rotation: float = 15.0
    scale: float = 0.15
    shear: float = 0.08
    translation: float = 0.06
    flip: float = 0.5
    gamma: float = 0.3
    contrast: float = 0.2
    brightness: float = 15.0
    noise: float = 6.0


NONE = Strength(0, 0, 0, 0, 0, 0, 0, 0, 0)


def random_augment(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tuple[tf.Tensor, tf.Tensor]:
    """One random affine on image and mask, then one random intensity change on the image."""
    geometry, intensity = tf.unstack(tf.random.split(seed, 2))
    image, mask = random_affine(image, mask, seed=geometry, strength=strength)
    return random_intensity(image, seed=intensity, strength=strength), mask


def random_affine(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw rotation, scale, shear, translation and mirror image; apply them at once."""
    side = tf.cast(tf.shape(image)[0], tf.float32)
    draw = tf.random.stateless_uniform([6], seed, -1.0, 1.0)
    matrix = affine_matrix(
        rotation=draw[0] * strength.rotation,
        scale=1.0 + draw[1] * strength.scale,
        shear=draw[2] * strength.shear,
        translation=draw[3:5] * strength.translation * side,
        mirror=(draw[5] + 1) / 2 < strength.flip,
        side=side,
    )
    return affine(image, mask, matrix=matrix)


def affine_matrix(
    *,
    rotation: tf.Tensor,
    scale: tf.Tensor,
    shear: tf.Tensor,
    translation: tf.Tensor,
    mirror: tf.Tensor,
    side: tf.Tensor,
) -> tf.Tensor:
    """The 3x3 matrix that takes a point (x, y) of the result to its source point.

    Args:
        rotation: degrees, counter-clockwise as seen on screen.
        scale: above 1 enlarges.
        shear: pixels sideways a pixel of height.
        translation: (x, y) pixels.
        mirror: whether left and right change places.
        side: of the square, pixels; everything turns about its centre.
    """
    angle = rotation * (math.pi / 180)
    cos, sin = tf.cos(angle) / scale, tf.sin(angle) / scale
    sign = tf.where(mirror, -1.0, 1.0)
    # Screen y points down, so this rotation looks counter-clockwise to the viewer.
    linear = tf.stack([[sign * cos, sign * (shear * cos - sin)], [sin, shear * sin + cos]])
    centre = tf.fill([2], (side - 1) / 2)
    offset = centre - tf.linalg.matvec(linear, centre + translation)
    return tf.concat([tf.concat([linear, offset[:, None]], 1), [[0.0, 0.0, 1.0]]], 0)


def affine(image: tf.Tensor, mask: tf.Tensor, *, matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Warp both by one matrix: the image bilinearly, the mask by nearest pixel, outside black."""
    return _warp(image, matrix, "BILINEAR"), _warp(mask, matrix, "NEAREST")


def _warp(image: tf.Tensor, matrix: tf.Tensor, interpolation: str) -> tf.Tensor:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=tf.reshape(matrix, [1, 9])[:, :8],
        output_shape=tf.shape(image)[:2],
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode="CONSTANT",
    )[0]


def random_intensity(image: tf.Tensor, *, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Draw gamma, contrast, brightness and noise; apply them at once."""
    first, second = tf.unstack(tf.random.split(seed, 2))
    draw = tf.random.stateless_uniform([4], first, -1.0, 1.0)
    return intensity(
        image,
        gamma=tf.exp(draw[0] * strength.gamma),
        contrast=1.0 + draw[1] * strength.contrast,
        brightness=draw[2] * strength.brightness,
        noise=tf.random.stateless_normal(tf.shape(image), second)
        * (tf.abs(draw[3]) * strength.noise),
    )


def intensity(
    image: tf.Tensor,
    *,
    gamma: tf.Tensor,
    contrast: tf.Tensor,
    brightness: tf.Tensor,
    noise: tf.Tensor,
) -> tf.Tensor:
    """Change gray levels, clipped to 0..255.

    Args:
        image: float32 [S, S, 1].
        gamma: exponent on the image scaled to 0..1.
        contrast: factor about mid-gray.
        brightness: gray levels to add.
        noise: gray levels to add to each pixel, [S, S, 1].
    """
    image = PIXEL_MAX * (image / PIXEL_MAX) ** gamma
    middle = PIXEL_MAX / 2
    image = (image - middle) * contrast + middle + brightness + noise
    return tf.clip_by_value(image, 0.0, PIXEL_MAX)
