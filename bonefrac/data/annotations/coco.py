"""COCO: one JSON file for many pictures; polygons, run-length masks and boxes."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac.data.annotations import rle
from bonefrac.data.annotations.checked import load_json_object, number, polygon, size, text, told
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures, Shape
from bonefrac.data.outlines import box


def read(files: list[Path], pictures: Pictures) -> Annotations:
    """Read what COCO files say; a picture that they list without annotation is marked empty.

    Coordinates count from the corner of the first pixel, "floats obtained from user mouse clicks,
    not integer pixel locations" (cocodataset/cocoapi #5). An annotation without segmentation is
    its box.

    Raises:
        BonefracError: a file is damaged, or marks a picture that it does not list.
    """
    marks: dict[str, Marks] = {}
    classes: set[str] = set()
    missing: dict[str, str] = {}
    for path in files:
        with told(path, "COCO file"):
            coco = load_json_object(path)
            names = {item["id"]: text(item["name"]) for item in coco.get("categories") or []}
            shapes = _shapes(coco, names)
            classes.update(names.values())
            for image in coco["images"]:
                found = pictures.find(text(image["file_name"]))
                if found is None:
                    missing[text(image["file_name"])] = path.name
                    continue
                known = size(image.get("height"), image.get("width"))
                earlier = marks[found].shapes if found in marks else ()
                marks[found] = Marks(path, (*earlier, *shapes.pop(image["id"], ())), size=known)
    return Annotations(marks, frozenset(classes), missing)


def _shapes(coco: dict[str, Any], names: dict[Any, str]) -> dict[Any, list[Shape]]:
    listed = {image["id"]: image for image in coco["images"]}
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    for annotation in coco["annotations"]:
        image = annotation["image_id"]
        if image not in listed:
            raise ValueError(f"an annotation of image_id {image!r:.40}, which is not in images")
        category = annotation["category_id"]
        label = names.get(category) or text(category)
        shapes[image] += _drawn(annotation, label, listed[image])
    return shapes


def _drawn(annotation: dict[str, Any], label: str, image: dict[str, Any]) -> list[Shape]:
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, dict):
        patch, whole = rle.decode(segmentation)
        if size(image.get("height"), image.get("width")) not in (None, whole):
            raise ValueError(f"a run-length mask of {whole} on {image['file_name']!r:.80}")
        return [Shape(label, patch=patch)] if patch else []
    if segmentation:
        return [Shape(label, polygon=_flat(flat)) for flat in segmentation]
    left, top, width, height = (number(value) for value in annotation["bbox"])
    return [Shape(label, coarse=True, polygon=box(left, top, width, height))]


def _flat(values: Any) -> np.ndarray:
    if len(values) % 2:
        raise ValueError(f"a polygon of {len(values)} numbers")
    return polygon(zip(values[::2], values[1::2], strict=True))
