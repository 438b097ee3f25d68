"""The same validation radiographs every few epochs, with what the network outlines on them."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from PIL import Image
from scipy.special import expit

from bonefrac import schema, storage
from bonefrac.data.sheet import Cell, draw_sheet
from bonefrac.training.averages import averaged

_COUNT = 12
_LOOK_AT = 400  # radiographs, at most, to choose from
_MIDDLE = 0.5


class Shown(NamedTuple):
    """One radiograph of the preview.

    Attributes:
        image: float32 [S, S, 1].
        mask: uint8 [S, S].
        fracture: 1, 0, or -1 unknown.
    """

    image: np.ndarray
    mask: np.ndarray
    fracture: int


class Preview(keras.callbacks.Callback):
    """Draws a contact sheet after every few epochs and after the last.

    Args:
        batches: of validation, in a fixed order, as `eval_batches` gives them.
        folder: where `epoch-005.png` goes.
        every: so many epochs.
        epochs: of the whole run.
    """

    def __init__(self, batches: Any, folder: Path, *, every: int, epochs: int) -> None:
        super().__init__()
        self.batches, self.folder, self.every, self.epochs = batches, folder, every, epochs
        self._shown: list[Shown] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draw where it is time to."""
        number = epoch + 1
        if number % self.every and number != self.epochs:
            return
        self._shown = self._shown or choose(self.batches)
        with averaged(self.model):
            answers = self.model.predict_on_batch(np.stack([one.image for one in self._shown]))
        title = (
            f"{self.model.name}   epoch {number}   validation   amber: annotated, blue: predicted"
        )
        sheet = draw_sheet(cells(self._shown, answers), title=title)
        with storage.write_aside(self.folder / f"epoch-{number:03d}.png") as aside:
            Image.fromarray(sheet).save(aside)


def choose(batches: Any) -> list[Shown]:
    """A dozen radiographs: outlined fractures first, then intact ones, as they come.

    Args:
        batches: of validation with all heads that the network has.
    """
    seen = list(itertools.islice(_singly(batches), _LOOK_AT))
    broken = [one for one in seen if one.mask.any()]
    other = [one for one in seen if not one.mask.any()]
    some = broken[: max(_COUNT * 2 // 3, _COUNT - len(other))]
    return [*some, *other[: _COUNT - len(some)]]


def cells(shown: list[Shown], answers: dict[str, Any]) -> list[Cell]:
    """Lay the logits of a network over the radiographs that it answered for."""
    made = []
    for k, one in enumerate(shown):
        pixels = np.rint(one.image[..., 0]).astype(np.uint8)
        outlined = np.zeros_like(one.mask)
        if schema.MASK in answers:
            outlined = (np.asarray(answers[schema.MASK])[k, ..., 0] > 0).astype(np.uint8)
        words = " · ".join([_LABELS[one.fracture], *_answers(answers, k)])
        title = _overlap(one.mask, outlined)
        made.append(Cell(pixels, one.mask, title, words, one.fracture == 1, outlined))
    return made


_LABELS = {1: "fracture", 0: "intact", schema.UNKNOWN: "unknown"}


def _overlap(mask: np.ndarray, outlined: np.ndarray) -> str:
    if mask.any():
        return f"Dice {2 * (mask & outlined).sum() / (mask.sum() + outlined.sum()):.2f}"
    return f"{outlined.sum()} pixels outlined" if outlined.any() else "nothing outlined"


def _answers(answers: dict[str, Any], k: int) -> Iterable[str]:
    for head in (schema.FRACTURE, schema.ABNORMALITY):
        if head in answers:
            probability = expit(float(np.asarray(answers[head])[k, 0]))
            yield f"{'' if head == schema.FRACTURE else head + ' '}p = {probability:.2f}"
    if schema.BONE_AGE_MONTHS in answers:
        yield f"{float(np.asarray(answers[schema.BONE_AGE_MONTHS])[k, 0]):.0f} months"


def _singly(batches: Any) -> Iterable[Shown]:
    for image, targets, weights in batches:
        pixels = np.asarray(image)
        masks = np.asarray(targets.get(schema.MASK, np.zeros_like(pixels)))
        labels = np.full(len(pixels), schema.UNKNOWN)
        if schema.FRACTURE in targets:
            known = np.asarray(weights[schema.FRACTURE]) > 0
            labels = np.where(known, np.asarray(targets[schema.FRACTURE])[:, 0], schema.UNKNOWN)
        for k in range(len(pixels)):
            yield Shown(pixels[k], (masks[k, ..., 0] > _MIDDLE).astype(np.uint8), int(labels[k]))
