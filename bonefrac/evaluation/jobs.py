"""The jobs of `bonefrac-evaluate`: one model, the folds of one, several against the first."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.compare import differences
from bonefrac.evaluation.evaluate import Observed, entry, look, measure, pool
from bonefrac.evaluation.figures import figures
from bonefrac.evaluation.observe import Observer, examples, observe, outputs_of
from bonefrac.evaluation.outputs import Outputs
from bonefrac.evaluation.protocol import calibrate as calibrate_on
from bonefrac.evaluation.provenance import Choice, choose
from bonefrac.evaluation.report.document import (
    COMPARISON,
    CROSS_VALIDATION,
    EVALUATION,
    heading,
)
from bonefrac.evaluation.resample import ROUNDS, Progress, resample
from bonefrac.inference.ensemble import members
from bonefrac.inference.finding import Finding
from bonefrac.inference.predictor import load_model

FOLD_SCORES = ("accuracy", "auc", "dice", "jaccard", "froc", "ap50")


@dataclass(frozen=True, eq=False)
class Model:
    """A model of a job: where it lies, how it answers, and what it is shown.

    Attributes:
        path: of the model.
        observer: with the thresholds to score it at.
        choice: what it is scored on.
        fitted: what its thresholds were fitted on anew, None for those of the card.
    """

    path: Path
    observer: Observer
    choice: Choice
    fitted: Outputs | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """Models to score on a data folder.

    Attributes:
        models: at least one.
        data: the data folder.
        rounds: resamples of the intervals.
        seed: of the draws.
        command: how the program was called.
        progress: told of radiographs and resamples done.
    """

    models: Sequence[Model]
    data: DataFolder
    rounds: int = ROUNDS
    seed: int = 0
    command: str = ""
    progress: Progress | None = None

    def heading(self, kind: str) -> dict[str, Any]:
        """What is scored on what, as a report says it."""
        return heading(
            kind=kind,
            observers=[(m.path, m.observer) for m in self.models],
            choices=[m.choice for m in self.models],
            data=self.data,
            rounds=self.rounds,
            seed=self.seed,
            command=self.command,
        )

    def told(self, what: str) -> Progress | None:
        """Progress of one model among several, under a name of its own."""
        progress = self.progress
        return progress and (lambda _, done, total: progress(what, done, total))

    @property
    def bootstrap(self) -> dict[str, Any]:
        """Arguments of the resampling."""
        return {"rounds": self.rounds, "seed": self.seed, "progress": self.progress}


def open_model(
    path: Path,
    data: DataFolder,
    *,
    split: str | None = None,
    fold: int | None = None,
    calibrate: str | None = None,
    tta: bool = False,
    progress: Progress | None = None,
) -> Model:
    """Load a model, choose what it is scored on, and fit its thresholds anew where asked.

    Args:
        path: whatever `load_model` takes; models joined by `+` answer as one.
        data: the data folder.
        split: as `choose` takes it; likewise `fold` and `calibrate`.
        tta: whether it is asked in eight views.
        progress: told of the radiographs done.

    Raises:
        BonefracError: no model, no such split, or a model that knows no fractures.
    """
    observer = Observer(load_model(members(path), tta=tta))
    choice = choose(observer.predictor.card, data, split=split, fold=fold, calibrate=calibrate)
    if not choice.calibrate:
        return Model(path, observer, choice)
    answers = observe(observer, data, choice.calibrate, progress=progress)
    fitted = outputs_of(answers, observer.calibration)
    return Model(path, Observer(observer.predictor, calibrate_on(fitted)), choice, fitted)


def evaluate_one(job: Job) -> tuple[dict[str, Any], Cases]:
    """Score the only model.

    Returns:
        The report, and the answers.
    """
    (model,) = job.models
    observed = look(model.observer, job.data, model.choice, progress=job.progress)
    return job.heading(EVALUATION) | measure(observed, **job.bootstrap), observed.cases


def cross_validate(job: Job) -> tuple[dict[str, Any], Cases]:
    """Score each model on its own test fold, and all folds together.

    Raises:
        BonefracError: two models are scored on the same radiographs.
    """
    splits = Counter(model.choice.split for model in job.models)
    if doubled := [split for split, count in splits.items() if count > 1]:
        raise BonefracError(
            f"{splits[doubled[0]]} models scored on {doubled[0]}",
            expected="the models of a cross-validation, each with a test fold of its own",
            fix="Leave out --split and --fold, and give every fold's model once",
        )
    parts = [
        look(m.observer, job.data, m.choice, progress=job.told(m.choice.split)) for m in job.models
    ]
    observed = pool(parts)
    report = job.heading(CROSS_VALIDATION) | measure(observed, **job.bootstrap)
    pairs = zip(job.models, parts, strict=True)
    return report | {"folds": [_fold(model, part) for model, part in pairs]}, observed.cases


def compare(job: Job) -> dict[str, Any]:
    """Score all models on the same radiographs, and each later one against the first.

    Raises:
        BonefracError: fewer than two models, or other radiographs for each.
    """
    splits = list(dict.fromkeys(model.choice.split for model in job.models))
    if len(job.models) < 2 or len(splits) > 1:
        raise BonefracError(
            f"{len(job.models)} models, tested on {', '.join(splits)}",
            expected="two models or more and one split",
            fix="Give --split and --fold",
        )
    answers: list[tuple[str, Cases]] = []
    for name, model in zip(_names(job.models), job.models, strict=True):
        progress = job.told(f"model {len(answers) + 1}")
        answers.append((name, observe(model.observer, job.data, splits[0], progress=progress)))
    report = job.heading(COMPARISON)
    report["of_each"] = [_of_each(name, cases, job) for name, cases in answers]
    return report | {"differences": differences(answers, **job.bootstrap)}


def finder(job: Job) -> Callable[[str, set[str]], Mapping[str, tuple[Finding, np.ndarray]]]:
    """A function from a split and ids in it to what the job's model shows, and the true mask."""

    def find(split: str, ids: set[str]) -> dict[str, tuple[Finding, np.ndarray]]:
        model = next(m for m in job.models if split in m.choice.split.split("+"))
        found = {}
        for example in examples(job.data, split):
            if (name := example[schema.ID].decode()) in ids:
                found[name] = model.observer.finding(example), example[schema.MASK][..., 0]
        return found

    return find


def _fold(model: Model, observed: Observed) -> dict[str, Any]:
    """Values alone: the intervals of so few radiographs are those of the folds together."""
    found = figures(observed.cases)
    whole = np.ones((1, len(observed.cases)))
    scores = {
        key: round(float(found[key].statistic(whole)[0]), 4) for key in FOLD_SCORES if key in found
    }
    finite = {key: None if np.isnan(value) else value for key, value in scores.items()}
    return {"split": model.choice.split, "model": str(model.path), "scores": finite}


def _of_each(name: str, cases: Cases, job: Job) -> dict[str, Any]:
    found = figures(cases)
    statistics = {key: figure.statistic for key, figure in found.items()}
    sampled = resample(statistics, cases.group, **job.bootstrap)
    return {"model": name, "scores": {key: entry(sampled[key], found[key]) for key in found}}


def _names(models: Sequence[Model]) -> list[str]:
    """Names of the models; where two are alike, with their paths."""
    names = [model.observer.predictor.card.name for model in models]
    alike = Counter(names)
    return [
        name if alike[name] == 1 else f"{name} ({model.path})"
        for name, model in zip(names, models, strict=True)
    ]
