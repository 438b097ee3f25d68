"""Gray levels, pixel by pixel: gamma, exposure, display window, negative."""

import tensorflow as tf

from bonefrac.data.augment.draws import either_way, sometimes
from bonefrac.data.augment.field import in_field
from bonefrac.data.augment.strength import Strength
from bonefrac.schema import PIXEL_MAX


def random_tone(image: tf.Tensor, *, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Draw gamma, exposure, contrast, brightness and, rarely, the negative; apply them."""
    first, second = tf.unstack(tf.random.split(seed, 2))
    if strength.gamma or strength.exposure or strength.contrast or strength.brightness:
        draw = either_way(4, first)
        image = tone(
            image,
            gamma=tf.exp(draw[0] * strength.gamma),
            exposure=draw[1] * strength.exposure,
            contrast=1.0 + draw[2] * strength.contrast,
            brightness=draw[3] * strength.brightness,
        )
    return sometimes(lambda _: negative(image), image, chance=strength.invert, seed=second)


def tone(
    image: tf.Tensor,
    *,
    gamma: tf.Tensor,
    exposure: tf.Tensor,
    contrast: tf.Tensor,
    brightness: tf.Tensor,
) -> tf.Tensor:
    """Bend the gray levels, clipped to 0..255; the black around the radiograph stays black.

    Args:
        image: float32 [S, S, 1].
        gamma: exponent on the image scaled to 0..1, above 0.
        exposure: natural logarithm of the factor on the dose. It moves every gray level along
            a logistic film curve: more dose is darker, black and white stay.
        contrast: factor about mid-gray.
        brightness: gray levels to add.
    """
    # Three times as fast as `**`, and log 0 = -inf comes back as 0.
    level = tf.exp(gamma * tf.math.log(image / PIXEL_MAX))
    level = level / (level + (1.0 - level) * tf.exp(exposure))
    middle = PIXEL_MAX / 2
    gray = (level * PIXEL_MAX - middle) * contrast + (middle + brightness)
    return tf.clip_by_value(gray, 0.0, PIXEL_MAX) * in_field(image)


def negative(image: tf.Tensor) -> tf.Tensor:
    """Black for white, as MONOCHROME1 pixels look when nobody inverts them.

    The black around the radiograph stays: a letterbox is added after such a mistake.
    """
    return (PIXEL_MAX - image) * in_field(image)
