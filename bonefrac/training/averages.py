"""Moving averages of the weights, which answer in their place (Polyak and Juditsky 1992)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Inside, the trainable weights are their averages; without any, nothing changes.

    The averages themselves stay as they are, and the weights come back bit for bit. Keras'
    `SwapEMAWeights` adds and subtracts them on TensorFlow, which rounds both.

    Args:
        model: compiled by `bonefrac.training.compiled`.
    """
    pairs = _pairs(model)
    raw = [np.array(ops.convert_to_numpy(weight)) for weight, _ in pairs]
    for weight, average in pairs:
        weight.assign(average)
    try:
        yield
    finally:
        for (weight, _), value in zip(pairs, raw, strict=True):
            weight.assign(value)


class AveragesAnswer(keras.callbacks.Callback):
    """Validates with the averages, so that the best epoch is the one whose averages are best."""

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Swap them in."""
        self._inside = ExitStack()
        self._inside.enter_context(averaged(self.model))

    def on_test_end(self, logs: dict | None = None) -> None:
        """Swap the weights back."""
        self._inside.close()


def _pairs(model: keras.Model) -> list[tuple[Any, Any]]:
    # A float16 training wraps its optimizer.
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not optimizer.use_ema:
        return []
    averages = optimizer._model_variables_moving_average
    return list(zip(optimizer._trainable_variables, averages, strict=True))
