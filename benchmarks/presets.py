"""Measure every preset side by side, in one run: training in float32 and bfloat16, and TFLite.

python benchmarks/presets.py [--image-size 256] [--only unet_tiny unet_small ...] [--float32]

Without --float32 also in bfloat16, which takes minutes a step on a processor that lacks it.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bonefrac.cli.options import load_tensorflow
from bonefrac.models.presets import PRESETS

BATCH, BATCH_LARGE = 4, 1
LARGE = 20  # GMACs; four of these at once are minutes a step on two cores
SECONDS = 4.0
THREADS = 2


def main() -> None:
    """Print one row a preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--only", nargs="*", default=list(PRESETS))
    parser.add_argument("--float32", action="store_true", help="no training in bfloat16")
    arguments = parser.parse_args()
    load_tensorflow()
    print(f"{arguments.image_size} px; LiteRT on {THREADS} threads; int8: dynamic, weights alone")
    header = ("preset", "params", "GMACs", "batch", "float32/s", "bfloat16/s", "tflite ms")
    print(("{:<35}{:>12}{:>8}{:>7}{:>11}{:>12}{:>11}{:>9}{:>8}").format(*header, "int8 ms", "MB"))
    for name in arguments.only:
        preset = PRESETS[name]
        batch = BATCH_LARGE if preset.gmacs > LARGE else BATCH
        halves = (False,) if arguments.float32 else (False, True)
        rates = [f"{_training(name, arguments.image_size, batch, half):.2f}" for half in halves]
        single, half = rates if len(rates) == 2 else (*rates, "-")
        times, size = _tflite(name, arguments.image_size)
        print(
            f"{name:<35}{preset.params:>12,}{preset.gmacs:>8.2f}{batch:>7}{single:>11}{half:>12}"
            f"{times[0]:>11.1f}{times[1]:>9.1f}{size:>8.1f}",
            flush=True,
        )


def _training(name: str, size: int, batch: int, mixed: bool) -> float:
    """Images a second."""
    import keras

    from bonefrac.training.compiled import compiled
    from bonefrac.training.settings import Settings

    keras.backend.clear_session()
    model = compiled(
        Settings(name, image_size=size, precision="bfloat16" if mixed else "float32"), steps=1000
    )
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (batch, size, size, 1)).astype(np.float32)
    targets = {"mask": (image > 250).astype(np.float32), "fracture": np.ones((batch, 1))}
    return batch / _seconds(lambda: model.train_on_batch(image, targets))


def _tflite(name: str, size: int) -> tuple[list[float], float]:
    """Milliseconds in float32 and with dynamic int8 weights, and megabytes of the float32 file."""
    from bonefrac.artifacts.tflite import write_tflite
    from bonefrac.inference.card import Card
    from bonefrac.inference.finding import Thresholds
    from bonefrac.inference.runtimes import LiteRTRuntime
    from bonefrac.models.presets import build_model

    card = Card(name, name, size, 1.0, Thresholds(0.5, 0.5, 0.5))
    model = build_model(name, image_size=size)
    square = np.random.default_rng(0).uniform(0, 255, (size, size)).astype(np.float32)
    times, sizes = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for quantize in ("none", "dynamic"):
            path = Path(scratch) / f"{quantize}.tflite"
            write_tflite(model, card, path, quantize=quantize, calibration=square[None])
            runtime = LiteRTRuntime(path, threads=THREADS)
            times.append(1e3 * _seconds(lambda run=runtime: run(square)))
            sizes.append(path.stat().st_size / 1e6)
    return times, sizes[0]


def _seconds(step: Callable[[], object]) -> float:
    """Seconds a call, after one that warms up."""
    step()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        step()
        calls += 1
    return (time.perf_counter() - started) / calls


if __name__ == "__main__":
    main()
