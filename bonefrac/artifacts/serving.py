"""The network that leaves the house: probabilities instead of logits, calibration inside."""

import keras
from keras import layers as kl

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card


def serving_model(model: keras.Model, card: Card) -> keras.Model:
    """Put the calibrated sigmoids behind a network.

    Args:
        model: from `image` [B, S, S, 1] to the logits `mask` and `fracture`, float32; other
            heads stay behind.
        card: of the model.

    Returns:
        A model with the same weights and the outputs `mask_probability` [B, S, S, 1] and
        `fracture_probability` [B, 1].

    Raises:
        BonefracError: Keras does not run on TensorFlow, or the network answers in windows or has no
            such logits.
    """
    card.require_fracture()
    if card.window:
        raise BonefracError(
            f"{card.name} answers in windows of {card.window} pixels",
            expected="a network that takes a whole radiograph",
            fix="Train without --crop, or a U-Net without --sliding; .keras keeps the windows",
        )
    if (backend := keras.backend.backend()) != "tensorflow":
        raise BonefracError(
            f"Keras runs on {backend}", expected="TensorFlow to export", fix="Unset KERAS_BACKEND"
        )
    logits = model.output
    calibrated = kl.Rescaling(1 / card.temperature, card.bias, name="calibration")(
        logits[schema.FRACTURE]
    )
    outputs = {
        schema.MASK_PROBABILITY: kl.Activation("sigmoid", name=schema.MASK_PROBABILITY)(
            logits[schema.MASK]
        ),
        schema.FRACTURE_PROBABILITY: kl.Activation("sigmoid", name=schema.FRACTURE_PROBABILITY)(
            calibrated
        ),
    }
    return keras.Model(model.input, outputs, name=card.name)
