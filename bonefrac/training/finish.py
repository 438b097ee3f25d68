"""The end of a training: calibrate, score, and write the model folder."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bonefrac import schema, storage
from bonefrac.data.pipeline import eval_batches, groups
from bonefrac.data.sources import Source, describe
from bonefrac.data.store import DataFolder
from bonefrac.data.targets import ALL_HEADS
from bonefrac.evaluation.protocol import Outputs, calibrate, collect, join, score
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.sliding import slide
from bonefrac.training.compiled import answering, window
from bonefrac.training.feed import whole_batch_size
from bonefrac.training.settings import Settings


def write_model(
    folder: Path,
    *,
    settings: Settings,
    trained: keras.Model,
    sources: Sequence[Source],
    run: dict[str, Any],
) -> None:
    """Write weights and card, whole or not at all.

    Args:
        folder: the model folder to create or replace.
        settings: of the training.
        trained: the network with its final weights.
        sources: what it was trained on.
        run: description of the run, for the card.
    """
    # What is calibrated and scored is what will answer: the float32 network.
    model = answering(settings, trained)
    outputs = _all_outputs(model, sources, settings)
    calibration = calibrate(outputs[schema.VALIDATION])
    card = Card(
        name=settings.preset,
        preset=settings.preset,
        overrides=settings.overrides,
        image_size=settings.image_size,
        window=window(settings),
        temperature=calibration["temperature"],
        bias=calibration["bias"],
        thresholds=Thresholds(**{k: calibration[k] for k in ("sure", "doubt", "mask")}),
        scores={name: score(out, calibration) for name, out in outputs.items()},
        data=describe(sources),
        training={"command": run["command"], **run["settings"]},
        versions=run["versions"],
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
    )
    with storage.write_aside(folder) as aside:
        aside.mkdir()
        model.save_weights(aside / schema.WEIGHTS_FILE)
        (aside / schema.CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        storage.write_manifest(aside)


def _all_outputs(
    model: keras.Model, sources: Sequence[Source], settings: Settings
) -> dict[str, Outputs]:
    """What is scored: "validation" and "test" of all data, and of each where there are several."""
    answers: dict[str, Outputs] = {}
    for part in (schema.VALIDATION, schema.TEST):
        each = [_outputs(model, s.data, getattr(s, part), settings) for s in sources]
        answers[part] = each[0] if len(each) == 1 else join(each)
        if len(each) > 1:
            answers.update({f"{part} of {s.name}": o for s, o in zip(sources, each, strict=True)})
    return answers


def _outputs(model: keras.Model, data: DataFolder, split: str, settings: Settings) -> Outputs:
    batches = eval_batches(
        data,
        split,
        image_size=settings.image_size,
        batch_size=whole_batch_size(settings),
        heads=ALL_HEADS,
    )

    def predict(image: Any) -> dict[str, np.ndarray]:
        return slide(model.predict_on_batch, np.asarray(image), window=window(settings))

    return collect(predict, batches, groups(data, split))
