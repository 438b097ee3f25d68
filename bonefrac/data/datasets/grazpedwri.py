"""GRAZPEDWRI-DX: 20,327 radiographs of children's wrists, fractures in boxes."""

import csv
from pathlib import Path

from bonefrac import schema
from bonefrac.data.annotations import coco, formats, yolo
from bonefrac.data.annotations.checked import told
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures
from bonefrac.data.catalogue import Catalogue, Entry
from bonefrac.data.datasets.about import GRAZPEDWRI
from bonefrac.data.outlines import Outlines
from bonefrac.errors import BonefracError

CSV = "dataset.csv"
LABELS = ("folder_structure/yolov5/labels", "yolov5/labels", "labels")
# By number, as in the published yolov5/meta.yaml.
CLASSES = (
    *("boneanomaly", "bonelesion", "foreignbody", "fracture", "metal", "periostealreaction"),
    *("pronatorsign", "softtissue", "text"),
)
FRACTURE = frozenset({"fracture"})
VIEWS = {"1": "frontal", "2": "lateral"}
_COLUMNS = ("filestem", "patient_id", "projection", "metal", "fracture_visible")


def catalogue(source: Path) -> Catalogue:
    """Join the table, the pictures and the boxes.

    A picture is fractured if a box of the class fracture is on it or the table's
    fracture_visible is 1; that stays unknown if neither holds and the table calls the diagnosis
    uncertain. A fracture that the table classifies, but calls visible in the other projection
    only, is none here. Projection 1 is frontal, 2 lateral. Hardware is the table's `metal`: a cast
    lies outside the limb and goes again.

    Args:
        source: folder with `dataset.csv`, `images_part1` to `4` and `folder_structure`.

    Raises:
        BonefracError: the table or the boxes are not there or are not as published.
    """
    rows = _rows(source)
    pictures = _pictures(source)
    stems = {name.rpartition("/")[2]: name for name in pictures.paths}
    marks = _boxes(source, pictures).marks
    left_out = {
        stem: "no such file" if stem in rows else f"not in {CSV}"
        for stem in sorted(rows.keys() ^ stems.keys())
    }
    entries = tuple(
        _entry(stem, pictures.paths[stems[stem]], rows[stem], marks.get(stems[stem]))
        for stem in sorted(rows.keys() & stems.keys())
    )
    return Catalogue(GRAZPEDWRI.name, source, entries, left_out, "patients")


def recognises(source: Path) -> bool:
    """Whether the folder's table is this data set's."""
    if not (source / CSV).is_file():
        return False
    with (source / CSV).open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline().startswith("filestem")


def _entry(stem: str, path: Path, row: dict[str, str], marks: Marks | None) -> Entry:
    outlines: Outlines | None = None
    if marks and marks.occurring & FRACTURE:
        fracture, outlines = 1, marks.outlines(FRACTURE)
    elif _ticked(row, "fracture_visible"):
        fracture = 1  # and nobody boxed it
    elif _ticked(row, "diagnosis_uncertain"):
        fracture = schema.UNKNOWN
    else:
        fracture, outlines = 0, Outlines()
    return Entry(
        id=stem,
        path=path,
        group=f"patient{row['patient_id'].strip()}",
        fracture=fracture,
        body_part="wrist",
        view=VIEWS.get(row["projection"].strip().removesuffix(".0"), ""),
        hardware=int(_ticked(row, "metal")),
        outlines=outlines,
    )


def _ticked(row: dict[str, str], column: str) -> bool:
    """The table leaves a cell empty for no."""
    return (row.get(column) or "").strip() in ("1", "1.0")


def _rows(source: Path) -> dict[str, dict[str, str]]:
    path = source / CSV
    if not path.is_file():
        raise _absent(f"{path} does not exist")
    with told(path, "table"):
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        lacking = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if lacking:
            raise _absent(f"{path} has no column {', '.join(lacking)}")
        return {row["filestem"].strip(): row for row in rows}


def _pictures(source: Path) -> Pictures:
    paths = [p for p in source.glob("images*/**/*.png") if not p.name.startswith(".")]
    if not paths:
        raise _absent(f"{source} has no images_part1/*.png")
    return Pictures(source, paths)


def _boxes(source: Path, pictures: Pictures) -> Annotations:
    for folder in LABELS:
        if (source / folder).is_dir():
            files = sorted((source / folder).glob("*.txt"))
            return yolo.read(files, pictures, names=CLASSES)
    found = formats.detect(sorted(source.rglob("*.json")), pictures).get("coco", [])
    if len(found) != 1:
        raise _absent(f"{source} has no {LABELS[0]} and {len(found)} COCO files")
    return coco.read(found, pictures)


def _absent(received: str) -> BonefracError:
    return BonefracError(
        received,
        expected=f"GRAZPEDWRI-DX' own layout ({GRAZPEDWRI.layout})",
        fix=f"Get it from {GRAZPEDWRI.homepage} and unpack all of it into one folder",
    )
