"""labelme: a JSON file a picture."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bonefrac.data.annotations import rle
from bonefrac.data.annotations.checked import (
    corners,
    ellipse,
    load_json_object,
    number,
    polygon,
    size,
    text,
    told,
)
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures, Shape
from bonefrac.radiograph.reader import MAX_PIXELS


def read(files: list[Path], pictures: Pictures) -> Annotations:
    """Read labelme files; one without shapes says that nothing is to be seen.

    Coordinates are the mouse's, with decimals, counted from the corner of the first pixel.
    labelme's own `shape_to_mask` cuts the decimals off and paints the outline too, so its masks
    are about a pixel larger; here a pixel counts when its centre lies inside, as for COCO.

    Raises:
        BonefracError: a file is damaged.
    """
    marks: dict[str, Marks] = {}
    missing: dict[str, str] = {}
    for path in files:
        with told(path, "labelme file"):
            labelme = load_json_object(path)
            found = pictures.find(path.with_suffix("").as_posix(), suffix=False)
            found = found or pictures.find(text(labelme.get("imagePath") or path.name))
            shapes = tuple(_shape(shape) for shape in labelme["shapes"])
            known = size(labelme.get("imageHeight"), labelme.get("imageWidth"))
            if found is None:
                missing[path.stem] = path.name
            else:
                marks[found] = Marks(path, shapes, size=known)
    return Annotations(marks, missing=missing)


def _shape(shape: dict[str, Any]) -> Shape:
    label, kind = text(shape["label"]), shape.get("shape_type") or "polygon"
    points = [(number(x), number(y)) for x, y in shape["points"]]
    if kind in ("polygon", "oriented_rectangle"):
        return Shape(label, coarse=kind != "polygon", polygon=polygon(points))
    if kind == "rectangle":
        (x, y), (right, bottom) = points
        return Shape(label, coarse=True, polygon=corners(x, y, right, bottom))
    if kind == "circle":
        (x, y), (edge_x, edge_y) = points
        radius = np.hypot(edge_x - x, edge_y - y)
        return Shape(label, coarse=True, polygon=ellipse(x, y, radius, radius))
    if kind == "mask":
        return _painted(label, shape["mask"], points)
    return Shape(label, refused=f"a {text(kind)}")


def _painted(label: str, data: str, points: list[tuple[float, float]]) -> Shape:
    """A PNG in base64 whose first pixel lies at the first point."""
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)), formats=["PNG"])
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"a mask of {image.width}x{image.height} pixels")
    left, top = (round(value) for value in points[0])
    patch = rle.patch(np.asarray(image.convert("L")), left=left, top=top)
    return Shape(label, patch=patch) if patch else Shape(label, refused="an empty mask")
