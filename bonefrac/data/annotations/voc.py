"""Pascal VOC: an XML file a picture, boxes only."""

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bonefrac.data.annotations.checked import number, size, told
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures, Shape
from bonefrac.data.outlines import box


def read(files: list[Path], pictures: Pictures) -> Annotations:
    """Read VOC files; one without objects says that nothing is to be seen.

    "The top-left pixel in the image has coordinates (1, 1)", and xmax, ymax are the last pixel
    inside (VOC2012 development kit): a box of the first pixel alone is 1, 1, 1, 1. The picture is
    that of the file's own name, else the one that it names.

    Raises:
        BonefracError: a file is damaged or a box has no width.
    """
    marks: dict[str, Marks] = {}
    missing: dict[str, str] = {}
    for path in files:
        with told(path, "Pascal VOC file"):
            root = ElementTree.parse(path).getroot()
            name = root.findtext("filename") or ""
            found = pictures.find(path.with_suffix("").as_posix(), suffix=False)
            found = found or pictures.find(name)
            shapes = tuple(_shape(item) for item in root.iter("object"))
            known = size(root.findtext("size/height"), root.findtext("size/width"))
            if found is None:
                missing[name or path.stem] = path.name
            else:
                marks[found] = Marks(path, shapes, size=known)
    return Annotations(marks, missing=missing)


def _shape(item: Element) -> Shape:
    label = (item.findtext("name") or "").strip()
    if not label:
        raise ValueError("an object without name")
    # An object's parts (a person's head) have boxes too; `bndbox` alone is its own.
    edges = {name: number(item.findtext(f"bndbox/{name}")) for name in _EDGES}
    width, height = edges["xmax"] - edges["xmin"] + 1, edges["ymax"] - edges["ymin"] + 1
    if width <= 0 or height <= 0:
        raise ValueError(f"a box of {width:g} x {height:g} pixels")
    outline = box(edges["xmin"] - 1, edges["ymin"] - 1, width, height)
    return Shape(label, coarse=True, polygon=outline)


_EDGES = ("xmin", "ymin", "xmax", "ymax")
