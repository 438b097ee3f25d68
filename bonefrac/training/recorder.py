"""What happens after every epoch: a checkpoint, the metrics, the curves."""

import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.training.checkpoint import Checkpoints, State
from bonefrac.training.curves import plot_curves, write_metrics
from bonefrac.training.heads import full_names, selection_score


class Recorder(keras.callbacks.Callback):
    """Writes a checkpoint, the metrics and the curves after every epoch.

    Args:
        checkpoints: where to.
        state: of the run so far.
        workdir: the run folder.
        images: in an epoch.
    """

    def __init__(self, checkpoints: Checkpoints, state: State, workdir: Path, images: int) -> None:
        super().__init__()
        self.checkpoints, self.state, self.workdir, self.images = (
            checkpoints, state, workdir, images,
        )  # fmt: skip

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save everything; refuse to go on from a loss that is no number."""
        heads = list(self.model.output)
        values = full_names(logs or {}, heads)
        if not np.isfinite(values["loss"]):
            raise BonefracError(
                f"The loss of epoch {epoch + 1} is {values['loss']}",
                expected="a number",
                fix="Lower --learning-rate; the last checkpoint is whole",
            )
        seconds = time.perf_counter() - self._started
        row = {"epoch": epoch + 1, "seconds": round(seconds, 2)}
        history = [*self.state.history, {**row, **{k: round(v, 6) for k, v in values.items()}}]
        self.state = replace(self.state, epoch=epoch + 1, history=history)
        if (better := selection_score(values, heads)) > self.state.best_score:
            self.state = replace(self.state, best_epoch=epoch + 1, best_score=better)
        self.checkpoints.save(self.model, self.state)
        write_metrics(history, self.workdir / "metrics.csv")
        plot_curves(history, self.workdir / "curves.png", title=self.model.name)
