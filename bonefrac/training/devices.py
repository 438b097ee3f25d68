"""More than one device, and more than one machine: what a training is spread over."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from bonefrac.errors import BonefracError

_COORDINATOR = "BONEFRAC_COORDINATOR"
_ID, _COUNT = "BONEFRAC_PROCESS_ID", "BONEFRAC_PROCESS_COUNT"


@dataclass(frozen=True)
class Mesh:
    """What a training is spread over; each device takes an equal part of every batch.

    Attributes:
        devices: of all processes together.
        process: the number of this one; the first, 0, writes and prints.
        processes: how many there are.
    """

    devices: int = 1
    process: int = 0
    processes: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes."""
        return self.process == 0

    def training(self, batches: Any) -> Any:
        """This process' part of each batch."""
        return batches if self.processes == 1 else batches.map(self._part)

    def validation(self, batches: Any) -> Any:
        """This process' part of each batch, filled up with examples of weight 0.

        JAX splits no batch that does not divide. The fill counts in `val_loss`, which is a mean
        over the batch, and in no other score.
        """
        if self.devices == 1 or keras.backend.backend() != "jax":
            return batches
        return self.training(batches.map(lambda *batch: _filled(batch, self.devices)))

    def _part(self, *batch: Any) -> Any:
        import tensorflow as tf

        def part(values: Any) -> Any:
            size = tf.shape(values)[0] // self.processes
            return values[self.process * size : (self.process + 1) * size]

        return tf.nest.map_structure(part, batch)


def join_processes() -> Mesh:
    """Join the other processes of a training, where the environment names some.

    `BONEFRAC_COORDINATOR` is "host:port" of process 0, `BONEFRAC_PROCESS_ID` and
    `BONEFRAC_PROCESS_COUNT` are numbers; below Slurm's `srun` none of them is needed.

    Returns:
        The mesh of one device a process.

    Raises:
        BonefracError: several processes on another backend than JAX, or variables missing.
    """
    told = [name for name in (_COORDINATOR, _ID, _COUNT) if name in os.environ]
    slurm = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1
    if not told and not slurm:
        return Mesh()
    if keras.backend.backend() != "jax":
        raise BonefracError(
            f"Several processes on the {keras.backend.backend()} backend",
            expected="the JAX backend",
            fix="Set KERAS_BACKEND=jax",
        )
    import jax

    if not jax.distributed.is_initialized():
        keras.distribution.initialize(*(_from_environment(told) if told else ()))
    return Mesh(jax.process_count(), jax.process_index(), jax.process_count())


@contextlib.contextmanager
def spread(mesh: Mesh, *, devices: int, batch_size: int) -> Iterator[Mesh]:
    """Build and train what is built and trained inside on several devices.

    Args:
        mesh: from `join_processes`.
        devices: of each process, 1 for the one that the backend chooses.
        batch_size: of all devices together.

    Raises:
        BonefracError: there are fewer devices, the backend cannot, or the batch does not divide.
    """
    mesh = Mesh(devices * mesh.processes, mesh.process, mesh.processes)
    if mesh.devices == 1:
        yield mesh
        return
    if batch_size % mesh.devices:
        raise BonefracError(
            f"Batches of {batch_size} on {mesh.devices} devices",
            expected="the same number of radiographs on each",
            fix=f"Set --batch-size to a multiple of {mesh.devices}",
        )
    backend = keras.backend.backend()
    if backend == "tensorflow":
        with _mirrored(devices):
            yield mesh
    elif backend == "jax":
        with _data_parallel(devices):
            yield mesh
    else:
        raise BonefracError(
            f"{devices} devices on the {backend} backend",
            expected="TensorFlow or JAX",
            fix="Set KERAS_BACKEND",
        )


def _from_environment(told: list[str]) -> tuple[str, int, int]:
    if len(told) < 3 or not (os.environ[_ID].isdecimal() and os.environ[_COUNT].isdecimal()):
        raise BonefracError(
            f"The environment variables {', '.join(f'{n}={os.environ[n]}' for n in told)}",
            expected=f"{_COORDINATOR}=host:port, {_ID} and {_COUNT}",
            fix="Set all three on every machine",
        )
    return os.environ[_COORDINATOR], int(os.environ[_COUNT]), int(os.environ[_ID])


def _mirrored(devices: int) -> Any:
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    _check_found(len(found), devices)
    return tf.distribute.MirroredStrategy([device.name for device in found[:devices]]).scope()


@contextlib.contextmanager
def _data_parallel(devices: int) -> Iterator[None]:
    import jax

    _check_found(jax.local_device_count(), devices)
    taken: list[str] = []
    for process in range(jax.process_count()):
        own = [d for d in jax.devices() if d.process_index == process]
        taken += [f"{device.platform}:{device.id}" for device in own[:devices]]
    # Keras would split the batches itself, if it could tell how large they are.
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=taken, auto_shard_dataset=False)
    )
    try:
        with _trusted_transfers():
            yield
    finally:
        keras.distribution.set_distribution(before)


@contextlib.contextmanager
def _trusted_transfers() -> Iterator[None]:
    """Spare processes the comparison of each value that they lay on all devices.

    JAX gathers it from all of them first. On CPUs (JAX 0.10.2) these small messages meet those of
    the training step, and Gloo ends both processes with "collective mismatch". Every value that
    Keras lays down while it trains is a constant or follows from the seed.
    """
    from jax.experimental import multihost_utils

    compare = multihost_utils.assert_equal
    multihost_utils.assert_equal = lambda *_, **__: None
    try:
        yield
    finally:
        multihost_utils.assert_equal = compare


def _check_found(found: int, wanted: int) -> None:
    if found < wanted:
        raise BonefracError(
            f"{wanted} devices asked for, {found} found",
            expected="as many",
            fix="Lower --devices",
        )


def _filled(batch: Any, multiple: int) -> Any:
    import tensorflow as tf

    def fill(values: Any) -> Any:
        lacking = -tf.shape(values)[0] % multiple
        return tf.pad(values, [[0, lacking], *[[0, 0]] * (values.shape.rank - 1)])

    return tf.nest.map_structure(fill, batch)
