"""What the labels of a split say, read without decoding its radiographs."""

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from bonefrac import schema
from bonefrac.data.store import DataFolder
from bonefrac.data.targets import ALL_HEADS, known, label_of


def encoded(data: DataFolder, split: str) -> tf.data.Dataset:
    """The examples of a split in the order of its shards, image and mask still encoded."""
    skip = {schema.IMAGE: tfds.decode.SkipDecoding(), schema.MASK: tfds.decode.SkipDecoding()}
    config = tfds.ReadConfig(try_autocache=False)  # shards are interleaved, 16 at a time
    return data.builder.as_dataset(
        split=split, shuffle_files=False, decoders=skip, read_config=config
    )


def known_count(data: DataFolder, split: str) -> dict[str, int]:
    """How many examples of a split tell what each of `ALL_HEADS` is to answer."""

    def count(total: tf.Tensor, example: dict[str, tf.Tensor]) -> tf.Tensor:
        told = {head: known(example, head) for head in ALL_HEADS}
        told[schema.FRACTURE] |= example[schema.HAS_MASK]  # `label_of` reads it off the mask
        return total + tf.stack([tf.cast(told[head], tf.int64) for head in ALL_HEADS])

    counts = encoded(data, split).reduce(tf.zeros(len(ALL_HEADS), tf.int64), count).numpy()
    return dict(zip(ALL_HEADS, counts.tolist(), strict=True))


def groups(data: DataFolder, split: str) -> list[str]:
    """The group of each example, in the order of the shards."""
    return [e[schema.GROUP].numpy().decode() for e in encoded(data, split)]


def fractured(data: DataFolder, split: str) -> np.ndarray:
    """Whether each example shows a fracture, bool [N], in the order of the shards.

    By the label, else by the mask; where neither is known it counts as none.
    """
    decode = data.builder.info.features[schema.MASK].decode_example

    def shows(example: dict[str, tf.Tensor]) -> tf.Tensor:
        undecided = (example[schema.FRACTURE] == schema.UNKNOWN) & example[schema.HAS_MASK]
        label = tf.cond(
            undecided,
            lambda: label_of(example, decode(example[schema.MASK])),
            lambda: example[schema.FRACTURE],
        )
        return label == 1

    found = encoded(data, split).map(shows, tf.data.AUTOTUNE)
    return np.array(list(found.as_numpy_iterator()), bool)
