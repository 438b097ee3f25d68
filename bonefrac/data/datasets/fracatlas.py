"""FracAtlas: 4,083 radiographs of limbs, fractures outlined by radiologists."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from bonefrac import schema
from bonefrac.data.catalogue import Catalogue, Entry
from bonefrac.data.datasets.about import FRACATLAS
from bonefrac.data.outlines import Outlines
from bonefrac.errors import BonefracError

CSV = "dataset.csv"
COCO = "Annotations/COCO JSON/COCO_fracture_masks.json"
# The authors split the fractured radiographs only.
OFFICIAL = "Utilities/Fracture Split/{}.csv"
_PARTS = {"train": schema.TRAIN, "valid": schema.VALIDATION, "test": schema.TEST}
# There are no patient ids; neighbouring image ids are often one patient. Blocks of 25 leave one
# border in 25 where two views of a patient can part.
ID_BLOCK = 25
BODY_PARTS = ("hand", "leg", "hip", "shoulder", "mixed")
VIEWS = ("frontal", "lateral", "oblique")


def catalogue(source: Path) -> Catalogue:
    """Join the table, the pictures and the polygons.

    Groups are blocks of 25 neighbouring ids.

    Args:
        source: folder with `dataset.csv`, `images/` and `Annotations/` as published.

    Raises:
        BonefracError: the table or the polygons are not there.
    """
    polygons = _polygons(_file(source, COCO))
    paths = {path.name: path for path in sorted(source.glob("images/*/*.jpg"))}
    with _file(source, CSV).open(newline="", encoding="utf-8") as file:
        rows = {row["image_id"]: row for row in csv.DictReader(file)}
    left_out = {
        Path(name).stem: "in images/, not in dataset.csv" if name in paths else "no such file"
        for name in sorted(rows.keys() ^ paths.keys())
    }
    names = sorted(rows.keys() & paths.keys())
    parts = _official_split(source)
    entries = tuple(
        _entry(paths[n], rows[n], tuple(polygons.get(n, ())), parts.get(n, "")) for n in names
    )
    corrected = {
        Path(n).stem: "fractured=0 in dataset.csv, but outlined: called fractured"
        for n in names
        if polygons.get(n) and rows[n]["fractured"] != "1"
    }
    groups_are = f"blocks of {ID_BLOCK} neighbouring ids"
    return Catalogue(FRACATLAS.name, source, entries, left_out, groups_are, corrected)


def recognises(source: Path) -> bool:
    """Whether the folder holds FracAtlas' polygons."""
    return (source / COCO).is_file()


def _file(source: Path, name: str) -> Path:
    path = source / name
    if not path.is_file():
        raise BonefracError(
            f"{path} does not exist",
            expected=f"FracAtlas' own folder layout ({CSV}, images/, {COCO})",
            fix=f"Download it from {FRACATLAS.homepage} and give its folder as --source",
        )
    return path


def _official_split(source: Path) -> dict[str, str]:
    """File name -> part; nothing where the folder lacks the authors' tables."""
    part_of = {}
    for name, part in _PARTS.items():
        path = source / OFFICIAL.format(name)
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                part_of.update({row["image_id"]: part for row in csv.DictReader(file)})
    return part_of


def _entry(path: Path, row: dict[str, str], polygons: tuple[np.ndarray, ...], split: str) -> Entry:
    # IMG0003298 is called intact in the table, but somebody outlined its fracture.
    fracture = int(row["fractured"] == "1" or bool(polygons))
    return Entry(
        id=path.stem,
        path=path,
        group=f"block{int(path.stem.removeprefix('IMG')) // ID_BLOCK:04d}",
        split=split,
        fracture=fracture,
        body_part=next((part for part in BODY_PARTS if row[part] == "1"), ""),
        view="+".join(view for view in VIEWS if row[view] == "1"),
        hardware=int(row["hardware"]),
        # Called fractured and not outlined: nobody knows where.
        outlines=Outlines(polygons) if polygons or not fracture else None,
    )


def _polygons(path: Path) -> dict[str, list[np.ndarray]]:
    coco = json.loads(path.read_text(encoding="utf-8"))
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    polygons: dict[str, list[np.ndarray]] = defaultdict(list)
    for annotation in coco["annotations"]:
        for flat in annotation["segmentation"]:
            polygons[names[annotation["image_id"]]].append(np.reshape(flat, (-1, 2)))
    return polygons
