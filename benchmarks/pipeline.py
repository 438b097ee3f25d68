"""Measure our pipeline beside other ways to feed the same pictures, in one run.

python benchmarks/pipeline.py [--data DIR] [--sizes 256 512] [--cores 1 2] [--torch-python PATH]

Each contender is a fresh process that may use so many processors; all give float32 images and masks
of the same size in shuffled batches of 8, from the same bytes: those of the shards' pictures,
written out as files. "core ms" is processor time a later image takes, on all cores together. Run it
on a machine that does nothing else.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from bonefrac.cli.options import load_tensorflow

HERE = Path(__file__).parent
ROWS = {
    "ours, augmented": "bonefrac, augmented",
    "ours": "bonefrac, as it is",
    "ours, augmented, no cache": "bonefrac, augmented, more than fits in memory",
    "ours, no cache": "bonefrac, as it is, more than fits in memory",
    "files": "tf.data over files",
    "keras": "keras image_dataset_from_directory",
    "torch": "PyTorch DataLoader, Pillow",
    "training": "training step",
}


def main() -> None:
    """Print one table a size and a number of cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder; default: --count phantoms")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument(
        "--preset", default="deeplab_v3_plus_mobilenet_v3_small", help="the fastest to train"
    )
    parser.add_argument("--torch-python", type=Path, help="a Python that has torch and Pillow")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.data or Path(scratch) / "phantoms"
        pictures = Path(scratch) / "pictures"
        count = _prepare(folder, pictures, arguments.count)
        print(f"{count} radiographs of {folder.name}; {_machine()}")
        for size in arguments.sizes:
            for cores in arguments.cores:
                print(f"\n{size} px, {cores} of {os.cpu_count()} processors, images/s")
                _table(arguments, folder, pictures, size, cores)


def _table(
    arguments: argparse.Namespace, folder: Path, pictures: Path, size: int, cores: int
) -> None:
    print(f"{'':<48}{'first epoch':>12}{'later':>9}{'core ms':>9}{'to ours':>9}")
    ours = None
    for name in arguments.only:
        words = ["--pictures", pictures, "--size", size, "--cores", cores]
        rate = _rate(name, [*words], arguments, folder)
        if rate is None:
            print(
                f"{ROWS[name]:<48} no torch: --torch-python PATH, or pip install bonefrac[backends]"
            )
            continue
        ours = ours or rate["later"]
        title = ROWS[name] + (f" {arguments.preset}" if name == "training" else "")
        share = rate["later"] / ours
        print(
            f"{title:<48}{rate['first']:>12.1f}{rate['later']:>9.1f}"
            f"{rate['ms']:>9.2f}{share:>9.2f}",
            flush=True,
        )


def _rate(
    name: str, words: list[Any], arguments: argparse.Namespace, folder: Path
) -> dict[str, float] | None:
    if name == "torch":
        python = arguments.torch_python
        if python is None and importlib.util.find_spec("torch") is None:
            return None
        command = [python or sys.executable, HERE / "torch_loader.py", *words]
    else:
        options = ["--data", folder, "--preset", arguments.preset]
        command = [sys.executable, HERE / "loaders.py", name, *words, *options]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _prepare(folder: Path, pictures: Path, count: int) -> int:
    """Build phantoms unless the folder is there; write its pictures out as files."""
    load_tensorflow()
    import tensorflow_datasets as tfds

    from bonefrac import schema
    from bonefrac.data.datasets.phantom import Phantom
    from bonefrac.data.store import build, open_data
    from bonefrac.data.workers import cores

    if not folder.exists():
        quiet = {"progress": lambda *_: None, "jobs": cores()}
        build(partial(Phantom, count=count, seed=0, folds=3, **quiet), folder)
    data = open_data(folder)
    skip = {key: tfds.decode.SkipDecoding() for key in (schema.IMAGE, schema.MASK)}
    kinds = {schema.IMAGE: ("images", "jpg"), schema.MASK: ("masks", "png")}
    for kind, _ in kinds.values():
        (pictures / kind).mkdir(parents=True)
    examples = data.builder.as_dataset(split="+".join(data.counts), decoders=skip)
    total = sum(data.counts.values())
    for number, example in enumerate(examples.as_numpy_iterator()):
        for key, (kind, suffix) in kinds.items():
            (pictures / kind / f"{number:06d}.{suffix}").write_bytes(example[key])
    return total


def _machine() -> str:
    import keras
    import tensorflow as tf

    return f"{platform.machine()}, TensorFlow {tf.__version__}, Keras {keras.__version__}"


if __name__ == "__main__":
    main()
