"""Make the artefacts of a format of the card, for its successors to read.

From the root: `python -m tests.artifacts.old.make FOLDER`, then pack the folder's content as
`format<N>.tar.xz`. A packed format is never made anew: its bytes are those of its own day.
"""

import sys
from pathlib import Path

import cv2
import keras
import numpy as np

from bonefrac import schema, storage
from bonefrac.artifacts.export import export
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.runtimes import KerasRuntime
from bonefrac.models.heads import MASK_LOGITS
from bonefrac.models.presets import build_model
from tests.conformance.conftest import phantoms, settle

SIDE = 32


def make(folder: Path) -> None:
    """Write a small random network in every form, a square, and the network's answer to it."""
    keras.utils.set_random_seed(1)
    overrides = {"filters": (2, 4)}
    images, _ = phantoms(4, side=SIDE)
    model = settle(build_model("unet_tiny", image_size=SIDE, **overrides), images)
    _spread(model.get_layer(MASK_LOGITS))
    thresholds = Thresholds(0.6, 0.4, 0.5)
    card = Card("small", "unet_tiny", SIDE, 1.5, thresholds, -0.25, overrides=overrides)
    network = KerasRuntime(model, card)
    square = images[0, ..., 0].round()
    for kind in ("savedmodel", "keras", "tflite", "onnx"):
        export(kind, network, folder, square[None])
    _write_model_folder(network, folder / "model")
    mask, probability = network(square)
    cv2.imwrite(str(folder / "square.png"), square.astype(np.uint8))
    np.savez_compressed(folder / "answer.npz", mask=mask, probability=probability)


def _spread(head: keras.layers.Layer) -> None:
    """Answers on both sides of a half; a fresh head says that no pixel is broken."""
    head.kernel.assign(head.kernel * 10)
    head.bias.assign(keras.ops.zeros_like(head.bias))


def _write_model_folder(network: KerasRuntime, folder: Path) -> None:
    folder.mkdir()
    network.model.save_weights(folder / schema.WEIGHTS_FILE)
    (folder / schema.CARD_FILE).write_text(network.card.to_json(), encoding="utf-8")
    storage.write_manifest(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
