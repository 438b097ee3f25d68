"""Where a Keras network looked: Grad-CAM, attention gates and attention rollout."""

from typing import Any

import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.radiograph.letterbox import Letterbox, resize
from bonefrac.schema import FRACTURE, MASK

GRADCAM = "gradcam"
SEG_GRADCAM = "seg-gradcam"
ROLLOUT = "rollout"
_BOTTOM = "bottom"  # what names of layers at the lowest resolution begin with
_TITLES = {
    GRADCAM: "Grad-CAM: where the deepest features raise the fracture logit",
    SEG_GRADCAM: "Seg-Grad-CAM: where the deepest features raise the logits of the outline",
    ROLLOUT: "Attention rollout: the share of each patch in the class token",
}


def title(name: str) -> str:
    """What a map of that name shows, in one line."""
    return _TITLES.get(name, f"{name}: how much of a skip connection the attention gate lets pass")


def highest(name: str, heat: np.ndarray) -> float:
    """The value at the upper end of a map's scale: 1 for gates, else its own maximum."""
    return float(heat.max()) if name in _TITLES else 1.0


def explain(network: Any, card: Card, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Every map that a network has, on the radiograph.

    `gradcam` is Grad-CAM (Selvaraju 2017, arXiv 1610.02391) of the fracture logit. `seg-gradcam` is
    Seg-Grad-CAM (Vinogradova 2020, arXiv 2002.11434): of the mask's logits, summed over the pixels
    at or above the card's mask threshold or, where there are none, of the highest pixel. Both are
    of the deepest feature maps, cut at 0, in units that only compare within a map. Attention gates
    (`dec1_gate`) and `rollout` are those of `bonefrac.models.attention_maps`.

    Args:
        network: Keras model from an image [B, S, S, 1] to a dict of logits.
        card: of the model.
        pixels: [H, W] in 0..255.

    Returns:
        Name -> float32 [H, W], not negative.

    Raises:
        BonefracError: Keras runs on another backend than TensorFlow, or the model answers by
            windows, whose maps do not join.
    """
    _check(card)
    height, width = pixels.shape
    geometry = Letterbox(height, width, card.image_size)
    square = geometry.apply(pixels)
    found = _gradient_maps(network, square, threshold=card.thresholds.mask)
    found |= _attention(network, square)
    side = card.image_size
    return {
        name: np.maximum(geometry.invert(resize(heat, side, side)), 0)
        for name, heat in found.items()
    }


def _check(card: Card) -> None:
    import keras

    if (backend := keras.backend.backend()) != "tensorflow":
        raise BonefracError(
            f"An explanation on Keras' {backend} backend",
            expected="TensorFlow, which Grad-CAM takes its gradients from",
            fix="Set KERAS_BACKEND=tensorflow",
        )
    if card.window:
        raise BonefracError(
            f"An explanation of {card.name}, which answers by windows of {card.window} pixels",
            expected="a model that sees the whole picture",
            fix="Train on whole pictures, without --crop or --sliding",
        )


def _gradient_maps(network: Any, square: np.ndarray, *, threshold: float) -> dict[str, np.ndarray]:
    import keras
    import tensorflow as tf

    probe = keras.Model(network.input, {"maps": _deepest(network), **network.output})
    image = tf.constant(square[None, ..., None], tf.float32)
    cut = float(np.log(threshold / (1 - threshold))) if 0 < threshold < 1 else 0.0
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        answers = probe(image, training=False)
        mask = answers[MASK]
        outlined = tf.cast(mask >= tf.minimum(cut, tf.reduce_max(mask)), mask.dtype)
        targets = {GRADCAM: answers[FRACTURE], SEG_GRADCAM: tf.reduce_sum(mask * outlined)}
    maps = answers["maps"]
    return {name: _cam(maps, tape.gradient(target, maps)) for name, target in targets.items()}


def _cam(maps: Any, gradient: Any) -> np.ndarray:
    """[1, h, w, C] and the target's gradient there -> [h, w]."""
    values, slope = (np.asarray(x, np.float32)[0] for x in (maps, gradient))
    return np.maximum((values * slope.mean(axis=(0, 1))).sum(axis=-1), 0)


def _deepest(network: Any) -> Any:
    """The deepest feature maps: our architectures name them; else what the fracture head reads."""
    bottom = [layer for layer in network.layers if layer.name.startswith(_BOTTOM)]
    return bottom[-1].output if bottom else network.get_layer(f"{FRACTURE}_evidence").input


def _attention(network: Any, square: np.ndarray) -> dict[str, np.ndarray]:
    from bonefrac.models.attention_maps import attends, attention_maps

    if not attends(network):
        return {}
    maps = attention_maps(network)(square[None, ..., None], training=False)
    return {name: np.asarray(x, np.float32)[0, ..., 0] for name, x in maps.items()}
