"""MURA v1.1: 40,005 open radiographs of the upper limb, each study called normal or abnormal."""

import csv
import re
from pathlib import Path

from bonefrac.data.annotations.checked import told
from bonefrac.data.catalogue import Catalogue, Entry
from bonefrac.data.datasets.about import MURA
from bonefrac.errors import BonefracError

ROOT = "MURA-v1.1"  # every path in the tables begins with it
PATHS, STUDIES = "{}_image_paths.csv", "{}_labeled_studies.csv"
# Published folder -> split of an Entry.
SPLITS = {"train": "train", "valid": "test"}
BODY_PARTS = ("elbow", "finger", "forearm", "hand", "humerus", "shoulder", "wrist")
_IMAGE = re.compile(
    rf"(?P<study>(?:train|valid)/XR_(?P<part>{'|'.join(BODY_PARTS).upper()})"
    r"/(?P<patient>patient\d+)/study\d+_(?:positive|negative))/image\d+\.png"
)


def catalogue(source: Path) -> Catalogue:
    """Join the tables of studies and of images.

    The label is the study's: abnormal says that some picture of it shows something, which may be
    hardware, arthritis or a lesion as well as a fracture. So fractures stay unknown. The id keeps
    the study: "train/XR_WRIST/patient00006/study1_positive/image1". The published validation set
    has the split "test", because the authors' own test set (207 studies) is closed.

    Args:
        source: the folder MURA-v1.1, or the one that it lies in.

    Raises:
        BonefracError: a table is not there or is not as published.
    """
    root = source / ROOT if (source / ROOT).is_dir() else source
    entries: list[Entry] = []
    left_out: dict[str, str] = {}
    for folder in SPLITS:
        labels = _studies(_file(root, STUDIES.format(folder)))
        on_disk = {
            path.relative_to(root).as_posix()
            for path in (root / folder).glob("XR_*/*/*/*.png")
            # The archive holds a resource file of macOS beside some pictures: ._image1.png
            if not path.name.startswith(".")
        }
        listed = _images(_file(root, PATHS.format(folder)))
        for name in sorted(listed | on_disk):
            if name not in on_disk:
                left_out[_id(name)] = "no such file"
            elif name not in listed:
                left_out[_id(name)] = f"not in {PATHS.format(folder)}"
            elif (study := _IMAGE.fullmatch(name)) and study["study"] in labels:
                entries.append(_entry(root / name, study, labels[study["study"]]))
            else:
                left_out[_id(name)] = f"its study is not in {STUDIES.format(folder)}"
    return Catalogue(MURA.name, source, tuple(entries), left_out, "patients")


def recognises(source: Path) -> bool:
    """Whether the folder, or MURA-v1.1 in it, holds the table of images."""
    name = PATHS.format("train")
    return (source / name).is_file() or (source / ROOT / name).is_file()


def _entry(path: Path, study: re.Match[str], abnormality: int) -> Entry:
    return Entry(
        id=_id(study[0]),
        path=path,
        group=study["patient"],
        split=SPLITS[study[0].partition("/")[0]],
        abnormality=abnormality,
        body_part=study["part"].lower(),
    )


def _id(name: str) -> str:
    return name.removesuffix(".png")


def _images(path: Path) -> set[str]:
    """Paths below MURA-v1.1, out of a table of one column without header."""
    with told(path, "table of image paths"):
        lines = path.read_text(encoding="utf-8-sig").split()
    names = {line.removeprefix(f"{ROOT}/") for line in lines}
    for name in sorted(names):
        if not _IMAGE.fullmatch(name):
            raise BonefracError(
                f"{path}: {name!r:.100}",
                expected=f"{ROOT}/train/XR_WRIST/patient00006/study1_positive/image1.png and such",
                fix="Unpack MURA-v1.1.zip again",
            )
    return names


def _studies(path: Path) -> dict[str, int]:
    """Study -> abnormality, out of a table of two columns without header."""
    with told(path, "table of labelled studies"):
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    labels = {}
    for row in rows:
        if len(row) != 2 or row[1].strip() not in ("0", "1"):
            raise BonefracError(
                f"{path}: the row {','.join(row)[:100]!r}",
                expected="a study's folder and 0 or 1",
                fix="Unpack MURA-v1.1.zip again",
            )
        labels[row[0].removeprefix(f"{ROOT}/").rstrip("/")] = int(row[1])
    return labels


def _file(root: Path, name: str) -> Path:
    if not (root / name).is_file():
        raise BonefracError(
            f"{root / name} does not exist",
            expected=f"MURA's own folder layout ({MURA.layout})",
            fix=f"Get it from {MURA.homepage} and give the folder {ROOT} as --source",
        )
    return root / name
