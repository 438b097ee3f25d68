"""Train a preset on a data folder and leave a run folder with a model folder in it."""

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bonefrac import schema, storage
from bonefrac.data.augment import STRENGTHS
from bonefrac.data.pipeline import eval_batches, steps_per_epoch, train_batches
from bonefrac.data.splits import train_validation_test
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError
from bonefrac.training.checkpoint import Checkpoints
from bonefrac.training.compiled import compiled
from bonefrac.training.finish import write_model
from bonefrac.training.recorder import Recorder
from bonefrac.training.settings import Settings


def fit(settings: Settings, *, data: DataFolder, workdir: Path, resume: bool, command: str) -> Path:
    """Train, calibrate, score, and write the model folder.

    Progress goes to stderr. After every epoch the run can be killed and resumed; the weights at
    the end are the same.

    Args:
        settings: what to train.
        data: on what.
        workdir: the run folder: checkpoints, `metrics.csv`, `curves.png`, `run.json`, `model/`.
        resume: go on where the run folder stands; without it the folder must hold no run.
        command: the command line, for the card.

    Returns:
        The model folder.

    Raises:
        BonefracError: the run folder holds another run, or the data are too few.
    """
    train, validation, test = train_validation_test(settings.fold, len(data.counts))
    steps = steps_per_epoch(data, train, settings.batch_size)
    run = _describe(settings, data, command)
    _open_run(workdir, run, resume=resume)
    model = compiled(settings, steps)
    checkpoints = Checkpoints(workdir / "checkpoints")
    state, damaged = checkpoints.restore_last(model)
    for line in damaged:
        print(f"Warning: {line}", file=sys.stderr)
    recorder = Recorder(checkpoints, state, workdir, images=steps * settings.batch_size)
    if state.epoch < settings.epochs:
        sizes: dict[str, Any] = {
            "image_size": settings.image_size,
            "batch_size": settings.batch_size,
        }
        with contextlib.redirect_stdout(sys.stderr):
            model.fit(
                train_batches(
                    data,
                    train,
                    **sizes,
                    seed=settings.seed,
                    first_epoch=state.epoch,
                    epochs=settings.epochs,
                    strength=STRENGTHS[settings.augment],
                ),
                validation_data=eval_batches(data, validation, **sizes),
                shuffle=False,  # the pipeline has shuffled
                steps_per_epoch=steps,
                initial_epoch=state.epoch,
                epochs=settings.epochs,
                callbacks=[recorder],
                verbose=1 if sys.stderr.isatty() else 2,
            )
    checkpoints.restore(model, recorder.state.best_epoch)
    folder = workdir / schema.MODEL_DIR
    splits = {"validation": validation, "test": test}
    write_model(folder, settings=settings, trained=model, data=data, splits=splits, run=run)
    return folder


def _describe(settings: Settings, data: DataFolder, command: str) -> dict[str, Any]:
    run = {
        "settings": asdict(settings),
        "data": {"name": data.name, "sha256": data.sha256, "path": str(data.path.resolve())},
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
