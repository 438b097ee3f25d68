"""Checkpoints that survive kill -9: written aside, checksummed, renamed; the last and the best."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bonefrac import storage
from bonefrac.errors import BonefracError

_STATE, _ARRAYS, _METRICS = "state.json", "variables.npz", "metrics.npz"
_KEEP = 2

Mark = tuple[int, int]  # epochs done, steps done of the next one


@dataclass(frozen=True)
class State:
    """What a run knows at a checkpoint, besides its variables.

    Attributes:
        epoch: how many epochs are done.
        history: one row of metrics an epoch.
        best_epoch: epochs done when the score was best, 0 before any.
        best_score: that score.
        step: how many steps of the next epoch are done.
        seconds: that they took.
    """

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -1.0
    step: int = 0
    seconds: float = 0.0


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: where they lie: `00007` after seven epochs, `00007-001200` after 1200 steps more.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, model: keras.Model, state: State) -> None:
        """Write the model, its optimizer, its random states and `state`; drop what is too old.

        Within an epoch the metrics are written too: they are sums over its steps.
        """
        current = state.epoch, state.step
        with storage.write_aside(self._path(current)) as aside:
            aside.mkdir()
            _write(aside / _ARRAYS, variables(model))
            if state.step:
                _write(aside / _METRICS, model.metrics_variables)
            (aside / _STATE).write_text(json.dumps(vars(state)), encoding="utf-8")
            storage.write_manifest(aside)
        whole = [mark for mark in self._marks() if not mark[1] and mark <= current]
        keep = {current, (state.best_epoch, 0), *whole[-_KEEP:]}
        for mark in self._marks():  # later ones were passed over as damaged
            if mark not in keep:
                shutil.rmtree(self._path(mark))

    def restore_last(self, model: keras.Model) -> tuple[State, list[str]]:
        """Load the newest checkpoint that is whole.

        Returns:
            Its state (fresh where there is none), and a line for each damaged one passed over.
        """
        damaged: list[str] = []
        for mark in reversed(self._marks()):
            try:
                return self.restore(model, *mark), damaged
            except BonefracError as error:
                damaged.append(str(error))
        return State(), damaged

    def restore(self, model: keras.Model, epoch: int, step: int = 0) -> State:
        """Load the checkpoint of an epoch, or of a step of the one after.

        Raises:
            BonefracError: it is missing, damaged, or of another model.
        """
        path = self._path((epoch, step))
        storage.verify_manifest(path, what="checkpoint", fix="An older one is used if there is one")
        _assign(path / _ARRAYS, variables(model), model.name)
        return _read_state(path)

    def restore_metrics(self, model: keras.Model, state: State) -> None:
        """Load the metrics of an epoch that was left at `state.step`; they must be built.

        Raises:
            BonefracError: they are of another model.
        """
        path = self._path((state.epoch, state.step))
        _assign(path / _METRICS, model.metrics_variables, model.name)

    def read_last(self) -> State:
        """The state of the newest checkpoint, without its variables; fresh where there is none."""
        marks = self._marks()
        return _read_state(self._path(marks[-1])) if marks else State()

    def epochs(self) -> list[int]:
        """Epochs that have a checkpoint at their end, in order."""
        return [epoch for epoch, step in self._marks() if not step]

    def _marks(self) -> list[Mark]:
        names = [path.name.partition("-") for path in self.folder.glob("[0-9]*")]
        return sorted((int(epoch), int(step or 0)) for epoch, _, step in names)

    def _path(self, mark: Mark) -> Path:
        epoch, step = mark
        return self.folder / (f"{epoch:05d}-{step:06d}" if step else f"{epoch:05d}")


def variables(model: keras.Model) -> list[Any]:
    """All that training changes: weights, moving averages, random states, optimizer."""
    metrics = {id(v) for v in model.metrics_variables}
    own: list[Any] = [v for v in model.variables if id(v) not in metrics]
    return own + list(model.optimizer.variables)


def _read_state(path: Path) -> State:
    return State(**json.loads((path / _STATE).read_text(encoding="utf-8")))


def _write(path: Path, values: list[Any]) -> None:
    np.savez(path, **{f"{k:04d}": v.numpy() for k, v in enumerate(values)})


def _assign(path: Path, targets: list[Any], name: str) -> None:
    with np.load(path) as arrays:
        stored = [arrays[key] for key in sorted(arrays.files)]
    if [a.shape for a in stored] != [tuple(v.shape) for v in targets]:
        raise BonefracError(
            f"{path.parent} holds another model", expected=name, fix="Use another --workdir"
        )
    for variable, value in zip(targets, stored, strict=True):
        variable.assign(value)
