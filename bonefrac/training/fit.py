"""Train a preset on data folders and leave a run folder with a model folder in it."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras

from bonefrac import schema
from bonefrac.data.pipeline import known_count
from bonefrac.data.sources import Source, open_sources
from bonefrac.data.store import DataFolder
from bonefrac.data.targets import HEADS
from bonefrac.errors import BonefracError
from bonefrac.training.averages import averaged
from bonefrac.training.checkpoint import State
from bonefrac.training.compiled import compiled
from bonefrac.training.devices import join_processes, spread
from bonefrac.training.finish import write_model
from bonefrac.training.heads import taught_heads
from bonefrac.training.loop import Job, train
from bonefrac.training.memory import explain_shortage
from bonefrac.training.precision import slow_precision
from bonefrac.training.readiness import check_classes, check_parts
from bonefrac.training.run_folder import describe_run, open_run
from bonefrac.training.running import Running
from bonefrac.training.schedule import out_of_patience
from bonefrac.training.settings import Settings
from bonefrac.training.teacher import leaks
from bonefrac.training.transfer import start_from


def fit(
    settings: Settings,
    *,
    data: DataFolder | Sequence[DataFolder],
    workdir: Path,
    resume: bool,
    command: str,
    running: Running | None = None,
) -> Path | None:
    """Train, calibrate, score, and write the model folder.

    Progress goes to stderr. The run can be killed at any moment and resumed; the weights at the
    end are the same.

    Args:
        settings: what to train.
        data: on what; several data sets are drawn from in the shares of `settings.weights`.
        workdir: the run folder: checkpoints, `metrics.csv`, `curves.png`, `run.json`, `model/`.
        resume: go on where the run folder stands; without it the folder must hold no run.
        command: the command line, for the card.
        running: how it runs.

    Returns:
        The model folder; None in all but the first of several processes.

    Raises:
        BonefracError: the run folder holds another run, the data are too few or of one class, or
            their groups lie on several sides; the loss is no number; memory or a device lacks.
        Stopped: Ctrl-C or SIGTERM; where the run stands is saved.
    """
    mesh = join_processes()
    folders = [data] if isinstance(data, DataFolder) else list(data)
    sources = open_sources(folders, weights=settings.weights, fold=settings.fold)
    check_parts(sources)
    settings = _with_taught_heads(settings, sources)
    job = Job(settings, sources, workdir, running or Running(), mesh)
    _check(job)
    run = describe_run(settings, sources, command)
    if mesh.is_first:
        open_run(workdir, run, recipe=job.running.recipe, resume=resume)
    folder = workdir / schema.MODEL_DIR
    with explain_shortage(settings):
        trained = _trained(job)
        if not mesh.is_first:
            return None
        with averaged(trained):
            write_model(folder, settings=settings, trained=trained, sources=sources, run=run)
    return folder


def _check(job: Job) -> None:
    """Refuse what cannot be trained, before anything is written."""
    settings = job.settings
    if settings.devices > 1 and settings.accumulate > 1:
        raise BonefracError(
            f"Gradients of {settings.accumulate} batches on {settings.devices} devices",
            expected="one of both: TensorFlow cannot gather gradients inside a distributed step",
            fix="Raise --batch-size instead of --accumulate",
        )
    if 0 < settings.patience < settings.validate_every:
        raise BonefracError(
            f"A patience of {settings.patience} where each {settings.validate_every} epochs are "
            "validated",
            expected="at least as many epochs of patience as lie between validations",
            fix="Raise --patience or lower --validate-every",
        )
    if schema.FRACTURE in settings.overrides.get("heads", HEADS):
        check_classes(job.sources)
    _ = job.steps  # raises where there is less than one batch


def _trained(job: Job) -> keras.Model:
    """The network at its best epoch, after the training is brought to its end."""
    devices, batch_size = job.settings.devices, job.settings.batch_size
    with spread(job.mesh, devices=devices, batch_size=batch_size) as mesh:
        job = replace(job, mesh=mesh)
        model = compiled(job.settings, job.steps)
        state = _resumed(model, job)
        if state.epoch < job.settings.epochs and not out_of_patience(state, job.settings.patience):
            state = train(model, state, job)
        job.checkpoints.restore(model, state.best_epoch)
        return model


def _resumed(model: keras.Model, job: Job) -> State:
    """The newest checkpoint, or the weights to start from, or fresh ones."""
    state, damaged = job.checkpoints.restore_last(model)
    lines = [f"Warning: {line}" for line in damaged]
    if job.settings.finetune and state == State():
        lines += start_from(model, job.settings)
    for source in job.sources:
        if source.data.split == schema.RANDOM_IMAGES:
            told = f"{source.torn} groups of {source.data.path} lie on both sides"
            lines.append(f"Warning: scores of this split flatter: {told}")
    lines += [f"Warning: {line}" for line in leaks(job.settings, job.sources)]
    lines += [f"Warning: {line}" for line in slow_precision(job.settings)]
    if job.mesh.is_first:
        print("".join(f"{line}\n" for line in lines), end="", file=sys.stderr, flush=True)
    return state


def _with_taught_heads(settings: Settings, sources: Sequence[Source]) -> Settings:
    if "heads" in settings.overrides:
        return settings
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update(known_count(source.data, source.train))
    heads = taught_heads(counts)
    if heads == HEADS:  # what every preset has of itself
        return settings
    return replace(settings, overrides={**settings.overrides, "heads": list(heads)})
