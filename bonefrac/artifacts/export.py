"""Export a network: write aside, hold it against the network, then rename into place."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import storage
from bonefrac.artifacts import parity
from bonefrac.artifacts.audit import audit_tflite
from bonefrac.artifacts.kinds import KERAS, KINDS, SAVEDMODEL, Kind, stem, tflite_kind
from bonefrac.artifacts.latency import latencies
from bonefrac.artifacts.proof import MOST_FALL, Proof, require_scores
from bonefrac.data.pipeline import eval_batches
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import KerasRuntime, Runtime, open_runtime

PARITY_IMAGES = 16


@dataclass(frozen=True)
class Terms:
    """On what terms an artefact may leave.

    Attributes:
        proof: the radiographs to score it on; None compares answers only.
        most_fall: of Dice or AUC.
        force: write what breaks the terms, too; its report says so.
    """

    proof: Proof | None = None
    most_fall: float = MOST_FALL
    force: bool = False


@dataclass(frozen=True)
class Exported:
    """An artefact that was written.

    Attributes:
        path: where it lies.
        told: what the report says of it, see docs/reference/formats.md.
        parity: how its answers compare with the network's.
    """

    path: Path
    told: dict[str, Any]
    parity: parity.Parity


def real_squares(data: DataFolder, split: str, *, image_size: int, count: int) -> np.ndarray:
    """Radiographs of a data folder as a network sees them: float32 [N, S, S], N at most `count`."""
    batches = eval_batches(data, split, image_size=image_size, batch_size=1).take(count)
    return np.concatenate([image.numpy()[..., 0] for image, _, _ in batches])


def at_size(network: KerasRuntime, image_size: int) -> KerasRuntime:
    """The same weights for squares of another side.

    Raises:
        BonefracError: the weights belong to one size, or the network answers in windows.
    """
    card = network.card
    if image_size == card.image_size:
        return network
    from bonefrac.models.presets import build_model

    refused = BonefracError(
        f"{card.preset} at {image_size} pixels",
        expected=f"{card.image_size}, for which its weights were trained",
        fix="Train it at that size",
    )
    if card.window:
        raise refused
    model = build_model(card.preset, image_size=image_size, **card.overrides)
    try:
        model.set_weights(network.model.get_weights())
    except ValueError:
        raise refused from None
    return KerasRuntime(model, replace(card, image_size=image_size))


def export(
    kind: str,
    network: KerasRuntime,
    folder: Path,
    squares: np.ndarray,
    *,
    calibration: np.ndarray | None = None,
    terms: Terms = Terms(),
    trained_size: int | None = None,
) -> Exported:
    """Write one artefact.

    Args:
        kind: of `KINDS`.
        network: to export.
        folder: to write into.
        squares: float32 [N, S, S] radiographs, to compare on.
        calibration: float32 [N, S, S] others, to find the ranges of integers on; None for the same.
        terms: on which it may leave.
        trained_size: side of the squares it was trained on, where that is another.

    Raises:
        BonefracError: it does not convert, or breaks the terms; nothing was written then.
    """
    form = KINDS[kind]
    target = form.place(folder, stem(network, trained_size or network.card.image_size))
    name = target.relative_to(folder).as_posix()
    with storage.write_aside(target) as aside:
        form.write(network, aside, squares if calibration is None else calibration)
        runtime = open_runtime(aside)
        found = parity.compare(runtime, network, squares[:PARITY_IMAGES])
        told: dict[str, Any] = {
            "kind": kind,
            "name": name,
            "image_size": network.card.image_size,
            "bytes": _size(aside),
            "parity": asdict(found),
        }
        if terms.proof is not None:
            told |= _measured(aside, runtime, network, squares[0], terms, name=name)
        broken = _broken(form, found, told, terms, name=name)
        if broken is not None and not terms.force:
            raise broken
        told["forced"] = None if broken is None else broken.received
    return Exported(target, told, found)


def _measured(
    path: Path,
    runtime: Runtime,
    network: KerasRuntime,
    square: np.ndarray,
    terms: Terms,
    *,
    name: str,
) -> dict[str, Any]:
    assert terms.proof is not None
    told = {
        "latency_ms": latencies(path, runtime, square),
        "proof": terms.proof.measure(runtime, network, name=name),
    }
    if path.suffix == ".tflite":
        told["audit"] = asdict(audit_tflite(path))
    return told


def _broken(
    form: Kind, found: parity.Parity, told: dict[str, Any], terms: Terms, *, name: str
) -> BonefracError | None:
    """What is wrong with an artefact, None if nothing is."""
    try:
        parity.require(found, form.tolerance, name=name)
        if "proof" in told:
            require_scores(told["proof"], name=name, most_fall=terms.most_fall)
    except BonefracError as error:
        return error
    return None


def export_savedmodel(
    network: KerasRuntime, folder: Path, squares: np.ndarray
) -> tuple[Path, parity.Parity]:
    """Write the next version below `<folder>/<name>/`.

    Returns:
        Its folder, and how it compares.
    """
    made = export(SAVEDMODEL, network, folder, squares)
    return made.path, made.parity


def export_tflite(
    network: KerasRuntime, folder: Path, squares: np.ndarray, *, quantize: str
) -> tuple[Path, parity.Parity]:
    """Write `<folder>/<name>.tflite`, with the quantization in its name if there is one."""
    made = export(tflite_kind(quantize), network, folder, squares)
    return made.path, made.parity


def export_keras(
    network: KerasRuntime, folder: Path, squares: np.ndarray
) -> tuple[Path, parity.Parity]:
    """Write `<folder>/<name>.keras` with the card in it."""
    made = export(KERAS, network, folder, squares)
    return made.path, made.parity


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())
