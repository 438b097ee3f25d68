"""Measure the pipeline, training and inference side by side, in one run.

python benchmarks/throughput.py [--data DIR] [--preset unet_small] [--image-size 256]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bonefrac.cli.options import load_tensorflow

BATCH = 8
SECONDS = 10.0


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder; default: 200 phantoms")
    parser.add_argument("--preset", default="unet_small")
    parser.add_argument("--image-size", type=int, default=256)
    arguments = parser.parse_args()
    load_tensorflow()
    with tempfile.TemporaryDirectory() as scratch:
        data = _data(arguments.data, Path(scratch))
        print(f"{data.name}, {sum(data.counts.values())} radiographs, {arguments.image_size} px")
        print(f"{'what':<42}{'images/s':>10}{'to the first':>14}")
        rates: dict[str, float] = {}
        for name, rate in _rates(data, arguments.preset, arguments.image_size):
            rates[name] = rate
            first = next(iter(rates.values()))
            print(f"{name:<42}{rate:>10.1f}{rate / first:>13.2f}x", flush=True)


def _data(path: Path | None, scratch: Path):
    from bonefrac.data.datasets.phantom import Phantom
    from bonefrac.data.store import build, open_data

    if path is not None:
        return open_data(path)
    make = partial(Phantom, count=200, seed=0, folds=5, progress=lambda *_: None)
    return build(make, scratch / "phantoms")[0]


def _rates(data, preset: str, size: int) -> Iterable[tuple[str, float]]:
    from bonefrac.data.pipeline import steps_per_epoch, train_batches

    split = "+".join(data.counts)
    steps = steps_per_epoch(data, split, BATCH)
    batches = iter(
        train_batches(data, split, image_size=size, batch_size=BATCH, seed=0, epochs=10_000)
    )
    started = time.perf_counter()
    for _ in range(steps):
        batch = next(batches)
    yield "pipeline, first epoch (decode, cache)", steps * BATCH / (time.perf_counter() - started)
    yield "pipeline, later epochs (cache, augment)", _measure(lambda: next(batches)) * BATCH
    for mixed in (False, True):
        yield _training_name(preset, mixed), _training(preset, size, batch, mixed) * BATCH


def _training_name(preset: str, mixed: bool) -> str:
    return f"training {preset}, {'mixed_bfloat16' if mixed else 'float32'}"


def _training(preset: str, size: int, batch, mixed: bool) -> float:
    from bonefrac.training.compiled import compiled
    from bonefrac.training.settings import Settings

    model = compiled(
        Settings(preset, image_size=size, precision="bfloat16" if mixed else "float32"), steps=1000
    )
    return _measure(lambda: model.train_on_batch(*batch))


def _measure(step: Callable[[], object]) -> float:
    """Calls a second, after two that warm up."""
    step(), step()
    started, calls = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < SECONDS:
        step()
        calls += 1
    return calls / elapsed


if __name__ == "__main__":
    main()
