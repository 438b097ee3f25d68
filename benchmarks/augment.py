"""Measure each augmentation alone, always on, and the chains, on one core.

python benchmarks/augment.py [--image-size 256]
"""

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bonefrac.cli.options import load_tensorflow

ROUNDS, IMAGES = 7, 60


def main() -> None:
    """Print one row an op."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image-size", type=int, default=256)
    size = parser.parse_args().image_size
    load_tensorflow()
    example = _phantom(size)
    floor = _milliseconds(lambda image, mask, seed: (image, mask), example)
    print(f"{size} px, one core, processor time; an empty map ({floor:.2f} ms) is taken off")
    print(f"{'op':<28}{'ms/image':>10}")
    for name, step in _ops():
        print(f"{name:<28}{_milliseconds(step, example) - floor:>10.2f}", flush=True)


def _phantom(size: int) -> tuple[Any, Any]:
    from bonefrac.data.geometry import letterbox, letterbox_mask
    from bonefrac.data.phantom import draw

    phantom = draw(seed=1, index=0, fracture="displaced")
    return letterbox(phantom.image[..., None], size), letterbox_mask(phantom.mask[..., None], size)


def _ops() -> Iterable[tuple[str, Callable[..., Any]]]:
    from bonefrac.data.augment import NONE, STRENGTHS, Strength, random_augment, random_paste

    default = Strength()
    alone = {
        "affine": ("rotation", "scale", "shear", "translation", "flip"),
        "elastic": ("elastic", "elastic_chance"),
        "tone": ("gamma", "exposure", "contrast", "brightness"),
        "negative": ("invert",),
        "blur": ("blur", "blur_chance"),
        "noise": ("noise", "quantum", "noise_chance"),
        "collimation": ("collimation", "collimation_chance"),
        "marker": ("marker",),
        "jpeg": ("jpeg", "jpeg_chance"),
    }
    for name, fields in alone.items():
        sure = {f: 1.0 if f in _CHANCES or "_chance" in f else getattr(default, f) for f in fields}
        yield f"{name}, always", _chain(random_augment, replace(NONE, **sure))
    always = replace(default, elastic_chance=1.0)
    yield "affine and elastic, always", _chain(random_augment, _geometry(always, alone))
    yield "paste, always", _paste(random_paste, replace(NONE, paste=1.0))
    for name, strength in STRENGTHS.items():
        yield f"the chain, {name}", _chain(random_augment, strength)


_CHANCES = ("invert", "marker")


def _geometry(strength: Any, alone: dict[str, tuple[str, ...]]) -> Any:
    from bonefrac.data.augment import NONE

    names = (*alone["affine"], *alone["elastic"])
    return replace(NONE, **{name: getattr(strength, name) for name in names})


def _chain(random_augment: Callable[..., Any], strength: Any) -> Callable[..., Any]:
    return lambda image, mask, seed: random_augment(image, mask, seed=seed, strength=strength)


def _paste(random_paste: Callable[..., Any], strength: Any) -> Callable[..., Any]:
    import tensorflow as tf

    def step(image: Any, mask: Any, seed: Any) -> Any:
        empty = tf.zeros_like(mask)
        return random_paste(image, empty, 0, has_mask=True, seed=seed, strength=strength)

    return step


def _milliseconds(step: Callable[..., Any], example: tuple[Any, Any]) -> float:
    """Processor time an image, the median of some rounds."""
    import tensorflow as tf

    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    seeds = tf.data.Dataset.range(10**9).map(lambda n: tf.stack([tf.cast(n, tf.int32), 7]))
    results = iter(seeds.map(lambda seed: step(*example, seed)).with_options(options))
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(IMAGES):
            next(results)
        times.append((time.process_time() - started) / IMAGES)
    return 1e3 * sorted(times)[ROUNDS // 2]


if __name__ == "__main__":
    main()
