"""Data folders: built aside and renamed last, opened only when every checksum holds."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from bonefrac import schema, storage
from bonefrac.data.builder import FoldedBuilder
from bonefrac.data.features import features
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
        counts: examples in each fold, `{"fold0": n, ...}`.
        builder: the read-only tfds builder.
    """

    path: Path
    name: str
    sha256: str
    counts: dict[str, int]
    builder: Any

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
        storage.write_manifest(aside)
    return open_data(out), builder


def open_data(path: Path) -> DataFolder:
    """Open a data folder that `build` wrote, after checking every file against its checksum.

    Raises:
        BonefracError: no such folder, a file missing or damaged, or of another version.
    """
    digest = storage.verify_manifest(path, what="data folder", fix=_FIX)
    builder = tfds.builder_from_directory(path)
    if set(builder.info.features) != set(features()):
        raise BonefracError(
            f"{path} has the features {sorted(builder.info.features)}",
            expected=f"{sorted(features())}",
            fix=_FIX,
        )
    counts = {name: int(info.num_examples) for name, info in builder.info.splits.items()}
    return DataFolder(Path(path), builder.name, digest, counts, builder)


def _write_report(builder: FoldedBuilder, path: Path) -> None:
    report = {"left_out": builder.report.left_out, "notes": builder.report.notes}
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
