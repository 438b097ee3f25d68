"""The custom layers, registered so that a saved model loads without naming them."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("bonefrac")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation, as one fused operation on the TensorFlow backend.

    Keras 3 runs it there as separate operations; fused, bfloat16 training of a U-Net is twice as
    fast on two cores. Weights, moving averages and other backends are Keras' own. Channels last,
    input [B, H, W, C].
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """[B, H, W, C] -> the same shape, normalised."""
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        if training and self.trainable:
            return self._fused_training(inputs)
        return self._fused(inputs, self.moving_mean, self.moving_variance, training=False)[0]

    def _fused_training(self, inputs: Any) -> Any:
        outputs, mean, variance = self._fused(inputs, None, None, training=True)
        # The fused kernel returns the sample variance, Keras keeps the population variance.
        count = ops.cast(ops.prod(ops.shape(inputs)[:3]), "float32")
        variance = variance * ((count - 1) / count)
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + mean * (1 - keep))
        self.moving_variance.assign(self.moving_variance * keep + variance * (1 - keep))
        return outputs

    def _fused(self, inputs: Any, mean: Any, variance: Any, *, training: bool) -> Any:
        import tensorflow as tf

        return tf.compat.v1.nn.fused_batch_norm(
            ops.cast(inputs, self.compute_dtype),
            scale=ops.cast(self.gamma, "float32"),
            offset=ops.cast(self.beta, "float32"),
            mean=None if mean is None else ops.cast(mean, "float32"),
            variance=None if variance is None else ops.cast(variance, "float32"),
            epsilon=self.epsilon,
            is_training=training,
        )


@keras.saving.register_keras_serializable("bonefrac")
class LogMeanExpPooling(keras.layers.Layer):
    """Smooth maximum over the places of a map: [B, h, w, C] -> [B, C].

    Between the mean (sharpness 0) and the maximum (infinite): one clear spot decides, and every
    spot still learns (Pinheiro and Collobert, CVPR 2015, arXiv 1411.6228).
    """

    def __init__(self, *, sharpness: float = 4.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sharpness = sharpness

    def call(self, inputs: Any) -> Any:
        """Pool [B, h, w, C] to [B, C]."""
        scaled = inputs * self.sharpness
        peak = ops.max(scaled, axis=(1, 2), keepdims=True)
        mean = ops.mean(ops.exp(scaled - peak), axis=(1, 2))
        return (ops.log(mean) + ops.squeeze(peak, axis=(1, 2))) / self.sharpness

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {**super().get_config(), "sharpness": self.sharpness}


@keras.saving.register_keras_serializable("bonefrac")
class DetachedPeak(keras.layers.Layer):
    """The highest mean of a 4x4 square of a map, without a gradient: [B, H, W, C] -> [B, C].

    One pixel is noise; sixteen that agree are a spot.
    """

    def call(self, inputs: Any) -> Any:
        """Pool [B, H, W, C] to [B, C]."""
        return ops.max(ops.average_pool(ops.stop_gradient(inputs), 4, 4), axis=(1, 2))
