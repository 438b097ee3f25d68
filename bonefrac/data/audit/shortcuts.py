"""Whether something beside the bones predicts the label: one cross-validated AUC a feature."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from bonefrac.data.audit.duplicates import joined_groups
from bonefrac.data.audit.finding import Evidence, Finding, Severity, Table
from bonefrac.data.audit.scan import Facts
from bonefrac.data.catalogue import Entry
from bonefrac.data.splits import sha256

_FOLDS = 5
_BINS = 10  # of equal counts, for a number
_SMOOTHING = 10.0  # radiographs of the average rate that every class of a feature starts with
_RESAMPLES = 1000
_BATCH = 50  # of them at once
_FEWEST = 20  # radiographs of each label, and groups
_WARN, _SEVERE = 0.55, 0.8  # lower end of the interval
_ROWS = 12  # of a table
# A class gives the label away if so many of it share one, and its rate is so far from all the rest.
_PURE, _UP = 0.9, 0.3
_TEXT = {1: "yes", 0: "no"}

FEATURES: dict[str, Callable[[int, Entry, Facts], str | float]] = {
    "body part": lambda k, entry, facts: entry.body_part,
    "view": lambda k, entry, facts: entry.view,
    "hardware": lambda k, entry, facts: _TEXT.get(entry.hardware, ""),
    "picture size": lambda k, entry, facts: "{1}x{0}".format(*facts.size),
    "aspect": lambda k, entry, facts: facts.size[1] / facts.size[0],
    "encoding": lambda k, entry, facts: facts.encoding,
    "bytes per pixel": lambda k, entry, facts: facts.file_bytes / (facts.size[0] * facts.size[1]),
    "mean gray level": lambda k, entry, facts: facts.mean,
    "contrast": lambda k, entry, facts: facts.high - facts.low,
    "order of ids": lambda k, entry, facts: float(k),
}


@dataclass(frozen=True)
class Shortcut:
    """How well one feature alone predicts the label.

    Attributes:
        feature: its name.
        auc: cross-validated over groups, 0.5 for a feature that tells nothing.
        low: lower end of the 95 % interval, from resampling groups; `high` the upper.
        radiographs: how many it was measured on; `positive` of them.
        table: class of the feature -> counts.
        telling: the classes that give the label away, in words: "81 of 83 with yes are positive".
    """

    feature: str
    auc: float
    low: float
    high: float
    radiographs: int
    positive: int
    table: Table = field(default_factory=dict)
    telling: tuple[str, ...] = ()


def shortcuts(evidence: Evidence, *, seed: int = 0) -> list[Shortcut]:
    """Measure every feature that has at least two values, best predictor first.

    The score of a radiograph is the rate of positives in its class of the feature (its tenth, for
    a number) in the other folds, smoothed. Folds and intervals keep groups and near-duplicates
    together.

    Args:
        evidence: with labels of both kinds; else there is nothing to measure.
        seed: of the resampling.
    """
    used = [k for k, (entry, facts) in enumerate(evidence.all()) if _usable(entry, facts)]
    labels = np.array([evidence.entries[k].label for k in used], int)
    names = joined_groups(evidence.entries, evidence.pairs)
    unique, groups = np.unique([names[k] for k in used], return_inverse=True)
    if min(labels.sum(), (1 - labels).sum(), len(unique)) < _FEWEST:
        return []
    # By name alone: in folds that are dealt by label, what is rare in one is common in the others,
    # and a feature that tells nothing came out at an AUC of 0.43.
    folds = np.array([int(sha256(str(name)), 16) % _FOLDS for name in unique])[groups]
    found = []
    for feature, value in FEATURES.items():
        values = [value(k, evidence.entries[k], evidence.facts[k]) for k in used]
        classes, texts = _classes(values)
        if len(texts) > 1:
            scores = _out_of_fold(classes, labels, folds)
            auc, low, high = auc_with_interval(
                scores, labels, groups=groups, folds=folds, seed=seed
            )
            counts = len(used), int(labels.sum())
            told = _table(classes, texts, labels), _telling(classes, texts, labels)
            found.append(Shortcut(feature, auc, low, high, *counts, *told))
    return sorted(found, key=lambda shortcut: -shortcut.auc)


def as_findings(found: Sequence[Shortcut]) -> Iterator[Finding]:
    """A finding for each feature that predicts the label, or gives it away for some radiographs."""
    for shortcut in found:
        if shortcut.low > _WARN or shortcut.telling:
            told = "; ".join(shortcut.telling)
            yield Finding(
                f"shortcut_{shortcut.feature.replace(' ', '_')}",
                Severity.SEVERE if shortcut.low > _SEVERE else Severity.WARNING,
                f"Shortcut: {shortcut.feature} alone predicts the label",
                f"AUC {shortcut.auc:.2f} (95 % interval {shortcut.low:.2f} to {shortcut.high:.2f}) "
                f"without a look at a bone{'; ' + told if told else ''}. A network may learn this "
                "instead of fractures: report scores for each class of it, and beside them the "
                "score that it reaches alone.",
                table=shortcut.table,
            )


def auc_with_interval(
    scores: np.ndarray,
    labels: np.ndarray,
    *,
    groups: np.ndarray,
    folds: np.ndarray,
    seed: int,
) -> tuple[float, float, float]:
    """Area under the ROC curve within folds, and its 95 % interval.

    The share of pairs of a positive and a negative of the same fold of which the positive has
    the higher score, ties counted half. Scores of two folds come from two models and are not
    compared: a feature that tells nothing would come out on either side of 0.5.

    Args:
        scores: [N], higher for positive.
        labels: [N] of 0 and 1.
        groups: [N] numbers of groups from 0, which are drawn with replacement.
        folds: [N] numbers of folds.
        seed: of the draws.
    """
    levels, level = np.unique(
        np.stack([folds, np.round(scores, 9)], axis=1), axis=0, return_inverse=True
    )
    starts = np.searchsorted(levels[:, 0], levels[:, 0])
    count = int(groups.max()) + 1
    # Groups by levels, so that a draw is one product whatever the number of radiographs.
    negative, positive = (
        csr_array(((labels == k).astype(float), (groups, level)), shape=(count, len(levels)))
        for k in (0, 1)
    )
    rng = np.random.default_rng(seed)
    drawn = []
    for batch in range(0, _RESAMPLES, _BATCH):
        draws = min(_BATCH, _RESAMPLES - batch)
        weights = rng.multinomial(count, np.full(count, 1 / count), size=draws)
        pairs = zip(weights @ negative, weights @ positive, strict=True)
        drawn += [_auc(*pair, starts) for pair in pairs]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return _auc(negative.sum(axis=0), positive.sum(axis=0), starts), float(low), float(high)


def _auc(negative: np.ndarray, positive: np.ndarray, starts: np.ndarray) -> float:
    """From how many of each label have each level of the score.

    Args:
        negative: [L], by fold and in rising order within each; likewise `positive`.
        starts: [L], where the fold of a level starts.
    """
    before = np.cumsum(negative) - negative
    below = before - before[starts] + negative / 2
    inside = [np.add.reduceat(count, np.unique(starts)) for count in (negative, positive)]
    pairs = float(inside[0] @ inside[1])
    return float(positive @ below / pairs) if pairs else float("nan")


def _usable(entry: Entry, facts: Facts) -> bool:
    return entry.label >= 0 and not facts.why_left_out


def _classes(values: Sequence[str | float]) -> tuple[np.ndarray, list[str]]:
    """Number the classes of a feature from 0, and name them; a number is cut into tenths."""
    if isinstance(values[0], str):
        names, classes = np.unique(np.array(values, str), return_inverse=True)
        return classes, [str(name) or "(unknown)" for name in names]
    numbers = np.asarray(values, float)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _BINS + 1)))[1:-1]
    classes = np.unique(np.searchsorted(edges, numbers, side="left"), return_inverse=True)[1]
    texts = []
    for k in range(int(classes.max()) + 1):
        part = numbers[classes == k]
        texts.append(f"{part.min():.4g} to {part.max():.4g}")
    return classes, texts


def _out_of_fold(classes: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    scores = np.zeros(len(labels))
    count = int(classes.max()) + 1
    for fold in np.unique(folds):
        held, other = folds == fold, folds != fold
        rate = labels[other].mean()
        seen = np.bincount(classes[other], minlength=count)
        positive = np.bincount(classes[other], weights=labels[other], minlength=count)
        smoothed = (positive + _SMOOTHING * rate) / (seen + _SMOOTHING)
        scores[held] = smoothed[classes[held]]
    return scores


def _table(classes: np.ndarray, texts: Sequence[str], labels: np.ndarray) -> Table:
    seen = np.bincount(classes)
    positive = np.bincount(classes, weights=labels).astype(int)
    largest = sorted(np.argsort(-seen, kind="stable")[:_ROWS].tolist())
    return {
        texts[k]: {
            "radiographs": str(seen[k]),
            "positive": str(positive[k]),
            "rate": f"{positive[k] / seen[k]:.1%}",
        }
        for k in largest
    }


def _telling(classes: np.ndarray, texts: Sequence[str], labels: np.ndarray) -> tuple[str, ...]:
    """The classes that nearly always have one label, where that is not the label of most."""
    told = []
    for k, text in enumerate(texts):
        part = labels[classes == k]
        rate = part.mean()
        if (
            len(part) >= _FEWEST
            and max(rate, 1 - rate) >= _PURE
            and abs(rate - labels.mean()) > _UP
        ):
            count, name = (part.sum(), "positive") if rate > 0.5 else ((1 - part).sum(), "negative")
            told.append(f"{count} of {len(part)} with “{text}” are {name}")
    return tuple(told)
