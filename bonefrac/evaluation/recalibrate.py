"""Write calibration and thresholds that were fitted anew into the card of a model folder."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bonefrac import schema, storage
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.runtimes import model_folder


def write_calibration(
    path: Path, calibration: Mapping[str, float], *, scores: Mapping[str, Any], how: str
) -> Path:
    """Replace the calibration of a model folder, whole or not at all.

    The card's scores were measured at the old thresholds, and go with them.

    Args:
        path: run folder or model folder.
        calibration: `temperature`, `bias`, `sure`, `doubt` and `mask`.
        scores: those measured at the new thresholds, for the card.
        how: the data and the command, for the card.

    Returns:
        The model folder.

    Raises:
        BonefracError: no model folder, such as an export, which carries its card inside.
    """
    folder = model_folder(path)
    if folder is None:
        raise BonefracError(
            f"{path} is no model folder",
            expected="one whose card can be written",
            fix="Calibrate the run that it was exported from, and export it again",
        )
    card = Card.read(folder / schema.CARD_FILE)
    changed = replace(
        card,
        temperature=calibration["temperature"],
        bias=calibration["bias"],
        thresholds=Thresholds(**{key: calibration[key] for key in ("sure", "doubt", "mask")}),
        scores=dict(scores),
        training={**card.training, "calibrated": how},
    )
    with storage.write_aside(folder) as aside:
        shutil.copytree(folder, aside)
        (aside / schema.CARD_FILE).write_text(changed.to_json(), encoding="utf-8")
        storage.write_manifest(aside)
    return folder
