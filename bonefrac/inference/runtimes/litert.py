"""A `.tflite` file, answered by LiteRT."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference import shipped
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes.keras_network import KerasRuntime
from bonefrac.inference.runtimes.outputs import MAKE_AGAIN, answer_of
from bonefrac.quiet import quiet_stderr


class LiteRTRuntime:
    """A `.tflite` file on LiteRT; needs no TensorFlow.

    Args:
        path: of the file, with its card as metadata.
        threads: of the interpreter.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._folder = path.parent if shipped.WEIGHTS in path.parents else None
        content = path.read_bytes()
        self.card = Card.from_json(_card_metadata(content, path), source=str(path))
        try:
            with quiet_stderr():  # the runtime announces its delegate
                interpreter = Interpreter(model_content=content, num_threads=threads)
                interpreter.allocate_tensors()
                runner = interpreter.get_signature_runner(schema.SERVE_TENSOR)
        except (ValueError, RuntimeError) as error:
            raise _damaged(path, str(error)) from None
        self._run: Callable[..., Any] = runner

    @cached_property
    def model(self) -> Any:
        """The Keras model that a shipped file was made of, loaded when asked for; else None."""
        return self._folder and KerasRuntime.from_folder(self._folder).model

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]:
        """Answer for one square."""
        return answer_of(self._run(image=np.asarray(square, np.float32)[None, ..., None]))


def _card_metadata(content: bytes, path: Path) -> str:
    from ai_edge_litert import schema_py_generated as flat

    # Without its identifier, or cut short, a flatbuffer's offsets point anywhere.
    if content[4:8] != b"TFL3":
        raise _damaged(path, f"{len(content)} bytes, no TFL3 identifier")
    try:
        model = flat.Model.GetRootAs(content, 0)
        for entry in (model.Metadata(k) for k in range(model.MetadataLength())):
            if entry.Name() == schema.CARD_METADATA.encode():
                return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode("utf-8")
    except Exception as error:  # flatbuffers raises whatever its offsets run into
        raise _damaged(path, f"{type(error).__name__} in its structure") from None
    raise _damaged(path, f"no {schema.CARD_METADATA} metadata")


def _damaged(path: Path, received: str) -> BonefracError:
    return BonefracError(
        f"{path}: {received}", expected="a .tflite of bonefrac-export", fix=MAKE_AGAIN
    )
