"""A Keras network in this process, from a model folder or a `.keras` file."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes.outputs import MAKE_AGAIN
from bonefrac.inference.sliding import slide
from bonefrac.storage import verify_manifest


class KerasRuntime:
    """A Keras model in this process.

    Args:
        model: from an image [B, S, S, 1] to a dict of logits.
        card: of the model.
    """

    def __init__(self, model: Any, card: Card) -> None:
        self.model, self.card = model, card
        self._has_answered = False

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]:
        """Answer for one square."""
        masks, probabilities = self.many(np.asarray(square)[None])
        return masks[0], float(probabilities[0])

    def many(self, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer for several squares: mask probabilities [N, S, S], fracture probabilities [N]."""
        from scipy.special import expit  # takes as long to import as a LiteRT model to answer

        self.card.require_fracture()
        batch = np.asarray(squares, np.float32)[..., None]
        logits = slide(self._logits, batch, window=self.card.window)
        mask, fracture = logits[schema.MASK], logits[schema.FRACTURE]
        calibrated = fracture[:, 0] / self.card.temperature + self.card.bias
        return expit(mask[..., 0]), expit(calibrated)

    def _logits(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        # A graph takes as long to trace as four answers without one, then answers 7 times as fast
        # (`unet_tiny` at 128 pixels): it pays off from the second picture on.
        if self._has_answered:
            answers = self.model.predict_on_batch(batch)
            return {key: answers[key] for key in (schema.MASK, schema.FRACTURE)}
        from keras import ops

        self._has_answered = True
        answers = self.model(batch, training=False)
        return {k: ops.convert_to_numpy(answers[k]) for k in (schema.MASK, schema.FRACTURE)}

    @classmethod
    def from_folder(cls, folder: Path) -> "KerasRuntime":
        """Rebuild the preset of a model folder, then give it its weights."""
        from bonefrac.models.presets import build_model, dtype_policy

        verify_manifest(folder, what="model folder", fix=MAKE_AGAIN)
        card = Card.read(folder / schema.CARD_FILE)
        with dtype_policy("float32"):  # a half-precision training still answers in full
            model = build_model(card.preset, image_size=card.input_size, **card.overrides)
        model.load_weights(folder / schema.WEIGHTS_FILE)
        return cls(model, card)

    @classmethod
    def from_keras_file(cls, path: Path) -> "KerasRuntime":
        """Load a `.keras` file that carries its card, in Keras' safe mode."""
        import keras

        import bonefrac.models.baselines
        import bonefrac.models.layers  # noqa: F401 - both register their custom layers

        try:
            with zipfile.ZipFile(path) as archive:
                text = archive.read(schema.CARD_FILE).decode("utf-8")
        except (zipfile.BadZipFile, KeyError) as error:
            raise BonefracError(
                f"{path}: {error}",
                expected=f"a .keras file with {schema.CARD_FILE} in it",
                fix="Make it with bonefrac-export --keras",
            ) from None
        card = Card.from_json(text, source=str(path))
        return cls(keras.saving.load_model(path, compile=False, safe_mode=True), card)
