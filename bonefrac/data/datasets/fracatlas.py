"""FracAtlas: 4,083 radiographs of limbs, fractures outlined by radiologists, as a tfds builder."""

import csv
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from skimage.draw import polygon as inside

from bonefrac.data.audit import filler_share, near_duplicates, thumbnail
from bonefrac.data.builder import FoldedBuilder, Record
from bonefrac.data.features import example
from bonefrac.data.splits import merge
from bonefrac.errors import BonefracError
from bonefrac.radiograph.letterbox import resize
from bonefrac.radiograph.reader import read

CSV = "dataset.csv"
COCO = "Annotations/COCO JSON/COCO_fracture_masks.json"
# There are no patient ids; neighbouring image ids are often one patient. Blocks of 25 leave one
# border in 25 where two views of a patient can part.
ID_BLOCK = 25
BODY_PARTS = ("hand", "leg", "hip", "shoulder", "mixed")
VIEWS = ("frontal", "lateral", "oblique")


@dataclass(frozen=True)
class _Entry:
    path: Path
    row: dict[str, str]
    polygons: tuple[np.ndarray, ...]  # [N, 2] x, y in pixels of the upright picture

    @property
    def fracture(self) -> int:
        # IMG0003298 is called intact in the table, but somebody outlined its fracture.
        return int(self.row["fractured"] == "1" or bool(self.polygons))

    @property
    def stem(self) -> str:
        return self.path.stem


