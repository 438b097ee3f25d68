"""The RSNA pediatric bone age challenge: 14,036 open hands of children, with bone age in months."""

import csv
from pathlib import Path

from bonefrac.data.annotations.checked import number, told
from bonefrac.data.catalogue import Catalogue, Entry
from bonefrac.data.datasets.about import RSNA_BONE_AGE
from bonefrac.errors import BonefracError

# How the name of a picture folder begins -> split.
FOLDERS = {"boneage-training-dataset": "train", "boneage-validation-dataset": "validation"}
# Columns of the id and of the age -> split, as each table was published: by RSNA the training
# table is train.csv, on Kaggle boneage-training-dataset.csv.
TABLES = {
    ("id", "boneage"): "train",
    ("Image ID", "Bone Age (months)"): "validation",
}


def catalogue(source: Path) -> Catalogue:
    """Join the tables and the pictures of the training and the validation set.

    An id is "train/1377": numbers are unique within a set only. The child's sex, which the
    tables tell, is not kept. The test set is not read: its 200 ages are in a spreadsheet.

    Args:
        source: the folder that all archives were unpacked to, in any nesting.

    Raises:
        BonefracError: there is no table, or an age is no number.
    """
    paths = _pictures(source)
    entries, left_out = [], {}
    ages = _ages(source)
    for name in sorted(ages.keys() | paths.keys()):
        if name not in paths:
            left_out[name] = "no such file"
        elif name not in ages:
            left_out[name] = "in no table of bone ages"
        else:
            entries.append(
                Entry(
                    name,
                    paths[name],
                    split=name.partition("/")[0],
                    bone_age_months=ages[name],
                    body_part="hand",
                )
            )
    return Catalogue(RSNA_BONE_AGE.name, source, tuple(entries), left_out)


def recognises(source: Path) -> bool:
    """Whether a folder of the training or validation pictures lies in it, two levels deep."""
    folders = [*source.glob("*/"), *source.glob("*/*/")]
    return any(_split(path) for path in folders if path.is_dir())


def _split(folder: Path) -> str:
    return next((split for name, split in FOLDERS.items() if folder.name.startswith(name)), "")


def _pictures(source: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(source.rglob("*.png")):
        split = _split(path.parent)
        if split and path.stem.isdecimal():
            found.setdefault(f"{split}/{path.stem}", path)
    return found


def _ages(source: Path) -> dict[str, float]:
    ages: dict[str, float] = {}
    for path in sorted(source.rglob("*.csv")):
        with told(path, "table of bone ages"):
            rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
            header = [name.strip() for name in rows.fieldnames or ()]
            rows.fieldnames = header
            for (key, age), split in TABLES.items():
                if key in header and age in header:
                    ages |= {f"{split}/{row[key].strip()}": number(row[age]) for row in rows}
    if not ages:
        raise BonefracError(
            f"{source} holds no table of bone ages",
            expected=f"the challenge's own layout ({RSNA_BONE_AGE.layout})",
            fix=f"Get it from {RSNA_BONE_AGE.homepage} and unpack it into one folder",
        )
    return ages
