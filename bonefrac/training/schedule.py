"""How the weights move: learning rate, weight decay, clipping, averaging; and when to stop."""

from typing import TYPE_CHECKING, Any

import keras

from bonefrac.training.settings import Settings

if TYPE_CHECKING:
    from bonefrac.training.recorder import Recorder

# Where the cosine ends, as share of the peak; at 1 it is a constant.
_LAST = {"cosine": 0.01, "constant": 1.0}


def make_optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov 2017, arXiv 1711.05101) on the schedule of a training.

    Args:
        settings: of the training.
        steps: batches of the whole training; `accumulate` of them make one update.
    """
    several = settings.accumulate > 1
    optimizer = keras.optimizers.AdamW(
        learning_rate(settings, max(1, steps // settings.accumulate)),
        weight_decay=settings.weight_decay,
        global_clipnorm=settings.clip_norm or None,
        use_ema=settings.ema > 0,
        # Keras averages after every batch: together they forget as much as one update should.
        ema_momentum=settings.ema ** (1 / settings.accumulate),
        gradient_accumulation_steps=settings.accumulate if several else None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if settings.precision == "float16":
        # Half of a gradient's digits lie below the smallest float16; a factor that grows while
        # nothing overflows lifts them (Micikevicius 2017, arXiv 1710.03740).
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def learning_rate(
    settings: Settings, updates: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """From 0 straight up to the peak, then down a cosine or level (Loshchilov 2016, 1608.03983).

    Args:
        settings: of the training.
        updates: of the weights in the whole training.
    """
    warmup = min(updates // 10, 500) if settings.warmup is None else settings.warmup
    warmup = min(warmup, updates)
    rise = {"warmup_target": settings.learning_rate, "warmup_steps": warmup} if warmup else {}
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else settings.learning_rate,
        decay_steps=max(1, updates - warmup),
        alpha=_LAST[settings.schedule],
        **rise,
    )


def out_of_patience(state: Any, patience: int) -> bool:
    """Whether the best epoch lies so far back that a training stops; a function of its state.

    Args:
        state: `bonefrac.training.checkpoint.State`.
        patience: epochs without a better one, 0 for any number.
    """
    return 0 < patience <= state.epoch - state.best_epoch


class EarlyStop(keras.callbacks.Callback):
    """Ends a training that is out of patience.

    Args:
        recorder: knows the best epoch; must come before this in the list of callbacks.
        patience: epochs without a better one, 0 for any number.
    """

    def __init__(self, recorder: "Recorder", patience: int) -> None:
        super().__init__()
        self.recorder, self.patience = recorder, patience

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Look back."""
        if out_of_patience(self.recorder.state, self.patience):
            self.model.stop_training = True
