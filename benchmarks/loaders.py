"""One contender of `pipeline.py` in its own process: prints a JSON object of images a second.

python benchmarks/loaders.py CONTENDER --pictures DIR --data DIR --size 256 --cores 1
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

BATCH = 8
SECONDS = 8.0


def main() -> None:
    """Measure one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--preset", required=True)
    arguments = parser.parse_args()
    # Before TensorFlow counts the processors.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    from bonefrac.cli.options import load_tensorflow

    load_tensorflow()
    print(json.dumps(CONTENDERS[arguments.contender](arguments)))


def measure(epochs: Iterable[Any], steps: int) -> dict[str, float]:
    """Images a second in the first epoch, its start included, and in later ones; core ms each."""
    started = time.perf_counter()
    stream = iter(epochs)
    for _ in range(steps):
        next(stream)
    first = steps * BATCH / (time.perf_counter() - started)
    started, busy, count = time.perf_counter(), time.process_time(), 0
    while (elapsed := time.perf_counter() - started) < SECONDS:
        next(stream)
        count += 1
    busy = time.process_time() - busy
    return {"first": first, "later": count * BATCH / elapsed, "ms": 1e3 * busy / count / BATCH}


def ours(arguments: argparse.Namespace, *, augment: bool, cache: bool) -> dict[str, float]:
    """`train_batches` from TFRecord shards."""
    from bonefrac.data import pipeline
    from bonefrac.data.augment import NONE, Strength
    from bonefrac.data.store import open_data

    if not cache:
        pipeline._fits = lambda count, image_size: False  # type: ignore[assignment]
    data = open_data(arguments.data)
    split = "+".join(data.counts)
    batches = pipeline.train_batches(
        data,
        split,
        image_size=arguments.size,
        batch_size=BATCH,
        seed=0,
        epochs=100_000,
        strength=Strength() if augment else NONE,
    )
    return measure(batches, pipeline.steps_per_epoch(data, split, BATCH))


def files(arguments: argparse.Namespace) -> dict[str, float]:
    """The same pictures as files, by tf.data with the same letterbox."""
    import tensorflow as tf

    from bonefrac.data.geometry import letterbox, letterbox_mask

    def read(image: Any, mask: Any) -> tuple[Any, Any]:
        image = tf.io.decode_jpeg(tf.io.read_file(image), channels=1)
        mask = tf.io.decode_png(tf.io.read_file(mask), channels=1)
        square = letterbox(image, arguments.size)
        return square, tf.cast(letterbox_mask(mask, arguments.size), tf.float32)

    images, masks = _paths(arguments.pictures)
    ds = tf.data.Dataset.from_tensor_slices((images, masks)).shuffle(len(images), seed=0)
    ds = ds.map(read, tf.data.AUTOTUNE).batch(BATCH, drop_remainder=True)
    return measure(ds.repeat().prefetch(tf.data.AUTOTUNE), len(images) // BATCH)


def keras_folder(arguments: argparse.Namespace) -> dict[str, float]:
    """`keras.utils.image_dataset_from_directory`, once for images and once for masks."""
    import keras
    import tensorflow as tf

    def folder(name: str, interpolation: str) -> Any:
        return keras.utils.image_dataset_from_directory(
            arguments.pictures / name,
            labels=None,
            color_mode="grayscale",
            batch_size=BATCH,
            image_size=(arguments.size, arguments.size),
            seed=0,
            interpolation=interpolation,
            pad_to_aspect_ratio=True,
            verbose=False,
        )

    ds = tf.data.Dataset.zip(folder("images", "bilinear"), folder("masks", "nearest")).repeat()
    return measure(ds, len(_paths(arguments.pictures)[0]) // BATCH)


def training(arguments: argparse.Namespace) -> dict[str, float]:
    """A preset's training step in float32 on one batch that is always the same."""
    import presets

    rate = presets._training(arguments.preset, arguments.size, BATCH, False)
    return {"first": rate, "later": rate, "ms": 1e3 * arguments.cores / rate}


def _paths(pictures: Path) -> tuple[list[str], list[str]]:
    images, masks = (sorted(map(str, (pictures / kind).iterdir())) for kind in ("images", "masks"))
    return images, masks


CONTENDERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "ours": partial(ours, augment=False, cache=True),
    "ours, no cache": partial(ours, augment=False, cache=False),
    "ours, augmented": partial(ours, augment=True, cache=True),
    "ours, augmented, no cache": partial(ours, augment=True, cache=False),
    "files": files,
    "keras": keras_folder,
    "training": training,
}


if __name__ == "__main__":
    main()
