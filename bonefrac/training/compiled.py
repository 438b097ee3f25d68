"""A preset with its losses, optimizer and metrics, ready for `keras.Model.fit`; and as it answers.

Training and answering differ in what they look at: a network that learns from crops, or under deep
supervision, or in half precision, answers on whole radiographs, with its own heads, in float32.
"""

from typing import Any

import keras

from bonefrac import schema
from bonefrac.data.targets import HEADS
from bonefrac.errors import BonefracError
from bonefrac.models.presets import any_size, build_model, dtype_policy
from bonefrac.training.heads import LESSONS, lessons
from bonefrac.training.schedule import make_optimizer
from bonefrac.training.settings import Settings
from bonefrac.training.teacher import HINT, with_teacher
from bonefrac.training.transfer import freeze_encoder, slow_encoder

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def compiled(settings: Settings, steps: int) -> keras.Model:
    """Build and compile the network of a training.

    Args:
        settings: of the training; its seed draws the weights.
        steps: in an epoch; the learning rate warms up and decays over all of them.

    Raises:
        BonefracError: settings that do not go together, or a size that the network cannot halve
            often enough.
    """
    keras.utils.set_random_seed(settings.seed)
    with dtype_policy(_POLICIES[settings.precision]):
        model = _build(settings)
        if settings.teacher:
            model = with_teacher(model, settings)
    if settings.freeze:
        freeze_encoder(model, settings)
    optimizer = make_optimizer(settings, steps * settings.epochs)
    taught = lessons(settings, heads_of(model))
    model.compile(
        optimizer,
        loss={head: lesson.loss() for head, lesson in taught.items()},
        loss_weights={head: lesson.weight for head, lesson in taught.items()},
        weighted_metrics={h: [lesson.metric()] for h, lesson in taught.items() if h in LESSONS},
        # XLA compiles these for longer than it saves on a CPU.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    optimizer.build(model.trainable_variables)
    if settings.encoder_rate != 1:
        slow_encoder(optimizer, model, settings)
    return model


def heads_of(model: keras.Model) -> list[str]:
    """What a network in training answers; a hint for its teacher is no answer."""
    return [name for name in model.output if name != HINT]


def window(settings: Settings) -> int:
    """Side of the windows that the trained network answers by; 0 where it takes whole pictures."""
    whole = any_size(settings.preset) and not settings.sliding
    return 0 if whole else settings.crop


def answering(settings: Settings, trained: keras.Model) -> keras.Model:
    """The network that answers, with the weights of the one that was trained.

    Args:
        settings: of the training.
        trained: from `compiled`.

    Returns:
        A float32 network for whole pictures or for windows, without the masks of deep supervision.
    """
    size = window(settings) or settings.image_size
    with dtype_policy("float32"):
        model = build_model(settings.preset, image_size=size, **settings.overrides)
    for layer in model.layers:
        layer.set_weights(trained.get_layer(layer.name).get_weights())
    return model


def _build(settings: Settings) -> keras.Model:
    overrides: dict[str, Any] = dict(settings.overrides)
    if settings.deep_supervision:
        overrides["deep_supervision"] = True
    if not settings.crop:
        return build_model(settings.preset, image_size=settings.image_size, **overrides)
    _check_crop(settings)
    if window(settings):
        return build_model(settings.preset, image_size=settings.crop, **overrides)
    # Crops in training, whole radiographs in validation.
    for side in (settings.crop, settings.image_size):
        build_model(settings.preset, image_size=side, **overrides)  # raises where it does not fit
    return build_model(settings.preset, image_size=None, **overrides)


def _check_crop(settings: Settings) -> None:
    if settings.crop > settings.image_size:
        raise BonefracError(
            f"Crops of {settings.crop} pixels from squares of {settings.image_size}",
            expected="smaller crops than squares",
            fix="Lower --crop or raise --image-size",
        )
    others = sorted(set(settings.overrides.get("heads", HEADS)) - set(HEADS))
    if others:
        raise BonefracError(
            f"Crops for the head {', '.join(others)}",
            expected=f"the heads {schema.MASK} and {schema.FRACTURE} alone",
            fix="Leave --crop out: nobody knows what a part of such a radiograph shows",
        )
