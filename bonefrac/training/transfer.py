"""Fine-tuning: another network's weights, as far as they fit, and an encoder that keeps them."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import open_network
from bonefrac.models.layers import PatchTokens
from bonefrac.models.presets import build_model, get_preset
from bonefrac.training.imagenet import start_from_imagenet
from bonefrac.training.settings import Settings

ENCODER = "encoder"


def start_from(model: keras.Model, settings: Settings) -> list[str]:
    """Give a fresh network the weights of a trained one, layer by layer, by name.

    Positions of a Vision Transformer made for another size are resized bilinearly. A layer that
    the source lacks, or has in another shape, stays fresh.

    Args:
        model: to be trained, from `compiled`.
        settings: of the training; `finetune` names the run or model folder.

    Returns:
        Lines that tell what was taken over and what stays fresh.

    Raises:
        BonefracError: no model there, or nothing of its encoder fits.
    """
    if settings.finetune == schema.IMAGENET:
        return [_from_imagenet(model, settings)]
    folder, runtime = open_network(Path(settings.finetune or ""))
    there = {layer.name: layer for layer in runtime.model.layers}
    layers = [layer for layer in model.layers if layer.weights]
    fresh = [layer.name for layer in layers if not copy_layer(there.get(layer.name), layer)]
    if encoder_layers(settings) <= set(fresh):  # heads and decoders are alike everywhere
        raise BonefracError(
            f"No layer of the encoder of {runtime.card.name} in {folder} fits {model.name}",
            expected="the same architecture and widths",
            fix="Choose another --finetune or --preset",
        )
    lines = [f"{len(layers) - len(fresh)} of {len(layers)} layers start from {folder}"]
    return lines + [f"Fresh: {', '.join(fresh)}"] * bool(fresh)


def _from_imagenet(model: keras.Model, settings: Settings) -> str:
    encoder = {**get_preset(settings.preset).kwargs, **settings.overrides}.get("encoder")
    if encoder is None:
        raise BonefracError(
            f"ImageNet weights for {settings.preset}",
            expected="a preset with a published encoder, such as unet_efficientnet_lite0",
            fix="Choose one, or leave --finetune out",
        )
    count = start_from_imagenet(model, encoder)
    return f"{count} layers of the encoder start from ImageNet"


def encoder_layers(settings: Settings) -> set[str]:
    """Names of the layers that the deepest features come from.

    They are what is left of the preset when a head at the bottom is its only one.
    """
    overrides = {**settings.overrides, "heads": [schema.BONE_AGE_MONTHS]}
    bottom = build_model(settings.preset, image_size=settings.image_size, **overrides)
    own = {layer.name for layer in bottom.layers if layer.weights}
    return {name for name in own if not name.startswith("bone_age")}


def freeze_encoder(model: keras.Model, settings: Settings) -> None:
    """Let the encoder learn nothing, its moving averages included; before `compile`."""
    for name in encoder_layers(settings):
        model.get_layer(name).trainable = False


def slow_encoder(optimizer: Any, model: keras.Model, settings: Settings) -> None:
    """Multiply the encoder's learning rate by `settings.encoder_rate`, each step, exactly.

    Scaling its gradients would do nothing: Adam divides by their size. Weight decay keeps the
    rate of the rest.

    Args:
        optimizer: built for the trainable variables of `model`.
        model: to be trained.
        settings: of the training.
    """
    names = encoder_layers(settings)
    inside = {
        id(v) for layer in model.layers if layer.name in names for v in layer.trainable_variables
    }
    factors = [settings.encoder_rate if id(v) in inside else 1.0 for v in model.trainable_variables]
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # below a loss scale
    update = optimizer.update_step

    def slowed(gradient: Any, variable: Any, learning_rate: Any) -> None:
        # By its place: TensorFlow hands over its own variable here, or a replica of it.
        factor = factors[optimizer._get_variable_index(variable)]
        update(gradient, variable, learning_rate * factor)

    optimizer.update_step = slowed


def copy_layer(source: keras.layers.Layer | None, target: keras.layers.Layer) -> bool:
    """Whether all weights of a layer, in their order, could be taken over."""
    if source is None or len(source.weights) != len(target.weights):
        return False
    values = [np.asarray(v) for v in source.get_weights()]
    if isinstance(target, PatchTokens):
        values = [_resized(a, tuple(v.shape)) for a, v in zip(values, target.weights, strict=True)]
    if any(a.shape != tuple(v.shape) for a, v in zip(values, target.weights, strict=True)):
        return False
    target.set_weights(values)
    return True


def _resized(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Positions [1, h, w, D] on another grid; anything else as it is."""
    if values.ndim != 4 or len(shape) != 4 or values.shape[-1] != shape[-1]:
        return values
    return np.asarray(keras.ops.image.resize(values, shape[1:3], interpolation="bilinear"))
