"""What a training leaves as it goes: checkpoints, the metrics, the curves."""

import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.training.checkpoint import Checkpoints, State
from bonefrac.training.compiled import heads_of
from bonefrac.training.curves import plot_curves, write_metrics
from bonefrac.training.heads import full_names, selection_score
from bonefrac.training.interrupt import Asked, Stopped


class Recorder(keras.callbacks.Callback):
    """Writes checkpoints within epochs, and after each epoch also the metrics and the curves.

    Args:
        checkpoints: where to.
        state: of the run so far.
        workdir: the run folder.
        steps: in an epoch.
        minutes: between checkpoints within an epoch.
        asked: whether to save and stop after the step.
        writes: False for all but one of several processes.
        seed: of the run.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        state: State,
        workdir: Path,
        *,
        steps: int,
        minutes: float = 10.0,
        asked: Asked | None = None,
        writes: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.checkpoints, self.state, self.workdir = checkpoints, state, workdir
        self.steps, self.seconds_between = steps, 60 * minutes
        self.asked, self.writes = asked or Asked(), writes
        self.seed, self.done = seed, state.step

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock; go on with the metrics of an epoch that was left."""
        self.done = self.state.step
        if self.done:
            self.checkpoints.restore_metrics(self.model, self.state)
        self._saved = time.perf_counter()
        self._started = self._saved - self.state.seconds

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Make what PyTorch's dropout draws a function of seed, epoch and step.

        It takes no seed of Keras, but PyTorch's own random state, which starting a `fit` moves on.
        """
        if keras.backend.backend() == "torch":
            import torch

            place = np.random.SeedSequence([self.seed % 2**32, self.state.epoch, self.done])
            torch.manual_seed(int(place.generate_state(1)[0]))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Save where it is time to; refuse to go on from a loss that is no number."""
        self.done += 1
        _check_loss((logs or {})["loss"], self.state.epoch + 1, self.done)
        late = time.perf_counter() - self._saved >= self.seconds_between
        if self.done < self.steps and (late or self.asked.signum):
            self._save(replace(self.state, step=self.done, seconds=self.seconds()))
            self._stop_if_asked()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save everything."""
        heads = heads_of(self.model)
        values = full_names(logs or {}, heads)
        row = {"epoch": epoch + 1, "seconds": round(self.seconds(), 2)}
        history = [*self.state.history, {**row, **{k: round(v, 6) for k, v in values.items()}}]
        state = replace(self.state, epoch=epoch + 1, history=history, step=0, seconds=0.0)
        validated = any(name.startswith("val_") for name in values)
        if validated and (better := selection_score(values, heads)) > state.best_score:
            state = replace(state, best_epoch=epoch + 1, best_score=better)
        self._save(state)
        if self.writes:
            write_metrics(history, self.workdir / "metrics.csv")
            plot_curves(history, self.workdir / "curves.png", title=self.model.name)
        self._stop_if_asked()

    def seconds(self) -> float:
        """Since the epoch began, without the time that the run lay still."""
        return time.perf_counter() - self._started

    def _save(self, state: State) -> None:
        if self.writes:
            self.checkpoints.save(self.model, state)
        self.state, self._saved = state, time.perf_counter()

    def _stop_if_asked(self) -> None:
        if self.asked.signum:
            step = f", step {self.state.step} of {self.steps} in the next" * bool(self.state.step)
            raise Stopped(self.asked.signum, f"{self.state.epoch} epochs done{step}")


def _check_loss(loss: float, epoch: int, step: int) -> None:
    if not np.isfinite(loss):
        raise BonefracError(
            f"The loss is {loss} at step {step} of epoch {epoch}",
            expected="a number",
            fix="Start anew with a lower --learning-rate; the last checkpoint is whole",
        )
