"""Train a preset on data folders and leave a run folder with a model folder in it."""

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bonefrac import schema, storage
from bonefrac.data.pipeline import Share, known_count, mixed_steps
from bonefrac.data.sources import Source, describe, open_sources
from bonefrac.data.store import DataFolder
from bonefrac.data.targets import HEADS
from bonefrac.errors import BonefracError
from bonefrac.training.averages import AveragesAnswer, averaged
from bonefrac.training.checkpoint import Checkpoints
from bonefrac.training.compiled import compiled
from bonefrac.training.feed import training_batches, training_shares, validation_batches
from bonefrac.training.finish import write_model
from bonefrac.training.heads import taught_heads
from bonefrac.training.recorder import Recorder
from bonefrac.training.schedule import EarlyStop, out_of_patience
from bonefrac.training.settings import Settings


def fit(
    settings: Settings,
    *,
    data: DataFolder | Sequence[DataFolder],
    workdir: Path,
    resume: bool,
    command: str,
) -> Path:
    """Train, calibrate, score, and write the model folder.

    Progress goes to stderr. After every epoch the run can be killed and resumed; the weights at
    the end are the same.

    Args:
        settings: what to train.
        data: on what; several data sets are drawn from in the shares of `settings.weights`.
        workdir: the run folder: checkpoints, `metrics.csv`, `curves.png`, `run.json`, `model/`.
        resume: go on where the run folder stands; without it the folder must hold no run.
        command: the command line, for the card.

    Returns:
        The model folder.

    Raises:
        BonefracError: the run folder holds another run, the data are too few, or their groups
            lie on several sides.
    """
    folders = [data] if isinstance(data, DataFolder) else list(data)
    sources = open_sources(folders, weights=settings.weights, fold=settings.fold)
    shares = training_shares(settings, sources)
    steps = mixed_steps(shares, settings.batch_size)
    settings = _with_taught_heads(settings, sources)
    run = _describe(settings, sources, command)
    _open_run(workdir, run, resume=resume)
    model = compiled(settings, steps)
    checkpoints = Checkpoints(workdir / "checkpoints")
    state, damaged = checkpoints.restore_last(model)
    _warn(damaged, sources)
    recorder = Recorder(checkpoints, state, workdir, images=steps * settings.batch_size)
    if state.epoch < settings.epochs and not out_of_patience(state, settings.patience):
        _train(model, settings, shares, sources, recorder, steps=steps, first=state.epoch)
    checkpoints.restore(model, recorder.state.best_epoch)
    folder = workdir / schema.MODEL_DIR
    with averaged(model):
        write_model(folder, settings=settings, trained=model, sources=sources, run=run)
    return folder


def _warn(damaged: Sequence[str], sources: Sequence[Source]) -> None:
    for line in damaged:
        print(f"Warning: {line}", file=sys.stderr)
    for source in sources:
        if source.data.split == schema.RANDOM_IMAGES:
            told = f"{source.torn} groups of {source.data.path} lie on both sides"
            print(f"Warning: scores of this split flatter: {told}", file=sys.stderr)


def _train(
    model: Any,
    settings: Settings,
    shares: Sequence[Share],
    sources: Sequence[Source],
    recorder: Recorder,
    *,
    steps: int,
    first: int,
) -> None:
    """The epochs from `first` on; progress goes to stderr."""
    heads = tuple(model.output)
    with contextlib.redirect_stdout(sys.stderr):
        model.fit(
            training_batches(settings, shares, heads=heads, first_epoch=first),
            validation_data=validation_batches(settings, sources, heads=heads),
            shuffle=False,  # the pipeline has shuffled
            steps_per_epoch=steps,
            initial_epoch=first,
            epochs=settings.epochs,
            callbacks=[AveragesAnswer(), recorder, EarlyStop(recorder, settings.patience)],
            verbose=1 if sys.stderr.isatty() else 2,
        )


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


def _describe(settings: Settings, sources: Sequence[Source], command: str) -> dict[str, Any]:
    paths = [str(source.data.path.resolve()) for source in sources]
    run = {
        "settings": asdict(settings),
        "data": {**describe(sources), "paths": paths},
        "command": command,
    }
    return json.loads(json.dumps(run))  # as it will be read again: lists, not tuples


def _open_run(workdir: Path, run: dict[str, Any], *, resume: bool) -> None:
    path = workdir / schema.RUN_FILE
    if not path.is_file():
        workdir.mkdir(parents=True, exist_ok=True)
        storage.write_text(path, json.dumps(run, indent=1) + "\n")
        return
    if not resume:
        raise BonefracError(
            f"{workdir} holds a run",
            expected="a new --workdir",
            fix="Add --resume to go on with it",
        )
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = [key for key, now in run["settings"].items() if before["settings"].get(key) != now]
    if before["data"]["sha256"] != run["data"]["sha256"]:
        changed.append("data")
    if changed:
        raise BonefracError(
            f"{workdir} was started with another {', '.join(changed)}",
            expected=f"as in {path}",
            fix="Resume with the same settings or choose a new --workdir",
        )
