"""What every data set's tfds builder does alike: records into group-aware folds, with a report."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import tensorflow_datasets as tfds

from bonefrac.data.features import features
from bonefrac.data.splits import deal, fold_name
from bonefrac.errors import BonefracError

Progress = Callable[[str, int, int], None]  # (what is done, how many, of how many)


@dataclass(frozen=True)
class Record:
    """One radiograph that will become an example.

    Attributes:
        id: unique in the data set.
        group: never split between folds.
        payload: whatever the data set needs to make the example.
        stratum: folds hold about as many radiographs of each, such as "fractured hand".
    """

    id: str
    group: str
    payload: Any = None
    stratum: str = ""


@dataclass
class Report:
    """What a build left out or noticed.

    Attributes:
        left_out: example id -> reason.
        notes: name of an observation -> the ids (or groups of ids) it was made on.
    """

    left_out: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[Any]] = field(default_factory=dict)


class FoldedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A tfds builder with splits `fold0`, `fold1`, ... made from the groups of its records.

    A data set fills `name`, `description`, `homepage`, `citation`, `records` and `example`.

    Args:
        folds: how many folds to make.
        progress: called as the work goes on.
        **kwargs: of `tfds.core.GeneratorBasedBuilder`.
    """

    VERSION = tfds.core.Version("1.0.0")
    description = ""
    homepage = ""
    citation = ""

    def __init__(self, *, folds: int, progress: Progress, **kwargs: Any) -> None:
        self.folds = folds
        self.progress = progress
        self.report = Report()
        super().__init__(**kwargs)

    @abstractmethod
    def records(self) -> list[Record]:
        """List what the data set holds; fill `self.report` with what it leaves out."""

    @abstractmethod
    def example(self, record: Record) -> dict[str, Any]:
        """Make the example of one record with `bonefrac.data.features.example`."""

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            features=features(),
            description=self.description,
            homepage=self.homepage or None,
            citation=self.citation or None,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[str, dict]]]:
        records = self.records()
        parts: list[list[Record]] = [[] for _ in range(self.folds)]
        fold_of = deal(((record.group, record.stratum) for record in records), self.folds)
        for record in records:
            parts[fold_of[record.group]].append(record)
        empty = [fold_name(k) for k, part in enumerate(parts) if not part]
        if empty:
            groups = len({record.group for record in records})
            raise BonefracError(
                f"{len(records)} radiographs in {groups} groups leave {', '.join(empty)} empty",
                expected=f"some in each of {self.folds} folds",
                fix="Use fewer folds or more data",
            )
        self._written, self._total = 0, len(records)
        return {fold_name(k): self._generate_examples(part) for k, part in enumerate(parts)}

    def _generate_examples(self, records: list[Record]) -> Iterator[tuple[str, dict]]:
        for record in records:
            yield record.id, self.example(record)
            self._written += 1
            self.progress("Writing", self._written, self._total)
