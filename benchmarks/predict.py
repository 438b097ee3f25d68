"""Measure `bonefrac-predict` over many radiographs: images/s and memory, by jobs and by guard.

python benchmarks/predict.py MODEL.tflite RADIOGRAPHS [--count 1000] [--jobs 1 2]

The radiographs of a folder are repeated by links until there are enough. Every row is a fresh
process; memory is the largest of a process among those that it starts.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path


def main() -> None:
    """Print one row a way to work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help=".tflite")
    parser.add_argument("radiographs", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    print(f"{'options':<44}{'images':>8}{'s':>8}{'images/s':>10}{'MiB, cumulative max':>21}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = linked(arguments.radiographs, Path(scratch) / "in", arguments.count)
        for jobs in arguments.jobs:
            for guard in ("--trusted", "--untrusted"):
                for more in ([], ["--output", Path(scratch) / f"out{jobs}{guard}"]):
                    row(arguments.model, folder, ["--jobs", jobs, guard, *more], arguments.count)
        row(arguments.model, folder, ["--jobs", jobs, guard, *more], arguments.count)


def linked(radiographs: Path, folder: Path, count: int) -> Path:
    """A folder of `count` links to the files of another."""
    folder.mkdir()
    files = sorted(path for path in radiographs.rglob("*") if path.is_file())
    for number, path in enumerate(islice(cycle(files), count)):
        os.symlink(path.resolve(), folder / f"{number:06d}{path.suffix}")  # noqa: PTH211
    return folder


def row(model: Path, folder: Path, options: list[object], count: int) -> None:
    """Run once and print."""
    program = Path(sys.executable).parent / "bonefrac-predict"
    start = time.perf_counter()
    command = [program, "-m", model, folder, "--json", *map(str, options)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    shown = " ".join("DIR" if isinstance(option, Path) else str(option) for option in options)
    print(f"{shown:<44}{count:>8}{seconds:>8.1f}{count / seconds:>10.1f}{most:>21.0f}", flush=True)


if __name__ == "__main__":
    main()
