"""Every data set that can be built, and which of them lies in a folder; no TensorFlow here."""

from pathlib import Path
from typing import Any

from bonefrac.data.catalogue import Catalogue, DataSet
from bonefrac.data.datasets import fracatlas
from bonefrac.errors import BonefracError

# Their builders are in `builders.py`, which imports TensorFlow Datasets.
DATASETS: dict[str, DataSet] = {d.name: d for d in (fracatlas.DATA_SET,)}


def recognise(source: Path) -> DataSet:
    """The data set whose layout a folder has.

    Raises:
        BonefracError: no such folder, or nothing in it that any of them is read from.
    """
    if not source.is_dir():
        state = "is a file" if source.exists() else "does not exist"
        raise BonefracError(f"{source} {state}", expected="a data set's folder", fix="Check it")
    for data_set in DATASETS.values():
        if data_set.recognises(source):
            return data_set
    raise BonefracError(
        f"{source} has the layout of no known data set",
        expected=f"that of {', '.join(DATASETS)}",
        fix="Give the folder that its download unpacks to, or name the data set",
    )


def catalogue_of(source: Path, name: str | None = None, **options: Any) -> Catalogue:
    """What the data set in a folder says about its radiographs; builds and decodes nothing.

    Args:
        source: the data set's folder.
        name: of the data set; recognised by its layout if None.
        **options: of the data set's `catalogue`.

    Raises:
        BonefracError: an unknown name or layout, or a file that is not as expected.
    """
    source = Path(source)
    if name is None:
        return recognise(source).catalogue(source, **options)
    if name not in DATASETS:
        raise BonefracError(
            f"Data set {name!r}", expected=f"one of {', '.join(DATASETS)}", fix="Check the name"
        )
    return DATASETS[name].catalogue(source, **options)
