"""Random search over declared ranges (Bergstra and Bengio, JMLR 13:281, 2012), seeded."""

import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import model_folder
from bonefrac.training.checkpoint import Checkpoints

_RANGE_KEYS = {"low", "high", "log"}

Draw = Callable[[random.Random], Any]
Train = Callable[[dict[str, Any], Path, bool], object]  # (values, run folder, resume)


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes:
        number: from 1.
        values: drawn for it, by option.
        score: mean merit in validation at its best epoch, 0..1; None where it failed.
        epoch: that epoch.
        failure: why it failed.
    """

    number: int
    values: dict[str, Any]
    score: float | None = None
    epoch: int = 0
    failure: str = ""


def read_space(table: Mapping[str, Any], *, source: str) -> dict[str, Draw]:
    """What to draw each option from.

    Args:
        table: option -> list of choices, or {low, high, log}; whole ends draw whole numbers.
        source: where it came from, for the error.

    Raises:
        BonefracError: it is neither, or empty.
    """
    if not table:
        raise BonefracError(
            f"{source} has no [tune] table",
            expected="options with choices or ranges in one",
            fix="Add for example: learning_rate = {low = 1e-4, high = 1e-2, log = true}",
        )
    return {name: _draw(name, entry, source) for name, entry in table.items()}


def draw_values(space: Mapping[str, Draw], *, seed: int, number: int) -> dict[str, Any]:
    """The values of a trial: a function of seed and number, whatever the number of trials."""
    chance = random.Random(f"{seed}/{number}")
    return {name: draw(chance) for name, draw in space.items()}


def search(
    space: Mapping[str, Draw], train: Train, workdir: Path, *, count: int, seed: int
) -> list[Trial]:
    """Run the trials that are not finished yet.

    A trial that fails (its loss is no number, its batch does not fit) is noted and the search goes
    on.

    Args:
        space: of `read_space`.
        train: trains with some values into a run folder, or resumes there.
        workdir: gets the folders `trial-001` and so on.
        count: of trials.
        seed: of the values.

    Returns:
        The trials, the best first, those that failed last.
    """
    trials = []
    for number in range(1, count + 1):
        values = draw_values(space, seed=seed, number=number)
        folder = workdir / f"trial-{number:03d}"
        shown = ", ".join(f"{name} {value}" for name, value in values.items())
        print(f"Trial {number}/{count}: {shown}", file=sys.stderr, flush=True)
        try:
            if model_folder(folder) is None:
                train(values, folder, (folder / schema.RUN_FILE).is_file())
            state = Checkpoints(folder / "checkpoints").read_last()
            trials.append(Trial(number, values, state.best_score, state.best_epoch))
        except BonefracError as error:
            print(f"Trial {number}/{count} failed: {error}", file=sys.stderr, flush=True)
            trials.append(Trial(number, values, failure=str(error)))
        keras.backend.clear_session()
    return sorted(trials, key=lambda t: (t.score is None, -(t.score or 0), t.number))


def _draw(name: str, entry: Any, source: str) -> Draw:
    if isinstance(entry, list) and entry:
        return lambda chance: chance.choice(entry)
    if isinstance(entry, dict) and {"low", "high"} <= entry.keys() <= _RANGE_KEYS:
        low, high, log = entry["low"], entry["high"], entry.get("log", False)
        if all(_is_number(end) for end in (low, high)) and low < high and (low > 0 or not log):
            return lambda chance: _between(chance, low, high, log=log)
    raise BonefracError(
        f"{source} tunes {name} over {entry}",
        expected="a list of choices, or {low, high, log} with low < high, and above 0 where log",
        fix="Correct the [tune] table",
    )


def _between(chance: random.Random, low: float, high: float, *, log: bool) -> float:
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and not log:
        return chance.randint(int(low), int(high))
    value = chance.uniform(low, high)
    if log:
        value = math.exp(chance.uniform(math.log(low), math.log(high)))
    # Three digits are all that a person wants to read, and a recipe to hold.
    value = float(f"{value:.3g}")
    return round(value) if whole else min(max(value, low), high)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def best_of(trials: Sequence[Trial]) -> Trial:
    """The first of `search`'s answer.

    Raises:
        BonefracError: all of them failed.
    """
    if trials[0].score is None:
        raise BonefracError(
            f"All {len(trials)} trials failed, the first: {trials[0].failure}",
            expected="at least one that trains",
            fix="Narrow the [tune] table",
        )
    return trials[0]
