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
                        at = int(row["epoch"])
                        tf.summary.write(_tag(name), float(value), at, metadata=_scalar())
        self._writer.flush()


def _scalar() -> Any:
    """What `tf.summary.scalar` would write, if it did not ask for tensorboard."""
    import tensorflow as tf

    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
    return tf.compat.v1.SummaryMetadata(plugin_data=plugin, data_class="DATA_CLASS_SCALAR")


def _tag(name: str) -> str:
    """TensorBoard lays "loss/train" and "loss/val" beside each other."""
    return f"{name.removeprefix('val_')}/{'val' if name.startswith('val_') else 'train'}"
