"""A preset with its losses, optimizer and metrics, ready for `keras.Model.fit`."""

import keras

from bonefrac.models.presets import build_model, dtype_policy
from bonefrac.training.heads import LESSONS
from bonefrac.training.settings import Settings
from bonefrac.training.transfer import freeze_encoder, slow_encoder


def compiled(settings: Settings, steps: int) -> keras.Model:
    """Build and compile the network of a training.

    Args:
        settings: of the training; its seed draws the weights.
        steps: in an epoch; the learning rate warms up and decays over all of them.
    """
    keras.utils.set_random_seed(settings.seed)
    with dtype_policy("mixed_bfloat16" if settings.mixed_precision else "float32"):
        model = build_model(settings.preset, image_size=settings.image_size, **settings.overrides)
    if settings.freeze:
        freeze_encoder(model, settings)
    total = steps * settings.epochs
    warmup = min(total // 10, 500)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(1, total - warmup),
        alpha=0.01,
        warmup_target=settings.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    lessons = {head: lesson for head, lesson in LESSONS.items() if head in model.output}
    model.compile(
        optimizer,
        loss={head: lesson.loss() for head, lesson in lessons.items()},
        loss_weights={head: lesson.weight for head, lesson in lessons.items()},
        weighted_metrics={head: [lesson.metric()] for head, lesson in lessons.items()},
        # XLA compiles these for longer than it saves on a CPU.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    optimizer.build(model.trainable_variables)
    if settings.encoder_rate != 1:
        slow_encoder(optimizer, model, settings)
    return model
