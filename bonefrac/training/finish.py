"""The end of a training: calibrate, score, and write the model folder."""

import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

import bonefrac
from bonefrac import schema, storage
from bonefrac.data.pipeline import eval_batches, groups
from bonefrac.data.store import DataFolder
from bonefrac.evaluation.protocol import Outputs, calibrate, collect, score
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds
from bonefrac.models.presets import build_model, dtype_policy
from bonefrac.training.settings import Settings


def write_model(
    folder: Path,
    *,
    settings: Settings,
    trained: keras.Model,
    data: DataFolder,
    splits: dict[str, str],
    run: dict[str, Any],
) -> None:
    """Write weights and card, whole or not at all.

    Args:
        folder: the model folder to create or replace.
        settings: of the training.
        trained: the network with its final weights.
        data: what it was trained on.
        splits: tfds split strings of "validation" and "test".
        run: description of the run, for the card.
    """
    # What is calibrated and scored is what will answer: the float32 network.
    with dtype_policy("float32"):
        model = build_model(settings.preset, image_size=settings.image_size, **settings.overrides)
    model.set_weights(trained.get_weights())
    outputs = {name: _outputs(model, data, split, settings) for name, split in splits.items()}
    calibration = calibrate(outputs["validation"])
    card = Card(
        name=settings.preset,
        preset=settings.preset,
        overrides=settings.overrides,
        image_size=settings.image_size,
        temperature=calibration["temperature"],
        thresholds=Thresholds(**{k: calibration[k] for k in ("sure", "doubt", "mask")}),
        scores={name: score(out, calibration) for name, out in outputs.items()},
        data={"name": data.name, "sha256": data.sha256, **splits},
        training={"command": run["command"], **run["settings"]},
        versions=_versions(),
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
    )
    with storage.write_aside(folder) as aside:
        aside.mkdir()
        model.save_weights(aside / schema.WEIGHTS_FILE)
        (aside / schema.CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        storage.write_manifest(aside)


def _outputs(model: keras.Model, data: DataFolder, split: str, settings: Settings) -> Outputs:
    batches = eval_batches(
        data, split, image_size=settings.image_size, batch_size=settings.batch_size
    )

    def predict(image: Any) -> dict[str, np.ndarray]:
        return model.predict_on_batch(np.asarray(image))

    return collect(predict, batches, groups(data, split))


def _versions() -> dict[str, str]:
    names = ("keras", "tensorflow", "numpy")
    return {"bonefrac": bonefrac.__version__, **{name: version(name) for name in names}}
