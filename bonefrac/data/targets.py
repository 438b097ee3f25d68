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
        heads: of `ALL_HEADS`, and `mask_1`, `mask_2` and so on: the mask at 1/2, 1/4, ... of the
            size, 1 where any of its pixels is.

    Returns:
        Image float32; targets float32, masks [B, h, w, 1] and the others [B, 1], 0 where unknown;
        weights float32 [B] of 0 and 1.
    """
    targets = {head: _target(batch, head) for head in heads}
    weights = {head: tf.cast(known(batch, head), tf.float32) for head in heads}
    return tf.cast(batch[schema.IMAGE], tf.float32), targets, weights


def known(batch: Batch, head: str) -> tf.Tensor:
    """Whether the data set knows what a head is to answer: bool, of the labels' shape."""
    if mask_level(head) is not None:
        return batch[schema.HAS_MASK]
    if head == schema.BONE_AGE_MONTHS:
        return ~tf.math.is_nan(batch[head])
    return batch[head] != schema.UNKNOWN


def mask_level(head: str) -> int | None:
    """How often a mask is halved, 0 for `mask` and n for `mask_n`; None for other heads."""
    name, _, level = head.partition("_")
    if name != schema.MASK:
        return None
    return int(level or 0)


def label_of(example: Batch, mask: tf.Tensor) -> tf.Tensor:
    """The fracture label of an example: told, or read off its mask where only that is known."""
    told = example[schema.FRACTURE]
    outlined = tf.cast(tf.reduce_any(mask != 0), told.dtype)
    return tf.where((told == schema.UNKNOWN) & example[schema.HAS_MASK], outlined, told)


def _target(batch: Batch, head: str) -> tf.Tensor:
    level = mask_level(head)
    if level is not None:
        mask = tf.cast(batch[schema.MASK], tf.float32)
        # The highest, not the nearest: a hairline lies between the nearest pixels.
        return tf.nn.max_pool2d(mask, 2**level, 2**level, "VALID") if level else mask
    # A weight of 0 does not make NaN a number.
    label = tf.where(known(batch, head), batch[head], tf.zeros_like(batch[head]))
    return tf.cast(label[:, None], tf.float32)
