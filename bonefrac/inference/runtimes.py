"""Runtimes that answer for one square; each library is imported when its runtime is asked for."""

import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference import shipped
from bonefrac.inference.card import Card
from bonefrac.inference.sliding import slide
from bonefrac.quiet import quiet_stderr
from bonefrac.storage import verify_manifest

_FIX = "Train or export it again"


class Runtime(Protocol):
    """One call: a square float32 [S, S] in 0..255 -> mask probability [S, S], fracture probability.

    Attributes:
        card: of the model.
    """

    card: Card

    @property
    def model(self) -> Any:
        """The Keras model, or None where the runtime has none."""

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]: ...


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
        from scipy.special import expit  # takes as long to import as a LiteRT model to answer

        self.card.require_fracture()
        batch = np.asarray(square, np.float32)[None, ..., None]
        logits = slide(self._logits, batch, window=self.card.window)
        mask, fracture = logits[schema.MASK], logits[schema.FRACTURE]
        calibrated = fracture[0, 0] / self.card.temperature + self.card.bias
        return expit(mask[0, ..., 0]), float(expit(calibrated))

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

        verify_manifest(folder, what="model folder", fix=_FIX)
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


class SavedModelRuntime:
    """A SavedModel, by its `serve_tensor` signature.

    Args:
        folder: of one version, with `saved_model.pb`.
    """

    model = None

    def __init__(self, folder: Path) -> None:
        verify_manifest(folder, what="SavedModel", fix=_FIX)
        self.card = Card.read(folder / "assets.extra" / schema.CARD_FILE)
        import tensorflow as tf

        self._loaded = tf.saved_model.load(str(folder))
        self._serve = self._loaded.signatures[schema.SERVE_TENSOR]

    def __call__(self, square: np.ndarray) -> tuple[np.ndarray, float]:
        """Answer for one square."""
        import tensorflow as tf

        batch = tf.constant(square[None, ..., None], tf.float32)
        return _answer({k: v.numpy() for k, v in self._serve(image=batch).items()})


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
        return _answer(self._run(image=np.asarray(square, np.float32)[None, ..., None]))


def open_runtime(path: Path) -> Runtime:
    """The runtime that fits what lies at a path.

    Args:
        path: run folder, model folder, SavedModel folder, `.tflite` or `.keras`, or the name of a
            model that comes with the package.

    Raises:
        BonefracError: nothing there that is a model, or a damaged one.
    """
    path = shipped.answering(path)
    if path.is_file():
        if path.suffix == ".tflite":
            return LiteRTRuntime(path)
        if path.suffix == ".keras":
            return KerasRuntime.from_keras_file(path)
    if (model := model_folder(path)) is not None:
        return KerasRuntime.from_folder(model)
    if (version := _saved_model(path)) is not None:
        return SavedModelRuntime(version)
    raise no_model(path)


def no_model(path: Path) -> BonefracError:
    """The error of a path at which there is no model."""
    state = "is no model" if path.exists() else "does not exist"
    return BonefracError(
        f"{path} {state}",
        expected="a run or model folder, a SavedModel folder, a .tflite, a .keras file, or one of "
        + ", ".join(shipped.names()),
        fix="Check the path, or make a model with bonefrac-train",
    )


def open_network(path: Path) -> tuple[Path, KerasRuntime]:
    """The model folder at a path, and the Keras network in it.

    Args:
        path: run folder or model folder.

    Raises:
        BonefracError: neither, or a damaged one.
    """
    folder = model_folder(path)
    if folder is None:
        state = "is no run or model folder" if path.exists() else "does not exist"
        fix = "Give the --workdir of bonefrac-train"
        raise BonefracError(f"{path} {state}", expected="one with weights and card", fix=fix)
    return folder, KerasRuntime.from_folder(folder)


def model_folder(path: Path) -> Path | None:
    """The model folder at a path: itself, `model/` of a run folder, or that of a shipped name."""
    path = shipped.shipped_folder(path) or path
    for folder in (path, path / schema.MODEL_DIR):
        if (folder / schema.CARD_FILE).is_file() or (folder / schema.WEIGHTS_FILE).is_file():
            return folder
    return None


def _saved_model(path: Path) -> Path | None:
    versions = sorted(
        (folder for folder in path.glob("*") if folder.name.isdecimal()),
        key=lambda folder: int(folder.name),
    )
    for folder in (path, *reversed(versions)):
        if (folder / "saved_model.pb").is_file():
            return folder
    return None


def _answer(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    mask = outputs[schema.MASK_PROBABILITY][0, ..., 0]
    return mask, float(outputs[schema.FRACTURE_PROBABILITY][0, 0])


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
    return BonefracError(f"{path}: {received}", expected="a .tflite of bonefrac-export", fix=_FIX)
