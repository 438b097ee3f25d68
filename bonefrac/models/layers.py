"""The custom layers, registered so that a saved model loads without naming them."""

from functools import partial
from typing import Any

import keras
from keras import ops

from bonefrac.models.initializers import SinCos


@keras.saving.register_keras_serializable("bonefrac")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation, as one fused operation on the TensorFlow backend.

    Keras 3 runs it there as separate operations; fused, bfloat16 training of a U-Net is twice as
    fast on two cores. That operation is slow for bfloat16 in 4, 8, 24 or 40 channels: where 16 do
    not divide them, it computes in float32. Weights, moving averages and other backends are Keras'
    own. Channels last, input [B, H, W, C].
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """[B, H, W, C] -> the same shape, normalised."""
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        averages = self.moving_mean, self.moving_variance
        return self._fused_with(averages, inputs, training=training)

    def _fused_with(self, averages: Any, inputs: Any, *, training: bool | None) -> Any:
        moving_mean, moving_variance = averages
        if not (training and self.trainable):
            return self._fused(inputs, moving_mean, moving_variance, training=False)[0]
        outputs, mean, variance = self._fused(inputs, None, None, training=True)
        # The fused kernel returns the sample variance, Keras keeps the population variance.
        count = ops.cast(ops.prod(ops.shape(inputs)[:3]), "float32")
        self._follow(averages, mean, variance * ((count - 1) / count))
        return outputs

    def _follow(self, averages: Any, mean: Any, variance: Any) -> None:
        for average, value in zip(averages, (mean, variance), strict=True):
            average.assign(average * self.momentum + value * (1 - self.momentum))

    def _fused(self, inputs: Any, mean: Any, variance: Any, *, training: bool) -> Any:
        import tensorflow as tf

        dtype = "float32" if inputs.shape[-1] % 16 else self.compute_dtype
        outputs, *statistics = tf.compat.v1.nn.fused_batch_norm(
            ops.cast(inputs, dtype),
            scale=ops.cast(self.gamma, "float32"),
            offset=ops.cast(self.beta, "float32"),
            mean=None if mean is None else ops.cast(mean, "float32"),
            variance=None if variance is None else ops.cast(variance, "float32"),
            epsilon=self.epsilon,
            is_training=training,
        )
        return ops.cast(outputs, self.compute_dtype), *statistics


