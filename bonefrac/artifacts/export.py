"""Export a model folder: write aside, compare with the network, then rename into place."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bonefrac import schema, storage
from bonefrac.artifacts import parity, savedmodel, tflite
from bonefrac.data.pipeline import eval_batches
from bonefrac.data.store import DataFolder
from bonefrac.inference.runtimes import KerasRuntime, Runtime, open_runtime

PARITY_IMAGES = 16


def real_squares(data: DataFolder, split: str, *, image_size: int, count: int) -> np.ndarray:
    """Radiographs of a data folder as a network sees them: float32 [N, S, S], N at most `count`."""
    batches = eval_batches(data, split, image_size=image_size, batch_size=1).take(count)
    return np.concatenate([image.numpy()[..., 0] for image, _, _ in batches])


def export_savedmodel(
    network: KerasRuntime, folder: Path, squares: np.ndarray
) -> tuple[Path, parity.Parity]:
    """Write the next version below `<folder>/<name>/`.

    Returns:
        Its folder, and how it compares.
    """
    target = savedmodel.next_version(folder / network.card.name)

    def write(aside: Path) -> None:
        savedmodel.write_savedmodel(network.model, network.card, aside)

    return target, _export(network, target, write, squares, parity.EXACT)


def export_tflite(
    network: KerasRuntime, folder: Path, squares: np.ndarray, *, quantize: str
) -> tuple[Path, parity.Parity]:
    """Write `<folder>/<name>.tflite`, with the quantization in its name if there is one."""
    suffix = "" if quantize == "none" else f"-{quantize}"
    target = folder / f"{network.card.name}{suffix}.tflite"

    def write(aside: Path) -> None:
        tflite.write_tflite(
            network.model, network.card, aside, quantize=quantize, calibration=squares
        )

    return target, _export(network, target, write, squares, parity.TOLERANCES[quantize])


def export_keras(
    network: KerasRuntime, folder: Path, squares: np.ndarray
) -> tuple[Path, parity.Parity]:
    """Write `<folder>/<name>.keras` with the card in it."""
    target = folder / f"{network.card.name}.keras"

    def write(aside: Path) -> None:
        network.model.save(aside)
        with zipfile.ZipFile(aside, "a") as archive:
            archive.writestr(schema.CARD_FILE, network.card.to_json())

    return target, _export(network, target, write, squares, parity.EXACT)


def _export(
    network: Runtime,
    target: Path,
    write: Callable[[Path], None],
    squares: np.ndarray,
    tolerance: parity.Tolerance,
) -> parity.Parity:
    with storage.write_aside(target) as aside:
        write(aside)
        found = parity.compare(open_runtime(aside), network, squares[:PARITY_IMAGES])
        parity.require(found, tolerance, name=target.name)
    return found
