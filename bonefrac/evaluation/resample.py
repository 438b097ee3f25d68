"""Bootstrap by group: every score of a report from the same resamples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bonefrac.evaluation.weighted import Statistic

ROUNDS = 1000
_CELLS = 4_000_000  # weights held at once, 32 MB
_ENDS = (2.5, 97.5)  # percentiles

Progress = Callable[[str, int, int], None]
Name = TypeVar("Name")


@dataclass(frozen=True, eq=False)
class Sampled:
    """A statistic and its resamples.

    Attributes:
        value: of the radiographs as they are; scalar or [K].
        samples: [rounds] or [rounds, K].
        enough: whether there is more than one group; an interval of one says nothing.
    """

    value: np.ndarray
    samples: np.ndarray
    enough: bool = True

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The 2.5 and 97.5 percentiles, of rounds that have a score; NaN where none has."""
        if not self.enough:
            return np.full_like(self.value, np.nan), np.full_like(self.value, np.nan)
        columns = self.samples.reshape(len(self.samples), -1).T
        ends = np.array([_percentiles(column) for column in columns]).T
        low, high = ends.reshape(2, *np.shape(self.value))
        return low, high


def resample(
    statistics: Mapping[Name, Statistic],
    groups: Sequence[str] | np.ndarray,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[Name, Sampled]:
    """Compute statistics and resample them together, drawing whole groups with replacement.

    Images of one patient are not independent: drawn alone they would claim too much.

    Args:
        statistics: name -> statistic of the radiographs.
        groups: of each radiograph.
        rounds: resamples.
        seed: of the draws.
        progress: told of the rounds done.
    """
    names, number = np.unique(np.asarray(groups, str), return_inverse=True)
    whole = np.ones((1, len(number)))
    parts: dict[Name, list[np.ndarray]] = {name: [] for name in statistics}
    for drawn in _draws(len(names), rounds, len(number), seed):
        weights = drawn[:, number]
        for name, statistic in statistics.items():
            parts[name].append(statistic(weights))
        if progress:
            progress("bootstrap", sum(map(len, next(iter(parts.values()), []))), rounds)
    return {
        name: Sampled(statistic(whole)[0], np.concatenate(parts[name]), len(names) > 1)
        for name, statistic in statistics.items()
        if parts[name]
    }


def _draws(groups: int, rounds: int, cases: int, seed: int) -> Any:
    """How often each group is drawn, float [r, groups], in chunks that fit the memory."""
    rng = np.random.default_rng(seed)
    step = max(1, min(rounds, _CELLS // max(cases, 1)))
    for start in range(0, rounds if groups else 0, step):
        size = min(step, rounds - start)
        yield rng.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(float)


def _percentiles(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    return np.percentile(known, _ENDS) if len(known) else np.full(2, np.nan)
