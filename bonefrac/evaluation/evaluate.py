"""Score a model on a data folder: everything that a report holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bonefrac.data.store import DataFolder
from bonefrac.evaluation import baselines
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.curves import curve_statistics, curves
from bonefrac.evaluation.figures import Figure, figures
from bonefrac.evaluation.observe import Observer, examples, observe
from bonefrac.evaluation.provenance import Choice
from bonefrac.evaluation.resample import ROUNDS, Progress, Sampled, resample
from bonefrac.evaluation.slices import Slice, slices
from bonefrac.evaluation.weighted import Statistic

_Z = 1.96  # standard deviations that hold 95 % of a normal distribution

Predicted = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Observed:
    """A model's answers, and those of the trivial models to the same radiographs.

    Attributes:
        cases: the model's.
        trivial: trivial model -> probabilities [N], none where nothing was left to fit them on.
    """

    cases: Cases
    trivial: Predicted


def look(
    observer: Observer, data: DataFolder, choice: Choice, *, progress: Progress | None = None
) -> Observed:
    """Show the radiographs to the model, and to trivial models fitted on the others."""
    cases = observe(observer, data, choice.split, progress=progress)
    training = _known(data, choice.fit)
    names = baselines.useful(cases) if training else []
    trivial = {name: baselines.rates(training, baselines.KNOWS[name])(cases) for name in names}
    return Observed(cases, trivial)


def pool(observed: Iterable[Observed]) -> Observed:
    """The test folds of a k-fold cross-validation together."""
    parts = list(observed)
    names = [name for name in baselines.KNOWS if all(name in part.trivial for part in parts)]
    trivial = {name: np.concatenate([part.trivial[name] for part in parts]) for name in names}
    return Observed(Cases([row for part in parts for row in part.cases.rows]), trivial)


def measure(
    observed: Observed,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Scores, baselines, slices and curves, all with intervals from the same resamples.

    Returns:
        `counts`, `scores`, `baselines`, `slices` and `curves`, as docs/reference/report.md tells.
    """
    cases = observed.cases
    found, parts = figures(cases), slices(cases)
    trivial = baselines.baseline_statistics(cases, observed.trivial)
    statistics: dict[Any, Statistic] = {
        **{("scores", key): figure.statistic for key, figure in found.items()},
        **{("curves", key): statistic for key, statistic in curve_statistics(cases).items()},
        **{("baselines", n, k): s for n, of_one in trivial.items() for k, s in of_one.items()},
        **{("slices", p.by, p.name, k): f.statistic for p in parts for k, f in p.figures.items()},
    }
    sampled = resample(statistics, cases.group, rounds=rounds, seed=seed, progress=progress)
    return {
        "counts": counts(cases),
        "scores": {key: entry(sampled["scores", key], found[key]) for key in found},
        "baselines": {
            name: {key: entry(sampled["baselines", name, key]) for key in of_one}
            for name, of_one in trivial.items()
        },
        "slices": [_slice(part, cases, sampled) for part in parts],
        "curves": curves(cases, {k[1]: s for k, s in sampled.items() if k[0] == "curves"}),
    }


def counts(cases: Cases) -> dict[str, int]:
    """How many radiographs there are of each kind."""
    return {
        "radiographs": len(cases),
        "groups": len(np.unique(cases.group)),
        "fractured": int(np.sum(cases.label == 1)),
        "intact": int(np.sum(cases.label == 0)),
        "unlabelled": int(np.sum(~cases.labelled)),
        "outlined": int(np.sum(cases.outlined)),
        "lesions": sum(len(t) for t, k in zip(cases.truths, cases.known, strict=True) if k),
    }


def entry(sampled: Sampled, figure: Figure | None = None) -> dict[str, Any]:
    """A score as a report holds it: value, interval, and what it counts where that is told."""
    ends: tuple[Any, Any] = sampled.interval
    low, high = ends
    if figure is not None and figure.groups and low == high == sampled.value:
        low, high = _never_certain(float(sampled.value), figure.groups)
    told = {"value": number(sampled.value), "low": number(low), "high": number(high)}
    if figure is not None:
        told |= {"n": figure.n, "baseline": number(figure.baseline)}
    return told


def _never_certain(value: float, groups: int) -> tuple[float, float]:
    """Where every resample gives the same 0 or 1, the interval of Wilson (1927) instead.

    Ten of ten is no proof of all: a bootstrap cannot draw what it has never seen.
    """
    if value not in (0.0, 1.0):
        return value, value
    reach = _Z**2 / (groups + _Z**2)
    return (0.0, reach) if value == 0 else (1 - reach, 1.0)


def number(value: Any) -> float | None:
    """Four decimals, None for what cannot be had."""
    return None if value is None or np.isnan(value) else round(float(value), 4)


def _known(data: DataFolder, split: str) -> list[baselines.Known]:
    return baselines.known(examples(data, split, skip=True)) if split else []


def _slice(part: Slice, cases: Cases, sampled: Mapping[Any, Sampled]) -> dict[str, Any]:
    inside = cases.take(part.rows)
    told = {
        key: entry(sampled["slices", part.by, part.name, key], f) for key, f in part.figures.items()
    }
    return {"by": part.by, "name": part.name, "counts": counts(inside), "scores": told}
