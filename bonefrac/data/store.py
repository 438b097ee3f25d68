"""Data folders: built aside and renamed last, opened only when every checksum holds."""

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from bonefrac import schema, storage
from bonefrac.data.builder import FoldedBuilder
from bonefrac.data.features import features
from bonefrac.data.split_file import Row, crossing, read_rows, write_rows
from bonefrac.data.splits import train_validation_test
from bonefrac.errors import BonefracError

_TFDS_FILE = "dataset_info.json"
_FIX = "Build it again with bonefrac-data build"


@dataclass(frozen=True)
class DataFolder:
    """A complete data folder.

    Attributes:
        path: where it lies.
        name: of the data set.
        sha256: one name for its whole content.
        counts: examples in each split, `{"fold0": n, ...}`.
        builder: the read-only tfds builder.
        split: how it was split: "folds", "official", "official-groups", "random-images" or "file".
        split_sha256: of its `split.csv`.
    """

    path: Path
    name: str
    sha256: str
    counts: dict[str, int]
    builder: Any
    split: str
    split_sha256: str

    @property
    def in_folds(self) -> bool:
        """Whether its splits are folds, and not train, validation and test."""
        return schema.TRAIN not in self.counts

    def turn(self, fold: int) -> tuple[str, str, str]:
        """The split strings to train, validate and test on.

        Args:
            fold: the fold to test on; 0 where there are none.

        Raises:
            BonefracError: there is no such fold.
        """
        if self.in_folds:
            return train_validation_test(fold, len(self.counts))
        if fold != 0:
            raise BonefracError(
                f"Fold {fold} of {self.path}, which has the splits {', '.join(schema.PARTS)}",
                expected="no fold",
                fix="Leave --fold out, or build the data with --split folds",
            )
        return schema.PARTS

    def rows(self) -> list[Row]:
        """Id, group and split of every example."""
        return read_rows(self.path / schema.SPLIT_FILE)

    def size(self, split: str) -> int:
        """How many examples a split string such as "fold0+fold2" holds."""
        return sum(self.counts[name] for name in split.split("+"))


def build(make: Callable[..., FoldedBuilder], out: Path) -> tuple[DataFolder, FoldedBuilder]:
    """Write a data set as TFRecord shards into `out`, whole or not at all.

    Args:
        make: gives the builder when called with `data_dir`.
        out: the data folder to create or replace.

    Returns:
        The opened folder, and the builder with its report.

    Raises:
        BonefracError: `out` exists and is no data folder, or the source is not as expected.
    """
    if out.exists() and not (out / _TFDS_FILE).is_file():
        raise BonefracError(
            f"{out} exists and is no data folder",
            expected="a new folder, or a data folder to replace",
            fix="Choose another --out",
        )
    tfds.disable_progress_bar()
    with storage.write_aside(out) as aside:
        scratch = aside / "tfds"
        builder = make(data_dir=scratch)
        with contextlib.redirect_stdout(io.StringIO()):  # tfds prints where it writes
            builder.download_and_prepare(file_format="tfrecord")
        for file in sorted(Path(builder.data_dir).iterdir()):
            file.rename(aside / file.name)
        shutil.rmtree(scratch)
        _write_report(builder, aside / schema.REPORT_FILE)
        write_rows(builder.split_rows, aside / schema.SPLIT_FILE)
        storage.write_manifest(aside)
    folder = open_data(out)
    if folder.split == schema.RANDOM_IMAGES:
        torn = len(crossing(folder.rows(), *({name} for name in folder.counts)))
        print(
            f"Warning: scores of this split flatter: {torn} groups lie in several folds",
            file=sys.stderr,
        )
    return folder, builder


def open_data(path: Path) -> DataFolder:
    """Open a data folder that `build` wrote, after checking every file against its checksum.

    Raises:
        BonefracError: no such folder, a file missing or damaged, or of another version.
    """
    path = Path(path)
    digest = storage.verify_manifest(path, what="data folder", fix=_FIX)
    builder = tfds.builder_from_directory(path)
    if not (path / schema.SPLIT_FILE).is_file():
        raise BonefracError(
            f"{path} has no {schema.SPLIT_FILE}", expected="a data folder with one", fix=_FIX
        )
    if set(builder.info.features) != set(features()):
        raise BonefracError(
            f"{path} has the features {sorted(builder.info.features)}",
            expected=f"{sorted(features())}",
            fix=_FIX,
        )
    counts = {name: int(info.num_examples) for name, info in builder.info.splits.items()}
    kind = json.loads((path / schema.REPORT_FILE).read_text(encoding="utf-8"))["split"]
    split_sha256 = storage.sha256(path / schema.SPLIT_FILE)
    return DataFolder(path, builder.name, digest, counts, builder, kind, split_sha256)


def _write_report(builder: FoldedBuilder, path: Path) -> None:
    report = {
        "split": builder.split_kind,
        "left_out": builder.report.left_out,
        "notes": builder.report.notes,
    }
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