class FracAtlas(FoldedBuilder):
    """The tfds builder.

    Left out and reported: files that are missing, cut short or unreadable, and the intact copy
    of a picture that is in both class folders. Groups are blocks of 25 neighbouring ids, joined
    where near-duplicates link them.

    Args:
        source: folder with `dataset.csv`, `images/` and `Annotations/` as published.
        max_side: larger pictures are scaled down to this many pixels.
        **kwargs: of `FoldedBuilder`.
    """

    name = "fracatlas"
    description = "Radiographs of hand, leg, hip and shoulder with outlined fractures. CC BY 4.0."
    homepage = "https://doi.org/10.1038/s41597-023-02432-4"
    citation = (
        "Abedeen, I. et al. FracAtlas: a dataset for fracture classification, localization and "
        "segmentation of musculoskeletal radiographs. Scientific Data 10, 521 (2023)."
    )

    def __init__(self, *, source: Path, max_side: int = 1024, **kwargs: Any) -> None:
        self.source = Path(source)
        self.max_side = max_side
        super().__init__(**kwargs)

    def records(self) -> list[Record]:
        """Scan every file once; needs about 16 KB of memory a radiograph."""
        found = self._readable(self._entries())
        duplicates = near_duplicates(np.array([small for _, small in found]))
        entries = [entry for entry, _ in found]
        self.report.notes["near_duplicates"] = [
            [entries[i].stem, entries[j].stem] for i, j in duplicates
        ]
        groups = self._groups(entries, duplicates)
        dropped = self._copies_under_two_labels(entries, duplicates)
        return [
            Record(entry.stem, group, entry)
            for k, (entry, group) in enumerate(zip(entries, groups, strict=True))
            if k not in dropped
        ]

    def example(self, record: Record) -> dict[str, Any]:
        """Read the picture, fill its polygons."""
        entry: _Entry = record.payload
        pixels = read(entry.path).pixels
        scale = min(1.0, self.max_side / max(pixels.shape))
        if scale < 1:
            height, width = (max(1, round(side * scale)) for side in pixels.shape)
            pixels = resize(pixels, height, width)
        outlined = bool(entry.polygons) or not entry.fracture
        row = entry.row
        return example(
            id=entry.stem,
            group=record.group,
            image=pixels,
            mask=fill(entry.polygons, pixels.shape, scale) if outlined else None,
            fracture=entry.fracture,
            body_part=next((part for part in BODY_PARTS if row[part] == "1"), ""),
            view="+".join(view for view in VIEWS if row[view] == "1"),
            hardware=int(row["hardware"]),
        )

    def _entries(self) -> list[_Entry]:
        polygons = _polygons(self._file(COCO))
        paths = {path.name: path for path in sorted(self.source.glob("images/*/*.jpg"))}
        with self._file(CSV).open(newline="", encoding="utf-8") as file:
            rows = {row["image_id"]: row for row in csv.DictReader(file)}
        for name in sorted(rows.keys() ^ paths.keys()):
            where = "in images/, not in dataset.csv" if name in paths else "no such file"
            self.report.left_out[Path(name).stem] = where
        names = sorted(rows.keys() & paths.keys())
        return [_Entry(paths[n], rows[n], tuple(polygons.get(n, ()))) for n in names]

    def _file(self, name: str) -> Path:
        path = self.source / name
        if not path.is_file():
            raise BonefracError(
                f"{path} does not exist",
                expected=f"FracAtlas' own folder layout ({CSV}, images/, {COCO})",
                fix=f"Download it from {self.homepage} and give its folder as --source",
            )
        return path

    def _readable(self, entries: list[_Entry]) -> list[tuple[_Entry, np.ndarray]]:
        found = []
        # Decoding and the matrix products of a thumbnail release Python's lock.
        with ThreadPoolExecutor() as threads:
            for done, (entry, result) in enumerate(
                zip(entries, threads.map(_scan, entries), strict=True), start=1
            ):
                if isinstance(result, str):
                    self.report.left_out[entry.stem] = result
                else:
                    found.append((entry, result))
                self.progress("Scanning", done, len(entries))
        return found

    def _groups(self, entries: list[_Entry], duplicates: list[tuple[int, int]]) -> list[str]:
        blocks: dict[int, list[int]] = defaultdict(list)
        for k, entry in enumerate(entries):
            blocks[int(entry.stem.removeprefix("IMG")) // ID_BLOCK].append(k)
        first = merge(len(entries), [*blocks.values(), *duplicates])
        return [entries[k].stem for k in first]

    def _copies_under_two_labels(
        self, entries: list[_Entry], duplicates: list[tuple[int, int]]
    ) -> set[int]:
        dropped = set()
        for pair in duplicates:
            intact, broken = sorted(pair, key=lambda k: entries[k].fracture)
            if entries[intact].fracture != entries[broken].fracture:
                reason = f"same picture as {entries[broken].stem}, which is fractured"
                self.report.left_out[entries[intact].stem] = reason
                dropped.add(intact)
        return dropped


def fill(polygons: tuple[np.ndarray, ...], shape: tuple[int, ...], scale: float) -> np.ndarray:
    """Fill polygons into a mask: the pixels whose centre lies inside.

    `cv2.fillPoly` also paints the outline, which makes FracAtlas' fractures 9 % larger.

    Args:
        polygons: each [N, 2] as x, y in pixels, before scaling.
        shape: height and width of the mask.
        scale: pixels of the mask to a pixel of the polygons.

    Returns:
        uint8 [H, W] of 0 and 1.
    """
    mask = np.zeros(shape[:2], np.uint8)
    for polygon in polygons:
        # COCO counts from pixel corners, scikit-image from pixel centres.
        x, y = (polygon * scale - 0.5).T
        mask[inside(y, x, mask.shape)] = 1
    return mask


def _polygons(path: Path) -> dict[str, list[np.ndarray]]:
    coco = json.loads(path.read_text(encoding="utf-8"))
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    polygons: dict[str, list[np.ndarray]] = defaultdict(list)
    for annotation in coco["annotations"]:
        for flat in annotation["segmentation"]:
            polygons[names[annotation["image_id"]]].append(np.reshape(flat, (-1, 2)))
    return polygons


def _scan(entry: _Entry) -> np.ndarray | str:
    """The thumbnail of a sound file, or the reason to leave it out."""
    try:
        pixels = read(entry.path).pixels
    except BonefracError as error:
        return str(error.received).replace(str(entry.path), entry.path.name)
    share = filler_share(pixels)
    if share:
        return f"the lowest {share:.0%} is filler: cut short before it was encoded again"
    return thumbnail(pixels)
