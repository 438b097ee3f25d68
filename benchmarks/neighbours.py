"""How often a random split of FracAtlas leaves a neighbour of a test radiograph in training.

python benchmarks/neighbours.py FracAtlas

Of the fractured radiographs, split 80 to 20 at random: the share of the test part whose
neighbour in the order of ids is in the other part. Neighbours are often one patient.
"""

import argparse
from pathlib import Path

import numpy as np

SPLITS = 20


def main() -> None:
    """Print mean and range over the splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="FracAtlas as published")
    source = parser.parse_args().source
    names = [path.stem for path in (source / "images" / "Fractured").glob("*.jpg")]
    ids = np.sort([int(name.removeprefix("IMG")) for name in names])
    shares = [_share(ids, seed) for seed in range(SPLITS)]
    print(f"{len(ids)} fractured radiographs, {SPLITS} random splits, seeds 0 to {SPLITS - 1}")
    print(f"neighbour in train: mean {np.mean(shares):.0%}, {min(shares):.0%} to {max(shares):.0%}")


def _share(ids: np.ndarray, seed: int) -> float:
    test = np.random.default_rng(seed).permutation(len(ids)) < len(ids) // 5
    train = set(ids[~test].tolist())
    return float(np.mean([id - 1 in train or id + 1 in train for id in ids[test].tolist()]))


if __name__ == "__main__":
    main()
