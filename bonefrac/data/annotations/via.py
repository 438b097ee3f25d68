"""VGG Image Annotator 2: one JSON file for many pictures."""

from pathlib import Path
from typing import Any

from bonefrac.data.annotations.checked import (
    corners,
    ellipse,
    load_json_object,
    number,
    polygon,
    text,
    told,
)
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures, Shape

NO_CLASS = "unnamed"
_CLASS_ATTRIBUTES = ("class", "label", "name", "type")


def read(files: list[Path], pictures: Pictures) -> Annotations:
    """Read VIA projects or exports; a picture that they list without region is marked empty.

    Coordinates are the mouse's, taken as counted from the corner of the first pixel. The class is
    the region's attribute `class`, `label`, `name` or `type`, else its only one.

    Raises:
        BonefracError: a file is damaged, or a region has several attributes and none so named.
    """
    marks: dict[str, Marks] = {}
    missing: dict[str, str] = {}
    for path in files:
        with told(path, "VIA file"):
            via = load_json_object(path)
            for item in via.get("_via_img_metadata", via).values():
                name = text(item["filename"])
                found = pictures.find(name)
                if found is None:
                    missing[name] = path.name
                else:
                    marks[found] = Marks(path, _shapes(item["regions"]))
    return Annotations(marks, missing=missing)


def _shapes(regions: Any) -> tuple[Shape, ...]:
    # Version 1 wrote an object with numbers for keys.
    listed = regions.values() if isinstance(regions, dict) else regions
    return tuple(
        _shape(region["shape_attributes"], _label(region.get("region_attributes") or {}))
        for region in listed
    )


def _shape(drawn: dict[str, Any], label: str) -> Shape:
    kind = drawn["name"]
    if kind == "polygon":
        points = zip(drawn["all_points_x"], drawn["all_points_y"], strict=True)
        return Shape(label, polygon=polygon(points))
    if kind == "rect":
        x, y = number(drawn["x"]), number(drawn["y"])
        right, bottom = x + number(drawn["width"]), y + number(drawn["height"])
        return Shape(label, coarse=True, polygon=corners(x, y, right, bottom))
    if kind in ("circle", "ellipse"):
        rx, ry = drawn.get("rx", drawn.get("r")), drawn.get("ry", drawn.get("r"))
        angle = number(drawn.get("theta", 0))
        outline = ellipse(drawn["cx"], drawn["cy"], rx, ry, angle)
        return Shape(label, coarse=True, polygon=outline)
    return Shape(label, refused=f"a {text(kind)}")


def _label(attributes: dict[str, Any]) -> str:
    """The class of a region; boxes that are ticked count by their names."""
    chosen = [key for key in _CLASS_ATTRIBUTES if key in attributes] or list(attributes)
    if not chosen:
        return NO_CLASS
    if len(chosen) > 1 and chosen[0] not in _CLASS_ATTRIBUTES:
        raise ValueError(f"a region with the attributes {', '.join(chosen)} and none named class")
    value = attributes[chosen[0]]
    if isinstance(value, dict):
        return "+".join(sorted(text(key) for key, ticked in value.items() if ticked)) or NO_CLASS
    return text(value).strip() or NO_CLASS
