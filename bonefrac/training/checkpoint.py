"""Checkpoints that survive kill -9: written aside, checksummed, renamed; two and the best."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bonefrac import storage
from bonefrac.errors import BonefracError

_STATE, _ARRAYS = "state.json", "variables.npz"
_KEEP = 2


@dataclass(frozen=True)
class State:
    """What a run knows after an epoch, besides its variables.

    Attributes:
        epoch: how many epochs are done.
        history: one row of metrics an epoch.
        best_epoch: epochs done when the score was best, 0 before any.
        best_score: that score.
    """

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -1.0


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: where they lie, one folder an epoch.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, model: keras.Model, state: State) -> None:
        """Write the model, its optimizer, its random states and `state`; drop what is too old."""
        with storage.write_aside(self._path(state.epoch)) as aside:
            aside.mkdir()
            arrays = {f"{k:04d}": v.numpy() for k, v in enumerate(variables(model))}
            np.savez(aside / _ARRAYS, **arrays)
            (aside / _STATE).write_text(json.dumps(vars(state)), encoding="utf-8")
            storage.write_manifest(aside)
        keep = {*self.epochs()[-_KEEP:], state.best_epoch}
        for epoch in self.epochs():
            if epoch not in keep:
                shutil.rmtree(self._path(epoch))

    def restore_last(self, model: keras.Model) -> tuple[State, list[str]]:
        """Load the newest checkpoint that is whole.

        Returns:
            Its state (fresh where there is none), and a line for each damaged one passed over.
        """
        damaged: list[str] = []
        for epoch in reversed(self.epochs()):
            try:
                return self.restore(model, epoch), damaged
            except BonefracError as error:
                damaged.append(str(error))
        return State(), damaged

    def restore(self, model: keras.Model, epoch: int) -> State:
        """Load the checkpoint of an epoch.

        Raises:
            BonefracError: it is missing, damaged, or of another model.
        """
        path = self._path(epoch)
        storage.verify_manifest(path, what="checkpoint", fix="An older one is used if there is one")
        targets = variables(model)
        with np.load(path / _ARRAYS) as arrays:
            stored = [arrays[key] for key in sorted(arrays.files)]
        if [a.shape for a in stored] != [tuple(v.shape) for v in targets]:
            raise BonefracError(
                f"{path} holds another model", expected=model.name, fix="Use another --workdir"
            )
        for variable, value in zip(targets, stored, strict=True):
            variable.assign(value)
        return State(**json.loads((path / _STATE).read_text(encoding="utf-8")))

    def epochs(self) -> list[int]:
        """Epochs that have a checkpoint, in order."""
        return sorted(int(path.name) for path in self.folder.glob("[0-9]*"))

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{epoch:05d}"


def variables(model: keras.Model) -> list[Any]:
    """All that training changes: weights, moving averages, random states, optimizer."""
    metrics = {id(v) for v in model.metrics_variables}
    own: list[Any] = [v for v in model.variables if id(v) not in metrics]
    return own + list(model.optimizer.variables)
