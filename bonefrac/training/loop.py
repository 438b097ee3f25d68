"""The epochs of a training, from wherever it stands."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from bonefrac.data.pipeline import Share, mixed_steps
from bonefrac.data.sources import Source
from bonefrac.training.averages import AveragesAnswer
from bonefrac.training.checkpoint import Checkpoints, State
from bonefrac.training.compiled import heads_of
from bonefrac.training.devices import Mesh
from bonefrac.training.events import Events
from bonefrac.training.feed import training_batches, training_shares, validation_batches
from bonefrac.training.interrupt import stop_politely
from bonefrac.training.preview import Preview
from bonefrac.training.progress import Progress
from bonefrac.training.recorder import Recorder
from bonefrac.training.running import Running
from bonefrac.training.schedule import EarlyStop
from bonefrac.training.settings import Settings


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        settings: what is trained.
        sources: on what.
        workdir: the run folder.
        running: how.
        mesh: what it is spread over.
    """

    settings: Settings
    sources: list[Source]
    workdir: Path
    running: Running
    mesh: Mesh

    @property
    def checkpoints(self) -> Checkpoints:
        """Of the run folder."""
        return Checkpoints(self.workdir / "checkpoints")

    @cached_property
    def shares(self) -> list[Share]:
        """What an epoch draws from each data set; finding the fractures reads every label."""
        return training_shares(self.settings, self.sources)

    @property
    def steps(self) -> int:
        """In an epoch.

        Raises:
            BonefracError: there is less than one batch.
        """
        return mixed_steps(self.shares, self.settings.batch_size)


def train(model: keras.Model, state: State, job: Job) -> State:
    """Train to the last epoch.

    Args:
        model: compiled, as `state` left it.
        state: where it stands.
        job: what to do.

    Returns:
        The state after the last epoch.

    Raises:
        BonefracError: the loss is no number.
        Stopped: a signal asked to stop; where it stands is saved.
    """
    validation = validation_batches(job.settings, job.sources, heads=heads_of(model))
    with stop_politely() as asked, contextlib.ExitStack() as closing:
        recorder = Recorder(
            job.checkpoints,
            state,
            job.workdir,
            steps=job.steps,
            minutes=job.running.checkpoint_minutes,
            asked=asked,
            writes=job.mesh.is_first,
            seed=job.settings.seed,
        )
        callbacks = [
            AveragesAnswer(),
            recorder,
            EarlyStop(recorder, job.settings.patience),
            *_watchers(recorder, validation, job, closing),
        ]
        _fit(model, state, job, callbacks, job.mesh.validation(validation))
    return recorder.state


def _fit(model: keras.Model, state: State, job: Job, callbacks: list[Any], validation: Any) -> None:
    if state.step:
        model.evaluate(validation.take(1), verbose=0)  # builds the metrics to be restored
    # Keras would put moving averages in the place of the weights here, as after a training.
    model.optimizer.finalize_variable_values = lambda variables: None
    for first, stop, done in _stretches(state, job.settings.epochs):
        batches = training_batches(
            job.settings, job.shares, heads=heads_of(model), first_epoch=first, stop=stop
        )
        model.fit(
            job.mesh.training(batches.skip(done)),
            validation_data=validation,
            validation_freq=_validated(job.settings),
            shuffle=False,  # the pipeline has shuffled
            steps_per_epoch=job.steps - done,
            initial_epoch=first,
            epochs=stop,
            callbacks=callbacks,
            verbose=0,
        )
        if model.stop_training:
            return


def _validated(settings: Settings) -> list[int]:
    """The epochs that end with a validation, counted from 1."""
    every, last = settings.validate_every, settings.epochs
    return [*range(every, last, every), last]


def _watchers(
    recorder: Recorder, validation: Any, job: Job, closing: contextlib.ExitStack
) -> Iterator[keras.callbacks.Callback]:
    """What shows a person how it goes; of several processes the first one does."""
    if not job.mesh.is_first:
        return
    epochs, running = job.settings.epochs, job.running
    progress = Progress(recorder, epochs=epochs, batch_size=job.settings.batch_size)
    closing.callback(progress.close)
    yield progress
    # One process of several cannot ask a network that lies on all of them.
    if running.preview_every and job.mesh.processes == 1:
        folder = job.workdir / "previews"
        yield Preview(validation, folder, every=running.preview_every, epochs=epochs)
    if running.tensorboard:
        yield Events(recorder, job.workdir / "events")


def _stretches(state: State, epochs: int) -> Iterator[tuple[int, int, int]]:
    """First epoch, the epoch to stop before, and the steps of the first one that are done."""
    first = state.epoch
    if state.step:
        yield first, first + 1, state.step
        first += 1
    if first < epochs:
        yield first, epochs, 0
