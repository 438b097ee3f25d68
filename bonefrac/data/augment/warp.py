"""One warp of image and mask: rotation, scale, shear, translation, mirror image and bend.

Images are float32 [S, S, 1] in 0..255, masks uint8 [S, S, 1] of 0 and 1.
"""

import math

import tensorflow as tf

from bonefrac.data.augment.draws import either_way, sometimes
from bonefrac.data.augment.strength import Strength

_KNOTS = 8  # control points a side, two of them outside; five spans cross the square


def random_warp(
    image: tf.Tensor,
    mask: tf.Tensor,
    *,
    affine_seed: tf.Tensor,
    elastic_seed: tf.Tensor,
    strength: Strength,
) -> tuple[tf.Tensor, tf.Tensor]:
    """`random_affine` and `random_elastic` in one warp, so that pixels are resampled once."""
    moves = any(
        (strength.rotation, strength.scale, strength.shear, strength.translation, strength.flip)
    )
    if not moves:
        return random_elastic(image, mask, seed=elastic_seed, strength=strength)
    matrix = _draw_matrix(image, affine_seed, strength)
    if not (strength.elastic and strength.elastic_chance):
        return affine(image, mask, matrix=matrix)
    coin, draw = tf.unstack(tf.random.split(elastic_seed, 2))
    return tf.cond(
        tf.random.stateless_uniform([], coin) < strength.elastic_chance,
        lambda: elastic(image, mask, knots=_draw_knots(image, draw, strength), matrix=matrix),
        lambda: affine(image, mask, matrix=matrix),
    )


def random_affine(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw rotation, scale, shear, translation and mirror image; apply them at once."""
    return affine(image, mask, matrix=_draw_matrix(image, seed, strength))


def _draw_matrix(image: tf.Tensor, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    side = tf.cast(tf.shape(image)[0], tf.float32)
    draw = either_way(6, seed)
    return affine_matrix(
        rotation=draw[0] * strength.rotation,
        scale=1.0 + draw[1] * strength.scale,
        shear=draw[2] * strength.shear,
        translation=tf.stack(draw[3:5]) * strength.translation * side,
        mirror=(draw[5] + 1) / 2 < strength.flip,
        side=side,
    )


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
    size = tf.shape(image)[:2]
    warped = (
        project(image, matrix, "BILINEAR", size=size),
        project(mask, matrix, "NEAREST", size=size),
    )
    return tf.ensure_shape(warped[0], image.shape), tf.ensure_shape(warped[1], mask.shape)


def project(
    image: tf.Tensor, matrix: tf.Tensor, interpolation: str, *, size: tf.Tensor
) -> tf.Tensor:
    """[H, W, 1] seen through a 3x3 matrix from result to source, [*size, 1]; outside black."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=tf.reshape(matrix, [1, 9])[:, :8],
        output_shape=size,
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode="CONSTANT",
    )[0]


def random_elastic(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw the knots of one smooth displacement field; bend image and mask by it."""
    if not strength.elastic:
        return image, mask

    def apply(draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return elastic(image, mask, knots=_draw_knots(image, draw, strength))

    return sometimes(apply, (image, mask), chance=strength.elastic_chance, seed=seed)


def _draw_knots(image: tf.Tensor, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    reach = strength.elastic * tf.cast(tf.shape(image)[0], tf.float32)
    return tf.random.stateless_uniform([2, _KNOTS, _KNOTS], seed, -reach, reach)


def elastic(
    image: tf.Tensor, mask: tf.Tensor, *, knots: tf.Tensor, matrix: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Warp both by one cubic B-spline field, on top of a matrix: bilinear, nearest, black.

    Where no two neighbouring knots differ by half a span, 1 / (2 (n - 3)) of the side, nothing
    folds: a slope of the field is a mean of such differences over the span.

    Args:
        image: float32 [S, S, 1].
        mask: uint8 [S, S, 1].
        knots: displacement in x and in y, pixels, [2, n, n] over rows and columns.
        matrix: 3x3 from result to source, as of `affine_matrix`; None is the identity.
    """
    side = tf.cast(tf.shape(image)[0], tf.float32)
    bend = displacement(knots, side=side)
    at = tf.range(side)
    x, y = at + bend[0], at[:, None] + bend[1]
    if matrix is not None:
        linear = matrix[:2, 0, None, None] * at + matrix[:2, 1, None, None] * at[:, None]
        x, y = tf.unstack(linear + matrix[:2, 2, None, None] + bend)
    return _bilinear(image, x, y), _nearest(mask, x, y)


def displacement(knots: tf.Tensor, *, side: tf.Tensor) -> tf.Tensor:
    """The spline field, pixels in x and in y, [2, S, S], of knots [2, n, n] laid over a square.

    The outermost knots lie one span outside; no displacement exceeds the largest knot.
    """
    basis = _spline_basis(side, knots.shape[-1])
    return basis @ knots @ tf.transpose(basis)


def _spline_basis(side: tf.Tensor, knots: int) -> tf.Tensor:
    """Weight of each knot at each pixel, [S, n]; a row sums to 1."""
    at = tf.range(side) * ((knots - 3) / (side - 1)) + 1.0
    away = tf.abs(at[:, None] - tf.range(float(knots)))
    near, far = 2 / 3 - away**2 + away**3 / 2, (2 - away) ** 3 / 6
    return tf.where(away < 1, near, tf.where(away < 2, far, 0.0))


def _bilinear(image: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    flat, x, y, width = _ringed(image, x, y)
    left, top = (tf.minimum(tf.floor(v), tf.cast(width - 2, tf.float32)) for v in (x, y))
    first = tf.cast(top, tf.int32) * width + tf.cast(left, tf.int32)
    right, down = x - left, y - top
    upper = tf.gather(flat, first) * (1 - right) + tf.gather(flat, first + 1) * right
    first = first + width
    lower = tf.gather(flat, first) * (1 - right) + tf.gather(flat, first + 1) * right
    result = upper * (1 - down) + lower * down
    return tf.ensure_shape(result[..., None], image.shape)


def _nearest(mask: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    flat, x, y, width = _ringed(mask, x, y)
    at = tf.cast(tf.floor(y + 0.5), tf.int32) * width + tf.cast(tf.floor(x + 0.5), tf.int32)
    return tf.ensure_shape(tf.gather(flat, at)[..., None], mask.shape)


def _ringed(
    image: tf.Tensor, x: tf.Tensor, y: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Pixels in a row with a ring of black around them, places within it, and its width."""
    width = tf.shape(image)[0] + 2
    last = tf.cast(width - 1, tf.float32)
    x, y = (tf.clip_by_value(v + 1, 0.0, last) for v in (x, y))
    return tf.reshape(tf.pad(image[..., 0], [[1, 1], [1, 1]]), [-1]), x, y, width
