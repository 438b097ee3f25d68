"""Lead markers: a letter beside the limb, never on a fracture."""

import math

import tensorflow as tf

from bonefrac.data.augment.draws import either_way, sometimes, up_to_one
from bonefrac.data.augment.field import box_sums, field_box
from bonefrac.data.augment.glyphs import SIDE, WORDS, atlas
from bonefrac.data.augment.strength import Strength
from bonefrac.data.augment.warp import project

_ATLAS = atlas()
_PLACES = 12  # drawn; the darkest is taken, as a radiographer puts lead beside the limb
_BAND = 0.3  # how deep into the radiograph they may lie, share of its side
_TILT = 12.0  # degrees, either way
_SIZE = (0.09, 0.16)  # side of the glyph's square, share of the picture's
_LEVEL = (215.0, 255.0)  # gray of lead
_HIDDEN = 1e6  # gray levels, worse than any place


def random_marker(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tf.Tensor:
    """Draw a glyph, its size, tilt and places near the border; lay it where it hides least.

    A place whose box touches the mask is never taken; where all do, nothing is laid.
    """

    def apply(draw: tf.Tensor) -> tf.Tensor:
        first, second, third = tf.unstack(tf.random.split(draw, 3))
        which, size, level = up_to_one(3, first)
        size = tf.cast(tf.shape(image)[0], tf.float32) * (_SIZE[0] + size * (_SIZE[1] - _SIZE[0]))
        centre, free = _place(image, mask, second, size)
        return tf.cond(
            free,
            lambda: marker(
                image,
                glyph=tf.minimum(tf.cast(which * len(WORDS), tf.int32), len(WORDS) - 1),
                centre=centre,
                size=size,
                angle=either_way(1, third)[0] * _TILT,
                level=_LEVEL[0] + level * (_LEVEL[1] - _LEVEL[0]),
            ),
            lambda: image,
        )

    return sometimes(apply, image, chance=strength.marker, seed=seed)


def marker(
    image: tf.Tensor,
    *,
    glyph: tf.Tensor,
    centre: tf.Tensor,
    size: tf.Tensor,
    angle: tf.Tensor,
    level: tf.Tensor,
) -> tf.Tensor:
    """Lay one glyph of the atlas over the picture.

    Args:
        image: float32 [S, S, 1].
        glyph: index into `glyphs.WORDS`.
        centre: (row, column), pixels.
        size: side of the glyph's square, pixels.
        angle: degrees, counter-clockwise as seen on screen.
        level: gray of the letter.
    """
    turn = angle * (math.pi / 180)
    cos, sin = tf.cos(turn) * SIDE / size, tf.sin(turn) * SIDE / size
    y, x = tf.unstack(tf.cast(centre, tf.float32))
    middle = (SIDE - 1) / 2
    matrix = tf.stack(
        [
            [cos, -sin, middle - cos * x + sin * y],
            [sin, cos, middle - sin * x - cos * y],
            [0.0, 0.0, 1.0],
        ]
    )
    cover = project(tf.gather(_ATLAS, glyph), matrix, "BILINEAR", size=tf.shape(image)[:2])
    return tf.ensure_shape(image + cover * (level - image), image.shape)


def _place(
    image: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor, size: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The (row, column) of the best of some places, and whether it is free of the mask."""
    centres = _candidates(image, seed, size)
    # A tilted square reaches so far from its middle, and a pixel for interpolation.
    half = tf.cast(tf.math.ceil(size * 0.6), tf.int32) + 1
    gray = box_sums(image[..., 0], centres=centres, half=half)
    # Pixels of exactly 0 are more often outside the radiograph than air.
    black = box_sums(tf.cast(image[..., 0] == 0, tf.float32), centres=centres, half=half)
    hidden = box_sums(tf.cast(mask[..., 0], tf.float32), centres=centres, half=half)
    area = tf.cast((2 * half + 1) ** 2, tf.float32)
    cost = (gray + 100.0 * black) / area + _HIDDEN * tf.cast(hidden > 0, tf.float32)
    best = tf.argmin(cost)
    return centres[best], hidden[best] == 0


def _candidates(image: tf.Tensor, seed: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Places in the band along the border of the radiograph, int32 [N, 2]."""
    top, bottom, left, right = (tf.cast(edge, tf.float32) for edge in field_box(image))
    along, end, depth, axis = tf.unstack(tf.random.stateless_uniform([4, _PLACES], seed))
    # Along one axis anywhere, along the other near one of its two ends.
    near = tf.stack([along, tf.abs(tf.round(end) - _BAND * depth)], 1)
    near = tf.where(axis[:, None] < 0.5, near, near[:, ::-1])
    low = tf.stack([top, left]) + size / 2
    high = tf.stack([bottom, right]) - size / 2
    return tf.cast(tf.round(low + near * tf.maximum(high - low, 0.0)), tf.int32)