@keras.saving.register_keras_serializable("bonefrac")
class StepNormalization(BatchNormalization):
    """Batch normalisation of a recurrence: one scale and shift, moving averages for each step.

    Steps differ in their statistics, and one average for all is right for none: a fresh R2U-Net's
    last maps were then off by 0.62 of their spread, and by 0.00 with one for each (as in Cooijmans
    2016, arXiv 1603.09025). Training uses the batch's own statistics and is the same for both.
    """

    def __init__(self, steps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = steps

    def build(self, input_shape: Any) -> None:
        """Make scale, shift and a pair of moving averages for each step."""
        super().build(input_shape)
        self.averages = [(self.moving_mean, self.moving_variance)]
        add = partial(self.add_weight, shape=(input_shape[-1],), trainable=False, autocast=False)
        for step in range(1, self.steps):
            mean = add(name=f"moving_mean_{step}", initializer="zeros")
            variance = add(name=f"moving_variance_{step}", initializer="ones")
            self.averages.append((mean, variance))

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any = None, step: int = 0
    ) -> Any:
        """[B, H, W, C] -> the same shape, normalised as of a step."""
        averages = self.averages[step]
        if keras.backend.backend() == "tensorflow":
            return self._fused_with(averages, inputs, training=training)
        x = ops.cast(inputs, "float32")
        mean, variance = averages
        if training and self.trainable:
            mean, variance = ops.moments(x, axes=(0, 1, 2))
            self._follow(averages, mean, variance)
        x = ops.batch_normalization(
            x, mean, variance, axis=-1, offset=self.beta, scale=self.gamma, epsilon=self.epsilon
        )
        return ops.cast(x, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {**super().get_config(), "steps": self.steps}


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


@keras.saving.register_keras_serializable("bonefrac")
def gelu_tanh(x: Any) -> Any:
    """Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016, arXiv 1606.08415).

    Made of operations that every runtime and converter has, where the error function of the exact
    one is missing from some. They differ by 5e-4 at most.
    """
    return ops.gelu(x, approximate=True)


@keras.saving.register_keras_serializable("bonefrac")
class PatchTokens(keras.layers.Layer):
    """A class token and the patches of a grid, each at its learned position, waves at first.

    [B, h, w, D] -> [B, 1 + h * w, D]. Where h and w are not those of `grid`, the positions are
    resized bilinearly: the bicubic resize of other codes is no TFLite builtin.
    """

    def __init__(self, grid: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grid = tuple(grid)

    def build(self, input_shape: Any) -> None:
        """Make the token and the positions."""
        dim = input_shape[-1]
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.token = self.add_weight(name="token", shape=(1, 1, dim), initializer="zeros")
        self.token_position = self.add_weight(
            name="token_position", shape=(1, 1, dim), initializer=normal
        )
        self.positions = self.add_weight(
            name="positions", shape=(1, *self.grid, dim), initializer=SinCos()
        )

    def call(self, inputs: Any) -> Any:
        """[B, h, w, D] -> [B, 1 + h * w, D]."""
        height, width, dim = inputs.shape[1:]
        positions = ops.convert_to_tensor(self.positions)
        if (height, width) != self.grid:
            positions = ops.image.resize(positions, (height, width), interpolation="bilinear")
        patches = ops.reshape(inputs + positions, (-1, height * width, dim))
        token = ops.broadcast_to(self.token + self.token_position, (ops.shape(inputs)[0], 1, dim))
        return ops.concatenate([token, patches], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {**super().get_config(), "grid": self.grid}


@keras.saving.register_keras_serializable("bonefrac")
class TokenGrid(keras.layers.Layer):
    """Tokens back on their grid: [B, 1 + h * w, D] -> [B, h, w, D].

    The readout "ignore" drops the class token, "add" adds it to every place (the names of Ranftl
    2021, arXiv 2103.13413).
    """

    def __init__(self, grid: tuple[int, int], *, readout: str = "ignore", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grid, self.readout = tuple(grid), readout

    def call(self, inputs: Any) -> Any:
        """[B, 1 + h * w, D] -> [B, h, w, D]."""
        patches = inputs[:, 1:]
        if self.readout == "add":
            patches = patches + inputs[:, :1]
        return ops.reshape(patches, (-1, *self.grid, inputs.shape[-1]))

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {**super().get_config(), "grid": self.grid, "readout": self.readout}


@keras.saving.register_keras_serializable("bonefrac")
class AttentionWeights(keras.layers.Layer):
    """Scaled dot product and softmax: query and key [B, N, D] -> [B, heads, N, N]."""

    def __init__(self, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads

    def call(self, inputs: Any, key: Any) -> Any:
        """How much each query looks at each key."""
        query = _split_heads(inputs, self.num_heads)
        scale = query.shape[-1] ** -0.5
        scores = ops.matmul(query * scale, ops.swapaxes(_split_heads(key, self.num_heads), 2, 3))
        # A softmax over hundreds of tokens loses its small weights in half precision.
        weights = ops.softmax(ops.cast(scores, "float32"), axis=-1)
        return ops.cast(weights, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {**super().get_config(), "num_heads": self.num_heads}


@keras.saving.register_keras_serializable("bonefrac")
class AttentionMix(keras.layers.Layer):
    """Values averaged by attention: [B, heads, N, N] and [B, N, D] -> [B, N, D]."""

    def call(self, inputs: Any, value: Any) -> Any:
        """Average the values of each head, then join the heads."""
        mixed = ops.matmul(inputs, _split_heads(value, inputs.shape[1]))
        return ops.reshape(ops.swapaxes(mixed, 1, 2), ops.shape(value))


def _split_heads(tokens: Any, num_heads: int) -> Any:
    """[B, N, D] -> [B, heads, N, D / heads]."""
    batch, count, dim = ops.shape(tokens)
    return ops.swapaxes(ops.reshape(tokens, (batch, count, num_heads, dim // num_heads)), 1, 2)
