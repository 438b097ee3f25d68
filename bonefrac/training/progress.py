"""What a person sees of a training: one line an epoch, and on a terminal a bar within it."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from bonefrac.training.compiled import heads_of
from bonefrac.training.heads import metric_of
from bonefrac.training.recorder import Recorder

_WORDS = {"dice": "Dice", "auc": "AUC", "mae": "MAE"}
_HEADS = {"mask": "", "fracture": "", "abnormality": "abnormality ", "bone_age_months": "bone age "}


class Progress(keras.callbacks.Callback):
    """Writes the lines to stderr; stands behind the recorder, whose state it reads.

    Args:
        recorder: of the same training.
        epochs: of the whole run.
        batch_size: radiographs a step.
    """

    def __init__(self, recorder: Recorder, *, epochs: int, batch_size: int) -> None:
        super().__init__()
        self.recorder, self.epochs, self.batch_size = recorder, epochs, batch_size
        self._bar: Any = None
        self._pace: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock and the bar."""
        self._first, self._started = self.recorder.done, time.perf_counter()
        self._trained = 0.0
        if sys.stderr.isatty():
            self._bar = _bar(f"Epoch {epoch + 1}/{self.epochs}", self.recorder)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar."""
        if self._bar:
            loss = f"loss {(logs or {})['loss']:.4f}"
            self._bar.update(self._bar.task_ids[0], completed=self.recorder.done, loss=loss)

    def on_test_begin(self, logs: dict | None = None) -> None:
        """The epoch's steps are done; what follows is validation."""
        self._trained = time.perf_counter() - self._started

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the line of the epoch."""
        self.close()
        steps = self.recorder.steps - self._first
        passed = time.perf_counter() - self._started
        self._pace.append(passed * self.recorder.steps / steps)
        state = self.recorder.state
        line = epoch_line(
            state.history[-1],
            heads_of(self.model),
            epochs=self.epochs,
            rate=steps * self.batch_size / (self._trained or passed),
            left=(self.epochs - state.epoch) * sum(self._pace[-5:]) / len(self._pace[-5:]),
            best=state.best_epoch == state.epoch,
        )
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def epoch_line(
    row: Mapping[str, float],
    heads: Sequence[str],
    *,
    epochs: int,
    rate: float,
    left: float,
    best: bool,
) -> str:
    """The line of an epoch.

    Args:
        row: of `metrics.csv`.
        heads: of the network.
        epochs: of the whole run.
        rate: radiographs trained on in a second.
        left: seconds to the end of the last epoch.
        best: whether no epoch before was better in validation.
    """
    number = f"{row['epoch']:{len(str(epochs))}}"
    parts = [f"Epoch {number}/{epochs}", clock(row["seconds"]), f"{clock(left)} left"]
    parts += [f"{rate:.1f} images/s", f"loss {row['loss']:.4f}"]
    scores = [_score(row, head) for head in heads if _shown(row, head)]
    parts += [f"val {', '.join(scores)}"] * bool(scores)
    return "  ".join(parts + ["best"] * best)


def clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any: "1:02", "2:00:05"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _shown(row: Mapping[str, float], head: str) -> bool:
    return head in _HEADS and f"val_{metric_of(head)}" in row


def _score(row: Mapping[str, float], head: str) -> str:
    metric = metric_of(head)
    word = _WORDS[metric.removeprefix(f"{head}_")]
    value = row[f"val_{metric}"]
    return (
        f"{_HEADS[head]}{word} {value:.1f}"
        if word == "MAE"
        else f"{_HEADS[head]}{word} {value:.3f}"
    )


def _bar(title: str, recorder: Recorder) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[loss]}"),
    )
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(title, total=recorder.steps, completed=recorder.done, loss="")
    bar.start()
    return bar
