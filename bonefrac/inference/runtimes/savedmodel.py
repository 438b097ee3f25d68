"""A SavedModel, answered by TensorFlow."""

from pathlib import Path

import numpy as np

from bonefrac import schema
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes.outputs import MAKE_AGAIN, answer_of, answers_of
from bonefrac.storage import verify_manifest


class SavedModelRuntime:
    """A SavedModel, by its `serve_tensor` signature.

    Args:
        folder: of one version, with `saved_model.pb`.
    """

    model = None

    def __init__(self, folder: Path) -> None:
        verify_manifest(folder, what="SavedModel", fix=MAKE_AGAIN)
        self.card = Card.read(folder / "assets.extra" / schema.CARD_FILE)
        import tensorflow as tf

        self._loaded = tf.saved_model.load(str(folder))
        self._serve = self._loaded.signatures[schema.SERVE_TENSOR]

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]:
        """Answer for one square."""
        import tensorflow as tf

        batch = tf.constant(square[None, ..., None], tf.float32)
        return answer_of({k: v.numpy() for k, v in self._serve(image=batch).items()})

    def many(self, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer for several squares: mask probabilities [N, S, S], fracture probabilities [N]."""
        import tensorflow as tf

        answers = self._serve(image=tf.constant(squares[..., None], tf.float32))
        return answers_of({k: v.numpy() for k, v in answers.items()})
