"""What every data set's tfds builder does alike: records into splits, with a report."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.writer import ExampleWriter

from bonefrac.data.features import features
from bonefrac.data.partition import Record, partition
from bonefrac.data.split_file import Row, read_assignment
from bonefrac.data.workers import Map, workers
from bonefrac.schema import FOLDS, SPLIT_KINDS

Progress = Callable[[str, int, int], None]  # (what is done, how many, of how many)


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
    """A tfds builder whose splits are made from the groups of its records.

    A data set fills `name`, `description`, `homepage`, `citation`, `records` and `example`. What
    `example` reads of `self` is set before `super().__init__`: a worker's copy has nothing else.

    Args:
        folds: how many folds to make.
        split: of `bonefrac.data.partition.partition`: "folds" gives `fold0`, `fold1`, ...
        progress: called as the work goes on.
        jobs: processes that make examples; the folder is the same with any number.
        **kwargs: of `tfds.core.GeneratorBasedBuilder`.
    """

    VERSION = tfds.core.Version("1.0.0")
    description = ""
    homepage = ""
    citation = ""

    def __init__(
        self,
        *,
        folds: int,
        progress: Progress,
        split: str = FOLDS,
        jobs: int = 1,
        **kwargs: Any,
    ) -> None:
        self._for_workers = dict(vars(self))
        if split not in SPLIT_KINDS:
            read_assignment(Path(split))  # a wrong table is told before thousands of files are read
        self.jobs = jobs
        self.ahead: Map = map
        self.folds = folds
        self.split = split
        self.split_kind = ""
        self.split_rows: list[Row] = []
        self.progress = progress
        self.report = Report()
        super().__init__(**kwargs)

    @abstractmethod
    def records(self) -> list[Record]:
        """List what the data set holds; fill `self.report` with what it leaves out."""

    @abstractmethod
    def example(self, record: Record) -> dict[str, Any]:
        """Make the example of one record with `bonefrac.data.features.example`."""

    def download_and_prepare(self, **kwargs: Any) -> None:
        """Build, with the workers alive only meanwhile."""
        with workers(self.jobs) as self.ahead:
            super().download_and_prepare(**kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return self._for_workers

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def _example_writer(self) -> ExampleWriter:
        return _SortedWriter(self.info.file_format)

    def _info(self) -> tfds.core.DatasetInfo:
        return _Info(
            builder=self,
            features=features(),
            description=self.description,
            homepage=self.homepage or None,
            citation=self.citation or None,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[str, dict]]]:
        records = self.records()
        made = partition(records, split=self.split, folds=self.folds)
        self.split_kind, self.split_rows = made.kind, made.rows(records)
        self.report.left_out.update(made.left_out)
        self.report.notes.update(made.notes)
        parts: dict[str, list[Record]] = {name: [] for name in sorted(set(made.split_of.values()))}
        for record in records:
            if record.id in made.split_of:
                parts[made.split_of[record.id]].append(record)
        self._written, self._total = 0, len(made.split_of)
        return {name: self._generate_examples(part) for name, part in parts.items()}

    def _generate_examples(self, records: list[Record]) -> Iterator[tuple[str, dict]]:
        for record, example in zip(records, self.ahead(self.example, records), strict=True):
            yield record.id, example
            self._written += 1
            self.progress("Writing", self._written, self._total)


class _Info(tfds.core.DatasetInfo):
    def initialize_from_bucket(self) -> None:
        """Ask nobody who else has built it; tfds would leave an empty folder in /tmp."""


class _SortedWriter(ExampleWriter):
    """The same bytes in every process: protocol buffers order a map by the process' own hash."""

    def write(self, path: Any, examples: Iterable[tuple[Any, bytes]]) -> Any:
        return super().write(path, ((key, _sorted(example)) for key, example in examples))


def _sorted(example: bytes) -> bytes:
    import tensorflow as tf  # not at the top: a worker needs none

    return tf.train.Example.FromString(example).SerializeToString(deterministic=True)
