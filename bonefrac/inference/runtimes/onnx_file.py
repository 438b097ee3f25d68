"""An `.onnx` file, answered by ONNX Runtime."""

from pathlib import Path

import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError, in_one_line
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes.outputs import MAKE_AGAIN, answers_of


class OnnxRuntime:
    """An `.onnx` file on ONNX Runtime's processor provider; needs no TensorFlow.

    Args:
        path: of the file, with its card as metadata.
        threads: for one operation; None for as many as there are cores.

    Raises:
        BonefracError: no such library, a damaged file, or one that `bonefrac-export` did not make.
    """

    model = None

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise BonefracError(
                f"{path}, but ONNX Runtime is not installed",
                expected="the extra onnx",
                fix="pip install 'bonefrac[onnx]'",
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no public class in common
            raise _damaged(path, in_one_line(error)) from None
        metadata = self._session.get_modelmeta().custom_metadata_map
        if schema.CARD_METADATA not in metadata:
            raise _damaged(path, f"no {schema.CARD_METADATA} metadata")
        self.card = Card.from_json(metadata[schema.CARD_METADATA], source=str(path))

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]:
        """Answer for one square."""
        masks, probabilities = self.many(np.asarray(square)[None])
        return masks[0], float(probabilities[0])

    def many(self, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer for several squares: mask probabilities [N, S, S], fracture probabilities [N]."""
        names = [schema.MASK_PROBABILITY, schema.FRACTURE_PROBABILITY]
        batch = np.asarray(squares, np.float32)[..., None]
        answers = self._session.run(names, {schema.IMAGE: batch})
        return answers_of(dict(zip(names, answers, strict=True)))


def _damaged(path: Path, received: str) -> BonefracError:
    return BonefracError(
        f"{path}: {received}", expected="an .onnx of bonefrac-export", fix=MAKE_AGAIN
    )
