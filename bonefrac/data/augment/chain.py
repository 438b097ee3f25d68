"""The whole augmentation of one example, in the order in which a picture comes about."""

import tensorflow as tf

from bonefrac.data.augment.collimation import random_collimation
from bonefrac.data.augment.detector import random_blur, random_jpeg, random_noise
from bonefrac.data.augment.draws import streams
from bonefrac.data.augment.marker import random_marker
from bonefrac.data.augment.strength import Strength
from bonefrac.data.augment.tone import random_tone
from bonefrac.data.augment.warp import random_warp


def random_augment(
    image: tf.Tensor, mask: tf.Tensor, *, seed: tf.Tensor, strength: Strength
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gray levels, one warp, blur, noise, collimation, marker, JPEG: a function of its arguments.

    Args:
        image: float32 [S, S, 1] in 0..255.
        mask: uint8 [S, S, 1] of 0 and 1; only the warp moves it.
        seed: int [2]; the same seed gives the same draw, whatever ran before.
        strength: how far each op may go, and how often.

    Returns:
        Image and mask as they came in: types, shapes and ranges.
    """
    seeds = streams(seed)
    # Before the warp: what a turn brings in from outside is black, in a negative too.
    image = random_tone(image, seed=seeds["tone"], strength=strength)
    image, mask = random_warp(
        image,
        mask,
        affine_seed=seeds["affine"],
        elastic_seed=seeds["elastic"],
        strength=strength,
    )
    image = random_blur(image, seed=seeds["blur"], strength=strength)
    image = random_noise(image, seed=seeds["noise"], strength=strength)
    image = random_collimation(image, mask, seed=seeds["collimation"], strength=strength)
    image = random_marker(image, mask, seed=seeds["marker"], strength=strength)
    return random_jpeg(image, seed=seeds["jpeg"], strength=strength), mask
