"""Measure the largest memory that an epoch of training batches takes, by the size of the data.

python benchmarks/memory.py [--examples 1000 10000 50000] [--sizes 256 512]

Each row is a fresh process that streams one whole epoch, augmented. The data folders repeat a few
phantoms under new ids.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from bonefrac.cli.options import load_tensorflow

BATCH = 8
DRAWN = 20


def main() -> None:
    """Print one row a size, a number of examples and a way to keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--stream", nargs=3, metavar=("FOLDER", "SIZE", "CACHE"))
    arguments = parser.parse_args()
    if arguments.stream:
        folder, size, cache = arguments.stream
        print(json.dumps(stream(Path(folder), int(size), cache)))
        return
    print(f"{'examples':>9}{'px':>5}  {'cache':<9}{'kept':>6}{'peak MB':>9}{'images/s':>10}")
    with tempfile.TemporaryDirectory() as scratch:
        for count in arguments.examples:
            folder = Path(scratch) / str(count)
            # In a process of its own: what building takes is not to be counted.
            write = f"import memory; memory.write({str(folder)!r}, {count})"
            subprocess.run([sys.executable, "-c", write], cwd=Path(__file__).parent, check=True)
            for size in arguments.sizes:
                for cache in ("off", "decides"):
                    row = measured(folder, size, cache)
                    print(
                        f"{count:>9}{size:>5}  {cache:<9}{row['kept']:>6}{row['megabytes']:>9.0f}"
                        f"{row['rate']:>10.1f}",
                        flush=True,
                    )


def measured(folder: Path, size: int, cache: str) -> dict[str, Any]:
    """`stream` in a fresh process."""
    command = [sys.executable, __file__, "--stream", str(folder), str(size), cache]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def stream(folder: Path, size: int, cache: str) -> dict[str, Any]:
    """Read one epoch; megabytes at the peak, images a second, whether it was kept decoded."""
    load_tensorflow()
    from bonefrac.data import pipeline
    from bonefrac.data.store import open_data

    if cache == "off":
        pipeline._fits = lambda count, image_size: False  # type: ignore[assignment]
    data = open_data(folder)
    split = "+".join(data.counts)
    batches = pipeline.train_batches(
        data, split, image_size=size, batch_size=BATCH, seed=0, epochs=1
    )
    started, count = time.perf_counter(), 0
    for _ in batches:
        count += BATCH
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept = "yes" if pipeline._fits(data.size(split), size) else "no"
    return {"megabytes": peak, "rate": count / (time.perf_counter() - started), "kept": kept}


def write(folder: str, count: int) -> None:
    """A data folder of `count` examples: a few phantoms, encoded once."""
    load_tensorflow()
    from PIL import Image

    from bonefrac import schema
    from bonefrac.data.builder import FoldedBuilder, Record
    from bonefrac.data.features import example
    from bonefrac.data.phantom import draw
    from bonefrac.data.store import build

    drawn = []
    for index in range(DRAWN):
        phantom = draw(seed=0, index=index)
        png = io.BytesIO()
        Image.fromarray(phantom.mask).save(png, "PNG")
        made = example(id="", group="", image=phantom.image, mask=phantom.mask, fracture=1)
        drawn.append((made, made[schema.IMAGE].getvalue(), png.getvalue()))

    class Repeated(FoldedBuilder):
        """The same phantoms again and again."""

        name = "repeated"

        def records(self) -> list[Record]:
            return [Record(f"{n:06d}", f"{n:06d}", n) for n in range(count)]

        def example(self, record: Record) -> dict[str, Any]:
            made, image, mask = drawn[record.payload % DRAWN]
            encoded = {schema.IMAGE: io.BytesIO(image), schema.MASK: io.BytesIO(mask)}
            return {**made, **encoded, schema.ID: record.id, schema.GROUP: record.group}

    build(partial(Repeated, folds=3, progress=lambda *_: None), Path(folder))


if __name__ == "__main__":
    main()
