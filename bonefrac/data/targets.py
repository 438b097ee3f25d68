"""What a batch teaches each head: targets, and weights that are 0 where nobody knows."""

from collections.abc import Sequence

import tensorflow as tf

from bonefrac import schema

Batch = dict[str, tf.Tensor]

HEADS = (schema.MASK, schema.FRACTURE)
ALL_HEADS = (*HEADS, schema.ABNORMALITY, schema.BONE_AGE_MONTHS)


def inputs_targets_weights(batch: Batch, *, heads: Sequence[str]) -> tuple[tf.Tensor, Batch, Batch]:
    """A decoded batch as `keras.Model.fit` takes it.

    Args:
        batch: of examples, keys as in `schema`.
        heads: of `ALL_HEADS`.

    Returns:
        Image; targets float32, `mask` [B, S, S, 1] and the others [B, 1], 0 where unknown;
        weights float32 [B] of 0 and 1.
    """
    targets = {head: _target(batch, head) for head in heads}
    weights = {head: tf.cast(known(batch, head), tf.float32) for head in heads}
    return tf.cast(batch[schema.IMAGE], tf.float32), targets, weights


def known(batch: Batch, head: str) -> tf.Tensor:
    """Whether the data set knows what a head is to answer: bool, of the labels' shape."""
    if head == schema.MASK:
        return batch[schema.HAS_MASK]
    if head == schema.BONE_AGE_MONTHS:
        return ~tf.math.is_nan(batch[head])
    return batch[head] != schema.UNKNOWN


def _target(batch: Batch, head: str) -> tf.Tensor:
    if head == schema.MASK:
        return tf.cast(batch[head], tf.float32)
    # A weight of 0 does not make NaN a number.
    label = tf.where(known(batch, head), batch[head], tf.zeros_like(batch[head]))
    return tf.cast(label[:, None], tf.float32)
