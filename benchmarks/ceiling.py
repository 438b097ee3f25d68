"""What resolution alone costs: the true outlines, squeezed into a model's square and laid back.

python benchmarks/ceiling.py --data data/fracatlas --split fold0 --sizes 128 256 384

A network that knew every fracture to the pixel of its square could score no higher than the first
row. The second row is a pen that slips: the true outline moved by one pixel of the square in both
directions.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bonefrac.cli.options import load_tensorflow
from bonefrac.evaluation.scores import dice
from bonefrac.radiograph.letterbox import Letterbox


def main() -> None:
    """Print the mean Dice of each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder")
    parser.add_argument("--split", default="fold0")
    parser.add_argument("--sizes", nargs="+", type=int, default=[128, 256, 384])
    arguments = parser.parse_args()
    load_tensorflow()
    masks = list(_masks(arguments.data, arguments.split))
    print(f"| {len(masks)} outlined |", " | ".join(f"{size} px" for size in arguments.sizes), "|")
    print("|---|" + "---:|" * len(arguments.sizes))
    for told, slip in (("exact", 0), ("one pixel off", 1)):
        means = [np.mean([_dice(m, size, slip=slip) for m in masks]) for size in arguments.sizes]
        print(f"| {told} |", " | ".join(f"{mean:.3f}" for mean in means), "|")


def _masks(path: Path, split: str) -> Iterator[np.ndarray]:
    from bonefrac import schema
    from bonefrac.data.store import open_data
    from bonefrac.evaluation.observe import examples

    for example in examples(open_data(path), split):
        mask = example[schema.MASK][..., 0] > 0
        if mask.any() and not example[schema.MASK_COARSE]:
            yield mask


def _dice(mask: np.ndarray, size: int, *, slip: int) -> float:
    geometry = Letterbox(*mask.shape, size)
    square = np.roll(geometry.apply(mask) >= 0.5, (slip, slip), (0, 1))
    back = geometry.invert(square.astype(np.float32)) >= 0.5
    overlap = np.array([np.sum(back & mask)])
    return float(dice(overlap, np.array([back.sum()]), np.array([mask.sum()]))[0])


if __name__ == "__main__":
    main()
