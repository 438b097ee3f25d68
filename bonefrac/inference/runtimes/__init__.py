"""Runtimes that answer for one square; each library is imported when its runtime is asked for."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference import shipped
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes.keras_network import KerasRuntime
from bonefrac.inference.runtimes.litert import LiteRTRuntime
from bonefrac.inference.runtimes.onnx_file import OnnxRuntime
from bonefrac.inference.runtimes.savedmodel import SavedModelRuntime

__all__ = [
    "BatchRuntime",
    "KerasRuntime",
    "LiteRTRuntime",
    "OnnxRuntime",
    "Runtime",
    "SavedModelRuntime",
    "model_folder",
    "no_model",
    "open_network",
    "open_runtime",
]


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


class BatchRuntime(Runtime, Protocol):
    """A runtime that also answers for several squares at once, and may be shared by threads."""

    def many(self, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float32 [N, S, S] -> mask probabilities [N, S, S], fracture probabilities [N]."""


def open_runtime(path: Path) -> Runtime:
    """The runtime that fits what lies at a path.

    Args:
        path: run folder, model folder, SavedModel folder, `.tflite`, `.onnx` or `.keras`, or the
            name of a model that comes with the package.

    Raises:
        BonefracError: nothing there that is a model, or a damaged one.
    """
    path = shipped.answering(path)
    if path.is_file():
        if path.suffix == ".tflite":
            return LiteRTRuntime(path)
        if path.suffix == ".onnx":
            return OnnxRuntime(path)
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
        expected="a run or model folder, a SavedModel folder, a .tflite, .onnx or .keras file, or "
        "one of " + ", ".join(shipped.names()),
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
