"""Where every op's randomness comes from: a stream of its own, and a coin that may leave it out."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# A new op goes to the end: its place in this list is its stream.
_STREAMS = (
    "paste",
    "affine",
    "elastic",
    "tone",
    "noise",
    "blur",
    "collimation",
    "marker",
    "jpeg",
    "crop",
)


def streams(seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """A seed int [2] for each op, so that the strength of one never changes another's draw."""
    return dict(zip(_STREAMS, tf.unstack(tf.random.split(seed, len(_STREAMS))), strict=True))


def sometimes(
    apply: Callable[[tf.Tensor], Any], otherwise: Any, *, chance: float, seed: tf.Tensor
) -> Any:
    """`apply(a seed)` with this chance, else the tensors `otherwise`, which then cost nothing."""
    if chance <= 0:
        return otherwise
    coin, draw = tf.unstack(tf.random.split(seed, 2))
    drawn = tf.random.stateless_uniform([], coin) < chance
    return tf.cond(drawn, lambda: apply(draw), lambda: otherwise)


def either_way(count: int, seed: tf.Tensor) -> list[tf.Tensor]:
    """So many numbers between -1 and 1."""
    return tf.unstack(tf.random.stateless_uniform([count], seed, -1.0, 1.0))


def up_to_one(count: int, seed: tf.Tensor) -> list[tf.Tensor]:
    """So many numbers between 0 and 1."""
    return tf.unstack(tf.random.stateless_uniform([count], seed))
