"""From a data folder to batches: two straight lines."""

import os
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds

from bonefrac import schema
from bonefrac.data.augment import NONE, Strength, random_augment
from bonefrac.data.geometry import letterbox, letterbox_mask
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError

# What is kept decoded, at most: 16,000 radiographs at 256 pixels, 4,000 at 512. Larger splits are
# decoded anew in each epoch, and no more memory is taken however large they are.
_CACHE_BYTES = 2**31
# Encoded examples held to shuffle then, 20 to 50 KB each; the shards hold them in a random order.
_SHUFFLE_ENCODED = 2_000


def train_batches(
    data: DataFolder,
    split: str,
    *,
    image_size: int,
    batch_size: int,
    seed: int,
    epochs: int,
    first_epoch: int = 0,
    strength: Strength | None = None,
) -> tf.data.Dataset:
    """Batches of all epochs in a row, `steps_per_epoch` of them each.

    The order is a pure function of (seed, epoch), the augmentation of (seed, epoch, index).

    Args:
        data: an open data folder.
        split: tfds split string.
        image_size: side of the square, pixels.
        batch_size: the last, smaller batch of an epoch is dropped.
        seed: any integer.
        epochs: the epoch to stop before.
        first_epoch: the epoch to start with, to resume a training.
        strength: of the augmentation; None takes the defaults.

    Returns:
        Dataset of (image, targets, weights): float32 [B, S, S, 1]; `mask` float32 [B, S, S, 1]
        and `fracture` float32 [B, 1]; for each of both a weight float32 [B], 0 where unknown.
    """
    count = data.size(split)
    chosen = strength or Strength()
    fits = _fits(count, image_size)
    encoded = _encoded(data, split).enumerate()
    if fits:
        decoded = encoded.map(_decode(data, image_size), tf.data.AUTOTUNE).cache()

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # A shuffle mixes the process-wide seed into its own; a constant in its place keeps the
        # order a function of the arguments alone.
        tf.compat.v1.get_default_graph().seed = 1
        # Split after fold_in, which leaves `epoch` itself in its answer and randomness beside it.
        order, draws = tf.unstack(tf.random.split(tf.random.fold_in([seed, 0], epoch), 2))
        # All of it in memory, or as many encoded examples as a wide window holds.
        ds = decoded if fits else encoded
        window = count if fits else min(count, _SHUFFLE_ENCODED)
        ds = ds.shuffle(window, seed=tf.cast(order[0], tf.int64), reshuffle_each_iteration=False)
        if not fits:
            ds = ds.map(_decode(data, image_size), tf.data.AUTOTUNE)
        # After the shuffle, by index: an example's draw does not depend on its place.
        if chosen != NONE:
            ds = ds.map(_augment(draws, chosen), tf.data.AUTOTUNE)
        return ds.batch(batch_size, drop_remainder=True)

    ds = tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
    return ds.map(_inputs_targets_weights, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def steps_per_epoch(data: DataFolder, split: str, batch_size: int) -> int:
    """Full batches in one epoch.

    Raises:
        BonefracError: there are fewer examples than one batch takes.
    """
    steps = data.size(split) // batch_size
    if steps == 0:
        raise BonefracError(
            f"{data.size(split)} examples in {split} of {data.path}",
            expected=f"at least one batch of {batch_size}",
            fix="Lower --batch-size or use more data",
        )
    return steps


def eval_batches(
    data: DataFolder, split: str, *, image_size: int, batch_size: int
) -> tf.data.Dataset:
    """Every example once, in the order of the shards, the last batch as small as it comes."""
    ds = _encoded(data, split).enumerate()
    ds = ds.map(_decode(data, image_size), tf.data.AUTOTUNE)
    if _fits(data.size(split), image_size):
        ds = ds.cache()
    ds = ds.batch(batch_size)
    return ds.map(_inputs_targets_weights, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def groups(data: DataFolder, split: str) -> list[str]:
    """The group of each example, in the order of `eval_batches`."""
    return [e[schema.GROUP].numpy().decode() for e in _encoded(data, split)]


def _encoded(data: DataFolder, split: str) -> tf.data.Dataset:
    skip = {schema.IMAGE: tfds.decode.SkipDecoding(), schema.MASK: tfds.decode.SkipDecoding()}
    config = tfds.ReadConfig(try_autocache=False)  # shards are interleaved, 16 at a time
    return data.builder.as_dataset(
        split=split, shuffle_files=False, decoders=skip, read_config=config
    )


def _decode(data: DataFolder, image_size: int) -> Any:
    features = data.builder.info.features

    def decode(index: tf.Tensor, encoded: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        image = letterbox(features[schema.IMAGE].decode_example(encoded[schema.IMAGE]), image_size)
        mask = features[schema.MASK].decode_example(encoded[schema.MASK])
        return {
            "index": index,
            # One byte a pixel, so that four times as many radiographs fit in the cache.
            schema.IMAGE: tf.cast(tf.round(image), tf.uint8),
            schema.MASK: letterbox_mask(mask, image_size),
            schema.HAS_MASK: encoded[schema.HAS_MASK],
            schema.FRACTURE: encoded[schema.FRACTURE],
        }

    return decode


def _augment(key: tf.Tensor, strength: Strength) -> Any:
    def augment(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        seed = tf.random.fold_in(key, example["index"])
        image, mask = random_augment(
            tf.cast(example[schema.IMAGE], tf.float32),
            example[schema.MASK],
            seed=seed,
            strength=strength,
        )
        return {**example, schema.IMAGE: image, schema.MASK: mask}

    return augment


def _inputs_targets_weights(batch: dict[str, tf.Tensor]) -> tuple:
    label = batch[schema.FRACTURE][:, None]
    targets = {
        schema.MASK: tf.cast(batch[schema.MASK], tf.float32),
        schema.FRACTURE: tf.cast(tf.maximum(label, 0), tf.float32),
    }
    weights = {
        schema.MASK: tf.cast(batch[schema.HAS_MASK], tf.float32),
        schema.FRACTURE: tf.cast(label[:, 0] != schema.UNKNOWN, tf.float32),
    }
    return tf.cast(batch[schema.IMAGE], tf.float32), targets, weights


def _fits(count: int, image_size: int) -> bool:
    needed = count * image_size * image_size * 2  # image and mask, a byte each
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return needed < min(_CACHE_BYTES, 0.4 * free)
