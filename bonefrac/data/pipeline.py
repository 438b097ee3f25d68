"""From data folders to batches: two straight lines."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from bonefrac import schema
from bonefrac.data.augment import NONE, Strength, random_augment, random_paste
from bonefrac.data.crop import INSIDE, random_crop, tile_count, tiles
from bonefrac.data.geometry import inside, letterbox, letterbox_mask
from bonefrac.data.labels import encoded, groups, known_count
from bonefrac.data.sampling import Share, foreground_shares, mixed_steps, turns
from bonefrac.data.store import DataFolder
from bonefrac.data.targets import HEADS, inputs_targets_weights, label_of

__all__ = [
    "Share",
    "eval_batches",
    "foreground_shares",
    "groups",
    "known_count",
    "mixed_batches",
    "mixed_steps",
    "steps_per_epoch",
    "train_batches",
]

# What is kept decoded, at most: 16,000 radiographs at 256 pixels, 4,000 at 512. Larger splits are
# decoded anew in each epoch, and no more memory is taken however large they are.
_CACHE_BYTES = 2**31
# Encoded examples held to shuffle then, 20 to 50 KB each; the shards hold them in a random order.
_SHUFFLE_ENCODED = 2_000
_LABELS = (schema.HAS_MASK, schema.ABNORMALITY, schema.BONE_AGE_MONTHS)


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
    crop: int = 0,
) -> tf.data.Dataset:
    """Batches of all epochs in a row, `mixed_steps` of them each.

    The order is a pure function of (seed, epoch), augmentation and crops of (seed, epoch, index).
    A share that an epoch draws more or fewer examples of than it has is passed through again and
    again, each pass in a new order, so that all its examples are seen equally often.

    Args:
        shares: what to draw from each data set, as it is or from `foreground_shares`.
        image_size: side of the square, pixels.
        batch_size: the last, smaller batch of an epoch is dropped.
        seed: any integer.
        epochs: the epoch to stop before.
        first_epoch: the epoch to start with, to resume a training.
        strength: of the augmentation; None takes the defaults.
        heads: what to teach, as `bonefrac.data.targets.inputs_targets_weights` takes it.
        crop: side of the square to cut out of the augmented radiograph, pixels; 0 for all of it.

    Returns:
        Dataset of (image, targets, weights): float32 [B, S, S, 1]; for each head `mask` float32
        [B, S, S, 1] or another float32 [B, 1]; for each a weight float32 [B], 0 where unknown.
    """
    fits = _fits(sum(share.size for share in shares), image_size)
    strength = strength or Strength()
    alter = None if strength == NONE and not crop else partial(_alter, strength=strength, crop=crop)
    streams = [
        _stream(share, [seed, k], image_size=image_size, alter=alter, fits=fits)
        for k, share in enumerate(shares)
    ]

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        drawn = [stream(epoch) for stream in streams]
        if len(drawn) == 1:
            return drawn[0].batch(batch_size, drop_remainder=True)
        order = tf.data.Dataset.from_tensor_slices(turns(shares, seed, epoch, batch_size))
        ds = tf.data.Dataset.choose_from_datasets(drawn, order, stop_on_empty_dataset=False)
        return ds.batch(batch_size, drop_remainder=True)

    ds = tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
    ds = ds.map(partial(inputs_targets_weights, heads=heads), tf.data.AUTOTUNE)
    return ds.prefetch(tf.data.AUTOTUNE)


def _stream(share: Share, key: list[int], *, image_size: int, alter: Any, fits: bool) -> Any:
    """A function from an epoch to what it draws of one share, decoded and altered."""
    count = share.size
    decode = _decode(share.data, image_size)
    records = encoded(share.data, share.split).enumerate()
    if share.members is not None:
        members = tf.constant(share.members)
        records = records.filter(lambda index, example: tf.gather(members, index))
    decoded = records.map(decode, tf.data.AUTOTUNE).cache() if fits else records
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
        if alter is None:
            return ds
        # After the shuffle, by index: an example's draw does not depend on its place.
        return ds.map(partial(alter, key=draws, foreground=share.foreground), tf.data.AUTOTUNE)

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


def eval_batches(
    data: DataFolder,
    split: str,
    *,
    image_size: int,
    batch_size: int,
    heads: Sequence[str] = HEADS,
    window: int = 0,
) -> tf.data.Dataset:
    """Every example once, in the order of the shards, the last batch as small as it comes.

    Args:
        data: the data set.
        split: of it.
        image_size: side of the square, pixels.
        batch_size: examples a batch.
        heads: what is asked, as `bonefrac.data.targets.inputs_targets_weights` takes it.
        window: side of the windows that stand in for each radiograph, pixels; 0 for all of it.
    """
    ds = encoded(data, split).enumerate()
    ds = ds.map(_decode(data, image_size), tf.data.AUTOTUNE)
    if _fits(data.size(split), image_size):
        ds = ds.cache()
    if window:
        ds = ds.flat_map(partial(tiles, size=window))
        # Keras warns of a set that ends before it knows how long it is.
        count = data.size(split) * tile_count(image_size, window)
        ds = ds.apply(tf.data.experimental.assert_cardinality(count))
    ds = ds.batch(batch_size)
    ds = ds.map(partial(inputs_targets_weights, heads=heads), tf.data.AUTOTUNE)
    return ds.prefetch(tf.data.AUTOTUNE)


def _decode(data: DataFolder, image_size: int) -> Any:
    features = data.builder.info.features

    def decode(index: tf.Tensor, example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        picture = features[schema.IMAGE].decode_example(example[schema.IMAGE])
        mask = features[schema.MASK].decode_example(example[schema.MASK])
        return {
            "index": index,
            # One byte a pixel, so that four times as many radiographs fit in the cache.
            schema.IMAGE: tf.cast(tf.round(letterbox(picture, image_size)), tf.uint8),
            schema.MASK: letterbox_mask(mask, image_size),
            schema.FRACTURE: label_of(example, mask),
            INSIDE: inside(picture, image_size),
            **{key: example[key] for key in _LABELS},
        }

    return decode


def _alter(
    example: dict[str, tf.Tensor],
    *,
    key: tf.Tensor,
    foreground: bool,
    strength: Strength,
    crop: int,
) -> dict[str, tf.Tensor]:
    """Augment, then crop, so that what a turn brings into the crop is radiograph."""
    seed = tf.random.fold_in(key, example["index"])
    if strength != NONE:
        image, mask, fracture = random_paste(
            tf.cast(example[schema.IMAGE], tf.float32),
            example[schema.MASK],
            example[schema.FRACTURE],
            has_mask=example[schema.HAS_MASK],
            seed=seed,
            strength=strength,
        )
        image, mask = random_augment(image, mask, seed=seed, strength=strength)
        example = {**example, schema.IMAGE: image, schema.MASK: mask, schema.FRACTURE: fracture}
    return random_crop(example, size=crop, seed=seed, foreground=foreground) if crop else example


def _fits(count: int, image_size: int) -> bool:
    needed = count * image_size * image_size * 2  # image and mask, a byte each
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return needed < min(_CACHE_BYTES, 0.4 * free)
