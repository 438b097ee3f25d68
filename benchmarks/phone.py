"""Frames a second of the tiny presets in LiteRT, with all that an app does around a network.

python benchmarks/phone.py [--only unet_tiny ...] [--runs 3]

Weights are random, statistics settled on phantoms: neither changes a time. Files of several
quantizations are timed in turn by export/mobile/benchmark.py; of all runs the best is told.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bonefrac.cli.options import load_tensorflow

PRESETS = ("unet_tiny", "attention_unet_tiny", "r2unet_tiny", "vit_tiny_patch16")
QUANTIZATIONS = ("none", "float16", "int8")
PHANTOMS = 8
BENCHMARK = Path(__file__).parents[1] / "export" / "mobile" / "benchmark.py"


def main() -> None:
    """Print one row a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--only", nargs="*", default=list(PRESETS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    load_tensorflow()
    header = ("preset", "quantize", "MB", "network ms", "around ms", "frame ms", "frames/s", "load")
    form = "{:<22}{:>10}{:>6}{:>12}{:>11}{:>10}{:>10}{:>6}"
    print(form.format(*header))
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only:
            files = _export(name, arguments.image_size, Path(folder))
            rows = [_best(path, arguments.threads, arguments.runs) for path in files]
            for quantize, path, row in zip(QUANTIZATIONS, files, rows, strict=True):
                parts = [row[part]["median"] for part in ("network_ms", "around_ms", "frame_ms")]
                cells = [*map("{:.1f}".format, (path.stat().st_size / 1e6, *parts))]
                rate, load = f"{row['frames_a_second']:.0f}", f"{row['load']:.1f}"
                print(form.format(name, quantize, *cells, rate, load), flush=True)


def _export(name: str, size: int, folder: Path) -> list[Path]:
    from bonefrac.artifacts.tflite import write_tflite
    from bonefrac.data.phantom import draw
    from bonefrac.inference.card import Card
    from bonefrac.inference.finding import Thresholds
    from bonefrac.inference.runtimes import KerasRuntime
    from bonefrac.models.presets import build_model
    from bonefrac.radiograph.letterbox import Letterbox

    images = [draw(seed=0, index=k).image for k in range(PHANTOMS)]
    squares = np.stack([Letterbox(*image.shape, size).apply(image) for image in images])
    model = _settle(build_model(name, image_size=size), squares)
    card = Card(name, name, size, 1.0, Thresholds(0.5, 0.5, 0.5))
    masks = [KerasRuntime(model, card)(square)[0] for square in squares]
    # Lesions take a hundredth of a picture.
    thresholds = Thresholds(0.5, 0.5, float(np.quantile(masks, 0.99)))
    card = Card(name, name, size, 1.0, thresholds)
    paths = [folder / f"{name}-{quantize}.tflite" for quantize in QUANTIZATIONS]
    for path, quantize in zip(paths, QUANTIZATIONS, strict=True):
        write_tflite(model, card, path, quantize=quantize, calibration=squares)
    return paths


def _settle(model, squares):  # type: ignore[no-untyped-def]
    """Let every normalisation know the statistics of these squares, as after a training."""
    import keras

    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(squares[..., None], training=True)
    return model


def _best(path: Path, threads: int, runs: int) -> dict:
    """The run of most frames a second, and the load of the machine before it."""
    told = []
    for _ in range(runs):
        load = os.getloadavg()[0]
        command = [sys.executable, BENCHMARK, path, "--threads", str(threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told.append(json.loads(done.stdout) | {"load": load})
    return max(told, key=lambda row: row["frames_a_second"])


if __name__ == "__main__":
    main()
