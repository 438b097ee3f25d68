"""From data folders to batches: two straight lines."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from bonefrac import schema
from bonefrac.data.augment import NONE, Strength, random_augment, random_paste
from bonefrac.data.geometry import letterbox, letterbox_mask
from bonefrac.data.store import DataFolder
from bonefrac.data.targets import ALL_HEADS, HEADS, inputs_targets_weights, known
from bonefrac.errors import BonefracError

# What is kept decoded, at most: 16,000 radiographs at 256 pixels, 4,000 at 512. Larger splits are
# decoded anew in each epoch, and no more memory is taken however large they are.
_CACHE_BYTES = 2**31
# Encoded examples held to shuffle then, 20 to 50 KB each; the shards hold them in a random order.
_SHUFFLE_ENCODED = 2_000
_LABELS = (schema.HAS_MASK, schema.FRACTURE, schema.ABNORMALITY, schema.BONE_AGE_MONTHS)


class Share(NamedTuple):
    """What an epoch draws from one data set: so many examples of a split."""

    data: DataFolder
    split: str
    draws: int

    @property
    def size(self) -> int:
        """Examples that the split holds."""
        return self.data.size(self.split)


def train_batches(data: DataFolder, split: str, **options: Any) -> tf.data.Dataset:
    """`mixed_batches` of one data set, every example once an epoch."""
    return mixed_batches([Share(data, split, data.size(split))], **options)


def mixed_batches(
    shares: Sequence[Share],
    *,
    image_size: int,
    batch_size: int,
    seed: int,
    epochs: int,
    first_epoch: int = 0,
    strength: Strength | None = None,
    heads: Sequence[str] = HEADS,
) -> tf.data.Dataset:
    """Batches of all epochs in a row, `mixed_steps` of them each.

    The order is a pure function of (seed, epoch), the augmentation of (seed, epoch, index). A
    data set that an epoch draws more or fewer examples of than it has is passed through again and
    again, each pass in a new order, so that all its examples are seen equally often.

    Args:
        shares: what to draw from each data set.
        image_size: side of the square, pixels.
        batch_size: the last, smaller batch of an epoch is dropped.
        seed: any integer.
        epochs: the epoch to stop before.
        first_epoch: the epoch to start with, to resume a training.
        strength: of the augmentation; None takes the defaults.
        heads: what to teach, of `bonefrac.data.targets.ALL_HEADS`.

    Returns:
        Dataset of (image, targets, weights): float32 [B, S, S, 1]; for each head `mask` float32
        [B, S, S, 1] or another float32 [B, 1]; for each a weight float32 [B], 0 where unknown.
    """
    fits = _fits(sum(share.size for share in shares), image_size)
    streams = [
        _stream(share, [seed, k], image_size=image_size, strength=strength or Strength(), fits=fits)
        for k, share in enumerate(shares)
    ]

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        drawn = [stream(epoch) for stream in streams]
        if len(drawn) == 1:
            return drawn[0].batch(batch_size, drop_remainder=True)
        turns = tf.data.Dataset.from_tensor_slices(_turns(shares, seed, epoch))
        ds = tf.data.Dataset.choose_from_datasets(drawn, turns, stop_on_empty_dataset=False)
        return ds.batch(batch_size, drop_remainder=True)

    ds = tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
    ds = ds.map(partial(inputs_targets_weights, heads=heads), tf.data.AUTOTUNE)
    return ds.prefetch(tf.data.AUTOTUNE)


def _turns(shares: Sequence[Share], seed: int, epoch: tf.Tensor) -> tf.Tensor:
    """Which data set each example of an epoch comes from, int64."""
    numbers = np.repeat(np.arange(len(shares)), [share.draws for share in shares])
    # No data set has this key; each has its number.
    key = tf.random.fold_in([seed, -1], epoch)
    return tf.random.experimental.stateless_shuffle(tf.constant(numbers, tf.int64), key)


def _stream(
    share: Share, key: list[int], *, image_size: int, strength: Strength, fits: bool
) -> Any:
    """A function from an epoch to what it draws of one data set, decoded and augmented."""
    count = share.size
    decode = _decode(share.data, image_size)
    encoded = _encoded(share.data, share.split).enumerate()
    decoded = encoded.map(decode, tf.data.AUTOTUNE).cache() if fits else encoded
    # All of it in memory, or as many encoded examples as a wide window holds.
    window = count if fits else min(count, _SHUFFLE_ENCODED)

    def one_pass(number: tf.Tensor, begin: Any = 0, stop: Any = None) -> tf.data.Dataset:
        # A shuffle mixes the process-wide seed into its own; a constant in its place keeps the
        # order a function of the arguments alone.
        tf.compat.v1.get_default_graph().seed = 1
        # Split after fold_in, which leaves its second argument itself in its answer and
        # randomness beside it.
        order, draws = tf.unstack(tf.random.split(tf.random.fold_in(key, number), 2))
        order = tf.cast(order[0], tf.int64)
        ds = decoded.shuffle(window, seed=order, reshuffle_each_iteration=False)
        if stop is not None:
            ds = ds.skip(begin).take(stop - begin)
        if not fits:
            ds = ds.map(decode, tf.data.AUTOTUNE)
        # After the shuffle, by index: an example's draw does not depend on its place.
        return ds if strength == NONE else ds.map(_augment(draws, strength), tf.data.AUTOTUNE)

    def part_of_pass(number: tf.Tensor, first: tf.Tensor) -> tf.data.Dataset:
        begin = first - number * count
        return one_pass(number, tf.maximum(begin, 0), tf.minimum(begin + share.draws, count))

    def of_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        if share.draws == count:
            return one_pass(epoch)
        first = epoch * share.draws
        passes = tf.data.Dataset.range(first // count, (first + share.draws - 1) // count + 1)
        return passes.flat_map(lambda number: part_of_pass(number, first))

    return of_epoch


def steps_per_epoch(data: DataFolder, split: str, batch_size: int) -> int:
    """`mixed_steps` of one data set."""
    return mixed_steps([Share(data, split, data.size(split))], batch_size)


def mixed_steps(shares: Sequence[Share], batch_size: int) -> int:
    """Full batches in one epoch.

    Raises:
        BonefracError: there are fewer examples than one batch takes.
    """
    examples = sum(share.draws for share in shares)
    steps = examples // batch_size
    if steps == 0:
        where = ", ".join(f"{share.split} of {share.data.path}" for share in shares)
        raise BonefracError(
            f"{examples} examples in {where}",
            expected=f"at least one batch of {batch_size}",
            fix="Lower --batch-size or use more data",
        )
    return steps


def known_count(data: DataFolder, split: str) -> dict[str, int]:
    """How many examples of a split tell what each of `ALL_HEADS` is to answer."""
    told = _encoded(data, split).map(
        lambda e: tf.stack([tf.cast(known(e, head), tf.int64) for head in ALL_HEADS])
    )
    counts = told.reduce(tf.zeros(len(ALL_HEADS), tf.int64), tf.add).numpy()
    return dict(zip(ALL_HEADS, counts.tolist(), strict=True))


def eval_batches(
    data: DataFolder,
    split: str,
    *,
    image_size: int,
    batch_size: int,
    heads: Sequence[str] = HEADS,
) -> tf.data.Dataset:
    """Every example once, in the order of the shards, the last batch as small as it comes."""
    ds = _encoded(data, split).enumerate()
    ds = ds.map(_decode(data, image_size), tf.data.AUTOTUNE)
    if _fits(data.size(split), image_size):
        ds = ds.cache()
    ds = ds.batch(batch_size)
    ds = ds.map(partial(inputs_targets_weights, heads=heads), tf.data.AUTOTUNE)
    return ds.prefetch(tf.data.AUTOTUNE)


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
            **{key: encoded[key] for key in _LABELS},
        }

    return decode


def _augment(key: tf.Tensor, strength: Strength) -> Any:
    def augment(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        seed = tf.random.fold_in(key, example["index"])
        image, mask, fracture = random_paste(
            tf.cast(example[schema.IMAGE], tf.float32),
            example[schema.MASK],
            example[schema.FRACTURE],
            has_mask=example[schema.HAS_MASK],
            seed=seed,
            strength=strength,
        )
        image, mask = random_augment(image, mask, seed=seed, strength=strength)
        return {**example, schema.IMAGE: image, schema.MASK: mask, schema.FRACTURE: fracture}

    return augment


def _fits(count: int, image_size: int) -> bool:
    needed = count * image_size * image_size * 2  # image and mask, a byte each
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return needed < min(_CACHE_BYTES, 0.4 * free)
