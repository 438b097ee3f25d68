"""Score each model on each data set's test fold: how well one kind of radiograph teaches another.

python benchmarks/transfer.py --models runs/a runs/b --data data/a data/b
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac.cli.options import load_tensorflow

BATCH = 8
SCORES = ("auc", "dice", "jaccard")


def main() -> None:
    """Print one row a pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", type=Path, required=True, help="run folders")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="data folders")
    parser.add_argument("--fold", default="fold0", help="never trained or calibrated on")
    arguments = parser.parse_args()
    load_tensorflow()
    from bonefrac.data.store import open_data

    folders = [open_data(path) for path in arguments.data]
    print("| Trained on | Tested on | Radiographs, fractured |", " | ".join(SCORES), "|")
    print("|---|---|---:|" + "---|" * len(SCORES))
    for path in arguments.models:
        for folder in folders:
            trained, scored = _score(path, folder, arguments.fold)
            cells = " | ".join(_cell(scored[name]) for name in SCORES)
            counts = f"{scored['images']}, {scored['fractured']}"
            print(f"| {trained} | {folder.name} | {counts} | {cells} |", flush=True)


def _score(run: Path, folder: Any, fold: str) -> tuple[str, dict[str, Any]]:
    """The data that a model was trained on, and its scores elsewhere with its own thresholds."""
    from bonefrac import schema
    from bonefrac.data.pipeline import eval_batches, groups
    from bonefrac.evaluation.protocol import collect, score
    from bonefrac.inference.runtimes import KerasRuntime

    network = KerasRuntime.from_folder(run / schema.MODEL_DIR)
    card = network.card
    batches = eval_batches(folder, fold, image_size=card.image_size, batch_size=BATCH)
    outputs = collect(
        lambda image: network.model.predict_on_batch(np.asarray(image)),
        batches,
        groups(folder, fold),
    )
    calibration = {
        "temperature": card.temperature,
        "sure": card.thresholds.sure,
        "doubt": card.thresholds.doubt,
        "mask": card.thresholds.mask,
    }
    return card.data["name"], score(outputs, calibration)


def _cell(row: dict[str, Any]) -> str:
    value, low, high, trivial = (row[k] for k in ("value", "low", "high", "baseline"))
    return f"{value:.3f} ({low:.3f} to {high:.3f}); trivial {trivial:.3f}"


if __name__ == "__main__":
    main()
