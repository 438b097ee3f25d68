"""Findings and errors as a browser or a program gets them."""

import base64
import io
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Finding
from bonefrac.radiograph.letterbox import resize
from bonefrac.schema import NOT_A_DEVICE

LAYERS = ("picture", "mask", "heatmap")
_HEAT_SIDE = 512  # longer side of a heat map, pixels; a network's own maps are no larger


def finding_json(finding: Finding, layers: Collection[str]) -> dict[str, Any]:
    """A finding as docs/reference/finding.schema.json has it, with the layers that were asked for.

    Args:
        layers: of `LAYERS`, each a PNG in a data URI; the heat map covers the whole picture, in
            fewer pixels.
    """
    height, width = finding.pixels.shape
    told = finding.to_json() | {"width": width, "height": height, "use": NOT_A_DEVICE}
    if layers:
        told["layers"] = {name: _uri(array) for name, array in _layers(finding, layers).items()}
    return told


def png(picture: np.ndarray) -> bytes:
    """An encoded picture, uint8 [H, W] or [H, W, 3]."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def card_json(card: Card) -> dict[str, Any]:
    """What callers may want to know of a model."""
    keys = ("name", "preset", "image_size", "scores", "data", "created")
    told = {key: getattr(card, key) for key in keys}
    return told | {"thresholds": asdict(card.thresholds), "use": NOT_A_DEVICE}


def error_json(error: BonefracError) -> dict[str, Any]:
    """What came, what was expected and what to do."""
    return {"error": {"received": error.received, "expected": error.expected, "fix": error.fix}}


def _layers(finding: Finding, wanted: Collection[str]) -> dict[str, np.ndarray]:
    made = {}
    if "picture" in wanted:
        made["picture"] = _gray(finding.pixels)
    if "mask" in wanted:
        made["mask"] = finding.mask * np.uint8(255)
    if "heatmap" in wanted and finding.mask_probability is not None:
        probability = finding.mask_probability
        scale = min(1.0, _HEAT_SIDE / max(probability.shape))
        height, width = (max(1, round(n * scale)) for n in probability.shape)
        made["heatmap"] = _gray(255 * resize(probability, height, width))
    return made


def _gray(pixels: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _uri(picture: np.ndarray) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
