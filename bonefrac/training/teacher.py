"""Distillation (Hinton 2015, arXiv 1503.02531): learn from what a trained network answers, too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import ops

from bonefrac import schema
from bonefrac.data.sources import Source
from bonefrac.errors import BonefracError
from bonefrac.evaluation.provenance import known_parts, trained_on
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes import model_folder, open_network
from bonefrac.models.presets import build_model
from bonefrac.training.settings import Settings
from bonefrac.training.transfer import copy_layer

HINT = "hint"  # an output that only a training has


def with_teacher(model: keras.Model, settings: Settings) -> keras.Model:
    """A network that learns from a teacher, too, once it is compiled.

    target = (1 - s) truth + s probability (or months), with s `settings.teacher_share`, or the
    latter alone where the truth is unknown. The teacher looks at the very pixels that the network
    sees, augmented and cropped (Beyer 2022, arXiv 2106.05237, on why). Validation and all metrics
    keep to the truth. Masks of deep supervision do, too.

    With `settings.hint` the deepest maps learn to be like the teacher's: through a 1x1 convolution
    that nothing else uses, place by place, 1 less the cosine (the hints of Romero 2015, arXiv
    1412.6550, who teaches them first and alone, by squared distance).

    Args:
        model: to be trained.
        settings: of the training; `teacher` names the run or model folder.

    Returns:
        The network, with a further output `HINT` where there are hints.

    Raises:
        BonefracError: no model there, or one that does not take the size.
    """
    teacher = _teacher(settings)
    if settings.hint:
        _check_deep(teacher, model)
        teacher = _with_output(teacher, _deepest(teacher))
        channels = teacher.output[HINT].shape[-1]
        project = keras.layers.Conv2D(channels, 1, dtype="float32", name=HINT)
        model = _with_output(model, project(_deepest(model)))
    _listen(model, teacher, settings)
    return model


def _listen(model: keras.Model, teacher: keras.Model, settings: Settings) -> None:
    """Put the teacher between a training step and its loss."""
    compute_loss, compute_metrics = model.compute_loss, model.compute_metrics

    def taught_loss(
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        answers, hint = _without_hint(y_pred)
        if not training:
            return compute_loss(x, y, answers, sample_weight, training=False)
        told, wanted = _without_hint(teacher(x, training=False))
        y, sample_weight = _mixed(told, y, sample_weight, settings.teacher_share)
        loss = compute_loss(x, y, answers, sample_weight, training=True)
        return loss if hint is None else loss + settings.hint * _unlike(hint, wanted)

    def metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return compute_metrics(x, y, _without_hint(y_pred)[0], sample_weight)

    model.compute_loss, model.compute_metrics = taught_loss, metrics


def leaks(settings: Settings, sources: Sequence[Source]) -> list[str]:
    """Why the scores of a training will flatter, a line each.

    It starts from a model that was trained or chosen on what it is tested on, or learns from one.

    Args:
        settings: of the training; `finetune` and `teacher` are looked at.
        sources: of the training.
    """
    lines = []
    for name in filter(None, (settings.finetune, settings.teacher)):
        folder = None if name == schema.IMAGENET else model_folder(Path(name))
        if folder is None:
            continue
        card = Card.read(folder / schema.CARD_FILE)
        for source in sources:
            seen = trained_on(card, source.data)
            if seen and (known := set().union(*known_parts(seen, source.test))):
                told = f"{name} was trained or chosen on {', '.join(sorted(known))}"
                lines.append(f"the scores will flatter: {told} of {source.data.path}")
    return lines


def _teacher(settings: Settings) -> keras.Model:
    _, runtime = open_network(Path(settings.teacher or ""))
    card = runtime.card
    side = settings.crop or settings.image_size
    teacher = build_model(card.preset, image_size=side, **card.overrides)
    for layer in teacher.layers:
        if layer.weights:
            copy_layer(runtime.model.get_layer(layer.name), layer)
    return teacher


def _check_deep(*models: keras.Model) -> None:
    for model in models:
        layers = {layer.name for layer in model.layers}
        if "fracture_evidence" not in layers or "fracture_cells" in layers:
            raise BonefracError(
                f"A hint where {model.name} looks for no evidence in its deepest maps",
                expected="networks with the head fracture and the image head deep",
                fix="Leave --hint out",
            )


def _deepest(model: keras.Model) -> Any:
    """The feature maps that the label's evidence is looked for in."""
    return model.get_layer("fracture_evidence").input


def _with_output(model: keras.Model, maps: Any) -> keras.Model:
    return keras.Model(model.input, {**model.output, HINT: maps}, name=model.name)


def _without_hint(answers: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    return {k: v for k, v in answers.items() if k != HINT}, answers.get(HINT)


def _unlike(maps: Any, wanted: Any) -> Any:
    """Mean of 1 less the cosine between features [B, h, w, C], and [B, H, W, C] on their grid."""
    wanted = ops.stop_gradient(ops.cast(wanted, "float32"))
    wanted = ops.image.resize(wanted, ops.shape(maps)[1:3], interpolation="bilinear")
    # Keras' loss, not its formula: it knows of how many devices it is on one.
    return 1 + keras.losses.CosineSimilarity(axis=-1)(wanted, maps)


def _mixed(
    answers: dict[str, Any], y: dict[str, Any], weights: dict[str, Any], share: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    targets, counts = dict(y), dict(weights)
    for head in y.keys() & answers.keys():
        told = ops.stop_gradient(ops.cast(answers[head], "float32"))
        if head != schema.BONE_AGE_MONTHS:
            told = ops.sigmoid(told)
        known = ops.reshape(weights[head], (-1,) + (1,) * (len(told.shape) - 1))
        targets[head] = told + (1 - share) * known * (y[head] - told)
        counts[head] = ops.ones_like(weights[head])
    return targets, counts
