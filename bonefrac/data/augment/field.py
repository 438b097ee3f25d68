"""Where the radiograph lies in its square, and sums over many boxes of it at once."""

import tensorflow as tf

_BLACK = 0.5  # gray levels; what is darker has no signal


def field_box(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Top, bottom, left and right of the rows and columns that are not all black, int32.

    Bottom and right are the last ones inside. An image that is all black is all field.
    """
    lit = image[..., 0] > _BLACK
    bounds: list[tf.Tensor] = []
    for axis in (1, 0):
        line = tf.cast(tf.reduce_any(lit, axis), tf.int32)
        first = tf.argmax(line, output_type=tf.int32)
        last = tf.size(line) - 1 - tf.argmax(line[::-1], output_type=tf.int32)
        bounds += [first, last]
    return bounds[0], bounds[1], bounds[2], bounds[3]


def in_field(image: tf.Tensor) -> tf.Tensor:
    """1 inside the box of `field_box`, 0 in the black around it, float32 [S, S, 1]."""
    top, bottom, left, right = field_box(image)
    rows, columns = tf.range(tf.shape(image)[0]), tf.range(tf.shape(image)[1])
    inside = ((rows >= top) & (rows <= bottom))[:, None] & (columns >= left) & (columns <= right)
    return tf.cast(inside, tf.float32)[..., None]


def box_sums(values: tf.Tensor, *, centres: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    """Sum over the box around each centre, clipped to the picture; whole numbers are exact.

    Args:
        values: float32 [S, S].
        centres: int32 [N, 2], (row, column).
        half: int32; a box has 2 half + 1 rows and columns.

    Returns:
        float32 [N].
    """
    away = tf.abs(tf.range(tf.shape(values)[0]) - centres[..., None])
    rows, columns = tf.unstack(tf.cast(away <= half, tf.float32), axis=1)
    return tf.reduce_sum((rows @ values) * columns, 1)
