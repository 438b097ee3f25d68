"""Losses from logits."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("bonefrac")
class DiceBce(keras.losses.Loss):
    """Binary cross-entropy over all pixels plus soft Dice loss where there is a fracture.

    For an image with pixels i, targets t and probabilities p = sigmoid(logits):
    mean_i BCE(t_i, p_i) + [sum t > 0] (1 - (2 sum p t + s) / (sum p + sum t + s)).
    The Dice term is that of Milletari 2016 (arXiv 1606.04797) without squares. It is left out
    where the target is empty: there its value is near 1 whatever a network with few false
    pixels answers, and cross-entropy alone says how few.

    Args:
        smooth: s, in pixels.
        name: of the loss.
    """

    def __init__(self, *, smooth: float = 1.0, name: str = "dice_bce") -> None:
        super().__init__(name=name)
        self.smooth = smooth

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Targets 0 or 1 and logits, both [B, H, W, 1] -> loss [B]."""
        axes = (1, 2, 3)
        bce = ops.mean(ops.relu(y_pred) - y_pred * y_true + ops.softplus(-ops.abs(y_pred)), axes)
        p = ops.sigmoid(y_pred)
        overlap, true = ops.sum(p * y_true, axes), ops.sum(y_true, axes)
        dice = (2 * overlap + self.smooth) / (ops.sum(p, axes) + true + self.smooth)
        return bce + ops.cast(true > 0, bce.dtype) * (1 - dice)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {"smooth": self.smooth, "name": self.name}
