"""The letterbox of `bonefrac.radiograph` inside a TensorFlow graph; a test holds the two equal."""

import tensorflow as tf


def letterbox(image: tf.Tensor, size: int) -> tf.Tensor:
    """[H, W, 1] of any type -> float32 [size, size, 1]; antialiased bilinear, centred on zeros."""
    inner, paddings = _fit(image, size)
    image = tf.image.resize(tf.cast(image, tf.float32), inner, "bilinear", antialias=True)
    return tf.ensure_shape(tf.pad(image, paddings), (size, size, 1))


def letterbox_mask(mask: tf.Tensor, size: int) -> tf.Tensor:
    """[H, W, 1] -> [size, size, 1] of the same type; nearest, so no new value appears."""
    inner, paddings = _fit(mask, size)
    return tf.ensure_shape(tf.pad(_nearest(mask, inner), paddings), (size, size, 1))


def _fit(image: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    shape = tf.shape(image)[:2]
    longest = tf.reduce_max(shape)
    inner = tf.maximum(1, (2 * shape * size + longest) // (2 * longest))
    before = (size - inner) // 2
    paddings = tf.pad(tf.stack([before, size - inner - before], axis=1), [[0, 1], [0, 0]])
    return inner, paddings


def _nearest(mask: tf.Tensor, inner: tf.Tensor) -> tf.Tensor:
    # tf.image.resize rounds in float32; integers agree with NumPy on every size.
    shape = tf.shape(mask)
    for axis in (0, 1):
        centres = (tf.range(inner[axis]) * 2 + 1) * shape[axis] // (2 * inner[axis])
        mask = tf.gather(mask, centres, axis=axis)
    return mask
