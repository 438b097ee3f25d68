"""Which format a folder is annotated in, and its reader."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bonefrac.data.annotations import coco, labelme, masks, via, voc, yolo
from bonefrac.data.annotations.checked import load_json, told
from bonefrac.data.annotations.marks import Annotations, Pictures
from bonefrac.errors import BonefracError

READERS: dict[str, Callable[[list[Path], Pictures], Annotations]] = {
    "masks": masks.read,
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "via": via.read,
    "labelme": labelme.read,
}
MASK_FOLDERS = ("masks", "mask")
LABEL_FOLDER = "labels"


def read(files: list[Path], pictures: Pictures, *, format: str | None = None) -> Annotations | None:
    """Read the annotations among some files; None if there are none.

    Args:
        files: every file of the folder.
        pictures: what they may annotate.
        format: a name of `READERS`; found out if None.

    Raises:
        BonefracError: several formats and none asked for, none of the one that is asked for, or
            no annotated picture is there.
    """
    found = detect(files, pictures)
    if format is None and len(found) > 1:
        counts = ", ".join(f"{len(paths)} of {name}" for name, paths in found.items())
        raise BonefracError(
            f"Annotation files of several formats: {counts}",
            expected="one format",
            fix="Give --format",
        )
    if format is None and not found:
        return None
    name = format or next(iter(found))
    if name not in found:
        raise BonefracError(
            f"The folder has no annotations in the format {name}",
            expected=f"files of {' or '.join(found) or 'some format'}",
            fix="Choose another --format or leave it out",
        )
    annotations = READERS[name](found[name], pictures)
    if not annotations.marks:
        examples = ", ".join(list(annotations.missing)[:3]) or "no picture"
        raise BonefracError(
            f"The {name} annotations name {examples}, which is not there",
            expected=f"pictures such as {', '.join(list(pictures.paths)[:3])}",
            fix="Put pictures and annotations below one folder, under the same names",
        )
    return annotations


def detect(files: list[Path], pictures: Pictures) -> dict[str, list[Path]]:
    """Sort annotation files by format; files that are none are left out.

    Raises:
        BonefracError: a .json or .xml file cannot be parsed.
    """
    found: dict[str, list[Path]] = {}
    for path in files:
        name = _format(path, pictures)
        if name:
            found.setdefault(name, []).append(path)
    if "yolo" in found:
        found["yolo"] += [path for path in files if path.name in yolo.NAME_FILES]
    return {name: found[name] for name in READERS if name in found}


def is_mask(path: Path) -> bool:
    """Whether a picture file is a mask by its name or folder."""
    return path.stem.endswith(masks.SUFFIX) or path.parent.name.lower() in MASK_FOLDERS


def _format(path: Path, pictures: Pictures) -> str | None:
    suffix = path.suffix.lower()
    if suffix == ".json":
        with told(path, "JSON file"):
            return _json_format(load_json(path))
    if suffix == ".xml":
        with told(path, "XML file"):
            return "voc" if ElementTree.parse(path).getroot().tag == "annotation" else None
    if suffix == ".png" and is_mask(path):
        return "masks"
    if suffix == ".txt" and path.name not in yolo.NAME_FILES:
        beside = pictures.find(path.with_suffix("").as_posix(), suffix=False)
        return "yolo" if beside or LABEL_FOLDER in path.parts else None
    return None


def _json_format(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if "images" in value and "annotations" in value:
        return "coco"
    if "shapes" in value:
        return "labelme"
    first = next(iter(value.values()), None)
    if "_via_img_metadata" in value or (isinstance(first, dict) and "regions" in first):
        return "via"
    return None
