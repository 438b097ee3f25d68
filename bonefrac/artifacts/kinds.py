"""The forms in which a model leaves: where each goes, who writes it, how far it may be off."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from bonefrac import schema
from bonefrac.artifacts import onnx, savedmodel, tflite
from bonefrac.artifacts.parity import EXACT, TOLERANCES, Tolerance
from bonefrac.inference.runtimes import KerasRuntime

SAVEDMODEL, KERAS, ONNX = "savedmodel", "keras", "onnx"


@dataclass(frozen=True)
class Kind:
    """A form.

    Attributes:
        place: folder and stem of the name -> path to write.
        write: network, path, float32 squares [N, S, S] for calibration.
        tolerance: how far its answers may be off.
    """

    place: Callable[[Path, str], Path]
    write: Callable[[KerasRuntime, Path, np.ndarray], None]
    tolerance: Tolerance = EXACT


def tflite_kind(quantize: str) -> str:
    """The name of a TFLite form: "tflite", "tflite-float16" and so on."""
    return "tflite" if quantize == "none" else f"tflite-{quantize}"


def stem(network: KerasRuntime, trained_size: int) -> str:
    """What the files of a network are called: its name, and its size where it is not its own."""
    size, name = network.card.image_size, network.card.name
    return name if size == trained_size else f"{name}-{size}px"


def _write_savedmodel(network: KerasRuntime, path: Path, _: np.ndarray) -> None:
    savedmodel.write_savedmodel(network.model, network.card, path)


def _write_keras(network: KerasRuntime, path: Path, _: np.ndarray) -> None:
    network.model.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(schema.CARD_FILE, network.card.to_json())


def _write_onnx(network: KerasRuntime, path: Path, _: np.ndarray) -> None:
    onnx.write_onnx(network.model, network.card, path)


def _write_tflite(network: KerasRuntime, path: Path, squares: np.ndarray, *, quantize: str) -> None:
    tflite.write_tflite(network.model, network.card, path, quantize=quantize, calibration=squares)


def _tflite(quantize: str) -> Kind:
    end = "" if quantize == "none" else f"-{quantize}"
    return Kind(
        lambda folder, stem: folder / f"{stem}{end}.tflite",
        partial(_write_tflite, quantize=quantize),
        TOLERANCES[quantize],
    )


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        SAVEDMODEL: Kind(
            lambda folder, stem: savedmodel.next_version(folder / stem), _write_savedmodel
        ),
        KERAS: Kind(lambda folder, stem: folder / f"{stem}.keras", _write_keras),
        **{tflite_kind(quantize): _tflite(quantize) for quantize in tflite.QUANTIZATIONS},
        ONNX: Kind(lambda folder, stem: folder / f"{stem}.onnx", _write_onnx),
    }
)
