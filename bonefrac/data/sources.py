"""The data sets that one network trains on together: their splits, their shares, their leaks."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bonefrac import schema
from bonefrac.data.split_file import crossing
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError


@dataclass(frozen=True)
class Source:
    """One data set of a training.

    Attributes:
        data: the open data folder.
        name: unique among the sources.
        train: split string; likewise `validation` and `test`.
        draws: examples of it in an epoch.
        torn: groups on several sides, which only a random split of images has.
    """

    data: DataFolder
    name: str
    train: str
    validation: str
    test: str
    draws: int
    torn: int

    def describe(self) -> dict[str, Any]:
        """What a card says of it."""
        return {
            "name": self.name,
            "sha256": self.data.sha256,
            "split": self.data.split,
            "split_sha256": self.data.split_sha256,
            "torn_groups": self.torn,
            "draws": self.draws,
            "validation": self.validation,
            "test": self.test,
        }


def open_sources(
    folders: Sequence[DataFolder], *, weights: Sequence[float], fold: int
) -> list[Source]:
    """Choose splits and shares.

    Args:
        folders: at least one, no two with the same content.
        weights: share of each in an epoch, of any sum; none for shares as large as their sizes.
        fold: the fold to test on, in the data sets that have folds.

    Returns:
        A source each; together they draw as many examples an epoch as they hold.

    Raises:
        BonefracError: no such fold, another number of weights, the same data twice, or data
            whose groups lie on several sides without having been split so by name.
    """
    _check(folders, weights, fold)
    turns = [data.turn(fold if data.in_folds else 0) for data in folders]
    sizes = [data.size(train) for data, (train, _, _) in zip(folders, turns, strict=True)]
    seen: Counter[str] = Counter()
    sources = []
    for data, turn, draws in zip(folders, turns, shares(sizes, weights), strict=True):
        seen[data.name] += 1
        name = data.name if seen[data.name] == 1 else f"{data.name}-{seen[data.name]}"
        sources.append(Source(data, name, *turn, draws, _torn(data, turn)))
    return sources


def shares(sizes: Sequence[int], weights: Sequence[float]) -> list[int]:
    """How many examples an epoch draws from each: their sum is that of `sizes`, none is 0."""
    if not weights:
        return list(sizes)
    total, whole = sum(sizes), sum(weights)
    exact = [total * weight / whole for weight in weights]
    drawn = [max(1, math.floor(share)) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda k: (drawn[k] - exact[k], k))
    for k in by_remainder[: max(0, total - sum(drawn))]:
        drawn[k] += 1
    return drawn


def describe(sources: Sequence[Source]) -> dict[str, Any]:
    """What a card says of all: the only one's description, or a name, a digest and the parts."""
    if len(sources) == 1:
        return sources[0].describe()
    together = "".join(source.data.sha256 for source in sources)
    return {
        "name": " + ".join(source.name for source in sources),
        "sha256": hashlib.sha256(together.encode()).hexdigest(),
        "parts": [source.describe() for source in sources],
    }


def _check(folders: Sequence[DataFolder], weights: Sequence[float], fold: int) -> None:
    if weights and (len(weights) != len(folders) or min(weights) <= 0):
        raise BonefracError(
            f"The weights {', '.join(f'{w:g}' for w in weights)} for {len(folders)} data sets",
            expected="one above 0 for each, or none",
            fix="Give --weight as often as --data",
        )
    paths: dict[str, str] = {}
    for data in folders:
        if data.sha256 in paths:
            raise BonefracError(
                f"{data.path} holds the same data as {paths[data.sha256]}",
                expected="each data set once",
                fix="Give one of them more --weight",
            )
        paths[data.sha256] = str(data.path)
    if not any(data.in_folds for data in folders):
        folders[0].turn(fold)


def _torn(data: DataFolder, turn: Sequence[str]) -> int:
    torn = crossing(data.rows(), *(split.split("+") for split in turn))
    if torn and data.split != schema.RANDOM_IMAGES:
        raise BonefracError(
            f"{len(torn)} groups of {data.path} lie on several sides ({', '.join(torn[:3])})",
            expected="each group in train, in validation or in test",
            fix="Build it again with bonefrac-data build",
        )
    return len(torn)
