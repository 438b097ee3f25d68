"""Parts of a radiograph as examples of their own: drawn for training, laid out for validation."""

from typing import Any

import tensorflow as tf

from bonefrac import schema
from bonefrac.data.augment.draws import streams, up_to_one
from bonefrac.radiograph.windows import window_corners

Example = dict[str, tf.Tensor]

# How far a pixel of the fracture may lie from the middle of its crop, share of the crop's side.
_JITTER = 0.25
# Of fractured radiographs, where nothing else says how often a fracture is to be seen.
_ON_FRACTURE = 0.5
# A smaller share of all that is outlined is a sliver, of which nobody would say what it is.
_SLIVER = 0.1
# (top, left, height, width) of the radiograph inside its square, int32 [4].
INSIDE = "inside"


def random_crop(example: Example, *, size: int, seed: tf.Tensor, foreground: bool) -> Example:
    """Draw a place and cut it out.

    On a fracture: one of its pixels, no further than a quarter of the side from the middle of the
    crop, in either direction. Elsewhere: any place inside the radiograph; where that is narrower
    than a crop, the black beside it is seen too.

    Args:
        example: decoded, S x S, with `INSIDE`.
        size: side of the crop, pixels.
        seed: int [2].
        foreground: whether the crop is to be on a fracture wherever one is outlined, not half of
            the time.
    """
    coin, which, down, right, row, column = up_to_one(6, streams(seed)["crop"])
    places = tf.where(example[schema.MASK][..., 0] > 0)
    last = tf.shape(example[schema.IMAGE])[:2] - size

    def on_fracture() -> tf.Tensor:
        count = tf.shape(places)[0]
        index = tf.minimum(tf.cast(which * tf.cast(count, tf.float32), tf.int32), count - 1)
        pixel = tf.cast(tf.gather(places, index), tf.int32)
        away = (2 * tf.stack([down, right]) - 1) * _JITTER * size
        corner = pixel - size // 2 + tf.cast(tf.round(away), tf.int32)
        return tf.clip_by_value(corner, 0, last)

    def anywhere() -> tf.Tensor:
        slack = example[INSIDE][2:] - size
        first = example[INSIDE][:2] + tf.minimum(slack, 0) // 2
        room = tf.cast(tf.maximum(slack, 0) + 1, tf.float32)
        step = tf.cast(tf.stack([row, column]) * room, tf.int32)
        return tf.clip_by_value(first + step, 0, last)

    wanted = foreground or coin < _ON_FRACTURE
    corner = tf.cond((tf.shape(places)[0] > 0) & wanted, on_fracture, anywhere)
    return crop(example, corner=corner, size=size)


def crop(example: Example, *, corner: tf.Tensor, size: int) -> Example:
    """Cut a square out of image and mask, and say whether it holds a fracture.

    The label of a part is read off the mask: 1 with a tenth of what is outlined in it or more, 0
    with nothing of it, unknown with less. Without a mask the parts of an intact radiograph are
    intact, and those of a fractured one unknown.

    Args:
        example: decoded.
        corner: first (row, column), int32 [2]; the square must lie inside.
        size: its side, pixels.
    """
    begin = tf.concat([corner, [0]], 0)
    image, mask = (
        tf.slice(example[k], begin, [size, size, 1]) for k in (schema.IMAGE, schema.MASK)
    )
    label = _label(example, held=_area(mask), outlined=_area(example[schema.MASK]))
    return {**example, schema.IMAGE: image, schema.MASK: mask, schema.FRACTURE: label}


def tiles(example: Example, *, size: int) -> tf.data.Dataset:
    """All parts of a decoded example that together cover it, in reading order."""
    height, width = example[schema.IMAGE].shape[:2]
    corners = window_corners(height, width, size, overlap=0.0)
    ds = tf.data.Dataset.from_tensor_slices(tf.constant(corners, tf.int32))
    return ds.map(lambda corner: crop(example, corner=corner, size=size))


def tile_count(side: int, size: int) -> int:
    """How many `tiles` a square has."""
    return len(window_corners(side, side, size, overlap=0.0))


def _label(example: Example, *, held: tf.Tensor, outlined: tf.Tensor) -> tf.Tensor:
    told = example[schema.FRACTURE]
    unknown = tf.constant(schema.UNKNOWN, told.dtype)
    whole = tf.where(told == 1, unknown, told)
    sliver = tf.cast(held, tf.float32) < _SLIVER * tf.cast(outlined, tf.float32)
    part = tf.where(held == 0, 0, tf.where(sliver, unknown, 1))
    return tf.where(example[schema.HAS_MASK] & (outlined > 0), part, whole)


def _area(mask: tf.Tensor) -> Any:
    return tf.math.count_nonzero(mask, dtype=tf.int32)
