"""A report as JSON: what was scored on what, how, and with which result."""

import datetime
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bonefrac
from bonefrac import schema, storage
from bonefrac.data.store import DataFolder
from bonefrac.evaluation.boxes import FALSE_POSITIVES, HIT_IOU, MOST_BOXES
from bonefrac.evaluation.observe import Observer
from bonefrac.evaluation.provenance import Choice
from bonefrac.evaluation.slices import SIZE_NAMES
from bonefrac.evaluation.weighted import ECE_BINS
from bonefrac.inference.ensemble import JOINED, members
from bonefrac.inference.shipped import answering

EVALUATION = "evaluation"
COMPARISON = "comparison"
CROSS_VALIDATION = "cross-validation"

EMPTY_MASKS = (
    "Dice and Jaccard are means over the radiographs with an outlined fracture, where an empty "
    "outline scores 0; intact radiographs do not count. Only “intact as 1” counts them."
)
RESOLUTION = "the original picture, to which the model's outline is scaled back"
HIT_RULE = (
    f"Lesions are 8-connected parts of the true mask. A box hits one if their boxes share at least "
    f"{HIT_IOU:g} of their union; the highest score chooses first, a lesion is hit once, and a "
    "second box on it is false."
)


def heading(
    *,
    kind: str,
    observers: Sequence[tuple[Path, Observer]],
    choices: Sequence[Choice],
    data: DataFolder,
    rounds: int,
    seed: int,
    command: str,
) -> dict[str, Any]:
    """What was scored on what, and how.

    Args:
        kind: `EVALUATION`, `COMPARISON` or `CROSS_VALIDATION`.
        observers: path and model.
        choices: what each was shown.
        data: of which data folder.
        rounds: resamples.
        seed: of the draws.
        command: how the program was called.
    """
    names = ("keras", "tensorflow", "numpy", "scipy")
    return {
        "format": schema.REPORT_FORMAT,
        "kind": kind,
        "use": schema.NOT_A_DEVICE,
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": command,
        "versions": {"bonefrac": bonefrac.__version__, **{name: version(name) for name in names}},
        "models": [
            _model(path, observer, choice)
            for (path, observer), choice in zip(observers, choices, strict=True)
        ],
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "split": data.split,
            "split_sha256": data.split_sha256,
        },
        "protocol": _protocol(rounds, seed),
        "warnings": list(dict.fromkeys(w for choice in choices for w in choice.warnings)),
    }


def _protocol(rounds: int, seed: int) -> dict[str, Any]:
    return {
        "resolution": RESOLUTION,
        "empty_masks": EMPTY_MASKS,
        "hit_rule": HIT_RULE,
        "most_boxes": MOST_BOXES,
        "froc_rates": list(FALSE_POSITIVES),
        "calibration_bins": f"{ECE_BINS} of equal width",
        "lesion_sizes": list(SIZE_NAMES.values()),
        "interval": "95 %, percentiles of a bootstrap over groups; Wilson's where all give 0 or 1",
        "rounds": rounds,
        "seed": seed,
    }


def _model(path: Path, observer: Observer, choice: Choice) -> dict[str, Any]:
    card = observer.predictor.card
    return {
        "name": card.name,
        "path": str(path),
        "sha256": fingerprint(path),
        "preset": card.preset,
        "image_size": card.image_size,
        "calibration": {k: round(float(v), 6) for k, v in observer.calibration.items()},
        "calibrated_on": choice.calibrate or "the card's validation data",
        "trained_on": card.data,
        "trained_by": card.training.get("command", ""),
        "split": choice.split,
        "trivial_models_fitted_on": choice.fit,
    }


def fingerprint(path: Path) -> str:
    """SHA-256 of a model's file, or of the manifest of its folder; several joined as the paths."""
    if len(paths := members(path)) > 1:
        return JOINED.join(map(fingerprint, paths))
    path = answering(path)
    if path.is_file():
        return storage.sha256(path)
    manifests = sorted(path.glob(f"**/{schema.MANIFEST_FILE}"))
    for folder in (path, path / schema.MODEL_DIR):
        if (folder / schema.MANIFEST_FILE).is_file():
            return storage.sha256(folder / schema.MANIFEST_FILE)
    return storage.sha256(manifests[-1]) if manifests else ""
