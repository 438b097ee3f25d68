"""What detector and archive do to a picture: blur, noise, one more JPEG compression."""

import tensorflow as tf

from bonefrac.data.augment.draws import sometimes, up_to_one
from bonefrac.data.augment.strength import Strength
from bonefrac.schema import PIXEL_MAX

# White bone stands for about e^-3 of the quanta that black air lets through.
_LOG_RANGE = 3.0
_TOE = 24.0  # gray levels; in the toe of the display curve noise fades with the signal
_TAIL = 4.0  # standard deviations of a Gaussian


def random_blur(image: tf.Tensor, *, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Draw a width and blur."""
    if not strength.blur:
        return image

    def apply(draw: tf.Tensor) -> tf.Tensor:
        return blur(image, sigma=up_to_one(1, draw)[0] * strength.blur)

    return sometimes(apply, image, chance=strength.blur_chance, seed=seed)


def blur(image: tf.Tensor, *, sigma: tf.Tensor) -> tf.Tensor:
    """Gaussian blur of standard deviation `sigma` pixels; the border takes from inside only."""
    at = tf.range(tf.cast(tf.shape(image)[0], tf.float32))
    away = (at[:, None] - at) / tf.maximum(tf.cast(sigma, tf.float32), 1e-3)
    # Cut off, or every black pixel would come out a little above 0.
    weights = tf.where(tf.abs(away) <= _TAIL, tf.exp(-tf.square(away) / 2), 0.0)
    kernel = weights / tf.reduce_sum(weights, 1, keepdims=True)
    result = kernel @ image[..., 0] @ tf.transpose(kernel)
    # Each row of the kernel sums to 1 but for rounding.
    return tf.ensure_shape(tf.minimum(result, PIXEL_MAX)[..., None], image.shape)


def random_noise(image: tf.Tensor, *, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Draw two standard deviations and one field of noise; add it."""
    if not (strength.noise or strength.quantum):
        return image

    def apply(draw: tf.Tensor) -> tf.Tensor:
        first, second = tf.unstack(tf.random.split(draw, 2))
        electronic, quantum = up_to_one(2, first)
        return noise(
            image,
            normal=tf.random.stateless_normal(tf.shape(image), second),
            electronic=electronic * strength.noise,
            quantum=quantum * strength.quantum,
        )

    return sometimes(apply, image, chance=strength.noise_chance, seed=seed)


def noise(
    image: tf.Tensor, *, normal: tf.Tensor, electronic: tf.Tensor, quantum: tf.Tensor
) -> tf.Tensor:
    """Add electronic and quantum noise, clipped to 0..255; black stays black.

    Gray is the logarithm of the signal. So the spread of N quanta, the root of N, is 1 / root N
    in gray: strongest in white bone, weakest in the air. Electronic noise is alike everywhere.
    Near black both fade, as in the toe of a film's curve. Both are independent and many, hence
    one normal field with their joint variance.

    Args:
        image: float32 [S, S, 1].
        normal: unit normal field, [S, S, 1].
        electronic: standard deviation, gray levels.
        quantum: standard deviation at mid-gray, gray levels.
    """
    gain = tf.exp(_LOG_RANGE * (image / PIXEL_MAX - 0.5))
    spread = tf.sqrt(tf.square(electronic) + tf.square(quantum) * gain)
    seen = tf.minimum(image / _TOE, 1.0)
    return tf.clip_by_value(image + normal * spread * seen, 0.0, PIXEL_MAX)


def random_jpeg(image: tf.Tensor, *, seed: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Draw a quality and compress."""
    if not strength.jpeg:
        return image

    def apply(draw: tf.Tensor) -> tf.Tensor:
        return jpeg(image, quality=100.0 - up_to_one(1, draw)[0] * strength.jpeg)

    return sometimes(apply, image, chance=strength.jpeg_chance, seed=seed)


def jpeg(image: tf.Tensor, *, quality: tf.Tensor) -> tf.Tensor:
    """Encode and decode as JPEG of this quality, 1..100, whole numbers only."""
    pixels = tf.cast(tf.round(image), tf.uint8)
    whole = tf.cast(tf.round(quality), tf.int32)
    encoded = tf.raw_ops.EncodeJpegVariableQuality(images=pixels, quality=whole)
    decoded = tf.io.decode_jpeg(encoded, channels=1, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(tf.cast(decoded, tf.float32), image.shape)
