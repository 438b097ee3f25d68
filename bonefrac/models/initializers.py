"""Weights to start a transformer from, where a few thousand images must do."""

from typing import Any

import keras
import numpy as np
from keras import ops

# Of the identities that Trockman 2023 adds to noise; here they are all there is.
_QUERY_KEY, _VALUE_PROJECT = 0.7, 0.4
_POSITION_SCALE, _LONGEST = 0.5, 10_000.0


@keras.saving.register_keras_serializable("bonefrac")
class NegativeTranspose(keras.initializers.Initializer):
    """The transpose of what a square `initializer` gives, times -1."""

    def __init__(self, initializer: Any) -> None:
        self.initializer = keras.initializers.get(initializer)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The weights [D, D]."""
        return -ops.transpose(self.initializer(shape, dtype=dtype))

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {"initializer": keras.initializers.serialize(self.initializer)}


@keras.saving.register_keras_serializable("bonefrac")
class SinCos(keras.initializers.Initializer):
    """Waves along both sides of a grid [1, h, w, D], a quarter of D each sine and cosine.

    Vaswani 2017, arXiv 1706.03762, in two dimensions; half as high, as patches are not scaled up.
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The positions [1, h, w, D]; channels beyond a multiple of four are zeros."""
        _, height, width, dim = shape
        quarter = dim // 4
        speeds = _LONGEST ** -(np.arange(quarter) / max(quarter, 1))
        waves = np.zeros(shape, "float32")
        down, right = np.mgrid[:height, :width][..., None] * speeds
        for part, wave in enumerate((np.sin(down), np.cos(down), np.sin(right), np.cos(right))):
            waves[0, ..., part * quarter : (part + 1) * quarter] = wave
        return ops.convert_to_tensor(_POSITION_SCALE * waves, dtype=dtype)


def attention_kernels() -> dict[str, Any]:
    """Initializers of the four dense layers of one attention, all of them [D, D].

    Mimetic (Trockman 2023, arXiv 2305.09828): a token attends to those like it, as the products of
    query and key are near the identity, and what it takes from them is subtracted, as those of
    value and projection are near its negative. Deviation: exactly so, from orthogonal matrices,
    where the paper decomposes identities plus noise.
    """
    query, value = _orthogonal(_QUERY_KEY), _orthogonal(_VALUE_PROJECT)
    return {"query": query, "key": query, "value": value, "project": NegativeTranspose(value)}


def _orthogonal(product: float) -> keras.initializers.Initializer:
    """Gives the same D x D matrix whenever asked, `product` times the identity with itself."""
    gain = product**0.5
    # The seed that Keras draws where none is said is not in the configuration.
    seed = keras.initializers.Orthogonal().seed
    return keras.initializers.Orthogonal(gain, seed=seed)
