"""Metrics shown while training; the scores that count come from `bonefrac.evaluation`."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("bonefrac")
class ForegroundDice(keras.metrics.Metric):
    """Mean Dice over the images that have a fracture, at probability 0.5, from logits.

    Images without one are left out: an empty prediction would score 1 there.
    """

    def __init__(self, *, name: str = "dice", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets and logits [B, H, W, 1], weights [B] of 0 or 1."""
        axes = (1, 2, 3)
        y_true = ops.cast(y_true, self.dtype)
        predicted = ops.cast(y_pred > 0, self.dtype)
        true = ops.sum(y_true, axes)
        size = ops.sum(predicted, axes) + true
        dice = 2 * ops.sum(predicted * y_true, axes) / ops.maximum(size, 1)
        counted = ops.cast(true > 0, self.dtype)
        if sample_weight is not None:
            counted = counted * ops.cast(sample_weight, self.dtype)
        self.total.assign_add(ops.sum(dice * counted))
        self.count.assign_add(ops.sum(counted))

    def result(self) -> Any:
        """Mean over what was added; 0 before any."""
        return self.total / ops.maximum(self.count, 1)
