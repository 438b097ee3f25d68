"""A preset with its losses, optimizer and metrics, ready for `keras.Model.fit`."""

import keras

from bonefrac import schema
from bonefrac.models.presets import build_model, dtype_policy
from bonefrac.training.losses import DiceBce
from bonefrac.training.metrics import ForegroundDice
from bonefrac.training.settings import Settings

# A whole-picture label says little about where; at weight 1 it drowned the mask's first epochs.
_FRACTURE_WEIGHT = 0.2


def compiled(settings: Settings, steps: int) -> keras.Model:
    """Build and compile the network of a training.

    Args:
        settings: of the training; its seed draws the weights.
        steps: in an epoch; the learning rate warms up and decays over all of them.
    """
    keras.utils.set_random_seed(settings.seed)
    with dtype_policy("mixed_bfloat16" if settings.mixed_precision else "float32"):
        model = build_model(settings.preset, image_size=settings.image_size, **settings.overrides)
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
    model.compile(
        optimizer,
        loss={
            schema.MASK: DiceBce(),
            schema.FRACTURE: keras.losses.BinaryCrossentropy(from_logits=True),
        },
        loss_weights={schema.MASK: 1.0, schema.FRACTURE: _FRACTURE_WEIGHT},
        weighted_metrics={
            schema.MASK: [ForegroundDice()],
            schema.FRACTURE: [keras.metrics.AUC(from_logits=True, name="auc")],
        },
        # XLA compiles these for longer than it saves on a CPU.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    optimizer.build(model.trainable_variables)
    return model
