"""The metrics of a run as TensorBoard events; writing them needs no tensorboard."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

from bonefrac.training.recorder import Recorder


class Events(keras.callbacks.Callback):
    """Writes what `metrics.csv` holds, by epoch; stands behind the recorder.

    The events of a resumed run are written anew, so that no epoch is there twice or missing.

    Args:
        recorder: of the same training.
        folder: for the event files.
    """

    def __init__(self, recorder: Recorder, folder: Path) -> None:
        super().__init__()
        self.recorder, self.folder = recorder, folder
        self._writer: Any = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Write the epochs that are done."""
        import tensorflow as tf

        if self._writer is None:  # a resumed epoch is a training of its own to Keras
            shutil.rmtree(self.folder, ignore_errors=True)
            self._writer = tf.summary.create_file_writer(str(self.folder))
            self._write(self.recorder.state.history)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the epoch."""
        self._write(self.recorder.state.history[-1:])

    def _write(self, rows: Iterable[Mapping[str, float]]) -> None:
        import tensorflow as tf

        with self._writer.as_default():
            for row in rows:
                for name, value in row.items():
                    if name != "epoch":
                        tf.summary.scalar(_tag(name), value, step=int(row["epoch"]))
        self._writer.flush()


def _tag(name: str) -> str:
    """TensorBoard lays "loss/train" and "loss/val" beside each other."""
    return f"{name.removeprefix('val_')}/{'val' if name.startswith('val_') else 'train'}"
