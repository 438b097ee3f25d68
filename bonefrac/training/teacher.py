"""Distillation (Hinton 2015, arXiv 1503.02531): learn from what a trained network answers, too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import ops

from bonefrac import schema
from bonefrac.data.sources import Source
from bonefrac.evaluation.provenance import trained_on
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes import model_folder, open_network
from bonefrac.models.presets import build_model
from bonefrac.training.settings import Settings
from bonefrac.training.transfer import copy_layer


def listen_to_teacher(model: keras.Model, settings: Settings) -> None:
    """Mix a teacher's answers into what each step of a training aims at.

    target = (1 - s) truth + s probability, with s `settings.teacher_share`, or the probability
    alone where the truth is unknown. The teacher looks at the very pixels that the network sees,
    augmented and cropped (Beyer 2022, arXiv 2106.05237, on why). Validation and all metrics keep
    to the truth. Masks of deep supervision do, too.

    Args:
        model: compiled.
        settings: of the training; `teacher` names the run or model folder.

    Raises:
        BonefracError: no model there, or one that does not take the size.
    """
    teacher = _teacher(settings)
    compute_loss = model.compute_loss

    def taught(
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        if training:
            answers = teacher(x, training=False)
            y, sample_weight = _mixed(answers, y, sample_weight, settings.teacher_share)
        return compute_loss(x, y, y_pred, sample_weight, training=training)

    model.compute_loss = taught


def leaks(settings: Settings, sources: Sequence[Source]) -> list[str]:
    """Why the scores of a training will flatter, a line each.

    It starts from a model that was trained on what it is tested on, or learns from one.

    Args:
        settings: of the training; `finetune` and `teacher` are looked at.
        sources: of the training.
    """
    lines = []
    for name in (settings.finetune, settings.teacher):
        folder = model_folder(Path(name or ""))
        if not name or name == schema.IMAGENET or folder is None:
            continue
        for source in sources:
            part = trained_on(Card.read(folder / schema.CARD_FILE), source.data)
            kept = f"{part['validation']}+{part['test']}" if part else source.test
            if known := {*source.test.split("+")} - {*kept.split("+")}:
                told = f"{name} was trained on {', '.join(sorted(known))} of {source.data.path}"
                lines.append(f"the scores will flatter: {told}")
    return lines


def _teacher(settings: Settings) -> keras.Model:
    _, runtime = open_network(Path(settings.teacher or ""))
    card = runtime.card
    side = settings.crop or settings.image_size
    teacher = build_model(card.preset, image_size=side, **card.overrides)
    for layer in teacher.layers:
        if layer.weights:
            copy_layer(runtime.model.get_layer(layer.name), layer)
    teacher.trainable = False
    return teacher


def _mixed(
    answers: dict[str, Any], y: dict[str, Any], weights: dict[str, Any], share: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    targets, counts = dict(y), dict(weights)
    for head in y.keys() & answers.keys():
        told = ops.sigmoid(ops.stop_gradient(ops.cast(answers[head], "float32")))
        known = ops.reshape(weights[head], (-1,) + (1,) * (len(told.shape) - 1))
        targets[head] = told + (1 - share) * known * (y[head] - told)
        counts[head] = ops.ones_like(weights[head])
    return targets, counts
